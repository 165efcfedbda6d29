"""Which goals people have to do with: conditions in SQL, and the goals of people who come back."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import RUNNING
from domain.values import EmployeeId, GoalId
from storage.arrays import array_of, is_one_of
from storage.goals import has_part
from storage.tables import CycleRow, GoalRow

# The goals whose last closing was because their owner left; an owner whom HR removed from the cycle stays removed.
_CLOSED_BY_LEAVING = text("""
    SELECT g.id FROM goal g
    JOIN cycle c ON c.id = g.cycle_id AND c.state = ANY(:running)
    JOIN participant p ON p.cycle_id = g.cycle_id AND p.employee_id = g.owner_id AND p.result <> 'removed'
    JOIN LATERAL (
        SELECT body FROM goal_event WHERE goal_id = g.id AND kind = 'closed' ORDER BY seq DESC LIMIT 1
    ) AS closing ON closing.body ->> 'removed' = 'true'
    WHERE g.owner_id = ANY(:owners) AND g.state = 'closed' ORDER BY g.id
""")


async def closed_by_leaving(connection: AsyncConnection, owners: Collection[EmployeeId]) -> list[GoalId]:
    """The goals of these people in running cycles that were closed because their owner left the company; by id."""
    if not owners:
        return []
    values = {"owners": list(owners), "running": [one.value for one in RUNNING]}
    return [GoalId(one) for one in await connection.scalars(_CLOSED_BY_LEAVING, values)]


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
