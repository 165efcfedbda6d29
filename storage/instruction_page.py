"""The results of an instruction, page by page, each with its goal."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import GoalRow, InstructionGoalRow


class ResultLine(NamedTuple):
    """The result at one goal. `owner_id` and `theme` are None where the goal was never made."""

    goal_id: str
    result: str
    code: str | None
    detail: dict[str, Any] | None
    owner_id: str | None
    theme: str | None


async def results_after(
    connection: AsyncConnection, instruction: str, *, result: str | None, after: str, limit: int
) -> list[ResultLine]:
    """The next results by the goal's id after the id `after`; `result`: only those."""
    query = (
        select(
            InstructionGoalRow.goal_id, InstructionGoalRow.result, InstructionGoalRow.code, InstructionGoalRow.detail,
            GoalRow.owner_id, GoalRow.theme,
        )
        .outerjoin(GoalRow, GoalRow.id == InstructionGoalRow.goal_id)
        .where(InstructionGoalRow.instruction_id == instruction, InstructionGoalRow.goal_id > after)
        .order_by(InstructionGoalRow.goal_id)
        .limit(limit)
    )  # fmt: skip
    if result is not None:
        query = query.where(InstructionGoalRow.result == result)
    return [ResultLine(*row) for row in await connection.execute(query)]
