"""What a mail put into a person's calendar is updated or taken back when the task changes."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.notices.notices import NoticeKind
from storage.tables import CalendarEntryRow, GoalRow
from tests.activities.mailroom import (
    MAIL_FROM,
    by_chat,
    by_mail,
    employ,
    give_task,
    now,
    open_cycle,
    prefer,
    queue,
    rows_of,
    send,
    tokyo,
)
from tests.channels.mail_server import Mailbox, mail_server
from tests.channels.web_server import web_server

DUE = now().replace(microsecond=0) + timedelta(days=10)
UID = "2026-q4/M1/1#approval@meguri"


@pytest.fixture
async def mailbox(database: AsyncEngine) -> AsyncIterator[Mailbox]:
    """M2 was asked by mail to approve the goal of M1, and has an entry for it."""
    await employ(database)
    await open_cycle(database)
    goal = await give_task(database, "M1", ["M2"], due_at=DUE)
    await queue(
        database, "M2", kind=NoticeKind.APPROVAL_REQUESTED, goal=goal, owner="M1", actor="M1", seq=2,
        due=DUE.isoformat(), state="pending_approval",
    )  # fmt: skip
    async with mail_server() as box:
        assert (await send(database, by_mail(box))).sent == 1
        [(method, entry)] = events(box)
        assert (method, str(entry["uid"]), entry["sequence"]) == ("PUBLISH", UID, 2)
        box.arrived.clear()
        yield box


def events(box: Mailbox) -> list[tuple[str, Any]]:
    """The entries in all mails, each with the method of its file and of its part."""
    found: list[tuple[str, Any]] = []
    for mail in box.arrived:
        for part in mail.iter_attachments():
            calendar = Calendar.from_ical(part.get_content())
            assert part.get_param("method") == calendar["method"]
            found += [(str(calendar["method"]), event) for event in calendar.walk("VEVENT")]
    return found


async def change(engine: AsyncEngine, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(GoalRow).values({"seq": 7, **values}))


@pytest.mark.parametrize(
    "change_of_goal",
    [
        {"task": None, "assignees": [], "due_at": None, "state": "active"},
        {"task": None, "assignees": [], "due_at": None, "state": "closed", "outcome": "withdrawn"},
        {"assignees": ["E1"]},
        {"aggregate": {"content": {"theme": "決算"}, "task": {"site": None}, "paused_on": "2026-10-01"}},
        {"task": "draft", "assignees": ["M1"], "state": "draft"},
    ],
    ids=["done", "closed", "reassigned", "paused", "returned"],
)
async def test_the_entry_of_a_task_that_is_over_is_taken_back_once(
    database: AsyncEngine, mailbox: Mailbox, change_of_goal: dict[str, Any]
) -> None:
    await change(database, **change_of_goal)
    assert (await send(database, by_mail(mailbox))).sent == 1
    [(method, entry)] = events(mailbox)
    assert (method, str(entry["uid"]), str(entry["status"])) == ("CANCEL", UID, "CANCELLED")
    assert entry["sequence"] > 2
    assert str(entry["organizer"]) == f"mailto:{MAIL_FROM}"
    assert "予定" in mailbox.text_of(mailbox.arrived[0])
    assert (await send(database, by_mail(mailbox), minutes=5)).sent == 0


async def test_a_due_date_that_moved_is_moved_in_the_calendar(database: AsyncEngine, mailbox: Mailbox) -> None:
    later = DUE + timedelta(days=7)
    await change(database, due_at=later)
    assert (await send(database, by_mail(mailbox))).sent == 1
    [(method, entry)] = events(mailbox)
    assert (method, str(entry["uid"]), entry["dtend"].dt) == ("PUBLISH", UID, later)
    assert entry["sequence"] > 2
    assert (await send(database, by_mail(mailbox), minutes=5)).sent == 0


async def test_a_message_that_goes_out_anyway_brings_the_change_along(database: AsyncEngine, mailbox: Mailbox) -> None:
    await change(database, task=None, assignees=[], due_at=None)
    await queue(database, "M2", kind=NoticeKind.COMMENTED, goal="2026-q4/M1/1", owner="M1", actor="M1")
    assert (await send(database, by_mail(mailbox))).sent == 1
    assert [method for method, _ in events(mailbox)] == ["CANCEL"]
    assert [row.kind for row in await rows_of(database)] == ["approval_requested", "commented"], "no mail for it alone"


async def test_a_task_that_comes_back_is_in_the_calendar_again(database: AsyncEngine, mailbox: Mailbox) -> None:
    await change(database, assignees=["E1"])
    await send(database, by_mail(mailbox))
    [(_, gone)] = events(mailbox)
    mailbox.arrived.clear()
    await change(database, assignees=["M2"])
    await queue(
        database, "M2", kind=NoticeKind.APPROVAL_REMINDER, goal="2026-q4/M1/1", owner="M1", seq=7,
        due=DUE.isoformat(), state="pending_approval",
    )  # fmt: skip
    await send(database, by_mail(mailbox), minutes=5)
    [(method, back)] = events(mailbox)
    assert method == "PUBLISH"
    assert back["sequence"] > gone["sequence"]


async def test_a_mail_that_failed_leaves_the_calendar_to_the_next_try(database: AsyncEngine, mailbox: Mailbox) -> None:
    await change(database, assignees=["E1"])
    mailbox.refuse_every_second_connection = True
    for minutes in range(0, 40, 5):
        await send(database, by_mail(mailbox), minutes=minutes)
    assert [method for method, _ in events(mailbox)] == ["CANCEL"]


async def test_with_digests_the_change_waits_for_the_morning(database: AsyncEngine, mailbox: Mailbox) -> None:
    await change(database, task=None, assignees=[], due_at=None)
    evening = tokyo(date(2026, 10, 5), 20)
    assert (await send(database, by_mail(mailbox), at=evening, daily=True)).sent == 0
    assert (await send(database, by_mail(mailbox), at=tokyo(date(2026, 10, 6)), daily=True)).sent == 1
    assert [method for method, _ in events(mailbox)] == ["CANCEL"]


async def test_who_chose_chat_meanwhile_hears_nothing_of_a_calendar(database: AsyncEngine, mailbox: Mailbox) -> None:
    async with web_server() as chat:
        await prefer(database, "M2", channel="chat", chat_url=chat.url())
        await change(database, task=None, assignees=[], due_at=None)
        assert (await send(database, by_mail(mailbox), by_chat())).sent == 0
    assert [row.kind for row in await rows_of(database)] == ["approval_requested"]
    assert mailbox.arrived == []


async def test_an_entry_of_a_day_that_is_over_causes_no_mail(database: AsyncEngine, mailbox: Mailbox) -> None:
    await change(database, task=None, assignees=[], due_at=None)
    assert (await send(database, by_mail(mailbox), at=DUE + timedelta(days=1))).sent == 0


async def test_a_request_says_the_due_date_as_it_is_when_the_mail_is_written(database: AsyncEngine) -> None:
    await employ(database)
    await open_cycle(database)
    later = datetime(2026, 10, 16, 9, tzinfo=UTC)
    goal = await give_task(database, "M1", ["M2"], due_at=later)
    early = "2026-10-09T09:00:00+00:00"
    facts: dict[str, Any] = {"owner": "M1", "seq": 1, "due": early, "state": "pending_approval"}
    await queue(database, "M2", kind=NoticeKind.APPROVAL_REQUESTED, goal=goal, **facts)
    async with mail_server() as box:
        await send(database, by_mail(box))
        [(_, entry)] = events(box)
        assert entry["dtend"].dt == later
        assert "10月16日" in box.text_of(box.arrived[0])
        assert "10月9日" not in box.text_of(box.arrived[0])
    async with database.connect() as connection:
        assert await connection.scalar(select(CalendarEntryRow.due_at)) == later
