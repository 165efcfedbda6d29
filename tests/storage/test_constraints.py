"""Claims are checked behind a lock: who comes second waits for the first, and then sees what it wrote."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal.constraints import Claims
from domain.values import CycleId, EmployeeId
from storage.constraints import check
from tests.domain.builders import GOAL_ID, OWNER
from tests.storage.test_ledger import stored

OTHER = "2026-q4/e100/2"
CLAIMS = Claims(cycle=CycleId("2026-q4"), owner=OWNER)


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
    first, second = (CLAIMS.model_copy(update=claimed).model_dump() for claimed in (one, other))
    async with database.connect() as a, database.connect() as b:
        assert await check(a, OTHER, first) is None
        checking = asyncio.create_task(check(b, "2026-q4/e100/3", second))
        done, _ = await asyncio.wait([checking], timeout=0.5)
        assert bool(done) is not waits
        await a.commit()
        assert await checking is None
