"""The daily look at the tables: nothing ends it, one process looks at a time, and the last result is kept."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog.testing import capture_logs

from activities import integrity
from activities.integrity import looking_daily
from storage.integrity import TableFault

pytestmark = pytest.mark.slow

END_WHO_HOLDS_LOCKS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
FAULT = TableFault("trigger_off", "journal.journal_append_only")


class Tables:
    """Stands for the check of the tables: raises or returns what the test names, one after the other, the last again and again."""

    def __init__(self, *results: Exception | list[TableFault]) -> None:
        self.results = list(results)
        self.looks = 0

    async def faults(self, _: AsyncConnection) -> list[TableFault]:
        result = self.results[min(self.looks, len(self.results) - 1)]
        self.looks += 1
        if isinstance(result, Exception):
            raise result
        return result


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - the result is an attribute, not an event
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "error", [RuntimeError("?"), ValueError("?"), KeyError("salt"), TimeoutError(), OSError(), ExceptionGroup("?", [ValueError()])]
)  # fmt: skip
async def test_whatever_ends_a_look_is_an_error_in_the_log_and_the_tables_are_looked_at_again(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tables = Tables(error, [FAULT])
    monkeypatch.setattr(integrity, "table_faults", tables.faults)
    monkeypatch.setattr(integrity, "_AGAIN", 0.05)
    with capture_logs() as logged:
        async with looking_daily(database) as last:
            await until(lambda: last.failed_at is not None)
            failed = last.report()
            await until(lambda: last.looked_at is not None)
    assert [(one["event"], one["log_level"]) for one in logged] == [
        ("tables_not_looked_at", "error"), ("tables_altered", "error"),
    ]  # fmt: skip
    assert (failed["looked_at"], failed["fault_counts"]) == (None, {})
    assert datetime.fromisoformat(failed["failed_at"]).tzinfo == UTC
    assert last.report() | {"looked_at": "now"} == {
        "looked_at": "now",
        "failed_at": None,
        "fault_counts": {"trigger_off": 1},
    }


async def test_a_look_that_fails_keeps_what_the_last_one_found(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = Tables([FAULT, FAULT], RuntimeError("?"))
    monkeypatch.setattr(integrity, "table_faults", tables.faults)
    monkeypatch.setattr(integrity, "_DAY", 0.05)
    async with looking_daily(database) as last:
        await until(lambda: last.failed_at is not None)
        assert last.report()["fault_counts"] == {"trigger_off": 2}


async def test_of_two_processes_one_looks_and_when_it_ends_the_other_takes_over(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = Tables([])
    monkeypatch.setattr(integrity, "table_faults", tables.faults)
    monkeypatch.setattr(integrity, "_AGAIN", 0.05)
    async with looking_daily(database) as first:
        await until(lambda: first.looked_at is not None)
        async with looking_daily(database) as second:
            await asyncio.sleep(0.5)
            assert (tables.looks, second.looked_at) == (1, None)
    async with looking_daily(database) as third:
        await until(lambda: third.looked_at is not None)
    assert tables.looks == 2


async def test_a_session_that_was_ended_between_two_looks_is_no_failed_look(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = Tables([])
    monkeypatch.setattr(integrity, "table_faults", tables.faults)
    monkeypatch.setattr(integrity, "_DAY", 1.0)
    with capture_logs() as logged:
        async with looking_daily(database) as last:
            await until(lambda: tables.looks == 1)
            async with database.connect() as connection:
                ended = await connection.scalar(text(END_WHO_HOLDS_LOCKS))
            await until(lambda: tables.looks == 2)
            assert (ended, last.failed_at, logged) == (1, None, [])
