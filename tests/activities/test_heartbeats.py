"""Activities of instructions and cycles heartbeat while they wait for the database: a slow statement does not time them out."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities import settlement
from activities.instruction import InstructionActivities
from activities.launch import LaunchActivities
from activities.reorganisation import LeavingActivities
from activities.settlement import SettlementActivities
from domain.instructions.instructions import Pause
from domain.lifecycles import CycleState
from domain.values import CycleId, EmployeeId
from storage import cycles, directory, instructions
from tests.storage.steering import NOW, open_cycle
from workflows.cycle import NewState, ParticipantRange, SettleRequest
from workflows.instruction import InstructionPart
from workflows.leaving import LeavingDay

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
    heartbeats = slowed(monkeypatch, instructions, statement)
    activities = InstructionActivities(database, NOBODY_ASKS_TEMPORAL)
    await environment(heartbeats).run(getattr(activities, part), InstructionPart(instruction="i1", now=NOW))


PIECE = ParticipantRange(cycle=CycleId("q"), launched_by=EmployeeId("h"))


@pytest.mark.parametrize(
    ("of", "name", "asked", "module", "statement"),
    [
        (LaunchActivities, "write_goals", PIECE, cycles, "unstarted_participants"),
        (LaunchActivities, "start_goals", PIECE, cycles, "unstarted_participants"),
        (LaunchActivities, "retry_failed", PIECE, cycles, "requeue_failed"),
        (
            LaunchActivities,
            "set_cycle_state",
            NewState(cycle=CycleId("q"), state=CycleState.CLOSED, at=NOW),
            cycles,
            "change_state",
        ),
        (
            SettlementActivities,
            "settle_goals",
            SettleRequest(cycle=CycleId("q"), reason="終了"),
            settlement,
            "open_goals",
        ),
        (LeavingActivities, "process_leavers", LeavingDay(last_day=NOW.date(), now=NOW), directory, "leavers"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_an_activity_of_a_cycle_heartbeats_during_a_slow_statement(  # noqa: PLR0917 - the cases of one table
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch, of: Any, name: str, asked: Any, module: Any, statement: str
) -> None:
    await open_cycle(database, "q")
    heartbeats = slowed(monkeypatch, module, statement)
    await environment(heartbeats).run(getattr(of(database, NOBODY_ASKS_TEMPORAL), name), asked)


def slowed(monkeypatch: pytest.MonkeyPatch, module: Any, statement: str) -> list[tuple[Any, ...]]:
    """Makes the statement slow. It asserts that heartbeats come meanwhile; they are put into the list."""
    slow = getattr(module, statement)
    heartbeats: list[tuple[Any, ...]] = []

    async def later(*arguments: Any, **named: Any) -> Any:
        heartbeats.clear()
        await asyncio.sleep(0.5)
        assert len(heartbeats) > 1
        return await slow(*arguments, **named)

    monkeypatch.setattr(module, statement, later)
    return heartbeats


def environment(heartbeats: list[tuple[Any, ...]]) -> ActivityEnvironment:
    one = ActivityEnvironment()
    one.info = replace(one.info, heartbeat_timeout=timedelta(seconds=0.4))
    one.on_heartbeat = lambda *details: heartbeats.append(details)
    return one
