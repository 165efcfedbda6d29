"""Looking at goals: lists, one goal, its score and its review form, the proof of a ledger.

Needs the database only, and so is answered while Temporal is down. Each method reads on one transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.access import Action, Caller, Relation
from domain.findings import Finding
from domain.goal.goal import Goal
from domain.goal.possible import Possible, possible
from domain.goal.tasks import STATE_OF_TASK
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from domain.writing.rules import check
from domain.writing.rules.remarks import remarks
from service.goal_documents import GoalFilter, GoalList, GoalPage, Names, ScoreSheet, listed_goal
from service.goal_history import GoalHistory
from service.parents import Parent, parent_of
from service.projection import find_goals, names_by_id, people_in_ledger
from service.proof import LedgerProof, prove
from service.relations import relations_to_company, require_goal_relation, sees_every_goal, visible_goal, visible_goals
from service.review_form import ReviewForm, review_form
from storage import cycles
from storage import goals as rows
from storage.database import read_transaction
from storage.goal_list import Filters
from storage.goal_pages import owners_named
from storage.goals import LedgerLine
from storage.people import find_employee
from storage.person_log import Names as NamesThen
from storage.person_log import names_at, names_in_cycle

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_LAST_ENTRIES = 5  # of the ledger, on a goal's page


class SeenGoal(NamedTuple):
    """A goal for a person who will decide on it; with findings of the writing rules if it waits for approval."""

    goal: Goal
    findings: tuple[Finding, ...]
    names: Names  # of the owner


class GoalView(NamedTuple):
    """A goal for a page: with its whole ledger, what the caller may do with it now, and the findings of the writing rules where it is
    a draft or waits for approval. `names` are present ones, `names_then` those of the times of the entries.
    """

    goal: Goal
    ledger: Sequence[LedgerLine]
    names: Names
    names_then: NamesThen
    possible: tuple[Possible, ...]
    findings: tuple[Finding, ...]
    parent: Parent | None

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line.event for line in self.ledger]


class GoalReads(GoalHistory):
    """What a caller may read of goals. Every method raises a `Refusal` for what is not there or not for the caller."""

    async def list_goals(self, caller: Caller, wanted: GoalFilter, now: datetime | None = None) -> GoalList:
        """A page of the goals that the caller may see, by id; `now` (None: the present) decides what is overdue."""
        now = now or datetime.now(UTC)
        async with read_transaction(self._engine) as connection:
            await _require_known(connection, wanted)
            condition = await visible_goals(connection, caller, cycle=wanted.cycle)
            filters = await _filters(connection, wanted, now)
            found = await rows.list_goals(
                connection, filters, after=wanted.after, limit=wanted.limit, condition=condition
            )
            zones = await cycles.time_zones(connection)
        listed = tuple(listed_goal(line, zones, now) for line in found)
        return GoalList(goals=listed, next=listed[-1].goal if len(listed) == wanted.limit else None)

    async def look(self, caller: Caller, goal: GoalId) -> GoalPage:
        """The goal with the last entries of its ledger."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            ledger = await rows.read_ledger(connection, goal, max(0, found.seq - _LAST_ENTRIES))
            return GoalPage(found, ledger, *await _names(connection, found, ledger))

    async def view(self, caller: Caller, goal: GoalId, now: datetime) -> GoalView:
        """The goal with its whole ledger, and what the caller may do with it at `now`."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            ledger = await rows.read_ledger(connection, goal)
            names, then = await _names(connection, found, ledger)
            parent = await parent_of(connection, caller, found)
        may = possible(found, caller.employee, now) if caller.employee and not caller.is_auditor else ()
        is_checked = found.state in (State.DRAFT, State.PENDING_APPROVAL)
        findings = (*check(found.content, found.policy), *remarks(found.content)) if is_checked else ()
        return GoalView(found, ledger, names, then, may, tuple(findings), parent)

    async def read_before_deciding(self, caller: Caller, goals: Iterable[GoalId]) -> dict[GoalId, SeenGoal | Refusal]:
        """Each goal, or why the caller may not see it. `SeenGoal.goal.seq` becomes `Request.seen` of the decision."""
        wanted = list(goals)
        async with read_transaction(self._engine) as connection:
            company = await relations_to_company(connection, caller)
            found = await find_goals(connection, wanted)
            names = await names_by_id(
                connection, {one for goal in found.values() for one in (*goal.sharers, *(goal.credited or ()))}
            )
        seen: dict[GoalId, SeenGoal | Refusal] = {}
        for one in wanted:
            if goal := found.get(one):
                seen[one] = _seen(caller, goal, company, names)
            else:
                seen[one] = Refusal(Code.UNKNOWN_GOAL, goal=one[:80])
        return seen

    async def score_sheet(self, caller: Caller, goal: GoalId) -> ScoreSheet:
        """How the goal's score is made."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            names = await names_in_cycle(connection, found.cycle, [*found.credited]) if found.credited else {}
            return ScoreSheet(found, [line.event for line in await rows.read_ledger(connection, goal)], names)

    async def review_form(
        self, caller: Caller, goal: GoalId, new_target: Decimal | None = None, new_weight: Decimal | None = None
    ) -> ReviewForm:
        """The review form; `new_target` and `new_weight` (percent) are those of a reset, to see it beside the goal."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            events = [line.event for line in await rows.read_ledger(connection, goal)]
        return review_form(found, events, new_target, new_weight)

    async def prove(self, caller: Caller, goal: GoalId) -> LedgerProof:
        """The ledger, with its chain recomputed and the goal built again from it.

        Who sees every goal need not see one that fits its model: proving is what shows that it was altered.
        """
        async with read_transaction(self._engine) as connection:
            if not await sees_every_goal(connection, caller):
                await visible_goal(connection, caller, goal)
        return await prove(self._engine, goal)


async def _filters(connection: "AsyncConnection", wanted: GoalFilter, now: datetime) -> Filters:
    """The filters as rows have them. A task of one kind is open in one state only, whose goals have an index."""
    words = (wanted.words or "").strip()
    owners = await owners_named(connection, words) if words else None
    return Filters(
        cycle=wanted.cycle,
        owner=wanted.owner,
        state=wanted.state or (STATE_OF_TASK[wanted.task] if wanted.task else None),
        department=wanted.department,
        contributor=wanted.contributor,
        task=wanted.task,
        waits_for=wanted.waits_for,
        owners=owners,
        name=words if words and owners is None else None,
        overdue_at=now if wanted.overdue else None,
        escalated=wanted.escalated,
        paused=wanted.paused,
        returned=wanted.returned,
    )


async def _require_known(connection: "AsyncConnection", wanted: GoalFilter) -> None:
    """A misspelled cycle or person is refused: an empty list would hide it. Raises a `Refusal`."""
    if wanted.cycle is not None and await cycles.find_cycle(connection, wanted.cycle) is None:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=wanted.cycle[:80])
    for person in (wanted.owner, wanted.contributor, wanted.waits_for):
        if person is not None and await find_employee(connection, EmployeeId(person)) is None:
            raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=person[:80], near="")


async def _names(connection: "AsyncConnection", goal: Goal, ledger: Sequence[LedgerLine]) -> tuple[Names, NamesThen]:
    """The present names of the people whom the goal's page shows, and the names in its entries as of their times."""
    assignees = goal.task.assignees if goal.task else ()
    evaluators = [one for people in goal.approvers_in_order() for one in people]
    agreed = [part.agreed for part in (goal.task.parts if goal.task else ()) if part.agreed]
    shown = (*goal.sharers, *(goal.credited or ()), *assignees, *agreed, *evaluators, *goal.part_hr)
    present: set[tuple[str, datetime | None]] = {(one, None) for one in shown}
    names = await names_at(connection, present | people_in_ledger(ledger))
    owner = await names_in_cycle(connection, goal.cycle, [goal.owner]) if goal.is_closed else {}
    return {one: name for (one, at), name in names.items() if at is None} | owner, names


def _seen(caller: Caller, goal: Goal, company: frozenset[Relation], names: Names) -> SeenGoal | Refusal:
    try:
        require_goal_relation(caller, Action.SEE_GOAL, goal, company)
    except Refusal as refusal:
        return refusal
    waits_for_approval = goal.state is State.PENDING_APPROVAL
    return SeenGoal(goal, tuple(check(goal.content, goal.policy)) if waits_for_approval else (), names)
