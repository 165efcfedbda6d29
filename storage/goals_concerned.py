"""Which goals one person has to do with, as conditions in SQL."""

from sqlalchemy import ColumnElement, literal, select

from storage.arrays import array_of
from storage.goals import has_part
from storage.tables import CycleRow, GoalRow


def waits_for(person: str) -> ColumnElement[bool]:
    """The condition that the goal's open task waits for the person."""
    found: ColumnElement[bool] = GoalRow.task.is_not(None) & GoalRow.assignees.overlap(array_of([person]))
    return found


def concerns(person: str) -> ColumnElement[bool]:
    """The condition that the person is owner, manager, assignee or HR of the goal.

    HR is meant by the goal's own rules; without own rules, by those that the cycle was launched with.
    """
    cycles = select(CycleRow.id).where(CycleRow.policy["hr"].bool_op("?")(literal(person)))
    own: ColumnElement[bool] = GoalRow.own_hr.overlap(array_of([person]))
    return has_part([person]) | own | (GoalRow.policy.is_(None) & GoalRow.cycle_id.in_(cycles))
