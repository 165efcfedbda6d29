"""What a manager's page shows of their direct reports: who they are, and their goals in running cycles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, DateTime, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import RUNNING
from domain.people.organisation import Employee
from storage.arrays import is_one_of
from storage.directory import employees, works_today
from storage.goal_list import LINE, GoalLine, line_of
from storage.tables import CycleRow, EmployeeRow, GoalRow


class ReportsGoals(NamedTuple):
    """Goals of one person: how many there are, how many of them are overdue, and the first of them by id."""

    goals: int
    late: int
    lines: list[GoalLine]


NO_GOALS = ReportsGoals(0, 0, [])


async def reports_page(connection: AsyncConnection, manager: str, *, after: str, limit: int) -> list[Employee]:
    """The direct reports who work here today, by id: at most `limit`, after the id `after`. Two queries."""
    query = (
        select(EmployeeRow.id)
        .where(EmployeeRow.manager_id == manager, EmployeeRow.id > after, works_today())
        .order_by(EmployeeRow.id)
        .limit(limit)
    )
    return await employees(connection, list(await connection.scalars(query)))


async def goals_of_each(
    connection: AsyncConnection, owners: Sequence[str], now: datetime, condition: ColumnElement[bool], *, most: int
) -> dict[str, ReportsGoals]:
    """By owner, the goals of running cycles that the condition lets through; at most `most` lines of each. One query."""
    found: dict[str, ReportsGoals] = {}
    for *columns, goals, late in await connection.execute(_goals_of(owners, condition, most), {"now": now}):
        line = line_of(columns)
        found.setdefault(line.owner_id, ReportsGoals(goals, late, [])).lines.append(line)
    return found


def _goals_of(owners: Sequence[str], condition: ColumnElement[bool], most: int) -> Select[*tuple[Any, ...]]:
    is_overdue = ~GoalRow.paused & (GoalRow.due_at < bindparam("now", type_=DateTime(timezone=True)))
    theirs = (
        select(
            GoalRow.id,
            func.count().over(partition_by=GoalRow.owner_id).label("goals"),
            func.count().filter(is_overdue).over(partition_by=GoalRow.owner_id).label("late"),
            func.row_number().over(partition_by=GoalRow.owner_id, order_by=GoalRow.id).label("place"),
        )
        .join(CycleRow, CycleRow.id == GoalRow.cycle_id)
        .where(is_one_of(GoalRow.owner_id, owners), CycleRow.state.in_(RUNNING), condition)
        .subquery("theirs")
    )
    lines = LINE.add_columns(theirs.c.goals, theirs.c.late).join(theirs, theirs.c.id == GoalRow.id)
    return lines.where(theirs.c.place <= most).order_by(GoalRow.owner_id, GoalRow.id)
