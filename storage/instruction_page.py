"""The results of an instruction, page by page, each with its goal."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycle import EventKind
from storage.instructions import command_of
from storage.tables import GoalEventRow, GoalRow, InstructionGoalRow


class ResultLine(NamedTuple):
    """The result at one goal. `owner_id` and `theme` are None where the goal was never made.

    `before` and `due` are the dates of an extension by the instruction, as the ledger has them; `site`: where the open task is.
    """

    goal_id: str
    result: str
    code: str | None
    detail: dict[str, Any] | None
    owner_id: str | None
    theme: str | None
    before: date | None = None
    due: date | None = None
    site: str | None = None


async def results_after(
    connection: AsyncConnection, instruction: str, *, result: str | None, after: str, limit: int
) -> list[ResultLine]:
    """The next results by the goal's id after the id `after`; `result`: only those."""
    query = (
        select(
            InstructionGoalRow.goal_id, InstructionGoalRow.result, InstructionGoalRow.code, InstructionGoalRow.detail,
            GoalRow.owner_id, GoalRow.theme, GoalEventRow.body["before"].astext, GoalEventRow.body["due"].astext,
            GoalRow.aggregate["task"]["site"].astext,
        )
        .outerjoin(GoalRow, GoalRow.id == InstructionGoalRow.goal_id)
        .outerjoin(
            GoalEventRow,
            (GoalEventRow.goal_id == InstructionGoalRow.goal_id)
            & (GoalEventRow.command_id == command_of(instruction))
            & (GoalEventRow.kind == EventKind.EXTENDED),
        )
        .where(InstructionGoalRow.instruction_id == instruction, InstructionGoalRow.goal_id > after)
        .order_by(InstructionGoalRow.goal_id)
        .limit(limit)
    )  # fmt: skip
    if result is not None:
        query = query.where(InstructionGoalRow.result == result)
    return [ResultLine._make((*row[:6], _day(row[6]), _day(row[7]), row[8])) for row in await connection.execute(query)]


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None
