"""Searching people, for a page of a list: by the beginning of their name, of its reading or of a number, and by department."""

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people.organisation import Employee
from storage.arrays import is_one_of
from storage.departments import names_meant
from storage.directory import employees, has_post_in, works_today
from storage.tables import EmployeeRow

_LAST = chr(0x10FFFF)  # comes after every character of a name


_NAMES = (EmployeeRow.begun, EmployeeRow.second_begun, EmployeeRow.kana_begun, EmployeeRow.second_kana_begun)


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

    `beginning` is that of a name (`name_begins_with`) or of an employee number. `department` includes those below it, and
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
    numbers = [
        _between(column, written)
        for written in spellings_of_number(beginning)
        for column in (EmployeeRow.id, EmployeeRow.number)
    ]
    return or_(name_begins_with(beginning), *numbers)


def name_begins_with(beginning: Any) -> ColumnElement[bool]:
    """The condition that the name or its reading begins so, or its second word does; `beginning` may be a parameter.

    Spaces, width, capital letters, and hiragana or katakana make no difference.
    """
    folded = func.folded_name(beginning)
    return or_(*(_between(column, folded) for column in _NAMES))


def spellings_of_number(written: str) -> list[str]:
    """An employee number as the directory may have it: in normal width, as typed, in small and in capital letters."""
    number = unicodedata.normalize("NFKC", written).strip()
    return sorted({number, number.lower(), number.upper()})


def _between(what: Any, beginning: Any) -> ColumnElement[bool]:
    """The condition that the text begins so, in the byte order of `text_pattern_ops`: with any parameter, its index serves it."""
    low, high = (
        (literal(beginning), literal(beginning + _LAST))
        if isinstance(beginning, str)
        else (beginning, func.concat(beginning, _LAST))
    )
    return what.op("~>=~", is_comparison=True)(low) & what.op("~<~", is_comparison=True)(high)  # type: ignore[no-any-return]  # a comparison of a column is a condition
