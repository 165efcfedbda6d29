"""What one person's page shows: who they are, their goals, what waits for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.goal_list import LINE, GoalLine
from storage.inbox import count_waiting
from storage.tables import EmployeeRow, GoalRow


class Person(NamedTuple):
    """An employee with their manager's name, and how many active people report to them."""

    id: str
    name: str
    department: str
    title: str | None
    active: bool
    manager_id: str | None
    manager: str | None
    reports: int


class PersonPage(NamedTuple):
    person: Person
    goals: list[GoalLine]  # of the newest cycles first
    waiting: int  # goals in their inbox


async def person_page(
    connection: AsyncConnection, employee: str, now: datetime, *, goals: int = 20
) -> PersonPage | None:
    """The page of a person with the newest `goals` goals; none for an unknown person. Four queries."""
    person = await _person(connection, employee)
    if person is None:
        return None
    lines = await newest_goals(connection, employee, limit=goals)
    return PersonPage(person, lines, await count_waiting(connection, employee, now))


async def newest_goals(
    connection: AsyncConnection, employee: str, *, limit: int = 20, condition: ColumnElement[bool] | None = None
) -> list[GoalLine]:
    """The person's goals, of the newest cycles first; with a `condition` on `GoalRow`, those that it lets through. One query."""
    query = _NEWEST if condition is None else _NEWEST.where(condition)
    rows = await connection.execute(query, {"employee": employee, "limit": limit})
    return [_line(row) for row in rows]


def _query_of_person() -> Select[*tuple[Any, ...]]:
    manager, report = aliased(EmployeeRow), aliased(EmployeeRow)
    reports = select(func.count()).where(report.manager_id == EmployeeRow.id, report.active).scalar_subquery()
    return (
        select(
            EmployeeRow.id, EmployeeRow.name, EmployeeRow.department, EmployeeRow.title, EmployeeRow.active,
            EmployeeRow.manager_id, manager.name, reports,
        )
        .outerjoin(manager, manager.id == EmployeeRow.manager_id)
        .where(EmployeeRow.id == bindparam("employee", type_=Text))
    )  # fmt: skip


# Made once: making a query takes longer than PostgreSQL takes to answer it.
_PERSON = _query_of_person()
_NEWEST = (
    LINE.where(GoalRow.owner_id == bindparam("employee", type_=Text))
    .order_by(GoalRow.cycle_id.desc(), GoalRow.id)
    .limit(bindparam("limit", type_=Integer))
)


async def _person(connection: AsyncConnection, employee: str) -> Person | None:
    found = (await connection.execute(_PERSON, {"employee": employee})).one_or_none()
    return Person(*found) if found else None


def _line(columns: Sequence[Any]) -> GoalLine:
    return GoalLine(*columns)
