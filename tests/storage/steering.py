"""Rows for tests of instructions: a few people, cycles and goals, written directly."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.cycles import Participant, create_cycle
from storage.tables import CycleRow, EmployeeRow, GoalRow
from tests.domain.builders import POLICY

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)


async def employ(engine: AsyncEngine, *people: str, left: Sequence[str] = ()) -> None:
    rows = [{"id": one, "name": one, "department": "経理", "active": one not in left} for one in people]
    async with engine.begin() as connection:
        await connection.execute(insert(EmployeeRow), rows)


async def open_cycle(
    engine: AsyncEngine, cycle: str, *people: str, state: str = "open", sites: Mapping[str, str] | None = None
) -> None:
    """A cycle of these people; `sites` are the time zones of its sites."""
    calendars = {site: POLICY.calendar.model_copy(update={"timezone": zone}) for site, zone in (sites or {}).items()}
    row = {
        "id": cycle,
        "name": cycle,
        "file": {},
        "policy": POLICY.model_copy(update={"sites": calendars}).model_dump(mode="json"),
        "launched_by": "h",
        "launched_at": NOW,
    }
    async with engine.begin() as connection:
        assert await create_cycle(connection, row, [Participant(one, "経理", slot) for slot, one in enumerate(people)])
        await connection.execute(update(CycleRow).where(CycleRow.id == cycle).values(state=state))


async def goal(engine: AsyncEngine, cycle: str, owner: str, **said: Any) -> str:
    """A draft of the owner; `said` are columns with other values."""
    row = {
        "id": f"{cycle}/{owner}/1",
        "cycle_id": cycle,
        "owner_id": owner,
        "department": "経理",
        "state": "draft",
        "revision": 1,
        "task": "draft",
        "assignees": [owner],
        "due_at": NOW,
        "score": Decimal(0),
        "seq": 1,
        "head": "-",
        "aggregate": {},
        "updated_at": NOW,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(GoalRow).values(row | said))
    return str(row["id"])
