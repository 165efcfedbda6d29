"""Use case of HR: erasing what people wrote in a goal's ledger or in the journal, on request or when its time is over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.access import Action, Caller, actor_of
from domain.journal import Log
from domain.refusals import Code, Refusal
from domain.values import GoalId
from service.giving import Given, Goals, Request
from service.projection import require_goal
from service.relations import require_hr, require_hr_of
from storage import journal
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client


class Erasure:
    """Erases texts. The entries stay in the ledger with their commitments, so every chain still verifies."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._goals = Goals(engine, temporal)

    async def erase_texts(
        self, caller: Caller, goal: GoalId, entries: Sequence[int], reason: str, command_id: str | None = None
    ) -> Given:
        """Erases the texts of these entries of the goal's ledger, and appends an entry that says so.

        The caller must be HR of the goal, and not its owner. Of an open goal, the entry with its present content is refused.
        Keyed by the command's id. Raises `Refusal` (nothing changed) and `NoAnswer`.
        """
        async with read_transaction(self._engine) as connection:
            found = await require_goal(connection, goal)
            await require_hr_of(connection, caller, Action.ERASE_TEXTS, found.hr)
        request = Request("erase_texts", {"entries": tuple(entries), "reason": reason}, command_id=command_id)
        return await self._goals.give(caller, goal, request)


async def erase_in_journal(
    engine: "AsyncEngine", caller: Caller, log: Log, entries: Sequence[int], reason: str
) -> list[int]:
    """Erases the texts of these entries of a log of the journal, and appends an entry that says so.

    The caller must be HR. Returns the entries that had texts; a repeat returns none, and appends nothing.
    """
    async with engine.begin() as connection:
        await require_hr(connection, caller, Action.ERASE_TEXTS)
        last = await journal.last_number(connection, log)
        if unknown := next((one for one in entries if one > last), None):
            raise Refusal(Code.NO_SUCH_ENTRY, entry=unknown, seq=last)
        return await journal.erase_texts(connection, log, entries, actor=actor_of(caller), reason=reason)
