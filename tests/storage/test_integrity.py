"""Tables that were altered behind the program's back: each kind is found, and a worker raises an alarm."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from activities import integrity
from activities.integrity import look
from channels.channel import NullChannel
from storage.database import read_transaction
from storage.integrity import TableFault, table_faults
from tests.acceptance.scene import quiet_settings
from tests.bench.dataset import Size, fill
from tests.servers import running_temporal
from worker import Role, serving

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def filled(database: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    await fill(database, Size(goals=200, people=100, entries=1_000))
    yield database


async def faults_after(engine: AsyncEngine, *statements: str) -> list[TableFault]:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    async with read_transaction(engine) as connection:
        return await table_faults(connection)


async def test_tables_that_only_the_program_wrote_have_no_fault(filled: AsyncEngine) -> None:
    assert await faults_after(filled) == []


@pytest.mark.parametrize(
    ("statement", "trigger"),
    [
        ("ALTER TABLE goal_event DISABLE TRIGGER ledger_append_only", "goal_event.ledger_append_only"),
        ("DROP TRIGGER ledger_no_truncate ON goal_event", "goal_event.ledger_no_truncate"),
        ("ALTER TABLE goal_event ENABLE REPLICA TRIGGER ledger_seals_time", "goal_event.ledger_seals_time"),
        ("ALTER TABLE goal DISABLE TRIGGER USER", "goal.goal_count_moved"),
    ],
)
async def test_a_trigger_that_is_off_is_named(filled: AsyncEngine, statement: str, trigger: str) -> None:
    assert TableFault("trigger_off", trigger) in await faults_after(filled, statement)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM goal_event WHERE goal_id = (SELECT min(id) FROM goal)", "ledger_missing"),
        ("DELETE FROM goal_event WHERE goal_id = (SELECT min(id) FROM goal) AND seq = 2", "entries_missing"),
        ("UPDATE goal SET seq = seq + 1 WHERE id = (SELECT min(id) FROM goal)", "entries_missing"),
    ],
)
async def test_a_count_that_does_not_reconcile_is_named(filled: AsyncEngine, statement: str, code: str) -> None:
    off, on = "ALTER TABLE goal_event DISABLE TRIGGER USER", "ALTER TABLE goal_event ENABLE TRIGGER USER"
    found = await faults_after(filled, off, statement, on)
    assert [one.code for one in found] == [code]


async def test_numbers_with_a_gap_are_named_although_the_count_is_right(filled: AsyncEngine) -> None:
    off, on = "ALTER TABLE goal_event DISABLE TRIGGER USER", "ALTER TABLE goal_event ENABLE TRIGGER USER"
    last = "SELECT goal_id, max(seq) FROM goal_event GROUP BY goal_id ORDER BY goal_id LIMIT 1"
    moved = f"UPDATE goal_event SET seq = seq + 1 WHERE (goal_id, seq) = ({last})"  # noqa: S608 - a text of this test
    assert [one.code for one in await faults_after(filled, off, moved, on)] == ["entries_missing"]


@pytest.mark.parametrize(("result", "named"), [("written", True), ("started", True), ("removed", False)])
async def test_a_participant_who_had_goals_that_are_gone_is_named(
    filled: AsyncEngine, result: str, *, named: bool
) -> None:
    off, on = "SET session_replication_role = replica", "SET session_replication_role = origin"
    first = "(SELECT cycle_id, employee_id FROM participant ORDER BY 1, 2 LIMIT 1)"
    more = f"UPDATE participant SET result = '{result}', goals = 99 WHERE (cycle_id, employee_id) = {first}"  # noqa: S608 - texts of this test
    found = await faults_after(filled, off, more, on)
    async with filled.connect() as connection:
        cycle, person = (await connection.execute(text(first))).one()
    assert found == ([TableFault("participant_without_goals", f"{cycle}/{person}")] if named else [])


async def test_a_trigger_that_always_fires_is_on(filled: AsyncEngine) -> None:
    assert await faults_after(filled, "ALTER TABLE goal_event ENABLE ALWAYS TRIGGER ledger_append_only") == []


async def test_at_most_100_faults_of_a_kind_are_named_in_order(filled: AsyncEngine) -> None:
    off, on = "ALTER TABLE goal_event DISABLE TRIGGER USER", "ALTER TABLE goal_event ENABLE TRIGGER USER"
    found = await faults_after(filled, off, "DELETE FROM goal_event", on)
    async with filled.connect() as connection:
        goals = (await connection.execute(text("SELECT id FROM goal ORDER BY id LIMIT 100"))).scalars().all()
    assert found == [TableFault("ledger_missing", one) for one in goals]


async def test_a_goal_that_is_gone_is_named(filled: AsyncEngine) -> None:
    off, on = "SET session_replication_role = replica", "SET session_replication_role = origin"
    found = await faults_after(filled, off, "DELETE FROM goal WHERE id = (SELECT min(id) FROM goal)", on)
    assert "goal_missing" in {one.code for one in found}


async def test_a_worker_raises_an_alarm_for_each_fault(filled: AsyncEngine) -> None:
    await faults_after(filled, "ALTER TABLE goal_event DISABLE TRIGGER ledger_append_only")
    with capture_logs() as logged:
        assert len(await look(filled)) == 1
    assert [(one["event"], one["log_level"], one["what"]) for one in logged] == [
        ("tables_altered", "error", "goal_event.ledger_append_only")
    ]


async def test_a_worker_looks_at_its_start_and_again_every_day(
    filled: AsyncEngine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "_DAY", 0.2)
    await faults_after(filled, "ALTER TABLE goal_event DISABLE TRIGGER ledger_append_only")
    settings = quiet_settings(database_url, tmp_path)
    async with running_temporal() as server:
        with capture_logs() as logged:
            async with serving(settings, Role.DELIVERY, server.client, filled, NullChannel()), asyncio.timeout(60):
                while sum(one["event"] == "tables_altered" for one in logged) < 2:  # noqa: ASYNC110 - a log tells nobody
                    await asyncio.sleep(0.1)
