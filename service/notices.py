"""Notices: everybody's own; and for HR the numbers by state, the failures, and queueing failed notices again."""

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue

from domain.access import Action, Caller, person_of
from domain.values import CycleId, Frozen, GoalId
from service.projection import names_by_id
from service.relations import require_hr, require_own, visible_goals
from storage import hooks, own_notices, undelivered
from storage.database import read_transaction
from storage.hooks import FailedEvent
from storage.undelivered import FailedMessage, Summary

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

PAGE = 50  # notices of one person
_MAX_LISTED = 100


class RetryCounts(Frozen):
    """How many were queued again: notices to people, and ledger entries for the other system."""

    notices: int
    entries: int


class FailedDeliveries(Frozen):
    """The newest messages that failed on a channel, and the newest ledger entries that were given up. `names` of recipients."""

    failed: tuple[FailedMessage, ...]
    events: tuple[FailedEvent, ...]
    names: dict[str, str]


class ListedNotice(Frozen):
    """A notice to the caller. `at`: when what it tells happened; `sent_at` None: it was not sent, or not yet.

    `theme` None: the goal is not one that the caller may see now. `facts` are ids, dates, numbers and codes.
    """

    notice: int
    kind: str
    goal: GoalId
    cycle: CycleId
    theme: str | None
    facts: dict[str, JsonValue]
    at: datetime
    urgent: bool
    sent_at: datetime | None
    channel: str | None


class NoticeList(Frozen):
    """A page of the caller's notices, the newest first. `next` is the value of `after` for the next page; None on the last page."""

    notices: tuple[ListedNotice, ...]
    next: int | None


class Notices:
    """Notices of cycles, for their HR, and one's own. Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def summary(self, caller: Caller, cycle: str | None = None) -> Summary:
        """The numbers of notices by state, of one cycle (None: of all)."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_NOTICES, cycle)
            return await undelivered.summary(connection, cycle)

    async def failures(self, caller: Caller, cycle: str | None = None) -> FailedDeliveries:
        """The failed deliveries of one cycle (None: of all)."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_NOTICES, cycle)
            failed = await undelivered.failed(connection, cycle, _MAX_LISTED)
            events = await hooks.given_up(connection, cycle, _MAX_LISTED)
            names = await names_by_id(connection, {one.recipient_id for one in failed})
        return FailedDeliveries(failed=tuple(failed), events=tuple(events), names=names)

    async def own(self, caller: Caller, after: int | None = None, limit: int = PAGE) -> NoticeList:
        """The caller's own notices, the newest first, behind the notice with the number `after`."""
        person = person_of(caller)
        async with read_transaction(self._engine) as connection:
            await require_own(connection, caller, Action.SEE_OWN_NOTICES, person)
            found = await own_notices.newest(connection, person, before=after, limit=limit)
            condition = await visible_goals(connection, caller)
            themes = await own_notices.themes(connection, [one.goal for one in found], condition)
        listed = tuple(
            ListedNotice(
                notice=one.id,
                kind=one.kind,
                goal=GoalId(one.goal),
                cycle=CycleId(one.cycle),
                theme=themes.get(one.goal),
                facts=one.facts,
                at=one.at,
                urgent=one.urgent,
                sent_at=one.sent_at,
                channel=one.channel,
            )
            for one in found
        )
        return NoticeList(notices=listed, next=listed[-1].notice if len(listed) == limit else None)

    async def retry(self, caller: Caller, cycle: str | None) -> RetryCounts:
        """Queues again what was given up, in one cycle (None: in all cycles of which the caller is HR). A repeat finds nothing."""
        async with self._engine.begin() as connection:
            cycles = await require_hr(connection, caller, Action.RESEND_NOTICES, cycle)
            return RetryCounts(
                notices=await undelivered.put_back(connection, cycles), entries=await hooks.put_back(connection, cycles)
            )
