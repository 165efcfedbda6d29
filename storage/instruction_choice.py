"""Which goals an instruction concerns, as a query: to record them, or to look at them before it is given."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycle import State
from domain.lifecycles import RUNNING, ParticipantState
from storage.arrays import is_one_of
from storage.departments import names_meant
from storage.directory import works_today
from storage.tables import CycleRow, EmployeeRow, GoalRow, ParticipantRow


class ConcernedGoals(NamedTuple):
    """How many goals, and how many people have them."""

    goals: int
    people: int


async def concerned_goals(
    connection: AsyncConnection,
    *,
    cycle: str | None,
    departments: Sequence[str],
    people: Sequence[str],
    ended: Sequence[str] = (),
    only: ColumnElement[bool] | None = None,
) -> Select[str]:
    """The query of the ids of the open goals of these departments, of those below them, and of these people; of everybody if both
    are empty.

    With `ended`, they are instead the closed goals with one of these outcomes, of active employees; a goal of a person who was
    removed from the cycle is chosen only if the person is in `people`. `only` is a further condition. Without `cycle`, the goals
    are those of every open cycle.
    """
    chosen = select(GoalRow.id)
    if ended:
        chosen = (
            chosen.join(EmployeeRow, EmployeeRow.id == GoalRow.owner_id)
            .join(
                ParticipantRow,
                (ParticipantRow.cycle_id == GoalRow.cycle_id) & (ParticipantRow.employee_id == GoalRow.owner_id),
            )
            .where(GoalRow.state == State.CLOSED, is_one_of(GoalRow.outcome, ended), works_today())
            .where((ParticipantRow.result != ParticipantState.REMOVED) | is_one_of(GoalRow.owner_id, people))
        )
    else:
        chosen = chosen.where(GoalRow.state != State.CLOSED)
    if cycle is None:
        chosen = chosen.join(CycleRow, CycleRow.id == GoalRow.cycle_id).where(CycleRow.state.in_(RUNNING))
    else:
        chosen = chosen.where(GoalRow.cycle_id == cycle)
    if departments or people:
        names = await names_meant(connection, *departments)
        chosen = chosen.where(is_one_of(GoalRow.department, names) | is_one_of(GoalRow.owner_id, people))
    return chosen if only is None else chosen.where(only)


async def count_concerned(connection: AsyncConnection, concerned: Select[str]) -> ConcernedGoals:
    query = concerned.with_only_columns(func.count(), func.count(GoalRow.owner_id.distinct()))
    return ConcernedGoals(*(await connection.execute(query)).one())


async def latest_due(connection: AsyncConnection, concerned: Select[str], task: str | None) -> datetime | None:
    """The latest moment at which an open task of these goals is due; `task`: of tasks of this kind. None where there is none."""
    query = concerned.with_only_columns(func.max(GoalRow.due_at))
    found: datetime | None = await connection.scalar(query if task is None else query.where(GoalRow.task == task))
    return found


async def first_concerned(connection: AsyncConnection, concerned: Select[str], after: str, limit: int) -> list[str]:
    """The ids of the next goals after `after`, in order."""
    return list(await connection.scalars(concerned.where(GoalRow.id > after).order_by(GoalRow.id).limit(limit)))
