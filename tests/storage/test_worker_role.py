"""The role of the workers where another role owns the tables: it does its work, and cannot touch what keeps the ledger."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from storage.database import open_database
from storage.migrate import require_current, upgrade
from tests.servers import Postgres

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def worker_url(postgres: Postgres) -> AsyncIterator[str]:
    """The URL of a worker whose database belongs to another role, as docker-compose.yml sets it up."""
    async with postgres.empty_database() as url:
        database = make_url(url).database
        for statement in (
            "CREATE ROLE the_owner LOGIN PASSWORD 'o'",
            "CREATE ROLE the_worker LOGIN PASSWORD 'w'",
            f"ALTER DATABASE {database} OWNER TO the_owner",
        ):
            await postgres.execute(statement)

        def by(role: str, password: str) -> str:
            changed = make_url(url).set(username=role, password=password)
            return changed.render_as_string(hide_password=False)

        await upgrade(by("the_owner", "o"), "the_worker")
        await upgrade(by("the_owner", "o"), "the_worker")  # again, as with every start
        yield by("the_worker", "w")
    await postgres.execute("DROP ROLE the_worker")
    await postgres.execute("DROP ROLE the_owner")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE goal_event DISABLE TRIGGER ALL",
        "DROP TABLE goal_event",
        "TRUNCATE goal_event",
        "DROP FUNCTION erase_texts",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0'",
        "CREATE TABLE x (a int)",
        "ALTER TABLE goal_event ADD COLUMN x int",
    ],
)
async def test_a_worker_cannot_change_what_keeps_the_ledger(worker_url: str, statement: str) -> None:
    session = await asyncpg.connect(worker_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.execute(statement)
    finally:
        await session.close()


async def test_a_worker_reads_and_writes_every_table(worker_url: str) -> None:
    engine = open_database(worker_url)
    await require_current(engine)
    await engine.dispose()
    session = await asyncpg.connect(worker_url)
    try:
        tables = await session.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        assert len(tables) > 10
        for (table,) in tables:
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                assert await session.fetchval("SELECT has_table_privilege($1, $2)", table, right), (table, right)
    finally:
        await session.close()
