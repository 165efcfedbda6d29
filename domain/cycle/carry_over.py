"""Goals that go on in another cycle: which ones a launch takes over, and the content that they begin with."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.findings import Finding, advise, refuse
from domain.goal.goal import Goal
from domain.goal.scoring import confirmed_value
from domain.goal.steering import next_revision
from domain.messages import did_you_mean
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import Content

Carried = Mapping[EmployeeId, tuple[GoalId, ...]]
"""By owner, the goals of the earlier cycle that a launch takes over, by id."""

NOTHING_CARRIED: Carried = {}


class SettledGoal(NamedTuple):
    """A goal that was worked on until its cycle ended. `attained`: the confirmed share of its target."""

    id: GoalId
    owner: EmployeeId
    attained: Decimal


class EarlierCycle(NamedTuple):
    """The cycle whose goals a launch takes over. `open_goals`: how many have not ended there."""

    id: CycleId
    open_goals: int


def chosen(settled: Iterable[SettledGoal], most: int) -> Carried:
    """The goals whose target was not reached, at most `most` of each owner."""
    found: dict[EmployeeId, tuple[GoalId, ...]] = {}
    for goal in settled:
        before = found.get(goal.owner, ())
        if goal.attained < 1 and len(before) < most:
            found[goal.owner] = (*before, goal.id)
    return found


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
