"""Use case of HR: erasing what people wrote in a goal's ledger, on request or when its time is over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.values import GoalId
from service.giving import Given, Goals, Request
from service.projection import require_goal
from service.relations import require_hr_of
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
            await require_hr_of(connection, caller, Action.ERASE_TEXTS, found.policy.hr)
        request = Request("erase_texts", {"entries": tuple(entries), "reason": reason}, command_id=command_id)
        return await self._goals.give(caller, goal, request)
