"""Digests: who gets one, when, and what it contains."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.notices.notices import NoticeKind
from storage import outbox
from storage.tables import DelegationRow, EmployeeRow
from tests.activities.mailroom import (
    Recording,
    by_mail,
    employ,
    give_task,
    open_cycle,
    prefer,
    queue,
    rows_of,
    send,
    tokyo,
)
from tests.channels.mail_server import mail_server
from workflows.delivery import SendResult

MONDAY = date(2026, 10, 5)
SATURDAY = tokyo(date(2026, 10, 3), 10)
LATER = timedelta(days=3)


async def company(engine: AsyncEngine) -> None:
    await employ(engine)
    await open_cycle(engine)


async def test_what_can_wait_comes_in_one_message_at_the_opening_hour(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", "M1", "E1", due_at=SATURDAY, theme="請求書")
    channel = Recording()
    for early in (SATURDAY, tokyo(date(2026, 10, 4), 12), tokyo(MONDAY, 8, 59)):
        assert await send(database, channel, at=early, daily=True) == SendResult()
    assert await send(database, channel, at=tokyo(MONDAY), daily=True) == SendResult(sent=2)
    assert {message.digest for message in channel.sent} == {True}
    assert all(("10月5日" if one.locale == "ja" else "Mon 5 Oct") in one.subject for one in channel.sent)
    assert {row.digest_on for row in await rows_of(database)} == {MONDAY}


async def test_what_is_urgent_goes_at_once_and_is_no_digest(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY)
    await queue(database, "M1", "M1", due_at=SATURDAY, urgent=True, kind=NoticeKind.RETURNED)
    channel = Recording()
    assert await send(database, channel, at=SATURDAY, daily=True) == SendResult(sent=1)
    assert [message.digest for message in channel.sent] == [False]
    assert [row.sent_at is not None for row in await rows_of(database)] == [False, True, True]
    assert await send(database, channel, at=tokyo(MONDAY), daily=True) == SendResult(sent=1)
    assert [message.digest for message in channel.sent] == [False, True]


async def test_what_is_urgent_when_the_digest_goes_rides_along(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY, theme="待てる知らせ")
    await queue(
        database, "M1", due_at=tokyo(MONDAY, 8, 59), urgent=True, kind=NoticeKind.RETURNED, theme="急ぎの知らせ"
    )
    channel = Recording()
    assert await send(database, channel, at=tokyo(MONDAY), daily=True) == SendResult(sent=1)
    [digest] = channel.sent
    assert "待てる知らせ" in digest.body
    assert "急ぎの知らせ" in digest.body
    assert {row.digest_on for row in await rows_of(database)} == {MONDAY}


async def test_there_is_one_digest_a_day_and_what_comes_later_waits_for_the_next(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY)
    channel = Recording()
    assert await send(database, channel, at=tokyo(MONDAY), daily=True) == SendResult(sent=1)
    await queue(database, "M1", due_at=tokyo(MONDAY, 9, 1))
    for hour in (10, 15, 23):
        assert await send(database, channel, at=tokyo(MONDAY, hour), daily=True) == SendResult()
    assert await send(database, channel, at=tokyo(date(2026, 10, 6)), daily=True) == SendResult(sent=1)
    assert [row.digest_on for row in await rows_of(database)] == [MONDAY, date(2026, 10, 6)]


async def test_what_the_mornings_alarms_say_is_in_the_digest_of_that_day_and_what_comes_later_in_the_next(
    database: AsyncEngine,
) -> None:
    await company(database)
    await queue(database, "M1", due_at=tokyo(MONDAY, 9, 14))  # alarms ring up to a quarter past the opening hour
    await queue(database, "M2", due_at=tokyo(MONDAY, 15))
    channel = Recording()
    assert await send(database, channel, at=tokyo(MONDAY, 9, 19), daily=True) == SendResult()
    assert await send(database, channel, at=tokyo(MONDAY, 9, 20), daily=True) == SendResult(sent=1)
    assert await send(database, channel, at=tokyo(MONDAY, 16), daily=True) == SendResult()
    assert await send(database, channel, at=tokyo(date(2026, 10, 6), 10), daily=True) == SendResult(sent=1)
    assert [message.digest for message in channel.sent] == [True, True]


async def test_a_tick_that_is_hours_late_still_sends_the_days_digest(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY)
    channel = Recording()
    assert await send(database, channel, at=tokyo(MONDAY, 22), daily=True) == SendResult(sent=1)
    assert [row.digest_on for row in await rows_of(database)] == [MONDAY]


async def test_everybody_has_the_hour_of_their_site_or_their_own(database: AsyncEngine) -> None:
    await company(database)
    async with database.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == "E1").values(site="berlin"))
    await prefer(database, "M2", digest_at=time(7, 30))
    await queue(database, "M1", "M2", "E1", due_at=SATURDAY)
    went: dict[datetime, list[str]] = {}
    for ticks in range(144):
        at = tokyo(MONDAY, 0) + timedelta(minutes=10 * ticks)
        channel = Recording()
        await send(database, channel, at=at, daily=True)
        if channel.sent:
            went[at] = [str(message.to) for message in channel.sent]
    assert went == {
        tokyo(MONDAY, 7, 30): ["taro@example.com"],
        tokyo(MONDAY, 9, 20): ["hanako@example.com"],
        datetime(2026, 10, 5, 7, 20, tzinfo=UTC): [
            "jane@example.com"
        ],  # twenty past nine in Berlin, where summer time holds
    }


async def test_on_a_holiday_of_the_site_there_is_none(database: AsyncEngine) -> None:
    await company(database)
    async with database.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == "E1").values(site="berlin"))
    await queue(database, "M1", "E1", due_at=tokyo(date(2026, 10, 9), 20))
    channel = Recording()
    await send(database, channel, at=tokyo(date(2026, 10, 12), 20), daily=True)  # スポーツの日, a Monday
    assert [message.to for message in channel.sent] == ["jane@example.com"]


async def test_two_hundred_due_items_are_one_mail(database: AsyncEngine) -> None:
    await company(database)
    for number in range(1, 201):
        await give_task(database, "E1", ["M1"], due_at=SATURDAY + number * LATER, theme=f"目標{number}", number=number)
        goal = f"2026-q4/E1/{number}"
        await queue(database, "M1", due_at=SATURDAY, kind=NoticeKind.APPROVAL_REQUESTED, goal=goal)
    async with mail_server() as mailbox:
        assert await send(database, by_mail(mailbox), at=tokyo(MONDAY), daily=True) == SendResult(sent=1)
    [mail] = mailbox.arrived
    assert "200" in str(mail["Subject"])
    assert mailbox.text_of(mail).count("目標") >= 50


async def test_a_digest_lists_what_waits_on_its_reader_and_on_those_for_whom_they_act(database: AsyncEngine) -> None:
    await company(database)
    async with database.begin() as connection:
        await connection.execute(
            insert(DelegationRow),
            {"id": "d1", "delegator_id": "M2", "to_id": "M1", "first": MONDAY, "last": MONDAY, "given_by": "M2"},
        )
    late, soon = tokyo(date(2026, 10, 1), 18), tokyo(date(2026, 10, 9), 18)
    await give_task(database, "E1", ["M1"], due_at=soon, theme="自分の承認")
    await give_task(database, "N1", ["M2"], due_at=late, theme="代理の承認")
    await give_task(database, "M1", ["M2"], due_at=soon, theme="自分の目標の承認")
    await give_task(database, "E1", ["M1"], due_at=soon, theme="止まっている", number=2, paused_on="2026-10-01")
    await queue(database, "M1", due_at=SATURDAY, goal="2026-q4/M1/9")
    channel = Recording()
    await send(database, channel, at=tokyo(MONDAY), daily=True)
    [digest] = channel.sent
    assert "自分の承認" in digest.body
    assert digest.body.index("代理の承認") < digest.body.index("自分の承認"), "what is late comes first"
    assert "自分の目標" not in digest.body, "nobody approves their own goal in somebody's name"
    assert "止まっている" not in digest.body
    await queue(database, "M1", due_at=tokyo(MONDAY, 12))
    await send(database, channel, at=tokyo(date(2026, 10, 6)), daily=True)
    assert "代理の承認" not in channel.sent[1].body, "the delegation was for one day"


async def test_a_digest_whose_record_was_lost_comes_again_as_the_same_and_no_second_one_that_day(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY)

    async def lost(*_: object) -> None:
        raise ConnectionError("the database went away")

    async with mail_server() as mailbox:
        with monkeypatch.context() as broken:
            broken.setattr(outbox, "record_sent", lost)
            with pytest.raises(ConnectionError):
                await send(database, by_mail(mailbox), at=tokyo(MONDAY), daily=True)
        await queue(database, "M1", due_at=tokyo(MONDAY, 9, 1))
        assert await send(database, by_mail(mailbox), at=tokyo(MONDAY, 9, 2), daily=True) == SendResult(sent=1)
        assert await send(database, by_mail(mailbox), at=tokyo(MONDAY, 9, 3), daily=True) == SendResult()
    assert len(mailbox.message_ids) == 2
    assert len(set(mailbox.message_ids)) == 1
    assert mailbox.text_of(mailbox.arrived[0]) == mailbox.text_of(mailbox.arrived[1])


async def test_a_digest_that_reached_no_server_on_its_day_becomes_part_of_the_next(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY)
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        await send(database, by_mail(mailbox), at=tokyo(MONDAY, 23), daily=True)
        assert [row.digest_on for row in await rows_of(database)] == [MONDAY]
        mailbox.refuse_all_connections = False
        tuesday = date(2026, 10, 6)
        assert await send(database, by_mail(mailbox), at=tokyo(tuesday, 3), daily=True) == SendResult()
        await queue(database, "M1", due_at=tokyo(tuesday, 4))
        assert await send(database, by_mail(mailbox), at=tokyo(tuesday), daily=True) == SendResult(sent=1)
    assert [row.digest_on for row in await rows_of(database)] == [tuesday, tuesday]
    assert len(mailbox.arrived) == 1


async def test_where_the_company_wants_it_everything_goes_at_once(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY)
    channel = Recording()
    assert await send(database, channel, at=SATURDAY, daily=False) == SendResult(sent=1)
    assert [message.digest for message in channel.sent] == [False]


async def test_hr_reads_once_how_many_notices_did_not_get_through(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "N1", "N1", "X9", due_at=SATURDAY, urgent=True)
    channel = Recording("mail")
    assert await send(database, channel, at=SATURDAY, daily=True) == SendResult(given_up=2)
    await send(database, channel, at=tokyo(MONDAY), daily=True)
    [told] = channel.sent
    assert (told.to, told.digest) == ("taro@example.com", True)
    assert "meguri notices show --failed" in told.body
    [row] = [row for row in await rows_of(database, "M2") if row.kind == NoticeKind.DELIVERY_TROUBLE]
    assert row.facts == {"count": 3}
    await send(database, channel, at=tokyo(date(2026, 10, 6)), daily=True)
    assert len(channel.sent) == 1


async def test_a_digest_of_requests_that_were_all_answered_is_not_sent(database: AsyncEngine) -> None:
    await company(database)
    await queue(database, "M1", due_at=SATURDAY, kind=NoticeKind.APPROVAL_REQUESTED)
    channel = Recording()
    assert await send(database, channel, at=tokyo(MONDAY), daily=True) == SendResult()
    assert channel.sent == []
    [row] = await rows_of(database)
    assert (row.channel, row.sent_at is not None) == ("none", True)
