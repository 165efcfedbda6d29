"""Connections to PostgreSQL: the engine of a process, and read transactions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.database_url import for_sqlalchemy


def open_database(url: str, *, pool: int = 10) -> AsyncEngine:
    """An engine for a URL `postgresql://…`. It opens connections at first use, at most `pool` of them."""
    return create_async_engine(
        for_sqlalchemy(url),
        hide_parameters=True,  # an SQL error must not carry names into a log
        pool_size=pool,
        pool_pre_ping=True,  # finds a dead connection before a statement is lost on it
        max_overflow=0,
    )


@asynccontextmanager
async def read_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A read-only transaction on one snapshot: all its queries see the same data."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection
