"""The schema's version: bring it up to this code's, and see whether it is.

There is no way down: the ledger is never taken apart. A release that must be undone is followed by one that mends it.
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
from storage.database import open_database

_ONE_AT_A_TIME = 0x6D656775  # key of the advisory lock: two `meguri migrate` at once take turns


class OtherSchema(MeguriError):
    """The database holds another schema than this code was written for."""

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
    """The revision that this code's tables belong to."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("no migration found in storage/migrations/versions")
    return head


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def upgrade(url: str) -> None:
    """Brings the schema at `url` to this code's version; does nothing where it is already."""
    engine = open_database(url, pool=1)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def require_current(engine: AsyncEngine) -> None:
    """Raises `OtherSchema` unless the database's version is this code's."""
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    if found != expected_version():
        raise OtherSchema(found, expected_version())
