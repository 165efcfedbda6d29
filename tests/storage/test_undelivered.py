"""Delivery problems, for HR."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import outbox, undelivered
from storage.database import read_transaction
from storage.tables import OutboxRow
from tests.activities.mailroom import CYCLE, open_cycle, queue, rows_of, tokyo

MONDAY, TUESDAY = tokyo(date(2026, 10, 5)), tokyo(date(2026, 10, 6))
HOUR = timedelta(hours=1)


async def mark(engine: AsyncEngine, recipient: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(OutboxRow).where(OutboxRow.recipient_id == recipient).values(values))


async def troubles(engine: AsyncEngine) -> list[Row[Any]]:
    return [row for row in await rows_of(engine) if row.kind == "delivery_trouble"]


async def test_hr_is_told_once_with_a_count_that_grows_until_the_notice_is_on_its_way(database: AsyncEngine) -> None:
    await open_cycle(database, hr=("H1", "H2"))
    await queue(database, "M1", "M2", "M3", due_at=MONDAY)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY)
    assert await troubles(database) == []
    await mark(database, "M1", gave_up_at=MONDAY, error="smtp_550")
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY + HOUR)
    await mark(database, "M2", fell_back="mail:smtp_550", sent_at=MONDAY + HOUR, channel="chat")
    for hours in (2, 3):
        async with database.begin() as connection:
            await undelivered.notify_hr(connection, MONDAY + hours * HOUR)
    told = await troubles(database)
    assert {(row.recipient_id, row.facts["count"], row.urgent) for row in told} == {("H1", 2, False), ("H2", 2, False)}
    assert len(told) == 2
    await mark(database, "H1", message_id="1@example.com")
    await mark(database, "M3", gave_up_at=MONDAY + HOUR)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY + 4 * HOUR)
    assert {row.recipient_id: row.facts["count"] for row in await troubles(database)} == {"H1": 2, "H2": 3}


async def test_the_next_line_counts_what_came_after_the_last_and_comes_on_another_day(database: AsyncEngine) -> None:
    await open_cycle(database, hr=("H1",))
    await queue(database, "M1", "M2", due_at=MONDAY)
    await mark(database, "M1", gave_up_at=MONDAY)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY)
    await mark(database, "H1", message_id="1@example.com", sent_at=MONDAY + HOUR)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, TUESDAY)
    assert len(await troubles(database)) == 1, "nothing new went wrong"
    await mark(database, "M2", gave_up_at=MONDAY + 2 * HOUR)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY + 3 * HOUR)
    assert len(await troubles(database)) == 1, "one a day"
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, TUESDAY)
    assert [row.facts["count"] for row in await troubles(database)] == [1, 1]


async def test_a_line_to_hr_that_is_given_up_itself_is_no_trouble_to_be_told(database: AsyncEngine) -> None:
    await open_cycle(database, hr=("H1",))
    await queue(database, "M1", due_at=MONDAY)
    await mark(database, "M1", gave_up_at=MONDAY)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY)
    await mark(database, "H1", message_id="1@example.com", gave_up_at=MONDAY)
    for day in range(1, 5):
        async with database.begin() as connection:
            await undelivered.notify_hr(connection, MONDAY + timedelta(days=day))
    assert [row.facts["count"] for row in await troubles(database)] == [1]


async def test_other_cycles_are_not_told(database: AsyncEngine) -> None:
    await open_cycle(database, hr=("H1",))
    await open_cycle(database, hr=("H9",), cycle="2027-q1")
    await queue(database, "M1", due_at=MONDAY)
    await mark(database, "M1", gave_up_at=MONDAY)
    async with database.begin() as connection:
        await undelivered.notify_hr(connection, MONDAY)
    assert [row.recipient_id for row in await troubles(database)] == ["H1"]


async def test_notices_are_counted_by_what_became_of_them(database: AsyncEngine) -> None:
    await queue(database, *(f"M{n}" for n in range(1, 7)), due_at=MONDAY)
    await mark(database, "M1", sent_at=MONDAY, channel="mail")
    await mark(database, "M2", sent_at=MONDAY, channel="chat", fell_back="mail:smtp_550", message_id="2@x")
    await mark(database, "M3", gave_up_at=MONDAY, error="no_address", message_id="3@x")
    await mark(database, "M4", fell_back="mail:smtp_550", error="smtp_550", message_id="4@x")
    await mark(database, "M5", withdrawn_at=MONDAY)
    expected = undelivered.Summary(sent=2, waiting=2, given_up=1, fell_back=2, withdrawn=1)
    async with read_transaction(database) as connection:
        assert await undelivered.summary(connection) == expected
        assert await undelivered.summary(connection, CYCLE) == expected
        assert await undelivered.summary(connection, "other") == (0, 0, 0, 0, 0)
        failed = {one.recipient_id: one for one in await undelivered.failed(connection, CYCLE)}
    assert {who: (one.code, one.fell_back, one.channel) for who, one in failed.items()} == {
        "M2": (None, "mail:smtp_550", "chat"),
        "M3": ("no_address", None, None),
        "M4": ("smtp_550", "mail:smtp_550", None),
    }
    async with read_transaction(database) as connection:
        assert await undelivered.failed(connection, "other") == []
        assert len(await undelivered.failed(connection, limit=1)) == 1


async def test_a_message_that_was_given_up_is_one_line_however_many_notices_it_held(database: AsyncEngine) -> None:
    await queue(database, "M1", "M1", "M1", due_at=MONDAY)
    async with database.begin() as connection:
        [batch] = await outbox.claim(connection, MONDAY, 10, domain="example.com")
        await outbox.give_up(connection, batch.message_id, "smtp_550", MONDAY)
    async with read_transaction(database) as connection:
        [one] = await undelivered.failed(connection)
    assert (one.recipient_id, one.notices, one.code) == ("M1", 3, "smtp_550")


async def test_only_what_was_given_up_in_these_cycles_is_put_back_and_starts_anew(database: AsyncEngine) -> None:
    await queue(database, "M1", "M2", due_at=MONDAY)
    await mark(
        database, "M1", gave_up_at=MONDAY, attempts=5, error="x", fell_back="mail:x", message_id="1@x",
        retry_at=TUESDAY, digest_on=date(2026, 10, 5),
    )  # fmt: skip
    await mark(database, "M2", sent_at=MONDAY, message_id="2@x")
    async with database.begin() as connection:
        assert await undelivered.put_back(connection, ["other"]) == 0
        assert await undelivered.put_back(connection, [CYCLE, "other"]) == 1
    [row] = await rows_of(database, "M1")
    assert (row.gave_up_at, row.attempts, row.error, row.fell_back, row.message_id, row.retry_at, row.digest_on) == (
        None, 0, None, None, None, None, None,
    )  # fmt: skip


@pytest.mark.slow
async def test_telling_hr_stays_quick_in_a_large_outbox(database: AsyncEngine) -> None:
    """The query runs at every delivery: it must find the few failures without reading all sent notices."""
    await open_cycle(database, hr=("H1",))
    async with database.begin() as connection:
        await connection.execute(
            text("""
            INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at, sent_at)
            SELECT 'k' || n, 'M' || n % 5000, :cycle, 'g' || n, 'approved', '{}', :now, :now FROM generate_series(1, 50000) n
            """),
            {"cycle": CYCLE, "now": MONDAY},
        )
        await connection.execute(text("ANALYZE outbox"))
        plan = await connection.execute(
            text("EXPLAIN " + undelivered._NOTIFY_HR.text), {"now": datetime(2026, 10, 6, tzinfo=UTC)}
        )
        lines = "\n".join(row[0] for row in plan)
    assert "Seq Scan on outbox" not in lines
    assert lines.count("outbox_trouble") == 2
