"""Ending a cycle: every goal that is still open is asked to close, page by page."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from domain.goal.commands import Close
from domain.values import GoalId
from storage.database import read_transaction
from storage.goals import open_goals
from workflows.cycle import Settle, Settled, Settler
from workflows.goal import Receipt, goal_workflow_id

_PAGE = 200
_AT_ONCE = 8  # leaves the workers to the people who click

log = structlog.get_logger()


class SettlementActivities(Settler):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name="settle_goals")
    async def settle_goals(self, settle: Settle) -> Settled:
        """Closes what is open; the update's id is the cycle's, so a goal that was asked before answers as it did."""
        after, count = activity.info().heartbeat_details or ("", 0)
        room = asyncio.Semaphore(_AT_ONCE)
        while page := await self._open(settle, after):
            closed = await asyncio.gather(*(self._close(goal, settle, room) for goal in page))
            after, count = page[-1], count + sum(closed)
            activity.heartbeat(after, count)
        log.info("cycle_settled", cycle_id=settle.cycle, goals=count)
        return Settled(goals=count)

    async def _open(self, settle: Settle, after: str) -> list[str]:
        async with read_transaction(self._engine) as connection:
            return await open_goals(connection, settle.cycle, after, _PAGE)

    async def _close(self, goal: str, settle: Settle, room: asyncio.Semaphore) -> bool:
        command = Close(actor=settle.actor, reason=settle.reason)
        handle = self._client.get_workflow_handle(goal_workflow_id(GoalId(goal)))
        async with room:
            try:
                await handle.execute_update(
                    Close.name,
                    command.model_dump(mode="json", exclude={"id"}, exclude_none=True),
                    id=f"settle:{settle.cycle}",
                    result_type=Receipt,
                )
            except WorkflowUpdateFailedError:
                log.warning("settlement_refused", goal_id=goal)  # closed in between
                return False
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return False  # ended in between
        return True
