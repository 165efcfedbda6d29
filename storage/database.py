"""Connections to PostgreSQL: the engine of a process, its time limits, and read transactions."""

from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.database_url import for_sqlalchemy

_NAME = "meguri_time_limits"  # of the engine's execution option
_MILLISECONDS = 1_000


class TimeLimits(NamedTuple):
    """Seconds after which PostgreSQL ends a statement, a wait for a lock, and a transaction in which nothing happens.

    0: no limit. PostgreSQL raises `query_canceled` (57014), `lock_not_available` (55P03) and
    `idle_in_transaction_session_timeout` (25P03).
    """

    statement: int = 60
    lock: int = 20
    idle: int = 300

    def server_settings(self) -> dict[str, str]:
        """The limits as PostgreSQL's own settings, for a new connection."""
        return {
            "statement_timeout": str(self.statement * _MILLISECONDS),
            "lock_timeout": str(self.lock * _MILLISECONDS),
            "idle_in_transaction_session_timeout": str(self.idle * _MILLISECONDS),
        }


LIMITS = TimeLimits()
LONG = TimeLimits(statement=1_800, lock=300, idle=1_800)  # imports and changes of the whole directory
NO_LIMITS = TimeLimits(statement=0, lock=0, idle=0)  # migrations, which may rewrite a large table


def open_database(url: str, *, pool: int = 10, limits: TimeLimits = LIMITS) -> AsyncEngine:
    """An engine for a URL `postgresql://…`. It opens connections at first use, at most `pool` of them, with these limits."""
    return create_async_engine(
        for_sqlalchemy(url),
        hide_parameters=True,  # an SQL error must not carry names into a log
        pool_size=pool,
        pool_pre_ping=True,  # finds a dead connection before a statement is lost on it
        max_overflow=0,
        connect_args={"server_settings": limits.server_settings()},
        execution_options={_NAME: limits},
    )


def limits_of(engine: AsyncEngine) -> TimeLimits:
    """The limits of the engine's connections, for a pool beside the engine."""
    found: TimeLimits = engine.get_execution_options().get(_NAME, LIMITS)
    return found


async def set_limits(connection: AsyncConnection, limits: TimeLimits) -> None:
    """Other limits until the end of the transaction: for work that takes long in one statement, or waits for such work."""
    changes = (func.set_config(name, value, True) for name, value in limits.server_settings().items())
    await connection.execute(select(*changes))


# What reading a row raises whose cells the program cannot have written: a time after the year 9999, a number of thousands of digits.
UNREADABLE = (ValueError, OverflowError, RecursionError)


class _Snapshot:
    """The read transaction of a block; it begins with the first read. `known` is what `once_in_a_snapshot` has read."""

    def __init__(self) -> None:
        self.connection: AsyncConnection | None = None
        self.known: dict[Hashable, Any] = {}


_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_SNAPSHOT: ContextVar[_Snapshot | None] = ContextVar("snapshot", default=None)


@asynccontextmanager
async def one_snapshot() -> AsyncIterator[None]:
    """All read transactions of the block are one, so that what they read fits together, one read after the other, from one engine.

    After the first of them the block begins no transaction of another kind: with two connections each, many such blocks would wait
    for each other.
    """
    snapshot = _Snapshot()
    token = _SNAPSHOT.set(snapshot)
    try:
        yield
    finally:
        _SNAPSHOT.reset(token)
        if snapshot.connection is not None:
            await snapshot.connection.close()


def once_in_a_snapshot(
    read: Callable[Concatenate[AsyncConnection, _Given], Coroutine[Any, Any, _Found]],
) -> Callable[Concatenate[AsyncConnection, _Given], Coroutine[Any, Any, _Found]]:
    """For small reads that many use cases of a page need: within `one_snapshot` the answer is the same, and is read once.

    The arguments must be hashable; nobody changes what is found.
    """

    @wraps(read)
    async def reading(connection: AsyncConnection, /, *given: _Given.args, **named: _Given.kwargs) -> _Found:
        snapshot = _SNAPSHOT.get()
        if snapshot is None or snapshot.connection is not connection:
            return await read(connection, *given, **named)
        key = (read, given, *named.items())
        if key not in snapshot.known:
            snapshot.known[key] = await read(connection, *given, **named)
        found: _Found = snapshot.known[key]
        return found

    return reading


@asynccontextmanager
async def read_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A read-only transaction on one snapshot: all its queries see the same data."""
    snapshot = _SNAPSHOT.get()
    if snapshot is None:
        async with engine.connect() as connection:
            yield await _for_reads(connection)
        return
    if snapshot.connection is None:
        snapshot.connection = await _for_reads(await engine.connect())
    yield snapshot.connection


async def _for_reads(connection: AsyncConnection) -> AsyncConnection:
    return await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
