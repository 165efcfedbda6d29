"""PostgreSQL advisory locks: only one process at a time does the work that a lock protects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool


@asynccontextmanager
async def try_advisory_lock(engine: AsyncEngine, key: int) -> AsyncIterator[bool]:
    """Tries to take the lock `key`, without waiting; yields whether this process got it. It is held until the block ends.

    The lock is held by a separate connection, since a pool of one connection would wait for itself. PostgreSQL releases the
    lock when that connection ends, also when the process dies.
    """
    separate = create_async_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with separate.connect() as connection:
        yield bool(await connection.scalar(select(func.pg_try_advisory_lock(key))))
