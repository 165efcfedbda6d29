"""A small company for tests of the delivery: people with and without mail addresses, and a cycle with two sites."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.delivery import Delivery
from channels.channel import Channel
from channels.chat import ChatChannel
from channels.message import Message
from channels.smtp import MailServer, SmtpChannel
from domain.notices.notices import NoticeKind
from storage.tables import CycleRow, EmployeeRow, GoalRow, OutboxRow, PreferenceRow
from tests.channels.mail_server import Mailbox
from tests.domain.builders import BERLIN, POLICY
from workflows.delivery import SendRequest, SendResult

MAIL_FROM = "meguri@example.com"
PEOPLE = [
    ("M1", "佐藤 花子", "hanako@example.com", "ja"),
    ("M2", "山田 太郎", "taro@example.com", "ja"),
    ("E1", "Jane Doe", "jane@example.com", "en"),
    ("N1", "宛先 なし", None, "ja"),
]
CYCLE = "2026-q4"


def now() -> datetime:
    return datetime.now(UTC)


async def employ(engine: AsyncEngine, people: Iterable[tuple[str, str, str | None, str]] = PEOPLE) -> None:
    async with engine.begin() as connection:
        values = [{"id": i, "name": n, "mail": m, "department": "経理部", "locale": lo} for i, n, m, lo in people]
        await connection.execute(insert(EmployeeRow), values)


async def open_cycle(engine: AsyncEngine, hr: Sequence[str] = ("M2",), cycle: str = CYCLE) -> None:
    """A cycle in Tokyo with a site in Berlin."""
    policy = POLICY.model_copy(update={"sites": {"berlin": BERLIN}, "hr": tuple(hr)}).model_dump(mode="json")
    values = {"id": cycle, "name": cycle, "state": "open", "file": {}, "policy": policy, "launched_by": hr[0]}
    async with engine.begin() as connection:
        await connection.execute(insert(CycleRow), {**values, "launched_at": datetime(2026, 9, 30, tzinfo=UTC)})


async def prefer(engine: AsyncEngine, employee: str, **chosen: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(PreferenceRow), {"employee_id": employee, **chosen})


async def queue(
    engine: AsyncEngine,
    *recipients: str,
    kind: str = NoticeKind.APPROVED,
    urgent: bool = False,
    due_at: datetime | None = None,
    goal: str | None = None,
    **facts: Any,
) -> None:
    """Queues one notice per recipient, by default a minute old."""
    rows = [
        {
            "key": uuid4().hex,
            "recipient_id": recipient,
            "cycle_id": CYCLE,
            "goal_id": goal or f"{CYCLE}/{recipient}/1",
            "kind": kind,
            "facts": {"owner": recipient, "actor": "M2", **facts},
            "due_at": due_at or now() - timedelta(minutes=1),
            "urgent": urgent,
        }
        for recipient in recipients
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(OutboxRow), rows)


async def give_task(
    engine: AsyncEngine,
    owner: str,
    assignees: Sequence[str],
    *,
    due_at: datetime,
    kind: str = "approval",
    theme: str = "月次決算の早期化",
    number: int = 1,
    **aggregate: Any,
) -> str:
    """Writes a goal with a task for these people into the projection; returns its id."""
    goal = f"{CYCLE}/{owner}/{number}"
    values = {
        "id": goal, "cycle_id": CYCLE, "owner_id": owner, "department": "経理部", "state": "pending_approval",
        "revision": 1, "task": kind, "assignees": list(assignees), "due_at": due_at, "outcome": None,
        "score": Decimal(0), "seq": 2, "head": "x", "updated_at": due_at,
        "aggregate": {"content": {"theme": theme}, "task": {"site": None}, **aggregate},
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(GoalRow), values)
    return goal


async def rows_of(engine: AsyncEngine, recipient: str | None = None) -> list[Row[Any]]:
    query = select(OutboxRow.__table__).order_by(OutboxRow.id)
    if recipient is not None:
        query = query.where(OutboxRow.recipient_id == recipient)
    async with engine.connect() as connection:
        return list(await connection.execute(query))


async def errors(engine: AsyncEngine) -> dict[str, str | None]:
    return {row.recipient_id: row.error for row in await rows_of(engine)}


def by_mail(mailbox: Mailbox) -> SmtpChannel:
    return SmtpChannel(MailServer.at(f"smtp://127.0.0.1:{mailbox.port}"), MAIL_FROM)


def by_chat(url: str | None = None) -> ChatChannel:
    return ChatChannel(url, private_hosts=True)


class Recording:
    """A channel that keeps its messages."""

    def __init__(self, name: str = "recording") -> None:
        self.name = name
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)


async def send(
    engine: AsyncEngine,
    *channels: Channel,
    limit: int = 100,
    minutes: int = 0,
    at: datetime | None = None,
    daily: bool = False,
    down: tuple[str, ...] = (),
) -> SendResult:
    """Runs the delivery activity once, at the time `minutes` from now, or `at`."""
    delivery = Delivery(engine, {one.name: one for one in channels}, MAIL_FROM, daily=daily)
    moment = (at or now()) + timedelta(minutes=minutes)
    request = SendRequest(now=moment, limit=limit, first=not down, down=down)
    return await ActivityEnvironment().run(delivery.send_due, request)


def tokyo(day: date, hour: int | None = None, minute: int = 0) -> datetime:
    """A time in Tokyo; by default the time in the morning when alarms have rung and digests are sent."""
    at = time(9, 20) if hour is None else time(hour, minute)
    return datetime.combine(day, at, UTC) - timedelta(hours=9)  # Tokyo is nine hours ahead all year
