"""How a process reaches PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def open_database(url: str, *, pool: int = 10) -> AsyncEngine:
    """An engine for `postgresql://…`; connections are made at first use, at most `pool` of them."""
    return create_async_engine(
        url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+asyncpg://", 1),
        hide_parameters=True,  # an SQL error must not carry names into a log
        pool_size=pool,
        pool_pre_ping=True,  # a server that came back is noticed before a statement is lost on a dead connection
        max_overflow=0,
    )
