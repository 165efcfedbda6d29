"""Use cases of sheets and tables: their content, comparing filled-in ones with the goals, and updating drafts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from domain import access
from domain.access import Action, Caller, Relation, actor_of
from domain.findings import Finding, refuse
from domain.goal.commands import Revise
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.people.organisation import Employee
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Frozen, GoalId, Locale
from domain.writing.content import Content
from domain.writing.rules import check
from service.goal_updates import GoalUpdates
from service.projection import find_goals, goals_of_cycle, names_by_id
from service.relations import relations_to_company, relations_to_goal, require_goal_relation, require_hr, visible_goals
from sheets.fields import InvalidFields, fields_of, merged
from sheets.model import GoalSheet, Person, ReadGoal, Review, SheetGoal
from sheets.results import Results
from storage.cycles import find_cycle
from storage.database import read_transaction
from storage.directory import employees
from storage.goals import read_reviews
from storage.people import find_employee
from texts.findings import FindingDocument, documents_of
from texts.words import word

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client


class ChangedGoal(Frozen):
    """A goal that an import changes: the changed fields, and the findings of the writing rules."""

    goal: GoalId
    fields: tuple[str, ...]
    findings: tuple[FindingDocument, ...]


class PlanDocument(Frozen):
    """An import for programs: the goals that change, and the number of those that do not."""

    changed: tuple[ChangedGoal, ...]
    unchanged: int
    dry_run: bool


class DraftChange(NamedTuple):
    """A draft, its content after the import, and the findings of the writing rules."""

    goal: Goal
    content: Content
    advice: tuple[Finding, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.content.changed_fields(self.goal.content))


class Plan(NamedTuple):
    """What an import would change; if there are `findings`, it changes nothing."""

    changed: tuple[DraftChange, ...]
    unchanged: int
    findings: tuple[Finding, ...]

    def document(self, *, dry_run: bool) -> PlanDocument:
        changed = tuple(
            ChangedGoal(goal=one.goal.id, fields=one.fields, findings=tuple(documents_of(one.advice)))
            for one in self.changed
        )
        return PlanDocument(changed=changed, unchanged=self.unchanged, dry_run=dry_run)


class Sheets:
    """Sheets and tables. Every method raises a `Refusal` for unknown cycles and people, and for a caller without permission."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def sheets_of(
        self, caller: Caller, cycle: CycleId, *, person: str | None = None, department: str | None = None
    ) -> list[GoalSheet]:
        """A sheet for each person of the cycle whose goals the caller may see.

        Raises a `Refusal` if there are goals, but the caller may see none of them.
        """
        async with read_transaction(self._engine) as connection:
            if person is not None and await find_employee(connection, EmployeeId(person)) is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=person[:80], near="")
            row = await find_cycle(connection, cycle)
            condition = await visible_goals(connection, caller)
            goals = await goals_of_cycle(connection, cycle, owner=person, department=department, condition=condition)
            if not goals:
                await _require_some(connection, caller, cycle, owner=person, department=department)
            reviews = {goal: _review(bodies) for goal, bodies in (await read_reviews(connection, cycle)).items()}
            people = await _people(connection, {goal.owner for goal in goals})
        by_person: dict[EmployeeId, list[SheetGoal]] = {}
        for goal in goals:
            by_person.setdefault(goal.owner, []).append(SheetGoal(goal, reviews.get(goal.id, Review())))
        name = row.name if row else cycle
        return [_sheet(cycle, name, people[owner], theirs) for owner, theirs in by_person.items()]

    async def goals_for_table(self, caller: Caller, cycle: CycleId, *, department: str | None = None) -> list[Goal]:
        """The goals of the cycle that the caller may see, for a table."""
        async with read_transaction(self._engine) as connection:
            condition = await visible_goals(connection, caller)
            return await goals_of_cycle(connection, cycle, department=department, condition=condition)

    async def results(self, caller: Caller, cycle: CycleId) -> Results:
        """All goals of a cycle with the names of the people in them, for its HR."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_RESULTS, cycle)
            goals = await goals_of_cycle(connection, cycle)
            row = await find_cycle(connection, cycle)
            names = await names_by_id(
                connection, {one for goal in goals for one in (goal.owner, *goal.line, *goal.policy.hr)}
            )
        return Results(cycle, row.name if row else cycle, goals, names)

    async def compare(self, caller: Caller, read: Sequence[ReadGoal]) -> Plan:
        """Compares goals that were read from files with the stored goals; writes nothing."""
        async with read_transaction(self._engine) as connection:
            company = await relations_to_company(connection, caller)
            goals = await find_goals(connection, [one.id for one in read])
        findings: list[Finding] = list(_repeated(read))
        changed: list[DraftChange] = []
        for one in read:
            found = _compared(one, goals, caller, company)
            if isinstance(found, DraftChange):
                changed.append(found)
            else:
                findings += found
        return Plan(() if findings else tuple(changed), len(read) - len(changed), tuple(findings))

    async def apply(self, caller: Caller, temporal: "Client", plan: Plan) -> int:
        """Updates the drafts of a plan, with one command each; returns how many. A repeat changes nothing.

        The goal's workflow decides again whether the caller may change the draft.
        """
        updates, actor = GoalUpdates(self._engine, temporal), actor_of(caller)
        for one in plan.changed:
            await updates.send(one.goal.id, Revise(actor=actor, content=one.content))
        return len(plan.changed)


async def _require_some(
    connection: AsyncConnection, caller: Caller, cycle: CycleId, *, owner: str | None, department: str | None
) -> None:
    """Raises a `Refusal` if there are goals, but the caller may see none of them."""
    for goal in await goals_of_cycle(connection, cycle, owner=owner, department=department):
        require_goal_relation(caller, Action.SEE_GOAL, goal, await relations_to_company(connection, caller))


async def _people(connection: AsyncConnection, ids: Collection[EmployeeId]) -> Mapping[EmployeeId, Person]:
    """The people from the directory, with the names of their managers."""
    found = {one.id: one for one in await employees(connection, list(ids))}
    managers = await names_by_id(connection, {one.manager_id for one in found.values() if one.manager_id})
    return {one: _person(one, found.get(one), managers) for one in ids}


def _person(owner: EmployeeId, employee: Employee | None, managers: Mapping[str, str]) -> Person:
    if employee is None:
        return Person(owner, "", "")
    manager = managers.get(employee.manager_id) if employee.manager_id else None
    return Person(owner, employee.name, employee.department, employee.title, manager)


def _sheet(cycle: CycleId, name: str, person: Person, goals: Sequence[SheetGoal]) -> GoalSheet:
    policy = goals[0].goal.policy
    return GoalSheet(cycle, name, policy.starts, policy.ends, person, tuple(goals))


def _review(bodies: Iterable[dict[str, Any]]) -> Review:
    review = Review()
    for body in bodies:
        if body["kind"] == EventKind.SELF_REVIEWED:
            kinds = [word("cause", one, Locale.JA) for one in body.get("cause_kinds") or ()]
            why = "、".join((*kinds, *([body["causes"]] if body.get("causes") else [])))
            review = Review(body["went_well"], why, body.get("to_improve") or "")
        else:
            comment = "\n".join(one for one in (body.get("praise"), body.get("comment")) if one)
            review = review._replace(comment=comment or review.comment)
    return review


def _compared(
    read: ReadGoal, goals: Mapping[GoalId, Goal], caller: Caller, company: frozenset[Relation]
) -> DraftChange | list[Finding]:
    """The change of the goal, or findings; an empty list if nothing changes."""
    goal = goals.get(read.id)
    if goal is None:
        return [refuse("unknown_goal", read.where, goal=read.id[:80])]
    try:
        content = merged(goal.content, read.fields, read.places)
    except InvalidFields as error:
        return [_with_place(finding, read) for finding in error.findings]
    if content == goal.content:
        return []
    return _objections(goal, read, caller, company) or DraftChange(goal, content, tuple(check(content, goal.policy)))


def _objections(goal: Goal, read: ReadGoal, caller: Caller, company: frozenset[Relation]) -> list[Finding]:
    """The findings that prevent the change of the goal."""
    if not access.may(Action.IMPORT_DRAFT, relations_to_goal(caller, goal, company)):
        return [refuse("not_allowed", read.where, goal=goal.id)]
    if goal.state is not State.DRAFT:
        return [refuse("not_a_draft", read.where, state=goal.state, fields=_differences(goal, read))]
    if read.seq is not None and any(one.seq > read.seq and one.kind is EventKind.REVISED for one in goal.changes):
        return [refuse("changed_since", read.where)]
    return []


def _differences(goal: Goal, read: ReadGoal) -> list[str]:
    before, now = fields_of(goal.content), fields_of(merged(goal.content, read.fields, read.places))
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def _with_place(finding: Finding, read: ReadGoal) -> Finding:
    return finding.model_copy(update={"where": read.places.get(finding.where, read.where)})


def _repeated(read: Sequence[ReadGoal]) -> Iterable[Finding]:
    seen: dict[str, str] = {}
    for one in read:
        if one.id in seen:
            yield refuse("goal_twice", one.where, goal=one.id, other=seen[one.id])
        seen[one.id] = one.where
