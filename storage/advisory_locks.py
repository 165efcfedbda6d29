"""Advisory locks: work that one process at a time may do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool


@asynccontextmanager
async def try_advisory_lock(engine: AsyncEngine, key: int) -> AsyncIterator[bool]:
    """Whether this process got the lock `key`, which it then holds until the block is left.

    The lock belongs to a connection of its own (a pool of one connection would wait for itself) and ends with it, so that
    the lock of a process that dies is released.
    """
    own = create_async_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with own.connect() as connection:
        yield bool(await connection.scalar(select(func.pg_try_advisory_lock(key))))
