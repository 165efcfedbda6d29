"""Settles a cycle: closes every open goal, page by page."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.pace import FanOut, people_act_now
from domain.goal.commands import SYSTEM, CloseBySystem
from domain.refusals import Code
from domain.values import GoalId
from service.answers import answer_of
from storage.database import read_transaction
from storage.goals import open_goals
from workflows.cycle import SettledGoals, Settler, SettleRequest
from workflows.failures import as_refusal
from workflows.goal import Receipt, goal_workflow_id
from workflows.timeouts import SETTLE_ANSWER, SETTLE_PAUSE

_PAGE = 200

log = structlog.get_logger()


class SettlementActivities(Settler):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name="settle_goals")
    async def settle_goals(self, settle: SettleRequest) -> SettledGoals:
        """Closes the open goals. The update's id is the cycle's, so a goal that was closed by an earlier attempt gives
        the same answer. Goals that do not answer are asked again after the others, until each has answered.
        """
        after, counts = activity.info().heartbeat_details or ("", {})
        total = Counter[str](counts)
        fan_out = FanOut(lambda: people_act_now(self._engine))
        while True:
            while page := await self._open(settle, after):
                total += await self._close_all(page, settle, fan_out, (after, dict(total)))
                after = page[-1]
                activity.heartbeat(after, dict(total))
            if not total["silent"]:
                break
            log.warning("settlement_not_answered", cycle_id=settle.cycle, goals=total["silent"])
            after, total = "", Counter(closed=total["closed"])  # goals that refused are asked and counted again
            activity.heartbeat(after, dict(total))
            await asyncio.sleep(SETTLE_PAUSE.total_seconds())
        settled = SettledGoals(goals=total["closed"], refused=total["refused"])
        (log.error if settled.refused else log.info)(
            "cycle_settled", cycle_id=settle.cycle, goals=settled.goals, refused=settled.refused
        )
        return settled

    async def _open(self, settle: SettleRequest, after: str) -> list[str]:
        async with read_transaction(self._engine) as connection:
            return await open_goals(connection, settle.cycle, after, _PAGE)

    async def _close_all(
        self, page: list[str], settle: SettleRequest, fan_out: FanOut, done: tuple[str, dict[str, int]]
    ) -> Counter[str]:
        """The numbers of the page's goals by result. `done` is the heartbeat: where a new try begins."""
        results = Counter[str]()

        async def close(goal: str) -> None:
            results[await self._close(GoalId(goal), settle, fan_out)] += 1
            activity.heartbeat(*done)

        await fan_out.each(_each(page), close)
        return results

    async def _close(
        self, goal: GoalId, settle: SettleRequest, fan_out: FanOut
    ) -> Literal["closed", "ended", "refused", "silent"]:
        """What happened: this update closed the goal; the goal had ended in the meantime; it refused; or it did not answer."""
        command = CloseBySystem(actor=SYSTEM, reason=settle.reason)
        update = self._client.get_workflow_handle(goal_workflow_id(goal)).execute_update(
            CloseBySystem.name,
            command.model_dump(mode="json", exclude={"id"}, exclude_none=True),
            id=f"settle:{settle.cycle}",
            result_type=Receipt,
        )
        try:
            async with asyncio.timeout(SETTLE_ANSWER.total_seconds()):
                await fan_out.timed(answer_of(update))
        except TimeoutError:
            return "silent"
        except WorkflowUpdateFailedError as error:
            refusal = as_refusal(error.cause) if isinstance(error.cause, ApplicationError) else None
            if refusal is None or refusal.code is Code.WRONG_STATE:
                return "ended"
            log.exception("settlement_refused", goal_id=goal, code=refusal.code)
            return "refused"
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return "ended"
        return "closed"


async def _each(page: list[str]) -> AsyncIterator[str]:
    for goal in page:
        yield goal
