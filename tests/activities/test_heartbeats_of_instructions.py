"""Every part of an instruction heartbeats while it waits for the database, so that a slow statement does not time it out."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.instruction import InstructionActivities
from domain.instructions.instructions import Pause
from storage import instructions
from tests.storage.steering import NOW, open_cycle
from workflows.instruction import InstructionPart

NOBODY_ASKS_TEMPORAL = cast("Client", None)


@pytest.mark.parametrize(
    ("part", "statement"),
    [("prepare", "choose_goals"), ("carry_out", "waiting_goals"), ("finish", "finish")],
)
async def test_a_part_of_an_instruction_heartbeats_during_a_slow_statement(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch, part: str, statement: str
) -> None:
    await open_cycle(database, "q")
    asked = Pause(reason="休業").model_dump(mode="json")
    async with database.begin() as connection:
        await instructions.write(connection, "i1", kind="pause", cycle="q", asked=asked, actor="h")
    slow = getattr(instructions, statement)
    heartbeats: list[tuple[Any, ...]] = []

    async def later(*arguments: Any, **named: Any) -> Any:
        heartbeats.clear()
        await asyncio.sleep(0.5)
        assert len(heartbeats) > 1
        return await slow(*arguments, **named)

    monkeypatch.setattr(instructions, statement, later)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, heartbeat_timeout=timedelta(seconds=0.4))
    environment.on_heartbeat = lambda *details: heartbeats.append(details)
    activities = InstructionActivities(database, NOBODY_ASKS_TEMPORAL)
    await environment.run(getattr(activities, part), InstructionPart(instruction="i1", now=NOW))
