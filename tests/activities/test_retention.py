"""What is over is deleted daily, whatever else fails on that day, and its failure ends nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from activities import integrity, retention
from activities.integrity import looking_daily
from domain.unsent import KEPT
from storage import unsent_forms
from storage.tables import UnsentFormRow
from tests.activities.mailroom import employ
from tests.activities.test_integrity import Tables, until

pytestmark = pytest.mark.slow


async def given_old_forms(engine: AsyncEngine) -> None:
    await employ(engine)
    old = {"employee_id": "M1", "fields": {"text": "x"}, "saved_at": datetime.now(UTC) - KEPT - timedelta(hours=1)}
    async with engine.begin() as connection:
        await connection.execute(insert(UnsentFormRow), [{**old, "place": f"old/{one}"} for one in range(3)])


async def kept(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(UnsentFormRow)) or 0


async def test_a_day_on_which_the_look_fails_deletes_what_is_over(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given_old_forms(database)
    monkeypatch.setattr(integrity, "table_faults", Tables(RuntimeError("?")).faults)
    with capture_logs() as logged:
        async with looking_daily(database) as last:
            await until(lambda: last.failed_at is not None)
    assert await kept(database) == 0
    assert [(one["event"], one.get("form_count")) for one in logged] == [
        ("unsent_forms_deleted", 3), ("tables_not_looked_at", None),
    ]  # fmt: skip


async def test_a_deletion_that_fails_is_an_error_in_the_log_and_the_tables_are_looked_at(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given_old_forms(database)

    async def fail(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(unsent_forms, "delete_old", fail)
    monkeypatch.setattr(integrity, "table_faults", Tables([]).faults)
    with capture_logs() as logged:
        async with looking_daily(database) as last:
            await until(lambda: last.looked_at is not None)
    assert [(one["event"], one["log_level"]) for one in logged] == [("unsent_forms_not_deleted", "error")]
    assert (last.failed_at, await kept(database)) == (None, 3)


async def test_a_day_deletes_so_many_and_no_more(database: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await given_old_forms(database)
    monkeypatch.setattr(retention, "_AT_ONCE", 1)
    monkeypatch.setattr(retention, "_MOST_ROUNDS", 2)
    for left in (1, 0):
        await retention.delete_old_forms(database, datetime.now(UTC))
        assert await kept(database) == left
