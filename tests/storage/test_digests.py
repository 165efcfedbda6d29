"""Digests: who has notices for one, which digests are open, and the tasks that they list."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import Text, bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import digests, outbox
from storage.database import read_transaction
from storage.digests import DigestReader
from storage.tables import DelegationRow
from tests.activities.mailroom import CYCLE, employ, give_task, open_cycle, prefer, queue, rows_of, tokyo

MONDAY, TUESDAY = date(2026, 10, 5), date(2026, 10, 6)
NOW = tokyo(MONDAY)
MINUTE = timedelta(minutes=1)


async def days(engine: AsyncEngine) -> list[tuple[str, date | None]]:
    return [(row.recipient_id, row.digest_on) for row in await rows_of(engine)]


async def test_readers_are_those_for_whom_something_waits_that_is_not_urgent(database: AsyncEngine) -> None:
    await employ(database)
    await prefer(database, "M1", digest_at=time(7, 30))
    await queue(database, "M1", "M1", "X9", due_at=NOW)
    await queue(database, "M2", due_at=NOW, urgent=True)
    await queue(database, "E1", due_at=NOW + MINUTE)
    async with read_transaction(database) as connection:
        assert sorted(await digests.readers(connection, NOW)) == [
            DigestReader("M1", CYCLE, NOW, None, time(7, 30), None),
            DigestReader("X9", CYCLE, NOW, None, None, None),
        ]


async def test_a_reader_has_had_a_digest_once_it_was_given_an_id(database: AsyncEngine) -> None:
    await queue(database, "M1", due_at=NOW)
    async with database.begin() as connection:
        await digests.open_digests(connection, NOW, {"M1": MONDAY})
    async with read_transaction(database) as connection:
        assert (await digests.readers(connection, NOW))[0].last_digest is None
    async with database.begin() as connection:
        [batch] = await outbox.claim(connection, NOW, 10, domain="example.com", daily=True)
    assert batch.digest_on == MONDAY
    async with read_transaction(database) as connection:
        assert await digests.readers(connection, NOW) == []
    await queue(database, "M1", due_at=NOW)
    async with read_transaction(database) as connection:
        assert (await digests.readers(connection, NOW))[0].last_digest == MONDAY
    async with database.begin() as connection:
        await outbox.release(connection, [batch.message_id])
    async with read_transaction(database) as connection:
        assert (await digests.readers(connection, NOW))[0].last_digest is None


async def test_an_open_digest_takes_what_waits_by_then_the_urgent_included(database: AsyncEngine) -> None:
    await queue(database, "M1", "M2", due_at=NOW)
    await queue(database, "M1", due_at=NOW, urgent=True)
    await queue(database, "M1", due_at=NOW + MINUTE)
    async with database.begin() as connection:
        await digests.open_digests(connection, NOW, {"M1": MONDAY})
    assert await days(database) == [("M1", MONDAY), ("M2", None), ("M1", MONDAY), ("M1", None)]
    async with database.begin() as connection:
        [batch] = await outbox.claim(connection, NOW, 10, domain="example.com", daily=True)
    assert (batch.recipient_id, len(batch.notices), batch.digest_on) == ("M1", 2, MONDAY)


async def test_a_digest_that_is_open_no_longer_is_shut_and_a_sent_one_stays(database: AsyncEngine) -> None:
    await queue(database, "M1", due_at=NOW)
    async with database.begin() as connection:
        await digests.open_digests(connection, NOW, {"M1": MONDAY})
        [batch] = await outbox.claim(connection, NOW, 10, domain="example.com", daily=True)
    await queue(database, "M1", "M2", due_at=NOW)
    async with database.begin() as connection:
        await digests.open_digests(connection, NOW, {"M1": MONDAY, "M2": MONDAY})
        await digests.open_digests(connection, NOW, {"M2": TUESDAY})
    assert await days(database) == [("M1", MONDAY), ("M1", None), ("M2", TUESDAY)]
    async with database.begin() as connection:
        await digests.open_digests(connection, NOW, {})
    assert await days(database) == [("M1", MONDAY), ("M1", None), ("M2", None)]
    assert batch.digest_on == MONDAY


async def test_open_tasks_are_the_readers_own_and_those_of_whom_they_act_for(database: AsyncEngine) -> None:
    await employ(database)
    await open_cycle(database)
    async with database.begin() as connection:
        await connection.execute(
            insert(DelegationRow),
            {"id": "d1", "delegator_id": "M2", "to_id": "M1", "first": MONDAY, "last": MONDAY, "given_by": "M2"},
        )
    both = await give_task(database, "E1", ["M1", "M2"], due_at=NOW + MINUTE, theme="二人とも")
    theirs = await give_task(database, "N1", ["M2"], due_at=NOW, gone_on="2026-10-01")
    await give_task(database, "M1", ["M2"], due_at=NOW)
    await give_task(database, "N1", ["M2"], due_at=NOW, number=2, paused_on="2026-10-01")
    async with read_transaction(database) as connection:
        found = await digests.open_tasks(connection, ["M1", "E1"], MONDAY)
    assert [(one.reader, one.goal_id, one.theme, one.gone) for one in found] == [
        ("M1", theirs, "月次決算の早期化", True),
        ("M1", both, "二人とも", False),
    ]
    async with read_transaction(database) as connection:
        assert [one.goal_id for one in await digests.open_tasks(connection, ["M1"], TUESDAY)] == [both]


async def test_the_due_date_of_a_task_is_told_where_it_is_counted(database: AsyncEngine) -> None:
    await employ(database)
    await open_cycle(database)
    await give_task(database, "E1", ["M1"], due_at=NOW)
    await give_task(database, "E1", ["M1"], due_at=NOW + MINUTE, number=2, task={"site": "berlin"})
    await give_task(database, "E1", ["M1"], due_at=NOW + 2 * MINUTE, number=3, task={"site": "atlantis"})
    async with read_transaction(database) as connection:
        found = await digests.open_tasks(connection, ["M1"], MONDAY)
    assert [one.zone for one in found] == ["Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"]


@pytest.mark.slow
async def test_open_tasks_are_found_by_their_assignees_and_not_by_looking_at_every_goal(database: AsyncEngine) -> None:
    await employ(database, [(f"P{n}", "x", None, "ja") for n in range(200)])
    await open_cycle(database)
    async with database.begin() as connection:
        await connection.execute(
            text("""
            INSERT INTO goal (id, cycle_id, owner_id, department, state, revision, task, assignees, due_at, score, seq,
                              head, aggregate, updated_at)
            SELECT 'g' || n, :cycle, 'P' || n % 200, 'x', 'draft', 1, 'draft', ARRAY['P' || n % 200], now(), 0, 1, 'h',
                   '{}', now()
            FROM generate_series(1, 20000) n
            """),
            {"cycle": CYCLE},
        )
        await connection.execute(text("ANALYZE goal"))
        explain = text("EXPLAIN " + digests._TASKS.text).bindparams(bindparam("readers", type_=ARRAY(Text)))
        plan = await connection.execute(explain, {"readers": [f"P{n}" for n in range(100)], "day": MONDAY})
        lines = "\n".join(row[0] for row in plan)
    assert "goal_by_assignee" in lines, lines
    assert "Seq Scan on goal" not in lines
    async with read_transaction(database) as connection:
        assert len(await digests.open_tasks(connection, ["P1"], MONDAY)) == 100
