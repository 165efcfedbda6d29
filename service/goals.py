"""Looking at goals: lists, one goal, its score and its review form, the proof of a ledger.

Needs the database only, and so is answered while Temporal is down. Each method reads on one transaction.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.access import Caller
from domain.goal.tasks import STATE_OF_TASK
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from service.goal_documents import GoalFilter, GoalList, GoalPage, ScoreSheet, listed_goal
from service.goal_history import GoalHistory
from service.projection import people_in_ledger
from service.proof import LedgerProof, prove
from service.relations import sees_every_goal, visible_goal, visible_goals
from service.review_form import ReviewForm, review_form
from storage import cycles
from storage import goals as rows
from storage.database import read_transaction
from storage.goal_list import Filters
from storage.goal_pages import owners_named
from storage.people import find_employee
from storage.person_log import names_at, names_in_cycle

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_LAST_ENTRIES = 5  # of the ledger, on a goal's page


class GoalReads(GoalHistory):
    """What a caller may read of goals. Every method raises a `Refusal` for what is not there or not for the caller."""

    async def list_goals(self, caller: Caller, wanted: GoalFilter, now: datetime | None = None) -> GoalList:
        """A page of the goals that the caller may see, by id; `now` (None: the present) decides what is overdue."""
        now = now or datetime.now(UTC)
        async with read_transaction(self._engine) as connection:
            await _require_known(connection, wanted)
            condition = await visible_goals(connection, caller)
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
            assignees = found.task.assignees if found.task else ()
            evaluators = [one for people in found.approvers_in_order() for one in people] if found.evaluators else []
            agreed = [part.agreed for part in (found.task.parts if found.task else ()) if part.agreed]
            shown = (*found.sharers, *(found.credited or ()), *assignees, *agreed, *evaluators, *found.part_hr)
            present: set[tuple[str, datetime | None]] = {(one, None) for one in shown}
            names = await names_at(connection, present | people_in_ledger(ledger))
            owner = await names_in_cycle(connection, found.cycle, [found.owner]) if found.is_closed else {}
            return GoalPage(
                found, ledger, {one: name for (one, at), name in names.items() if at is None} | owner, names
            )

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
