"""The version of the database schema: upgrade it to this code's version, and check that it is current.

There are no downgrades, since the ledger must never be destroyed. A faulty release is followed by one that corrects it.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import MeguriError
from domain.messages import message
from storage.database import NO_LIMITS, open_database

_MIGRATION_LOCK = 0x6D656775  # key of the advisory lock: of two concurrent `meguri migrate`, the second waits


class OtherSchema(MeguriError):
    """The database has no schema, or another version than this code needs."""

    def __init__(self, found: str | None, expected: str) -> None:
        if found is None:
            super().__init__("other_schema", message("error.no_schema", expected=expected))
        else:
            super().__init__("other_schema", message("error.other_schema", found=found, expected=expected))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def expected_version() -> str:
    """The revision of the newest migration, which this code's tables need."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("no migration found in storage/migrations/versions")
    return head


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(url: str, worker: str | None = None) -> None:
    """Upgrades the schema of the database at `url` to this code's version; does nothing if it is current.

    The role `worker` may then read and write every table, but owns none: it can neither drop a table nor switch off the
    trigger that keeps the ledger as it is.
    """
    engine = open_database(url, pool=1, limits=NO_LIMITS)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
            if worker:
                await connection.run_sync(_grant, worker)
    finally:
        await engine.dispose()


def _grant(connection: Connection, worker: str) -> None:
    role = connection.dialect.identifier_preparer.quote_identifier(worker)
    for right in (
        "USAGE ON SCHEMA public",
        "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",
        "USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public",
    ):
        connection.execute(text(f"GRANT {right} TO {role}"))
    connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}"))


async def require_current(engine: AsyncEngine) -> None:
    """Raises `OtherSchema` if the schema's version is not this code's."""
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    if found != expected_version():
        raise OtherSchema(found, expected_version())
