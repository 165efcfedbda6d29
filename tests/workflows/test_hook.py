"""The event hook workflow, from the schedule to the receiver, with real servers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.hook import Hook
from channels.hook import EventHook
from service.delivery import HOOK_SCHEDULE_ID, ensure_hook_schedule
from storage import receivers
from tests.activities.receiver import GOAL, OTHER, SECRET, receiver, record, told
from tests.channels.web_server import Receiver
from workflows.delivery import HookWorkflow, SendResult


@asynccontextmanager
async def working(client: Client, engine: AsyncEngine, desk: Receiver) -> AsyncIterator[str]:
    """A worker on a separate task queue; the hook is switched on."""
    task_queue = f"hook-{uuid4().hex}"
    hook = Hook(engine, EventHook(desk.url("/events"), SECRET))
    async with engine.begin() as connection:
        await receivers.switch_on_settings(connection, datetime.now(UTC) - timedelta(minutes=1))
    async with Worker(client, task_queue=task_queue, workflows=[HookWorkflow], activities=[hook.tell_events]):
        yield task_queue


async def test_a_tick_goes_round_after_round_until_everything_is_told(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    async with receiver(database) as desk, working(temporal.client, database, desk) as task_queue:
        await record(database, GOAL, *range(1, 121), at=datetime.now(UTC))
        await record(database, OTHER, *range(1, 121), at=datetime.now(UTC))
        handle = await temporal.client.start_workflow(HookWorkflow.run, id=f"hook-{uuid4().hex}", task_queue=task_queue)
        assert await handle.result() == SendResult(sent=240)
        history = json.dumps((await handle.fetch_history()).to_json_dict())
    assert len(set(told(desk))) == len(told(desk)) == 240
    assert "よろしく" not in history
    assert GOAL not in history


async def test_the_schedule_ticks_and_entries_arrive(database: AsyncEngine, temporal: WorkflowEnvironment) -> None:
    async with receiver(database) as desk, working(temporal.client, database, desk) as task_queue:
        await record(database, GOAL, 1, 2, at=datetime.now(UTC))
        await ensure_hook_schedule(temporal.client, timedelta(seconds=1), task_queue)
        await ensure_hook_schedule(temporal.client, timedelta(seconds=1), task_queue)
        try:
            async with asyncio.timeout(20):
                while len(desk.posted) < 2:  # noqa: ASYNC110 - the receiver tells nobody what arrives
                    await asyncio.sleep(0.05)
        finally:
            await temporal.client.get_schedule_handle(HOOK_SCHEDULE_ID).delete()
    assert told(desk) == [f"{GOAL}#1", f"{GOAL}#2"]
