"""Searching people, for a page of a list: by the beginning of their name or number, and by department."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people.organisation import Employee
from storage.arrays import is_one_of
from storage.departments import names_meant
from storage.directory import employees, has_post_in, works_today
from storage.tables import EmployeeRow

_LAST = chr(0x10FFFF)  # comes after every character of a name


def _as_in_index(name: Any) -> ColumnElement[Any]:
    """The name as the index `employee_by_name_begun` has it: without spaces, in small letters."""
    found: ColumnElement[Any] = func.lower(func.translate(name, text("' \u3000'"), text("''")))
    return found


_NAME = _as_in_index(EmployeeRow.name)


async def find_people(
    connection: AsyncConnection,
    *,
    beginning: str = "",
    department: str | None = None,
    with_leavers: bool = False,
    after: str = "",
    limit: int = 50,
) -> list[Employee]:
    """The next `limit` people after the id `after`, by id. At most three queries.

    `beginning` is that of a name, with or without spaces, or of an employee number. `department` includes those below it, and
    additional posts.
    """
    query = select(EmployeeRow.id).where(EmployeeRow.id > after).order_by(EmployeeRow.id).limit(limit)
    if beginning:
        query = query.where(_begins_with(beginning))
    if department is not None:
        names = await names_meant(connection, department)
        query = query.where(or_(is_one_of(EmployeeRow.department, names), has_post_in(names)))
    if not with_leavers:
        query = query.where(works_today())
    return await employees(connection, list(await connection.scalars(query)))


def _begins_with(beginning: str) -> ColumnElement[bool]:
    number = beginning.strip()
    return or_(name_begins_with(beginning), _between(EmployeeRow.id, number), _between(EmployeeRow.number, number))


def name_begins_with(beginning: Any) -> ColumnElement[bool]:
    """The condition that the name begins so, which may be a parameter; spaces and capital letters make no difference."""
    return _between(_NAME, _as_in_index(beginning))


def _between(what: Any, beginning: Any) -> ColumnElement[bool]:
    """The condition that the text begins so, in the byte order of `text_pattern_ops`: with any parameter, its index serves it."""
    low, high = (
        (literal(beginning), literal(beginning + _LAST))
        if isinstance(beginning, str)
        else (beginning, func.concat(beginning, _LAST))
    )
    return what.op("~>=~", is_comparison=True)(low) & what.op("~<~", is_comparison=True)(high)  # type: ignore[no-any-return]  # a comparison of a column is a condition
