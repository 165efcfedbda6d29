"""The settlement of a cycle: a goal that does not answer keeps no other goal from being closed, and is asked again."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities import settlement
from activities.settlement import SettlementActivities
from domain.values import CycleId
from storage.tables import GoalRow
from tests.bench.dataset import Size, fill
from workflows.cycle import SettledGoals, SettleRequest

pytestmark = pytest.mark.slow


class Goals:
    """Stands for Temporal's client. A goal closes when it is asked; a silent goal does not answer the first times."""

    def __init__(self, engine: AsyncEngine, silent: dict[str, int]) -> None:
        self.engine, self.silent = engine, Counter(silent)
        self.asked: list[str] = []
        self.goal = ""

    def get_workflow_handle(self, workflow: str) -> "Goals":
        handle = Goals(self.engine, {})
        handle.silent, handle.asked, handle.goal = self.silent, self.asked, workflow.removeprefix("goal/")
        return handle

    async def execute_update(self, *_: Any, **__: Any) -> None:
        self.asked.append(self.goal)
        if self.silent[self.goal]:
            self.silent[self.goal] -= 1
            await asyncio.sleep(3_600)
        async with self.engine.begin() as connection:
            await connection.execute(update(GoalRow).where(GoalRow.id == self.goal).values(state="closed"))


async def test_a_goal_that_does_not_answer_is_asked_again_after_the_others(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database, Size(goals=40, people=20, entries=200))
    async with database.connect() as connection:
        cycle = await connection.scalar(select(GoalRow.cycle_id).where(GoalRow.state != "closed").limit(1))
        which = (GoalRow.cycle_id == cycle) & (GoalRow.state != "closed")
        goals = list(await connection.scalars(select(GoalRow.id).where(which).order_by(GoalRow.id)))
    monkeypatch.setattr(settlement, "SETTLE_ANSWER", timedelta(seconds=0.3))
    monkeypatch.setattr(settlement, "SETTLE_PAUSE", timedelta(seconds=0.1))
    client = Goals(database, {goals[0]: 2})
    activities = SettlementActivities(database, cast("Client", client))
    request = SettleRequest(cycle=CycleId(str(cycle)), reason="期末")
    async with asyncio.timeout(30):
        settled = await ActivityEnvironment().run(activities.settle_goals, request)
    assert settled == SettledGoals(goals=len(goals), refused=0)
    assert sorted(client.asked) == sorted([*goals, goals[0], goals[0]]), "the others were asked once"
    assert client.asked[-2:] == [goals[0]] * 2
