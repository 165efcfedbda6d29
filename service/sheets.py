"""Use cases of sheets and tables: their content, comparing filled-in ones with the goals, and updating drafts."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from domain import access
from domain.access import Action, Caller, Relation, actor_of
from domain.findings import Finding, refuse
from domain.goal.commands import Revise
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.people.posts import departments_of
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Frozen, GoalId, Locale
from domain.writing.content import Content
from domain.writing.rules import check
from service.cycle_lookup import require_cycle
from service.goal_updates import GoalUpdates
from service.projection import find_goals, stream_goals
from service.relations import relations_to_company, relations_to_goal, require_goal_relation, visible_goals
from service.sharing import contributors_gone, sharing_findings
from sheets.fields import InvalidFields, fields_of, merged
from sheets.model import GoalSheet, LeftName, Person, ReadGoal, Review, SheetGoal
from storage.database import read_transaction
from storage.directory import who_left
from storage.goals import read_bodies
from storage.people import find_employee
from storage.person_log import names_in_cycle
from texts.findings import FindingDocument, documents_of
from texts.words import word

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

_REVIEW_KINDS = (EventKind.SELF_REVIEWED, EventKind.CONTINUED, EventKind.RESET, EventKind.CLOSED)


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
    ) -> AsyncGenerator[GoalSheet, None]:
        """A sheet for each person of the cycle whose goals the caller may see, by id; a page of goals is in memory at a time.

        Raises a `Refusal` if there are goals, but the caller may see none of them.
        """
        async with read_transaction(self._engine) as connection:
            if person is not None and await find_employee(connection, EmployeeId(person)) is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=person[:80], near="")
            name = (await require_cycle(connection, cycle)).name
            condition = await visible_goals(connection, caller, cycle=cycle)
            found = False
            goals = stream_goals(connection, cycle, owner=person, department=department, condition=condition)
            async for theirs in _by_owner(goals):
                found = True
                yield await _sheet(connection, cycle, name, theirs)
            if not found:
                await _require_some(connection, caller, cycle, owner=person, department=department)

    async def goals_for_table(
        self, caller: Caller, cycle: CycleId, *, department: str | None = None
    ) -> AsyncGenerator[list[Goal], None]:
        """The goals of the cycle that the caller may see, by id, to be written as a table; page by page, of one moment."""
        async with read_transaction(self._engine) as connection:
            await require_cycle(connection, cycle)
            condition = await visible_goals(connection, caller, cycle=cycle)
            async for goals in stream_goals(connection, cycle, department=department, condition=condition):
                yield goals

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
        findings += await self._sharing(read, changed)
        return Plan(() if findings else tuple(changed), len(read) - len(changed), tuple(findings))

    async def _sharing(self, read: Sequence[ReadGoal], changed: Sequence[DraftChange]) -> list[Finding]:
        """What is wrong with the contributors that the changed goals name."""
        places = {one.id: one for one in read}
        async with read_transaction(self._engine) as connection:
            gone = await contributors_gone(connection, [one.content for one in changed])
        return [
            _with_place(finding, places[one.goal.id])
            for one in changed
            for finding in sharing_findings(one.goal, one.content, gone)
        ]

    async def apply(self, caller: Caller, temporal: "Client", plan: Plan) -> int:
        """Updates the drafts of a plan, with one command each; returns how many. A repeat changes nothing.

        The goal's workflow decides again whether the caller may change the draft.
        """
        updates, actor = GoalUpdates(self._engine, temporal), actor_of(caller)
        for one in plan.changed:
            await updates.send(one.goal.id, Revise(actor=actor, content=one.content, expected_seq=one.goal.seq))
        return len(plan.changed)


async def _require_some(
    connection: AsyncConnection, caller: Caller, cycle: CycleId, *, owner: str | None, department: str | None
) -> None:
    """Raises a `Refusal` where there are goals, none of which the caller may see: the first one's, then."""
    company = await relations_to_company(connection, caller)
    async for goals in stream_goals(connection, cycle, owner=owner, department=department, size=1):
        require_goal_relation(caller, Action.SEE_GOAL, goals[0], company)


async def _by_owner(pages: AsyncIterator[list[Goal]]) -> AsyncIterator[list[Goal]]:
    """Each owner's goals. Goals come by id, which begins with the cycle and the owner."""
    theirs: list[Goal] = []
    async for goals in pages:
        for goal in goals:
            if theirs and theirs[0].owner != goal.owner:
                yield theirs
                theirs = []
            theirs.append(goal)
    if theirs:
        yield theirs


async def _sheet(connection: AsyncConnection, cycle: CycleId, name: str, goals: Sequence[Goal]) -> GoalSheet:
    """One owner's sheet. Four queries: writing the sheet takes many times as long."""
    reviews = await read_bodies(connection, [goal.id for goal in goals], _REVIEW_KINDS)
    shown = tuple(SheetGoal(goal, _review(reviews.get(goal.id, ()))) for goal in goals)
    policy = goals[0].policy
    return GoalSheet(cycle, name, policy.starts, policy.ends, await _person(connection, cycle, goals[0]), shown)


async def _person(connection: AsyncConnection, cycle: CycleId, goal: Goal) -> Person:
    """The goal's owner as the directory has them now, with the manager or the evaluators; with the names of the cycle's last day
    if it has closed.
    """
    owner = goal.owner
    employee = await find_employee(connection, owner)
    if employee is None:
        return Person(owner, "", "")
    manager = employee.manager_id or ""
    approvers = goal.approvers_in_order() if goal.stages or goal.joint else ()
    evaluators = [one for people in approvers for one in people]
    names = await names_for_sheets(connection, cycle, {owner, manager, *evaluators})
    name, manager_name = names.get(owner, employee.name), names.get(manager)
    asked = tuple(names.get(one, one) for one in evaluators)
    posts = departments_of(employee.posts)
    companies = (employee.company, employee.seconded_from)
    return Person(owner, name, employee.department, employee.title, manager_name, asked, posts, *companies)


async def names_for_sheets(connection: AsyncConnection, cycle: CycleId, people: Collection[str]) -> dict[str, str]:
    """The names that these people had in the cycle; a `LeftName` for those who do not work here today."""
    names, left = await names_in_cycle(connection, cycle, people), await who_left(connection, people)
    return {one: LeftName(name) if one in left else name for one, name in names.items()}


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
    if not access.may(Action.SEE_GOAL, relations_to_goal(caller, goal, company)):
        return [
            refuse("not_allowed", read.where, goal=goal.id)
        ]  # before anything is compared, which would tell what the goal holds
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
    if read.seq is not None and read.seq < goal.written:
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
