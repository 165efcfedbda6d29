"""The delivery, from the schedule's tick to the mailbox: real servers on all sides."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import (
    Client,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
)
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker

from activities.delivery import Delivery
from channels.channel import Channel
from channels.message import Message
from channels.smtp import MailServer, SmtpChannel
from client.delivery import SCHEDULE_ID, ensure_delivery_schedule
from domain.notices import NoticeKind
from storage import outbox
from storage.tables import EmployeeRow, OutboxRow
from tests.channels.mail_server import Mailbox, mail_server
from workflows.delivery import DeliveryWorkflow, SendDue, SendResult

MAIL_FROM = "meguri@example.com"
PEOPLE = [
    ("M1", "佐藤 花子", "hanako@example.com", "ja"),
    ("M2", "山田 太郎", "taro@example.com", "ja"),
    ("E1", "Jane Doe", "jane@example.com", "en"),
    ("N1", "宛先 なし", None, "ja"),
]


def now() -> datetime:
    return datetime.now(UTC)


async def employ(engine: AsyncEngine, people: Iterable[tuple[str, str, str | None, str]] = PEOPLE) -> None:
    async with engine.begin() as connection:
        values = [{"id": i, "name": n, "mail": m, "department": "経理部", "locale": lo} for i, n, m, lo in people]
        await connection.execute(insert(EmployeeRow), values)


async def queue(engine: AsyncEngine, *recipients: str, **facts: Any) -> None:
    async with engine.begin() as connection:
        rows = [
            {
                "key": uuid4().hex,
                "recipient_id": recipient,
                "cycle_id": "2026-q4",
                "goal_id": f"2026-q4.{recipient}.1",
                "kind": NoticeKind.APPROVED,
                "facts": {"owner": recipient, "actor": "M2", **facts},
                "due_at": now() - timedelta(minutes=1),
            }
            for recipient in recipients
        ]
        await connection.execute(insert(OutboxRow), rows)


async def errors(engine: AsyncEngine) -> dict[str, str | None]:
    async with engine.connect() as connection:
        return {row.recipient_id: row.error for row in await connection.execute(select(OutboxRow.__table__))}


def by_mail(mailbox: Mailbox) -> SmtpChannel:
    return SmtpChannel(MailServer.at(f"smtp://127.0.0.1:{mailbox.port}"), MAIL_FROM)


async def send(engine: AsyncEngine, channel: Channel, limit: int = 100, *, minutes: int = 0) -> SendResult:
    """One round of the activity, as a worker would run it, so many minutes from now."""
    delivery = Delivery(engine, {channel.name: channel}, MAIL_FROM, daily=False)
    return await ActivityEnvironment().run(
        delivery.send_due, SendDue(now=now() + timedelta(minutes=minutes), limit=limit)
    )


class Recording:
    """Keeps what it is given."""

    name = "recording"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)


async def test_everybody_gets_one_mail_in_their_language(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M1", "E1", theme="請求書の処理を早める")
    async with mail_server() as mailbox:
        assert await send(database, by_mail(mailbox)) == SendResult(sent=2)
        assert await send(database, by_mail(mailbox)) == SendResult()
    texts = {str(mail["To"]): mailbox.text_of(mail) for mail in mailbox.arrived}
    assert set(texts) == {"hanako@example.com", "jane@example.com"}
    assert "■ 決まったこと（1件）" in texts["hanako@example.com"]
    assert "Decided (1)\n- Your goal “請求書の処理を早める” was approved." in texts["jane@example.com"]


async def test_a_server_that_fails_every_second_connection_still_gets_every_mail_once(database: AsyncEngine) -> None:
    people = [(f"P{n}", f"社員{n}", f"p{n}@example.com", "ja") for n in range(12)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    async with mail_server() as mailbox:
        mailbox.refuse_every_second_connection = True
        for _ in range(24):
            result = await send(database, by_mail(mailbox))
            if not result.waiting:
                break
    assert result.waiting == 0
    assert sorted(mailbox.recipients) == sorted(mail for _, _, mail, _ in people)


async def test_one_refused_recipient_does_not_stop_the_others(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1", "M2", "E1", "N1", "X9")
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = "550 no such user hanako@example.com"
        mailbox.refuse["taro@example.com"] = "452 mailbox full"
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1, given_up=3, failed=1)
        assert mailbox.recipients == ["jane@example.com"]
        mailbox.refuse.clear()
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1)
    assert mailbox.recipients == ["jane@example.com", "taro@example.com"]
    assert await errors(database) == {
        "M1": "smtp_550",
        "M2": None,
        "E1": None,
        "N1": "no_address",
        "X9": "no_such_person",
    }


async def test_a_server_that_is_down_loses_nothing_and_is_not_asked_for_each_mail(database: AsyncEngine) -> None:
    people = [(f"P{n}", f"社員{n}", f"p{n}@example.com", "ja") for n in range(40)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        assert await send(database, by_mail(mailbox)) == SendResult(waiting=40, unreachable=True)
        assert mailbox.connections <= 4
        await queue(database, "P0")
        mailbox.refuse_all_connections = False
        assert await send(database, by_mail(mailbox)) == SendResult(sent=40)
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 40


async def test_a_mail_whose_record_was_lost_comes_at_most_once_more_and_as_the_same(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await employ(database)
    await queue(database, "M1", "M1")

    async def lost(*_: object) -> None:
        raise ConnectionError("the database went away")

    async with mail_server() as mailbox:
        with monkeypatch.context() as broken:
            broken.setattr(outbox, "record_sent", lost)
            with pytest.raises(ConnectionError):
                await send(database, by_mail(mailbox))
        await queue(database, "M1", theme="来てからの知らせ")
        assert await send(database, by_mail(mailbox)) == SendResult(sent=2)
        assert await send(database, by_mail(mailbox)) == SendResult()
    first, *others = mailbox.arrived
    [again] = [mail for mail in others if mail["Message-ID"] == first["Message-ID"]]
    assert mailbox.text_of(again) == mailbox.text_of(first)
    assert again["Subject"] == first["Subject"]
    [later] = [mail for mail in others if mail["Message-ID"] != first["Message-ID"]]
    assert "来てからの知らせ" in mailbox.text_of(later)


async def test_an_answer_lost_after_the_mail_was_taken_repeats_the_same_mail(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with mail_server() as mailbox:
        mailbox.hang_up_after_taking = True
        assert await send(database, by_mail(mailbox)) == SendResult(failed=1)
        mailbox.hang_up_after_taking = False
        assert await send(database, by_mail(mailbox)) == SendResult(), "it rests for a minute"
        assert await send(database, by_mail(mailbox), minutes=1) == SendResult(sent=1)
    assert len(mailbox.message_ids) == 2
    assert len(set(mailbox.message_ids)) == 1


async def test_a_name_with_line_breaks_adds_no_header_and_no_recipient(database: AsyncEngine) -> None:
    await employ(
        database,
        [("M1", "花子\r\nBcc: all@example.com", "hanako@example.com", "ja"), ("M2", "太郎\nX-A: b", None, "ja")],
    )
    await queue(database, "M1", theme="テーマ\r\nBcc: all@example.com")
    async with mail_server() as mailbox:
        assert await send(database, by_mail(mailbox)) == SendResult(sent=1)
    assert mailbox.recipients == ["hanako@example.com"]
    assert mailbox.arrived[0]["Bcc"] is None
    assert "Bcc: all@example.com" in mailbox.arrived[0]["Subject"]


async def test_a_bug_that_one_message_meets_is_recorded_by_its_class_and_stops_nobody(database: AsyncEngine) -> None:
    class Fragile(Recording):
        async def send(self, message: Message) -> None:
            if message.to == "hanako@example.com":
                raise KeyError(message.to)
            await super().send(message)

    await employ(database)
    await queue(database, "M1", "M2")
    channel = Fragile()
    assert await send(database, channel) == SendResult(sent=1, failed=1)
    assert await errors(database) == {"M1": "unexpected_KeyError", "M2": None}


async def test_a_second_sender_leaves_the_work_to_the_first(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    channel = Recording()
    async with outbox.sole_sender(database):
        assert await send(database, channel) == SendResult(waiting=1, unreachable=True)
    assert channel.sent == []
    assert await send(database, channel) == SendResult(sent=1)


async def test_no_more_than_four_messages_are_on_their_way_at_once(database: AsyncEngine) -> None:
    class Slow(Recording):
        on_their_way = most = 0

        async def send(self, message: Message) -> None:
            self.on_their_way += 1
            self.most = max(self.most, self.on_their_way)
            await asyncio.sleep(0.01)
            self.on_their_way -= 1
            await super().send(message)

    people = [(f"P{n}", f"社員{n}", None, "ja") for n in range(12)]
    await employ(database, people)
    await queue(database, *(id_ for id_, *_ in people))
    channel = Slow()
    assert await send(database, channel) == SendResult(sent=12)
    assert channel.most == 4


async def test_the_activity_fails_where_the_database_does_and_nothing_is_lost(database: AsyncEngine) -> None:
    await employ(database)
    await queue(database, "M1")
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox RENAME TO away"))
    with pytest.raises(DBAPIError) as failed:
        await send(database, Recording())
    assert "example.com" not in str(failed.value).replace(MAIL_FROM, "")
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO outbox"))
    assert await send(database, Recording()) == SendResult(sent=1)


@asynccontextmanager
async def working(client: Client, engine: AsyncEngine, channel: Channel) -> AsyncIterator[str]:
    """A worker on a task queue of its own."""
    task_queue = f"delivery-{uuid4().hex}"
    delivery = Delivery(engine, {channel.name: channel}, MAIL_FROM, daily=False)
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
            assert await run(temporal.client, task_queue) == SendResult(failed=3)
    assert mailbox.connections == 3


async def test_a_tick_ends_at_once_when_the_server_is_down(
    database: AsyncEngine, temporal: WorkflowEnvironment
) -> None:
    await employ(database)
    await queue(database, "M1", "M2", "E1")
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        async with working(temporal.client, database, by_mail(mailbox)) as task_queue:
            assert await run(temporal.client, task_queue) == SendResult(waiting=3, unreachable=True)
    assert mailbox.connections == 3


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
    """The schedule as soon as it is as wanted: the server takes changes in its own time. Else as it stays."""
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
