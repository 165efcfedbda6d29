"""Settles a cycle: closes every open goal, page by page."""

from collections.abc import AsyncIterator

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.pace import FanOut, people_act_now
from domain.goal.commands import Close
from domain.values import GoalId
from storage.database import read_transaction
from storage.goals import open_goals
from workflows.cycle import SettledGoals, Settler, SettleRequest
from workflows.goal import Receipt, goal_workflow_id

_PAGE = 200

log = structlog.get_logger()


class SettlementActivities(Settler):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name="settle_goals")
    async def settle_goals(self, settle: SettleRequest) -> SettledGoals:
        """Closes the open goals. The update's id is the cycle's, so a goal that was closed by an earlier attempt gives
        the same answer.
        """
        after, count = activity.info().heartbeat_details or ("", 0)
        fan_out = FanOut(lambda: people_act_now(self._engine))
        while page := await self._open(settle, after):
            closed = await self._close_all(page, settle, fan_out, (after, count))
            after, count = page[-1], count + closed
            activity.heartbeat(after, count)
        log.info("cycle_settled", cycle_id=settle.cycle, goals=count)
        return SettledGoals(goals=count)

    async def _open(self, settle: SettleRequest, after: str) -> list[str]:
        async with read_transaction(self._engine) as connection:
            return await open_goals(connection, settle.cycle, after, _PAGE)

    async def _close_all(self, page: list[str], settle: SettleRequest, fan_out: FanOut, done: tuple[str, int]) -> int:
        """How many of the page's goals were closed. `done` is the heartbeat: where a new try begins."""
        closed = 0

        async def close(goal: str) -> None:
            nonlocal closed
            closed += await self._close(GoalId(goal), settle, fan_out)
            activity.heartbeat(*done)

        await fan_out.each(_each(page), close)
        return closed

    async def _close(self, goal: GoalId, settle: SettleRequest, fan_out: FanOut) -> bool:
        """Whether this update closed the goal. False if it was closed, or its workflow ended, in the meantime."""
        command = Close(actor=settle.actor, reason=settle.reason)
        update = self._client.get_workflow_handle(goal_workflow_id(goal)).execute_update(
            Close.name,
            command.model_dump(mode="json", exclude={"id"}, exclude_none=True),
            id=f"settle:{settle.cycle}",
            result_type=Receipt,
        )
        try:
            await fan_out.timed(update)
        except WorkflowUpdateFailedError:
            log.warning("settlement_refused", goal_id=goal)
            return False
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


async def _each(page: list[str]) -> AsyncIterator[str]:
    for goal in page:
        yield goal
