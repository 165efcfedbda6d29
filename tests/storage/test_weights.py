"""Weights with decimals in PostgreSQL: sums are exact, and a database from before they came keeps its goals and totals."""

from collections.abc import Callable
from decimal import Decimal

from alembic import command
from sqlalchemy import Connection, text

from storage import migrate
from storage.database import open_database
from tests.servers import Postgres

_GOALS = """
INSERT INTO employee (id, name, department) VALUES ('E1', 'E1', 'D');
INSERT INTO cycle (id, name, file, policy, launched_by, launched_at) VALUES ('c', 'c', '{}', '{}', 'E1', '2026-11-24T00:00:00Z');
INSERT INTO goal (id, cycle_id, owner_id, department, state, revision, assignees, score, seq, head, aggregate, progress, updated_at)
SELECT 'c/E1/' || n, 'c', 'E1', 'D', 'active', 1, '{}', 0, 1, 'h', '{"content": {"weight": 30, "parent": "t"}}', 0.5, '2026-11-24T00:00:00Z'
FROM generate_series(1, 3) AS n
"""
_SUMS = "SELECT sum(goals), sum(weight), sum(weighted) FROM goal_sum WHERE parent = 't'"
_TAKEN = "SELECT goals, weight FROM lock_and_weigh('E1', 'c')"


def up_to(revision: str) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    return work


async def test_goals_with_whole_weights_keep_their_totals_and_can_get_decimals(postgres: Postgres) -> None:
    async with postgres.empty_database() as url:
        engine = open_database(url)
        async with engine.begin() as connection:
            await connection.run_sync(up_to("0019"))
            for statement in _GOALS.split(";"):
                await connection.exec_driver_sql(statement)
        await migrate.upgrade(url)
        async with engine.begin() as connection:
            assert (await connection.execute(text(_SUMS))).one() == (3, 90, 45)
            assert (await connection.execute(text(_TAKEN))).one() == (3, 90)
            for n, weight in ((1, "33.3"), (2, "33.33")):
                content = f'{{"content": {{"weight": "{weight}", "parent": "t"}}}}'
                await connection.execute(
                    text("UPDATE goal SET aggregate = CAST(:content AS jsonb) WHERE id = :goal"),
                    {"content": content, "goal": f"c/E1/{n}"},
                )
            assert (await connection.execute(text(_TAKEN))).one() == (3, Decimal("96.63"))
            assert (await connection.execute(text(_SUMS))).one() == (3, Decimal("96.63"), Decimal("48.315"))
        await engine.dispose()
