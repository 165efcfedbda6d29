"""Sending ledger entries to another system: a real receiver, which fails at times."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.hook import Hook
from channels.hook import verify
from domain.commitments import ERASED
from storage import hooks
from storage.database import read_transaction
from tests.activities.mailroom import CYCLE, employ, give_task, open_cycle
from tests.activities.receiver import (
    GOAL,
    HASHED_BODY,
    HOUR,
    MINUTE,
    OTHER,
    SECRET,
    START,
    receiver,
    record,
    tell,
    told,
)
from tests.channels.web_server import Receiver, web_server
from workflows.delivery import SendRequest, SendResult


async def test_an_entry_is_told_once_and_signed(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1, acting_for="M2")
        assert await tell(database, desk) == SendResult(sent=1)
        assert await tell(database, desk, at=START + HOUR) == SendResult()
    [request] = desk.posted
    assert verify(SECRET, request.headers, request.body, datetime.now(UTC))
    assert not verify(SECRET, request.headers, request.body + b" ", datetime.now(UTC))
    assert request.json == {
        "id": f"{GOAL}#1", "type": "commented", "goal": GOAL, "seq": 1, "revision": 1,
        "at": "2026-10-05T00:20:00Z", "actor": "M1", "acting_for": "M2",
        "body": {"kind": "commented", "text": "よろしく"}, "hashed_body": HASHED_BODY, "prev_hash": "hash 0", "hash": "hash 1",
    }  # fmt: skip


async def test_an_entry_is_told_as_the_kind_that_is_hashed_and_without_texts_that_were_erased(
    database: AsyncEngine,
) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1, kind="approved", texts=None)
        await tell(database, desk)
    [request] = desk.posted
    assert (request.json["type"], request.json["body"]) == ("commented", {"kind": "commented", "text": ERASED})


async def test_what_was_recorded_before_the_hook_was_switched_on_is_not_told(database: AsyncEngine) -> None:
    await employ(database)
    await open_cycle(database)
    await give_task(database, "E1", ["M1"], due_at=START)
    await record(database, GOAL, 1, 2, at=START - MINUTE)
    await record(database, GOAL, 3, at=START)
    async with web_server() as desk:
        await tell(database, desk)
        assert told(desk) == [f"{GOAL}#3"]
        await tell(database, desk, at=START + timedelta(days=30))
        assert told(desk) == [f"{GOAL}#3"]


async def test_the_entries_of_a_goal_come_in_order_and_all_of_them_in_one_round(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, *range(1, 13))
        await record(database, OTHER, *range(1, 13))
        assert await tell(database, desk) == SendResult(sent=24)
    for goal in (GOAL, OTHER):
        assert [one for one in told(desk) if one.startswith(goal)] == [f"{goal}#{seq}" for seq in range(1, 13)]


async def test_an_entry_that_is_not_taken_holds_up_its_own_goal_only_and_comes_again_as_the_same(
    database: AsyncEngine,
) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1, 2)
        desk.status = 500
        assert await tell(database, desk) == SendResult(failed=1, waiting=2)
        desk.status = 200
        await record(database, OTHER, 1, at=START + MINUTE / 2)
        assert await tell(database, desk, at=START + MINUTE / 2) == SendResult(sent=1, waiting=2)
        assert await tell(database, desk, at=START + MINUTE) == SendResult(sent=2)
    assert told(desk) == [f"{GOAL}#1", f"{OTHER}#1", f"{GOAL}#1", f"{GOAL}#2"]
    assert desk.posted[0].body == desk.posted[2].body


async def test_a_receiver_that_is_down_is_not_asked_for_each_entry_and_misses_nothing(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        port = desk.port
    async with database.begin() as connection:
        await connection.execute(
            text("""
            INSERT INTO goal (id, cycle_id, owner_id, department, state, revision, assignees, score, seq, head, aggregate,
                              updated_at)
            SELECT 'g' || n, :cycle, 'M1', 'x', 'draft', 1, '{}', 0, 1, 'h', '{}', now() FROM generate_series(1, 20) n
            """),
            {"cycle": CYCLE},
        )
    for number in range(1, 21):
        await record(database, f"g{number}", 1)
    gone = Receiver(port=port)
    result = await tell(database, gone)
    assert (result.failed, result.waiting, result.unreachable) == (4, 20, True)
    async with web_server() as desk:
        assert await tell(database, desk, at=START + MINUTE) == SendResult(sent=20)
    assert len(set(told(desk))) == 20


async def test_after_a_day_of_failures_an_entry_is_given_up_and_the_next_one_passes(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1, 2)
        desk.status = 500
        moment = START
        while moment < START + 24 * HOUR:
            assert (await tell(database, desk, at=moment)).given_up == 0
            moment += 30 * MINUTE
        assert set(told(desk)) == {f"{GOAL}#1"}
        assert (await tell(database, desk, at=START + 24 * HOUR)).given_up == 1
        desk.status = 200
        assert (await tell(database, desk, at=START + 25 * HOUR)).sent == 1
        assert told(desk)[-1] == f"{GOAL}#2"
        async with read_transaction(database) as connection:
            [failed] = await hooks.given_up(connection, CYCLE)
        assert (failed.goal_id, failed.seq, failed.kind, failed.code) == (GOAL, 1, "commented", "hook_500")
        async with read_transaction(database) as connection:
            assert await hooks.given_up(connection, "other") == []
        async with database.begin() as connection:
            assert await hooks.put_back(connection, ["other"]) == 0
            assert await hooks.put_back(connection, [CYCLE]) == 1
        assert await tell(database, desk, at=START + 26 * HOUR) == SendResult(sent=1)
        assert told(desk)[-1] == f"{GOAL}#1"
        async with read_transaction(database) as connection:
            assert await hooks.given_up(connection) == []


async def test_a_receiver_that_is_gone_for_good_is_not_asked_again_for_the_entry(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1)
        desk.status = 410
        assert await tell(database, desk) == SendResult(given_up=1)
        assert await tell(database, desk, at=START + HOUR) == SendResult()
        assert len(desk.posted) == 1


async def test_a_transaction_that_commits_minutes_late_is_told(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1)
        await tell(database, desk, at=START + 8 * MINUTE)
        await record(database, OTHER, 1, at=START)
        assert await tell(database, desk, at=START + 9 * MINUTE) == SendResult(sent=1)
        assert told(desk) == [f"{GOAL}#1", f"{OTHER}#1"]


async def test_what_was_recorded_while_nobody_looked_is_told_afterwards(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1, at=START + 5 * HOUR)
        assert await tell(database, desk, at=START + timedelta(days=3)) == SendResult(sent=1)


async def test_a_round_tells_as_much_as_it_may_and_says_what_is_left(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1, 2, 3)
        await record(database, OTHER, 1, 2)
        assert await tell(database, desk, limit=3) == SendResult(sent=3, waiting=2, ready=2)
        assert await tell(database, desk, limit=3, first=False) == SendResult(sent=2)


async def test_a_second_process_leaves_the_work_to_the_first(database: AsyncEngine) -> None:
    async with receiver(database) as desk:
        await record(database, GOAL, 1)
        async with hooks.hook_sender_lock(database):
            assert await tell(database, desk) == SendResult(unreachable=True)
        assert desk.posted == []


async def test_without_an_address_there_is_nothing_to_do(database: AsyncEngine) -> None:
    request = SendRequest(now=START, limit=100, first=True)
    assert await ActivityEnvironment().run(Hook(database, None).tell_events, request) == SendResult()
