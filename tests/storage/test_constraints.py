"""Constraints are checked under a lock: a second check waits for the first recording, and then sees what it wrote."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal.constraints import Constraints
from domain.values import CycleId, EmployeeId
from storage.constraints import Conflict, check
from tests.domain.builders import GOAL_ID, OWNER
from tests.storage.steering import employ
from tests.storage.test_ledger import stored

OTHER = "2026-q4/e100/2"
WANTED = Constraints(cycle=CycleId("2026-q4"), owner=OWNER)


@pytest.mark.parametrize(
    ("one", "other", "waits"),
    [
        ({"weight": 10, "max_goals": 5}, {"weight": 10, "max_goals": 5}, True),
        ({"weight": 10, "max_goals": 5}, {"weight": 10, "max_goals": 5, "owner": EmployeeId("e200")}, False),
        ({"parent": GOAL_ID}, {"parent": GOAL_ID, "owner": EmployeeId("e200")}, True),
        ({"parent": GOAL_ID}, {"weight": 10, "max_goals": 5}, False),
    ],
    ids=["weights of one person", "weights of two", "parents in one cycle", "a parent and a weight"],
)
async def test_who_could_break_it_together_takes_turns_and_nobody_else_waits(
    database: AsyncEngine, one: dict[str, Any], other: dict[str, Any], waits: bool
) -> None:
    await stored(database)
    first, second = (WANTED.model_copy(update=wanted).model_dump() for wanted in (one, other))
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with asyncpg.create_pool(url, min_size=0, max_size=2) as pool, pool.acquire() as a, pool.acquire() as b:
        holding = a.transaction()
        await holding.start()
        assert await check(a, OTHER, first) is None
        checking = asyncio.create_task(_check_alone(b, second))
        done, _ = await asyncio.wait([checking], timeout=0.5)
        assert bool(done) is not waits
        await holding.commit()
        assert await checking is None


async def _check_alone(connection: asyncpg.Connection, wanted: dict[str, Any]) -> Conflict | None:
    async with connection.transaction():
        return await check(connection, "2026-q4/e100/3", wanted)


@pytest.mark.parametrize(
    ("judges", "owner", "refused"),
    [(("c",), "a", "c"), (("b",), "a", "b"), (("a", "b"), "a", "b"), (("a",), "c", None), (("x",), "a", None)],
)
async def test_nobody_who_reports_to_the_owner_decides_on_the_goal(
    database: AsyncEngine, judges: tuple[str, ...], owner: str, refused: str | None
) -> None:
    await employ(database, "a", "b", "c", "x")
    async with database.begin() as connection:
        await connection.execute(text("UPDATE employee SET manager_id = 'a' WHERE id = 'b'"))
        await connection.execute(text("UPDATE employee SET manager_id = 'b' WHERE id = 'c'"))
    claims = WANTED.model_copy(update={"judges": judges, "owner": owner}).model_dump()
    connection = await asyncpg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        found = await check(connection, OTHER, claims)
    finally:
        await connection.close()
    assert found == (Conflict("subordinate", {"actor": refused, "owner": owner}) if refused else None)


@pytest.mark.parametrize(
    ("claimed", "conflict"),
    [
        ({"named": ("a", "left")}, Conflict("unknown_contributor", {"contributor": ("left",)})),
        ({"named": ("nobody", "a")}, Conflict("unknown_contributor", {"contributor": ("nobody",)})),
        ({"named": ("a", "b")}, None),
        ({"deciders": ("c",), "contributors": ("x", "a")}, Conflict("subordinate", {"actor": "c", "owner": "a"})),
        ({"deciders": ("c",), "contributors": ("x",)}, None),
    ],
)
async def test_contributors_work_here_and_nobody_decides_on_the_goal_of_a_boss(
    database: AsyncEngine, claimed: dict[str, Any], conflict: Conflict | None
) -> None:
    await employ(database, "a", "b", "c", "x", "left")
    async with database.begin() as connection:
        await connection.execute(text("UPDATE employee SET manager_id = 'a' WHERE id = 'c'"))
        await connection.execute(text("UPDATE employee SET active = false WHERE id = 'left'"))
    claims = WANTED.model_copy(update={"contributors": claimed.get("named", ())} | claimed).model_dump()
    connection = await asyncpg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        assert await check(connection, OTHER, claims) == conflict
    finally:
        await connection.close()
