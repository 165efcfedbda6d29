"""Looking people up: the departments with their sizes, one department, one person with their managers and reports."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, Text, any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people.organisation import Employee
from storage.tables import EmployeeRow

_EMPLOYEES = TypeAdapter(list[Employee])
_COLUMNS = (
    EmployeeRow.id, EmployeeRow.name, EmployeeRow.mail, EmployeeRow.department, EmployeeRow.title,
    EmployeeRow.manager_id, EmployeeRow.locale, EmployeeRow.active, EmployeeRow.site, EmployeeRow.leaves,
)  # fmt: skip

# A line of managers ends at the top. `path` ends it where somebody comes a second time, which a sound directory has not.
_LINE = text("""
    WITH RECURSIVE line AS (
        SELECT e.manager_id AS id, 1 AS level, ARRAY[e.id] AS path FROM employee e WHERE e.id = :employee
        UNION ALL
        SELECT e.manager_id, line.level + 1, line.path || e.id FROM line JOIN employee e ON e.id = line.id
        WHERE line.id <> ALL(line.path)
    )
    SELECT id FROM line WHERE id <> ALL(path) ORDER BY level
""")


class DepartmentSize(NamedTuple):
    """A department, how many work there now, and how many did at any time."""

    name: str
    active: int
    people: int


async def department_sizes(connection: AsyncConnection) -> list[DepartmentSize]:
    """Every department, by name; those whose people have all left too."""
    active = func.count().filter(EmployeeRow.active)
    query = select(EmployeeRow.department, active, func.count()).group_by(EmployeeRow.department)
    found = [DepartmentSize(*row) for row in await connection.execute(query)]
    return sorted(found)


async def people_of(connection: AsyncConnection, department: str) -> list[Employee]:
    """The people of a department, by id, including those who left."""
    return await _employees(connection, _people().where(EmployeeRow.department == department))


async def employees(connection: AsyncConnection, ids: Collection[str]) -> list[Employee]:
    """These people, by id; ids that are not in the directory are left out."""
    wanted = any_(literal(list(ids), ARRAY(Text)))  # an array: any number of ids is one parameter
    return await _employees(connection, _people().where(EmployeeRow.id == wanted))


async def reports_of(connection: AsyncConnection, manager: str) -> list[Employee]:
    """The people whose manager this is, by id, including those who left."""
    return await _employees(connection, _people().where(EmployeeRow.manager_id == manager))


async def manager_line_of(connection: AsyncConnection, employee: str) -> list[Employee]:
    """The managers above, nearest first, including those who left."""
    ids = list((await connection.execute(_LINE, {"employee": employee})).scalars())
    by_id = {str(one.id): one for one in await employees(connection, ids)}
    return [by_id[one] for one in ids if one in by_id]


async def leads_somebody(connection: AsyncConnection, employee: str) -> bool:
    """Whether somebody who works here reports to this person."""
    query = select(EmployeeRow.id).where(EmployeeRow.manager_id == employee, EmployeeRow.active).limit(1)
    return await connection.scalar(query) is not None


def _people() -> Select[*tuple[object, ...]]:
    return select(*_COLUMNS).order_by(EmployeeRow.id)


async def _employees(connection: AsyncConnection, query: Select[*tuple[object, ...]]) -> list[Employee]:
    rows: Sequence[Row[*tuple[object, ...]]] = (await connection.execute(query)).all()
    return _EMPLOYEES.validate_python([dict(row._mapping) for row in rows])  # noqa: SLF001 - SQLAlchemy's public name for it
