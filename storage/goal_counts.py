"""How many goals of a cycle are in which state, wait for what, and are paused: what an instruction to everybody concerns."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycle import State
from storage.tables import GoalRow


class OpenGoals(NamedTuple):
    """Goals that are not closed, in one state, with one kind of open task (None: no task), paused or not."""

    state: str
    task: str | None
    is_paused: bool
    goals: int
    people: int  # owners; one person may be in several groups


async def count_open(connection: AsyncConnection, cycle: str) -> list[OpenGoals]:
    """The goals of the cycle that are not closed, in groups. One query that reads each of them once."""
    paused = GoalRow.aggregate["paused_on"].astext.is_not(None)
    columns = (GoalRow.state, GoalRow.task, paused)
    query = select(*columns, func.count(), func.count(GoalRow.owner_id.distinct())).where(
        GoalRow.cycle_id == cycle, GoalRow.state != State.CLOSED
    )
    rows = await connection.execute(query.group_by(*columns).order_by(*columns))
    return [OpenGoals(*row) for row in rows]


async def count_owners(connection: AsyncConnection, cycle: str) -> int:
    """The number of people who have a goal in the cycle that is not closed."""
    query = select(func.count(GoalRow.owner_id.distinct())).where(
        GoalRow.cycle_id == cycle, GoalRow.state != State.CLOSED
    )
    return await connection.scalar(query) or 0
