"""Which goals one person has to do with, as conditions in SQL."""

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.arrays import array_of, is_one_of
from storage.goals import has_part
from storage.tables import CycleRow, GoalRow


def waits_for(person: str) -> ColumnElement[bool]:
    """The condition that the goal's open task waits for the person."""
    found: ColumnElement[bool] = GoalRow.task.is_not(None) & GoalRow.assignees.overlap(array_of([person]))
    return found


async def concerns(connection: AsyncConnection, person: str) -> ColumnElement[bool]:
    """The condition that the person is owner, manager, assignee or HR of the goal. Each part of it has an index.

    HR is meant by the goal's own rules; without own rules, by those that the cycle was launched with.
    """
    query = select(CycleRow.id).where(CycleRow.policy["hr"].bool_op("?")(literal(person)))
    cycles = list(await connection.scalars(query))
    own: ColumnElement[bool] = (GoalRow.own_hr != array_of([])) & GoalRow.own_hr.overlap(array_of([person]))
    condition = has_part([person]) | own
    return condition | (is_one_of(GoalRow.cycle_id, cycles) & GoalRow.policy.is_(None)) if cycles else condition
