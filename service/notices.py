"""What became of the notices: how many went out, what did not get through, and trying that again."""

from typing import TYPE_CHECKING, NamedTuple

from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.hr import require_hr
from storage import hooks, undelivered
from storage.cycles import find_cycle
from storage.database import read_transaction
from storage.hooks import FailedEvent
from storage.undelivered import Failed, Summary

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Again(NamedTuple):
    """What is tried again: notices to people, and ledger entries to the other system."""

    notices: int
    entries: int


class Notices:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def summary(self, cycle: str | None = None) -> Summary:
        """Counts, of one cycle or of all; a `Refusal` for a cycle that does not exist."""
        await self._require(cycle)
        async with read_transaction(self._engine) as connection:
            return await undelivered.summary(connection, cycle)

    async def failed(self, cycle: str | None = None, limit: int = 100) -> list[Failed]:
        """Messages that were given up or went another way, the newest first."""
        await self._require(cycle)
        async with read_transaction(self._engine) as connection:
            return await undelivered.failed(connection, cycle, limit)

    async def failed_events(self, cycle: str | None = None, limit: int = 100) -> list[FailedEvent]:
        """Ledger entries that another system did not take, the newest first."""
        await self._require(cycle)
        async with read_transaction(self._engine) as connection:
            return await hooks.given_up(connection, cycle, limit)

    async def retry(self, cycle: str | None, actor: EmployeeId) -> Again:
        """Puts what was given up back in line, in one cycle or in all of which the actor is HR; a `Refusal` for others."""
        theirs = await require_hr(self._engine, actor, cycle)
        async with self._engine.begin() as connection:
            return Again(await undelivered.put_back(connection, theirs), await hooks.put_back(connection, theirs))

    async def _require(self, cycle: str | None) -> None:
        if cycle is None:
            return
        async with read_transaction(self._engine) as connection:
            if await find_cycle(connection, cycle) is None:
                raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
