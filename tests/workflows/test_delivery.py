"""The delivery workflow, from the schedule to the mailbox, with real servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import (
    Client,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
)
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.delivery import Delivery
from channels.channel import Channel
from service.delivery import SCHEDULE_ID, ensure_delivery_schedule
from tests.activities.mailroom import MAIL_FROM, Recording, by_chat, by_mail, employ, prefer, queue
from tests.channels.mail_server import mail_server
from tests.channels.web_server import web_server
from workflows.delivery import DeliveryWorkflow, SendResult


@asynccontextmanager
async def working(client: Client, engine: AsyncEngine, *channels: Channel) -> AsyncIterator[str]:
    """A worker on a separate task queue."""
    task_queue = f"delivery-{uuid4().hex}"
    delivery = Delivery(engine, {one.name: one for one in channels}, MAIL_FROM, daily=False)
    async with Worker(client, task_queue=task_queue, workflows=[DeliveryWorkflow], activities=[delivery.send_due]):
        yield task_queue


async def run(client: Client, task_queue: str) -> SendResult:
    return await client.execute_workflow(DeliveryWorkflow.run, id=f"delivery-{uuid4().hex}", task_queue=task_queue)


async def test_a_tick_sends_round_after_round_until_nothing_is_due(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    people = [(f"P{n}", f"社員{n}", None, "ja") for n in range(250)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    channel = Recording()
    async with working(temporal.client, database, channel) as task_queue:
        assert await run(temporal.client, task_queue) == SendResult(sent=250)
    assert len({message.message_id for message in channel.sent}) == len(channel.sent) == 250


async def test_a_tick_tries_each_message_once_when_all_are_refused_for_now(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    await employ(database)
    await queue(database, "M1", "M2", "E1")
    async with mail_server() as mailbox:
        mailbox.refuse = dict.fromkeys(("hanako@example.com", "taro@example.com", "jane@example.com"), "451 later")
        async with working(temporal.client, database, by_mail(mailbox)) as task_queue:
            assert await run(temporal.client, task_queue) == SendResult(failed=3, waiting=3)
    assert mailbox.connections == 3


async def test_a_tick_ends_at_once_when_the_server_is_down(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    await employ(database)
    await queue(database, "M1", "M2", "E1")
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        async with working(temporal.client, database, by_mail(mailbox)) as task_queue:
            result = await run(temporal.client, task_queue)
    assert result == SendResult(failed=3, waiting=3, down=("mail",), unreachable=True)
    assert mailbox.connections == 3


async def test_a_mail_server_that_is_down_holds_up_nobodys_chat(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    people = [(f"P{n:03}", f"社員{n}", f"p{n}@example.com", "ja") for n in range(250)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    async with mail_server() as mailbox, web_server() as desk:
        for late in ("P240", "P249"):  # behind a whole round of mails
            await prefer(database, late, channel="chat", chat_url=desk.url(f"/{late}"))
        mailbox.refuse_all_connections = True
        async with working(temporal.client, database, by_mail(mailbox), by_chat()) as task_queue:
            result = await run(temporal.client, task_queue)
        assert (result.sent, result.failed, result.waiting, result.down) == (2, 4, 248, ("mail",))
        assert mailbox.connections == 4
        assert sorted(request.path for request in desk.posted) == ["/P240", "/P249"]


async def test_a_tick_sends_round_after_round_to_an_unsteady_server(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    people = [(f"P{n}", f"社員{n}", f"p{n}@example.com", "ja") for n in range(30)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    async with mail_server() as mailbox:
        mailbox.refuse_every_second_connection = True
        async with working(temporal.client, database, by_mail(mailbox)) as task_queue:
            result = await run(temporal.client, task_queue)
    assert (result.sent + result.waiting, result.ready) == (30, 0), "who is left rests for a minute"
    assert result.sent == len(set(mailbox.recipients)) == len(mailbox.recipients) >= 10


async def test_histories_hold_no_name_and_no_address(database: AsyncEngine, temporal: WorkflowEnvironment) -> None:
    await employ(database)
    await queue(database, "M1", "N1", reason="秘密のコメント")
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = "550 no such user hanako@example.com"
        async with working(temporal.client, database, by_mail(mailbox)) as task_queue:
            handle = await temporal.client.start_workflow(
                DeliveryWorkflow.run, id=f"delivery-{uuid4().hex}", task_queue=task_queue
            )
            assert await handle.result() == SendResult(given_up=2)
    history = json.dumps((await handle.fetch_history()).to_json_dict())
    assert all(secret not in history for secret in ("hanako", "佐藤", "example.com", "秘密"))


async def test_the_schedule_ticks_and_mails_arrive(database: AsyncEngine, temporal: WorkflowEnvironment) -> None:
    await employ(database)
    await queue(database, "M1", "E1")
    async with mail_server() as mailbox, working(temporal.client, database, by_mail(mailbox)) as task_queue:
        await ensure_delivery_schedule(temporal.client, timedelta(seconds=1), task_queue)
        try:
            async with asyncio.timeout(20):
                await mailbox.arrivals.acquire()
                await mailbox.arrivals.acquire()
        finally:
            await temporal.client.get_schedule_handle(SCHEDULE_ID).delete()
    assert sorted(mailbox.recipients) == ["hanako@example.com", "jane@example.com"]


async def described(schedule: ScheduleHandle, wanted: Callable[[ScheduleDescription], bool]) -> ScheduleDescription:
    """The schedule, when it has the expected values: the server applies changes later. After a time-out, the schedule as it is."""
    for _ in range(100):
        found = await schedule.describe()
        if wanted(found):
            break
        await asyncio.sleep(0.05)
    return found


async def test_workers_that_start_together_make_one_schedule_and_leave_a_pause_alone(
    temporal: WorkflowEnvironment,
) -> None:
    client, task_queue = temporal.client, f"nobody-{uuid4().hex}"
    await asyncio.gather(*(ensure_delivery_schedule(client, timedelta(hours=1), task_queue) for _ in range(4)))
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    try:
        await schedule.pause(note="mail server moves")
        await described(schedule, lambda found: found.schedule.state.paused)
        await asyncio.gather(*(ensure_delivery_schedule(client, timedelta(hours=2), task_queue) for _ in range(4)))
        every = [ScheduleIntervalSpec(every=timedelta(hours=2))]
        found = (await described(schedule, lambda found: found.schedule.spec.intervals == every)).schedule
        assert [interval.every for interval in found.spec.intervals] == [timedelta(hours=2)]
        assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
        assert (found.state.paused, found.state.note) == (True, "mail server moves")
    finally:
        await schedule.delete()


async def test_a_schedule_that_is_as_wanted_is_not_touched(temporal: WorkflowEnvironment) -> None:
    client, task_queue = temporal.client, f"nobody-{uuid4().hex}"
    await ensure_delivery_schedule(client, timedelta(hours=1), task_queue)
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    try:
        await ensure_delivery_schedule(client, timedelta(hours=1), task_queue)
        assert (await schedule.describe()).info.last_updated_at is None
        await ensure_delivery_schedule(client, timedelta(hours=2), task_queue)
        changed = await described(schedule, lambda found: found.info.last_updated_at is not None)
        assert changed.info.last_updated_at is not None
    finally:
        await schedule.delete()
