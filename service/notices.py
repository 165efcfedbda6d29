"""Use cases of HR for notices: the numbers by state, the failures, and queueing failed notices again."""

from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.values import Frozen
from service.projection import names_by_id
from service.relations import require_hr
from storage import hooks, undelivered
from storage.database import read_transaction
from storage.hooks import FailedEvent
from storage.undelivered import FailedMessage, Summary

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

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


class Notices:
    """The notices of cycles, for their HR. Every method raises a `Refusal` for a caller without permission."""

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

    async def retry(self, caller: Caller, cycle: str | None) -> RetryCounts:
        """Queues again what was given up, in one cycle (None: in all cycles of which the caller is HR). A repeat finds nothing."""
        async with self._engine.begin() as connection:
            cycles = await require_hr(connection, caller, Action.RESEND_NOTICES, cycle)
            return RetryCounts(
                notices=await undelivered.put_back(connection, cycles), entries=await hooks.put_back(connection, cycles)
            )
