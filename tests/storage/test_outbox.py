"""The outbox: due notices, the messages that they form, and their results."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.notices.notices import NoticeKind
from storage import outbox
from storage.database import read_transaction
from storage.outbox import Candidate, QueuedMessage, claim
from storage.tables import EmployeeRow, OutboxRow, PreferenceRow

NOW = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOMAIN = "example.com"


async def queue(engine: AsyncEngine, *recipients: str, due_at: datetime = NOW, **values: Any) -> None:
    """Queues one notice per recipient."""
    async with engine.begin() as connection:
        known = len((await connection.execute(select(OutboxRow.id))).all())
        rows = [
            {
                "key": f"{due_at.isoformat()}:{known + number}",
                "recipient_id": recipient,
                "cycle_id": "2026-q4",
                "goal_id": f"2026-q4.{recipient}.1",
                "kind": NoticeKind.DRAFT_OPENED,
                "facts": {"owner": recipient},
                "due_at": due_at,
                **values,
            }
            for number, recipient in enumerate(recipients)
        ]
        await connection.execute(insert(OutboxRow), rows)


async def rows(engine: AsyncEngine) -> Sequence[Row[Any]]:
    async with engine.connect() as connection:
        return (await connection.execute(select(OutboxRow.__table__).order_by(OutboxRow.id))).all()


async def claimed(engine: AsyncEngine, limit: int = 100, now: datetime = NOW) -> list[QueuedMessage]:
    async with engine.begin() as connection:
        return await claim(connection, now, limit, domain=DOMAIN)


async def test_what_one_person_must_hear_is_one_message(database: AsyncEngine) -> None:
    await queue(database, "M1", "M2", "M1", "M1")
    batches = await claimed(database)
    assert {batch.recipient_id: len(batch.notices) for batch in batches} == {"M1": 3, "M2": 1}
    assert len({batch.message_id for batch in batches}) == 2
    assert all(batch.message_id.endswith("@example.com") for batch in batches)


async def test_only_what_is_due_goes_out(database: AsyncEngine) -> None:
    await queue(database, "M1")
    await queue(database, "M2", due_at=NOW + timedelta(seconds=1))
    assert [batch.recipient_id for batch in await claimed(database)] == ["M1"]
    async with read_transaction(database) as connection:
        assert await outbox.backlog(connection, NOW) == (1, 1)
        assert await outbox.backlog(connection, NOW + timedelta(seconds=1)) == (2, 2)


async def test_the_limit_counts_messages_and_never_cuts_one_in_two(database: AsyncEngine) -> None:
    await queue(database, *(["M1", "M2", "M3"] * 5))
    batches = await claimed(database, limit=2)
    assert [len(batch.notices) for batch in batches] == [5, 5]


async def test_a_message_whose_record_was_lost_goes_again_with_the_same_id_and_notices(database: AsyncEngine) -> None:
    await queue(database, "M1", "M1")
    first = await claimed(database)
    await queue(database, "M1")
    again, later = sorted(await claimed(database), key=lambda batch: -len(batch.notices))
    assert again == first[0]._replace(has_new_id=False)
    assert (first[0].has_new_id, later.has_new_id) == (True, True)
    assert len(later.notices) == 1
    assert later.message_id != again.message_id


async def test_the_message_id_follows_from_the_notices_alone(database: AsyncEngine) -> None:
    await queue(database, "M1", "M1")
    first = await claimed(database)
    async with database.begin() as connection:
        await outbox.release(connection, [first[0].message_id])
    assert await claimed(database) == first


async def test_a_message_that_never_reached_the_server_joins_what_came_due_since(database: AsyncEngine) -> None:
    await queue(database, "M1")
    [first] = await claimed(database)
    async with database.begin() as connection:
        await outbox.release(connection, [first.message_id])
    await queue(database, "M1")
    [joined] = await claimed(database)
    assert len(joined.notices) == 2


async def test_what_was_sent_is_not_due_again_and_says_when_and_how(database: AsyncEngine) -> None:
    await queue(database, "M1", "M1", "M2")
    batches = {batch.recipient_id: batch for batch in await claimed(database)}
    async with database.begin() as connection:
        await outbox.record_sent(connection, batches["M1"].message_id, "smtp", NOW)
    assert [batch.recipient_id for batch in await claimed(database)] == ["M2"]
    sent = [row for row in await rows(database) if row.recipient_id == "M1"]
    assert [(row.sent_at, row.channel, row.attempts, row.error) for row in sent] == [(NOW, "smtp", 1, None)] * 2


async def test_a_second_record_of_the_same_message_changes_nothing(database: AsyncEngine) -> None:
    await queue(database, "M1")
    [batch] = await claimed(database)
    async with database.begin() as connection:
        await outbox.record_sent(connection, batch.message_id, "smtp", NOW)
    once = await rows(database)
    async with database.begin() as connection:
        await outbox.record_sent(connection, batch.message_id, "console", NOW + timedelta(days=1))
        await outbox.give_up(connection, batch.message_id, "smtp_550", NOW)
        await outbox.postpone(connection, batch.message_id, "smtp_452", NOW)
        await outbox.fall_back(connection, batch.message_id, "mail", "smtp_550")
        await outbox.release(connection, [batch.message_id])
    assert await rows(database) == once


async def test_a_failure_for_now_keeps_the_message_under_its_id_and_lets_it_rest(database: AsyncEngine) -> None:
    await queue(database, "M1")
    [batch] = await claimed(database)
    async with database.begin() as connection:
        await outbox.postpone(connection, batch.message_id, "smtp_452", NOW + MINUTE)
    [row] = await rows(database)
    assert (row.attempts, row.error, row.gave_up_at) == (1, "smtp_452", None)
    assert await claimed(database) == []
    async with read_transaction(database) as connection:
        assert await outbox.backlog(connection, NOW) == (1, 0)
    [again] = await claimed(database, now=NOW + MINUTE)
    assert again == batch._replace(has_new_id=False, attempts=1)


async def test_a_message_goes_another_way_under_its_id_and_remembers_what_failed(database: AsyncEngine) -> None:
    await queue(database, "M1")
    [batch] = await claimed(database)
    async with database.begin() as connection:
        await outbox.postpone(connection, batch.message_id, "smtp_452", NOW + MINUTE)
        await outbox.fall_back(connection, batch.message_id, "mail", "smtp_550")
    [again] = await claimed(database)
    assert (again.message_id, again.attempts, again.failed) == (batch.message_id, 0, ("mail",))
    async with database.begin() as connection:
        await outbox.fall_back(connection, batch.message_id, "chat", "chat_410")
    [again] = await claimed(database)
    assert again.failed == ("mail", "chat")
    async with database.begin() as connection:
        await outbox.record_sent(connection, batch.message_id, "console", NOW)
    [row] = await rows(database)
    assert (row.fell_back, row.channel, row.error) == ("mail:smtp_550 chat:chat_410", "console", None)


async def test_a_failure_for_good_is_kept_with_its_reason_and_not_tried_again(database: AsyncEngine) -> None:
    await queue(database, "M1")
    [batch] = await claimed(database)
    async with database.begin() as connection:
        await outbox.give_up(connection, batch.message_id, "no_address", NOW)
    [row] = await rows(database)
    assert (row.error, row.sent_at, row.gave_up_at) == ("no_address", None, NOW)
    assert await claimed(database) == []
    async with read_transaction(database) as connection:
        assert await outbox.backlog(connection, NOW) == (0, 0)


async def test_a_message_that_keeps_failing_holds_nobody_up(database: AsyncEngine) -> None:
    await queue(database, "M1", due_at=NOW - timedelta(days=1))
    [batch] = await claimed(database)
    async with database.begin() as connection:
        await outbox.postpone(connection, batch.message_id, "smtp_452", NOW + MINUTE)
    await queue(database, "M2")
    assert [first.recipient_id for first in await claimed(database, limit=1, now=NOW + MINUTE)] == ["M2"]


async def test_what_is_urgent_comes_before_what_waited_longer(database: AsyncEngine) -> None:
    await queue(database, "M1", due_at=NOW - timedelta(days=1))
    await queue(database, "M2", urgent=True)
    assert [first.recipient_id for first in await claimed(database, limit=1)] == ["M2"]


async def test_what_is_not_urgent_waits_for_the_digest_of_its_recipient(database: AsyncEngine) -> None:
    await queue(database, "M1", "M2")
    await queue(database, "M2", urgent=True)
    async with database.begin() as connection:
        [urgent] = await claim(connection, NOW, 100, domain=DOMAIN, daily=True)
    assert (urgent.recipient_id, len(urgent.notices), urgent.digest_on) == ("M2", 1, None)
    async with read_transaction(database) as connection:
        assert await outbox.backlog(connection, NOW, daily=True) == (1, 1)


async def test_who_may_not_go_leaves_the_place_to_others(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        people = [{"id": f"M{n}", "name": "x", "mail": f"m{n}@example.com", "department": "経理部"} for n in range(6)]
        await connection.execute(insert(EmployeeRow), people)
        await connection.execute(
            insert(PreferenceRow), {"employee_id": "M4", "channel": "chat", "chat_url": "https://x"}
        )
    await queue(database, *(f"M{n}" for n in range(6)))
    seen: list[Candidate] = []

    def has_chat(one: Candidate) -> bool:
        seen.append(one)
        return one.channel == "chat"

    async with database.begin() as connection:
        [only] = await claim(connection, NOW, 2, domain=DOMAIN, may_be_sent=has_chat)
    assert only.recipient_id == "M4"
    assert Candidate("to:M4", "M4", (), "m4@example.com", "https://x", "chat") in seen
    assert [row.recipient_id for row in await rows(database) if row.message_id] == ["M4"]


async def test_withdrawn_notices_are_not_sent_and_what_was_tried_stays(database: AsyncEngine) -> None:
    await queue(database, "M1")
    [tried] = await claimed(database)
    await queue(database, "M1", "M2", "M3")
    await queue(database, "M4", cycle_id="2027-q1")
    async with database.begin() as connection:
        assert await outbox.withdraw(connection, "2026-q4", goals=["2026-q4.M2.1"]) == 1
        assert await outbox.withdraw(connection, "2026-q4") == 2
        assert await outbox.withdraw(connection, "2026-q4") == 0
    left = await claimed(database)
    assert [batch.recipient_id for batch in left] == ["M1", "M4"]
    assert left[0].message_id == tried.message_id


async def test_two_claims_at_once_do_not_make_two_messages_of_one(database: AsyncEngine) -> None:
    await queue(database, *(f"M{number % 20}" for number in range(200)))
    found = await asyncio.gather(*(claimed(database) for _ in range(4)))
    assert len({batch.message_id for batches in found for batch in batches}) == 20
    assert {len(batch.notices) for batches in found for batch in batches} == {10}


async def test_only_one_sender_is_at_work_and_the_next_may_follow(database: AsyncEngine) -> None:
    async with outbox.sender_lock(database) as first, outbox.sender_lock(database) as second:
        assert (first, second) == (True, False)
    async with outbox.sender_lock(database) as third:
        assert third


async def test_the_directory_answers_for_everybody_a_message_speaks_of(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        people = [
            ("M1", "佐藤 花子", "hanako@example.com", "ja"),
            ("M3", "Jane Doe", None, "en"),
            ("M4", "x", None, "ja"),
        ]
        values = [{"id": i, "name": n, "mail": m, "department": "経理部", "locale": lo} for i, n, m, lo in people]
        await connection.execute(insert(EmployeeRow), values)
        await connection.execute(
            insert(PreferenceRow), {"employee_id": "M1", "channel": "chat", "chat_url": "https://x"}
        )
    await queue(database, "M1", facts={"owner": "M1", "actor": "M3", "to": "M9", "theme": "M4"})
    async with read_transaction(database) as connection:
        found = await outbox.addressees(connection, await claimed(database))
    assert {one: tuple(who) for one, who in found.items()} == {
        "M1": ("佐藤 花子", "hanako@example.com", "ja", "chat", "https://x", None, True),
        "M3": ("Jane Doe", None, "en", None, None, None, True),
    }
    assert "hanako" not in repr(found)
    async with read_transaction(database) as connection:
        assert await outbox.addressees(connection, []) == {}
