"""Time limits of database connections: nothing waits for ever, and work that takes long has limits of its own."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from service.connection import time_limits
from settings import Settings
from storage.database import LIMITS, LONG, TimeLimits, limits_of, open_database, set_limits
from storage.ledger import open_ledger

SHORT = TimeLimits(statement=1, lock=1, idle=1)


def sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None))


async def test_a_statement_that_takes_too_long_is_ended(database_url: str) -> None:
    engine = open_database(database_url, limits=SHORT)
    with pytest.raises(DBAPIError) as caught:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(20)"))
    assert sqlstate(caught.value) == "57014"
    await engine.dispose()


async def test_a_wait_for_a_lock_is_ended_and_the_holder_goes_on(database_url: str) -> None:
    engine = open_database(database_url, limits=SHORT._replace(statement=20, idle=20))
    lock = text("SELECT pg_advisory_xact_lock(1)")
    async with engine.begin() as holder:
        await holder.execute(lock)
        with pytest.raises(DBAPIError) as caught:
            async with engine.begin() as waiting:
                await waiting.execute(lock)
        assert sqlstate(caught.value) == "55P03"
        assert await holder.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_a_transaction_in_which_nothing_happens_is_ended_and_its_locks_are_free(database_url: str) -> None:
    engine, other = open_database(database_url, limits=SHORT), open_database(database_url)
    idle = await engine.connect()
    await idle.execute(text("SELECT pg_advisory_xact_lock(2)"))
    await asyncio.sleep(2)
    async with other.begin() as free:
        assert await free.scalar(text("SELECT pg_try_advisory_xact_lock(2)"))
    with pytest.raises(DBAPIError):
        await idle.execute(text("SELECT 1"))
    await idle.invalidate()
    await idle.close()
    await engine.dispose()
    await other.dispose()


async def test_long_work_has_limits_of_its_own_until_its_transaction_ends(database_url: str) -> None:
    engine = open_database(database_url, limits=SHORT)
    shown = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    async with engine.begin() as connection:
        await set_limits(connection, LONG)
        assert tuple((await connection.execute(shown)).one()) == ("30min", "5min")
        await connection.execute(text("SELECT pg_sleep(1.3)"))
    async with engine.begin() as connection:
        assert tuple((await connection.execute(shown)).one()) == ("1s", "1s")
    await engine.dispose()


async def test_the_pool_that_records_has_the_limits_of_its_engine(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools, made = asyncpg.create_pool, []

    def note(*arguments: object, **named: object) -> object:
        made.append(named["server_settings"])
        return pools(*arguments, **named)

    monkeypatch.setattr(asyncpg, "create_pool", note)
    engine = open_database(database_url, limits=SHORT)
    async with open_ledger(engine):
        assert made == [SHORT.server_settings()]
    await engine.dispose()


def test_the_limits_come_from_the_settings(database: AsyncEngine) -> None:
    settings = Settings(database_statement_seconds=5, database_lock_seconds=6, database_idle_seconds=7)
    assert time_limits(settings) == TimeLimits(5, 6, 7)
    assert time_limits(Settings()) == LIMITS == limits_of(database)
