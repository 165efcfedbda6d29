"""The goals of an earlier cycle that a launch can take over."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Numeric, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycle import State
from storage.arrays import is_one_of
from storage.tables import GoalRow

_ATTAINED = func.coalesce(cast(GoalRow.aggregate["attained"].astext, Numeric), 0)


async def settled_goals(
    connection: AsyncConnection, cycle: str, owners: Sequence[str] | None = None
) -> list[tuple[str, str, Decimal, str]]:
    """Id, owner, confirmed share and department of the goals that were worked on until the cycle ended, by id; with `owners`, of these."""
    query = select(GoalRow.id, GoalRow.owner_id, _ATTAINED, GoalRow.department).where(
        GoalRow.cycle_id == cycle, GoalRow.state == State.CLOSED, GoalRow.outcome == "settled"
    )
    if owners is not None:
        query = query.where(is_one_of(GoalRow.owner_id, owners))
    return [(row[0], row[1], row[2], row[3]) for row in await connection.execute(query.order_by(GoalRow.id))]


async def open_goal_count(connection: AsyncConnection, cycle: str) -> int:
    """How many goals of the cycle are not closed."""
    query = select(func.count()).where(GoalRow.cycle_id == cycle, GoalRow.state != State.CLOSED)
    return await connection.scalar(query) or 0
