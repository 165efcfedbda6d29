"""Work that one process at a time may do, whoever else was told to do it as well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool


@asynccontextmanager
async def alone(engine: AsyncEngine, key: int) -> AsyncIterator[bool]:
    """Whether this process may do the work behind `key` now, until the block is left.

    The lock belongs to a connection of its own (a pool of one would wait for itself), and ends with it: a process that
    dies frees it.
    """
    own = create_async_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with own.connect() as connection:
        yield bool(await connection.scalar(select(func.pg_try_advisory_lock(key))))
