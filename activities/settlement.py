"""Settles a cycle: closes every open goal, page by page."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.heartbeating import heartbeating
from activities.pace import FanOut, people_act_now
from domain.goal.commands import SYSTEM, CloseBySystem
from domain.refusals import Code, Refusal
from domain.values import CommandId, GoalId
from service.answers import NoAnswer
from service.goal_updates import GoalUpdates
from storage.database import read_transaction
from storage.goals import count_recorded, open_goals
from workflows.cycle import SettledGoals, Settler, SettleRequest

_PAGE = 200
MAX_ATTEMPTS = 4  # tries at a goal that does not answer; each waits `service.answers.ANSWER_SECONDS`
_MAX_TRIES = 260  # of the activity while no goal answers; each takes about three minutes with the pause before it
PAUSE = 5.0  # seconds before the goals that did not answer are asked again

log = structlog.get_logger()


class _Result(StrEnum):
    CLOSED = "closed"  # by this settlement
    ENDED = "ended"  # the goal had ended in the meantime
    REFUSED = "refused"
    SILENT = "silent"  # no answer in time


class SettlementActivities(Settler):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._updates = GoalUpdates(engine, client)

    @activity.defn(name="settle_goals")
    async def settle_goals(self, settle: SettleRequest) -> SettledGoals:
        """Closes the open goals. The command's id is that of the run of the cycle's workflow, so a goal that was closed by an
        earlier attempt gives the same answer, and a goal of a cycle that was reopened is closed again.

        A goal that does not answer is asked again after the others, a bounded number of times. So one goal cannot keep the
        cycle from ending. If no goal answers, the workers are away: the activity fails and is tried again, for half a day.
        """
        total = Counter[_Result]()
        async with heartbeating():
            fan_out = FanOut(lambda: people_act_now(self._engine))
            silent = await self._close_all(self._open(settle), settle, fan_out, total)
            for _ in range(MAX_ATTEMPTS - 1):
                if not silent:
                    break
                await asyncio.sleep(PAUSE)
                silent = await self._close_all(_each(silent), settle, fan_out, total)
            closed = await self._count_closed(settle)
        if silent and not total.keys() - {_Result.SILENT} and activity.info().attempt < _MAX_TRIES:
            raise ApplicationError("no goal answers", type="NoGoalAnswers")
        for goal in silent:
            log.error("goal_not_settled", goal_id=goal, attempts=MAX_ATTEMPTS)
        settled = SettledGoals(goals=closed, refused=total[_Result.REFUSED], silent=len(silent))
        (log.error if settled.refused or settled.silent else log.info)(
            "cycle_settled", cycle_id=settle.cycle, goals=settled.goals, refused=settled.refused, silent=settled.silent
        )
        return settled

    async def _count_closed(self, settle: SettleRequest) -> int:
        """The number of goals that this settlement closed, also in attempts that were cut off."""
        async with read_transaction(self._engine) as connection:
            return await count_recorded(connection, settle.cycle, _command_of(settle))

    async def _open(self, settle: SettleRequest) -> AsyncIterator[GoalId]:
        after = ""
        while True:
            async with read_transaction(self._engine) as connection:
                page = await open_goals(connection, settle.cycle, after, _PAGE)
            if not page:
                return
            for goal in page:
                yield GoalId(goal)
            after = page[-1]

    async def _close_all(
        self, goals: AsyncIterator[GoalId], settle: SettleRequest, fan_out: FanOut, total: Counter[_Result]
    ) -> list[GoalId]:
        """Asks the goals, and adds the numbers of results to `total`; returns the goals that did not answer."""
        silent: list[GoalId] = []

        async def close(goal: GoalId) -> None:
            result = await self._close(goal, settle, fan_out)
            total[result] += 1
            if result is _Result.SILENT:
                silent.append(goal)

        await fan_out.each(goals, close)
        return silent

    async def _close(self, goal: GoalId, settle: SettleRequest, fan_out: FanOut) -> _Result:
        command = CloseBySystem(actor=SYSTEM, reason=settle.reason)
        refused = partial(log.exception, "settlement_refused", goal_id=goal)
        try:
            await fan_out.timed(self._updates.send(goal, command, _command_of(settle)))
        except Refusal as refusal:
            if refusal.code is Code.WRONG_STATE:
                return _Result.ENDED
            refused(code=refusal.code)
            return _Result.REFUSED
        except NoAnswer:
            return _Result.SILENT
        except WorkflowUpdateFailedError:
            refused(code="unknown")
            return _Result.REFUSED
        return _Result.CLOSED


def _command_of(settle: SettleRequest) -> CommandId:
    return CommandId(f"settle:{settle.cycle}:{activity.info().workflow_run_id}")


async def _each(goals: Iterable[GoalId]) -> AsyncIterator[GoalId]:
    for goal in goals:
        yield goal
