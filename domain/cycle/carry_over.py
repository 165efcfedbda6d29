"""Goals that go on in another cycle: which ones a launch takes over, and the content that they begin with."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.cycle.file import PostDraft
from domain.findings import Finding, advise, refuse
from domain.goal.goal import Goal
from domain.goal.scoring import confirmed_value
from domain.goal.steering import next_revision
from domain.messages import did_you_mean
from domain.people.departments import Departments
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import Content


class SettledGoal(NamedTuple):
    """A goal that was worked on until its cycle ended. `attained`: the confirmed share of its target."""

    id: GoalId
    owner: EmployeeId
    attained: Decimal
    department: str


Carried = Mapping[EmployeeId, tuple[SettledGoal, ...]]
"""By owner, the goals of the earlier cycle that a launch takes over, by id."""

NOTHING_CARRIED: Carried = {}


class EarlierCycle(NamedTuple):
    """The cycle whose goals a launch takes over. `open_goals`: how many have not ended there."""

    id: CycleId
    open_goals: int


def chosen(settled: Iterable[SettledGoal], most: int) -> Carried:
    """The goals whose target was not reached, at most `most` of each owner."""
    found: dict[EmployeeId, tuple[SettledGoal, ...]] = {}
    for goal in settled:
        before = found.get(goal.owner, ())
        if goal.attained < 1 and len(before) < most:
            found[goal.owner] = (*before, goal)
    return found


def post_of_carried(department: str, main: str, posts: Iterable[str], departments: Departments) -> str | None:
    """The additional post, of these, with which a goal of this department goes on; None: the main post, whose department is `main`.

    A goal whose post has ended goes on with the main one.
    """
    named = departments.current(department)
    if departments.current(main) == named:
        return None
    return next((one for one in posts if departments.current(one) == named), None)


def drafts_beside(
    drafts: Sequence[PostDraft],
    carried: Sequence[SettledGoal],
    main: str,
    posts: Iterable[str],
    departments: Departments,
) -> tuple[PostDraft, ...]:
    """Those of an owner's drafts whose posts have no carried goal."""
    posts = tuple(posts)
    taken = {post_of_carried(one.department, main, posts, departments) for one in carried}
    return tuple(one for one in drafts if one.post not in taken)


def carry_over_findings(
    named: CycleId,
    earlier: EarlierCycle | None,
    known: Collection[str],
    carried: Carried,
    people: Collection[EmployeeId],
) -> Iterator[Finding]:
    """What the launch takes over for these people, in numbers. An unknown cycle is refused."""
    where = "cycle.carry_over"
    if earlier is None:
        yield refuse("carry_over_unknown", where, cycle=named, near=did_you_mean(named, known))
        return
    if earlier.open_goals:
        yield advise("carry_over_open", where, cycle=named, count=earlier.open_goals)
    goals = [len(goals) for owner, goals in carried.items() if owner in people]
    yield advise("carry_over", where, cycle=named, count=sum(goals), people=len(goals))


def carried_content(goal: Goal, first: date, starts: date, ends: date, nodes: Collection[str]) -> Content:
    """The goal's content for a cycle from `starts` to `ends`; no step is due before `first`.

    A number begins at the value that a review confirmed. Steps that are done are left out; the others are due as many days after the
    start as before, at most on `ends`. A parent stays if it is one of `nodes`, the ids of themes and department goals.
    """
    content = next_revision(goal, confirmed_value(goal), None)
    moved = starts - goal.policy.starts
    steps = tuple(step.model_copy(update={"due": min(max(step.due + moved, first), ends)}) for step in content.steps)
    parent = content.parent if content.parent in nodes else None
    return content.model_copy(update={"steps": steps, "parent": parent, "answers": None})
