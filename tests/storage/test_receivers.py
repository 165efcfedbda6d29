"""Receivers of events in the database: what the hook of the settings had queued before there were others, it still has."""

from datetime import UTC, datetime
from unittest.mock import patch

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from storage import hooks, receivers
from storage.database import open_database, read_transaction
from storage.migrate import require_current, upgrade
from tests.servers import Postgres

SINCE = datetime(2026, 10, 5, tzinfo=UTC)
_upgrade_to = command.upgrade


def _stop_before_receivers(config: Config, _: str) -> None:
    _upgrade_to(config, "0034")


async def test_the_hook_of_the_settings_goes_on_where_it_was_when_the_tables_change(postgres: Postgres) -> None:
    async with postgres.empty_database() as url:
        with patch.object(command, "upgrade", _stop_before_receivers):
            await upgrade(url)
        engine = open_database(url)
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO hook (name, since) VALUES ('events', :since)"), {"since": SINCE})
            await connection.execute(
                text(
                    "INSERT INTO hook_event (goal_id, seq, sent_at) VALUES ('a', 1, now()), ('a', 2, NULL), ('b', 1, NULL)"
                )
            )
        await upgrade(url)
        await require_current(engine)
        async with read_transaction(engine) as connection:
            found = await receivers.list_receivers(connection)
            left = await hooks.backlog(connection, receivers.OF_SETTINGS, SINCE)
            since = await connection.scalar(text("SELECT since FROM hook_receiver"))
            numbers = list(await connection.scalars(text("SELECT number FROM hook_event ORDER BY 1")))
        await engine.dispose()
    assert [(one.id, one.url, one.kinds, one.paused_at) for one in found] == [("settings", None, None, None)]
    assert (left, since) == (hooks.HookBacklog(waiting=2, ready=2), SINCE)
    assert len(set(numbers)) == 3
