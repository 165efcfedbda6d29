"""Use cases of notices: how many were sent, which ones failed, and trying these again."""

from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.values import Frozen
from service.relations import require_hr
from storage import hooks, undelivered
from storage.database import read_transaction
from storage.hooks import FailedEvent
from storage.undelivered import FailedMessage, Summary

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_LISTED = 100


class RetryCounts(Frozen):
    """How many are tried again: notices to people, and ledger entries to the other system."""

    notices: int
    entries: int


class FailedDeliveries(Frozen):
    """The newest messages that were given up or fell back to another channel, and ledger entries that were given up."""

    failed: tuple[FailedMessage, ...]
    events: tuple[FailedEvent, ...]


class Notices:
    """What HR may do with the notices of their cycles. Every method raises a `Refusal` for a caller who may not."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def summary(self, caller: Caller, cycle: str | None = None) -> Summary:
        """Counts by state, of one cycle (None: of all)."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_NOTICES, cycle)
            return await undelivered.summary(connection, cycle)

    async def failures(self, caller: Caller, cycle: str | None = None) -> FailedDeliveries:
        """What was not delivered as it should, of one cycle (None: of all)."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_NOTICES, cycle)
            failed = await undelivered.failed(connection, cycle, _LISTED)
            events = await hooks.given_up(connection, cycle, _LISTED)
        return FailedDeliveries(failed=tuple(failed), events=tuple(events))

    async def retry(self, caller: Caller, cycle: str | None) -> RetryCounts:
        """Queues what was given up again, in one cycle (None: in all of which the caller is HR). A repeat finds nothing."""
        async with self._engine.begin() as connection:
            theirs = await require_hr(connection, caller, Action.RESEND_NOTICES, cycle)
            return RetryCounts(
                notices=await undelivered.put_back(connection, theirs), entries=await hooks.put_back(connection, theirs)
            )
