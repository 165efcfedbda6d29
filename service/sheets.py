"""Sheets: what a person's page needs, what came back on one compared with the goals, and putting it into them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.findings import Finding, refuse
from domain.goal.commands import Revise
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.people.organisation import Organisation
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Locale
from domain.writing.content import Content
from service.goals import GoalReads, Goals
from sheets.fields import Unreadable, fields_of, merged
from sheets.model import GoalSheet, Person, ReadGoal, Review, SheetGoal
from sheets.results import Results
from storage.cycles import find_cycle
from storage.database import read_transaction
from storage.goals import read_reviews
from storage.people import load_organisation
from texts.words import word

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Plan(NamedTuple):
    """What an import would do: nothing of it, where `findings` stand against it."""

    changed: tuple[tuple[Goal, Content], ...]
    unchanged: int
    findings: tuple[Finding, ...]


class Sheets:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def of_cycle(
        self, cycle: CycleId, actor: EmployeeId, *, person: str | None = None, department: str | None = None
    ) -> list[GoalSheet]:
        """A sheet for each person that the actor may see: HR everybody, a manager those below, each their own.

        Raises a `Refusal` where there is no such cycle, or nobody whom the actor may see.
        """
        async with read_transaction(self._engine) as connection:
            row = await find_cycle(connection, cycle)
        if row is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
        found = await GoalReads(self._engine).of_cycle(cycle, owner=person, department=department)
        goals = [goal for goal in found if may_see(goal, actor)]
        if found and not goals:
            raise Refusal(Code.NOT_ALLOWED, actor=actor[:80], allowed=found[0].policy.hr)
        async with read_transaction(self._engine) as connection:
            reviews = {goal: _review(bodies) for goal, bodies in (await read_reviews(connection, cycle)).items()}
            organisation = await load_organisation(connection)
        by_person: dict[EmployeeId, list[SheetGoal]] = {}
        for goal in goals:
            by_person.setdefault(goal.owner, []).append(SheetGoal(goal, reviews.get(goal.id, Review())))
        return [
            GoalSheet(
                cycle,
                row.name,
                theirs[0].goal.policy.starts,
                theirs[0].goal.policy.ends,
                _person(owner, organisation),
                tuple(theirs),
            )
            for owner, theirs in by_person.items()
        ]

    async def results(self, cycle: CycleId) -> Results:
        """Everything of a cycle; raises a `Refusal` where there is none."""
        goals = await GoalReads(self._engine).of_cycle(cycle)
        async with read_transaction(self._engine) as connection:
            row = await find_cycle(connection, cycle)
            organisation = await load_organisation(connection)
        names = {str(one.id): one.name for one in organisation.employees.values()}
        return Results(cycle, row.name if row else cycle, goals, names)

    async def compare(self, read: Sequence[ReadGoal], actor: EmployeeId) -> Plan:
        """What the read goals would change, and everything that stands against it; writes nothing."""
        goals = await GoalReads(self._engine).find_many([one.id for one in read])
        findings: list[Finding] = list(_twice(read))
        changed: list[tuple[Goal, Content]] = []
        for one in read:
            goal = goals.get(one.id)
            if goal is None:
                findings.append(refuse("unknown_goal", one.where, goal=one.id[:80]))
                continue
            try:
                content = merged(goal.content, one.fields, one.places)
            except Unreadable as error:
                findings += [_placed(finding, one) for finding in error.findings]
                continue
            if content != goal.content:
                findings += _against(goal, one, actor)
                changed.append((goal, content))
        return Plan(() if findings else tuple(changed), len(read) - len(changed), tuple(findings))


async def apply(goals: Goals, plan: Plan, actor: EmployeeId) -> int:
    """Puts a plan without findings into the drafts, one command each; how many. A repeat finds nothing left to change."""
    for goal, content in plan.changed:
        await goals.give(goal.id, Revise(actor=actor, content=content))
    return len(plan.changed)


def may_see(goal: Goal, actor: EmployeeId) -> bool:
    return actor == goal.owner or actor in goal.line or actor in goal.policy.hr


def _person(owner: EmployeeId, organisation: Organisation) -> Person:
    """As the directory has them now."""
    one = organisation.employees.get(owner)
    if one is None:
        return Person(owner, "", "")
    manager = organisation.employees.get(one.manager_id) if one.manager_id else None
    return Person(owner, one.name, one.department, one.title, manager.name if manager else None)


def _review(bodies: Iterable[dict[str, Any]]) -> Review:
    review = Review()
    for body in bodies:
        if body["kind"] == EventKind.SELF_REVIEWED:
            kinds = [word("cause", one, Locale.JA) for one in body.get("cause_kinds") or ()]
            why = "、".join((*kinds, *([body["causes"]] if body.get("causes") else [])))
            review = Review(body["went_well"], why, body.get("to_improve") or "")
        else:
            said = "\n".join(one for one in (body.get("praise"), body.get("comment")) if one)
            review = review._replace(comment=said or review.comment)
    return review


def _against(goal: Goal, read: ReadGoal, actor: EmployeeId) -> list[Finding]:
    """Why a goal that reads differently cannot be changed."""
    if actor != goal.owner and actor not in goal.policy.hr:
        return [refuse("not_allowed", read.where, goal=goal.id)]
    if goal.state is not State.DRAFT:
        return [refuse("not_a_draft", read.where, state=goal.state, fields=_differences(goal, read))]
    if read.seq is not None and any(one.seq > read.seq and one.kind is EventKind.REVISED for one in goal.changes):
        return [refuse("changed_since", read.where)]
    return []


def _differences(goal: Goal, read: ReadGoal) -> list[str]:
    before, now = fields_of(goal.content), fields_of(merged(goal.content, read.fields, read.places))
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def _placed(finding: Finding, read: ReadGoal) -> Finding:
    return finding.model_copy(update={"where": read.places.get(finding.where, read.where)})


def _twice(read: Sequence[ReadGoal]) -> Iterable[Finding]:
    seen: dict[str, str] = {}
    for one in read:
        if one.id in seen:
            yield refuse("goal_twice", one.where, goal=one.id, other=seen[one.id])
        seen[one.id] = one.where
