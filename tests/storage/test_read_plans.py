"""Lists and pages in a company of 20,000 goals: how many queries each takes, and that none of them scans a large table."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import goals_concerned, hearing
from storage.database import open_database, read_transaction
from storage.tables import GoalRow, OutboxRow
from tests.bench.dataset import Size, fill
from tests.bench.read_cases import CASES, Case, Company
from tests.servers import Postgres

SIZE = Size(goals=20_000, people=5_000, entries=120_000)
LARGE = {"goal", "goal_event", "employee", "participant", "outbox"}


class Statement(NamedTuple):
    """A statement with its parameters, as the driver got it."""

    text: str
    parameters: Any


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    """A filled database, shared by all tests of this file."""
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        await fill(engine, SIZE)
        yield engine
        await engine.dispose()


@contextmanager
def recorded(engine: AsyncEngine) -> Iterator[list[Statement]]:
    """The statements that are executed in the block."""
    statements: list[Statement] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append(Statement(statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def _plan(connection: AsyncConnection, statement: Statement) -> dict[str, Any]:
    found = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.text}", statement.parameters)
    plan = found.scalar_one()
    return dict((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    """The tables that the plan scans sequentially."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for below in plan.get("Plans", ()):
        yield from _scanned(below)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_page_takes_a_bounded_number_of_queries_and_scans_no_large_table(
    company: AsyncEngine, case: Case
) -> None:
    async with read_transaction(company) as connection:
        with recorded(company) as statements:
            assert await case.read(connection, Company(SIZE), 5) is not None
        assert 0 < len(statements) <= case.queries
        for statement in statements:
            assert not LARGE.intersection(_scanned(await _plan(connection, statement))), statement.text


async def _goals_of_a_delegation(connection: AsyncConnection, of: Company) -> None:
    condition = await goals_concerned.concerns(connection, of.manager(5))
    await connection.execute(select(GoalRow.id).where(GoalRow.state != "closed", condition))


async def _goals_of_a_reassignment(connection: AsyncConnection, of: Company) -> None:
    condition = goals_concerned.waits_for(of.manager(5))
    await connection.execute(select(GoalRow.id).where(GoalRow.state != "closed", condition))


async def _notices_of_a_message(connection: AsyncConnection, _: Company) -> None:
    await connection.execute(select(OutboxRow.id).where(OutboxRow.message_id == "some"))


@pytest.mark.parametrize(
    "read",
    [_goals_of_a_delegation, _goals_of_a_reassignment, _notices_of_a_message],
    ids=lambda read: read.__name__.strip("_"),
)
async def test_what_concerns_a_few_people_scans_no_large_table(
    company: AsyncEngine, read: Callable[[AsyncConnection, Company], Awaitable[None]]
) -> None:
    async with read_transaction(company) as connection:
        with recorded(company) as statements:
            await read(connection, Company(SIZE))
        for statement in statements:
            assert not LARGE.intersection(_scanned(await _plan(connection, statement))), statement.text


def _parts_for_each_row(plan: dict[str, Any]) -> Iterator[str]:
    """The parts of the plan that PostgreSQL carries out for each row of another part."""
    if plan.get("Parent Relationship") == "SubPlan":
        yield plan["Node Type"]
    for below in plan.get("Plans", ()):
        yield from _parts_for_each_row(below)


@pytest.mark.parametrize("unanswered", [False, True])
async def test_the_answers_to_heard_problems_are_counted_once_and_not_for_each_problem(
    company: AsyncEngine, unanswered: bool
) -> None:
    async with read_transaction(company) as connection:
        with recorded(company) as statements:
            await hearing.find_all(connection, Company(SIZE).cycle, unanswered=unanswered)
        (statement,) = statements
        assert list(_parts_for_each_row(await _plan(connection, statement))) == []


async def test_a_scan_of_a_large_table_would_be_found(company: AsyncEngine) -> None:
    async with read_transaction(company) as connection:
        plan = await _plan(connection, Statement("SELECT * FROM goal WHERE score > 1", ()))
    assert list(_scanned(plan)) == ["goal"]
