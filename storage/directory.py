"""Queries of the directory: departments, people with their managers and reports, people who leave.

Each function reads only the people that it is asked for; `storage/people.py` reads the whole directory.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text, union
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people.leave import Leave
from domain.people.organisation import DIRECTORY_ZONE, Employee, Organisation
from domain.values import SILENT, EmployeeId
from storage.arrays import is_one_of
from storage.database import once_in_a_snapshot
from storage.departments import load_departments, names_meant
from storage.tables import EmployeeRow, PersonChangeRow

_LEAVES = TypeAdapter(list[Leave], config=SILENT)
_EMPLOYEES = TypeAdapter(list[Employee], config=SILENT)
_COLUMNS = tuple(getattr(EmployeeRow, field.name) for field in fields(Employee))

# The managers above a person. `path` stops the recursion in a circle of managers, which a valid directory does not contain.
_LINE = text("""
    WITH RECURSIVE line AS (
        SELECT e.manager_id AS id, 1 AS level, ARRAY[e.id] AS path FROM employee e WHERE e.id = :employee
        UNION ALL
        SELECT e.manager_id, line.level + 1, line.path || e.id FROM line JOIN employee e ON e.id = line.id
        WHERE line.id <> ALL(line.path)
    )
    SELECT id FROM line WHERE id <> ALL(path) ORDER BY level
""")

# UNION drops people who were found before: shared managers are read once, and a circle of managers ends.
_WITH_MANAGERS = text("""
    WITH RECURSIVE found AS (
        SELECT e.id, e.manager_id, e.deputy_id FROM employee e WHERE e.id = ANY(:people || ARRAY(
            SELECT unnest(one.evaluators) FROM employee one WHERE one.id = ANY(:people)
            UNION ALL
            SELECT person FROM employee one CROSS JOIN LATERAL jsonb_array_elements(one.posts) AS post
            CROSS JOIN LATERAL unnest(text_array(post -> 'evaluators') || ARRAY[post ->> 'manager_id']) AS person
            WHERE one.id = ANY(:people) AND one.posts <> '[]'
        ))
        UNION
        SELECT e.id, e.manager_id, e.deputy_id FROM found
        JOIN employee e ON e.id IN (found.manager_id, found.deputy_id)
    )
    SELECT id FROM found
""")
_HAS_POST_IN = text("""
    employee.posts <> '[]'
    AND EXISTS (SELECT FROM jsonb_array_elements(employee.posts) AS post WHERE post ->> 'department' = ANY(:names))
""")
_HAS_POST_WITH = text("""
    employee.posts <> '[]'
    AND EXISTS (SELECT FROM jsonb_array_elements(employee.posts) AS post WHERE post ->> 'title' = ANY(:titles))
""")
_WORKS_HERE = text("SELECT id FROM employee WHERE id = :id AND active AND (leaves IS NULL OR leaves >= :today)")
_NEIGHBOURS = 100  # ids before and after a mistyped one, among which similar ids are looked for
_PARTITION = 1_000  # rows that a stream reads at once


class Member(NamedTuple):
    """An active employee, their department, those of additional posts, and their company."""

    id: EmployeeId
    department: str
    posts: tuple[str, ...] = ()
    company: str | None = None


class DepartmentSize(NamedTuple):
    """A department with the numbers of its active people and of all its people, including those who left."""

    name: str
    active: int
    people: int


def works_today() -> ColumnElement[bool]:
    """The condition for people who are active today: somebody whose last day is over is not, whatever `active` says."""
    today = datetime.now(DIRECTORY_ZONE).date()
    return and_(EmployeeRow.active, or_(EmployeeRow.leaves.is_(None), EmployeeRow.leaves >= today))


@once_in_a_snapshot
async def works_here_today(connection: AsyncConnection, employee: str) -> bool:
    """Whether this person is in the directory and `works_today`. Asked by nearly every use case, so it is text."""
    today = datetime.now(DIRECTORY_ZONE).date()
    return await connection.scalar(_WORKS_HERE, {"id": employee, "today": today}) is not None


def has_post_in(names: Collection[str]) -> ColumnElement[bool]:
    """The condition for people who have an additional post in one of these departments."""
    return _HAS_POST_IN.bindparams(names=list(names))  # type: ignore[return-value]  # a text is a condition here


async def who_left(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Those of these people who do not work here today."""
    left = select(EmployeeRow.id).where(is_one_of(EmployeeRow.id, ids), ~works_today())
    return set(await connection.scalars(left))


async def department_sizes(connection: AsyncConnection) -> list[DepartmentSize]:
    """Every department, by name, including departments whose people have all left."""
    active = func.count().filter(works_today())
    query = select(EmployeeRow.department, active, func.count()).group_by(EmployeeRow.department)
    found = [DepartmentSize(*row) for row in await connection.execute(query)]
    return sorted(found)


async def people_of(connection: AsyncConnection, department: str) -> list[Employee]:
    """The people with a post in a department or below it, by id, including those who left."""
    names = await names_meant(connection, department)
    main = is_one_of(EmployeeRow.department, names)
    return await _employees(connection, _people().where(or_(main, has_post_in(names))))


async def people_of_company(connection: AsyncConnection, company: str) -> list[Employee]:
    """The people who work in a company or are seconded from it, by id, including those who left."""
    concerned = or_(EmployeeRow.company == company, EmployeeRow.seconded_from == company)
    return await _employees(connection, _people().where(concerned))


async def companies(connection: AsyncConnection) -> list[str]:
    """The companies in which active people work, by name."""
    query = select(EmployeeRow.company).where(EmployeeRow.company.is_not(None), works_today()).distinct()
    return [one for one in await connection.scalars(query.order_by(EmployeeRow.company)) if one]


async def employees(connection: AsyncConnection, ids: Collection[str]) -> list[Employee]:
    """These people, by id; ids that are not in the directory are left out."""
    return await _employees(connection, _people().where(is_one_of(EmployeeRow.id, ids)))


async def with_managers(
    connection: AsyncConnection, ids: Collection[str], titles: Collection[str] = (), *, heads: bool = False
) -> Organisation:
    """These people, their evaluators, who has one of the titles, and all managers and deputies of these, as they are today.

    With `heads`, also the heads of the departments of all their posts and of those above. Three queries, however many people; one more with titles,
    and one with heads.
    """
    today = datetime.now(DIRECTORY_ZONE).date()
    known = await load_departments(connection)
    if heads:
        names = await _departments_of(connection, ids)
        found = [one for name in names if (one := known.find(name))]
        ids = [*ids, *{up.head_id for one in found for up in known.upwards(one) if up.head_id}]
    if titles:
        held = or_(is_one_of(EmployeeRow.title, titles), _HAS_POST_WITH.bindparams(titles=list(titles)))
        holders = select(EmployeeRow.id).where(held, works_today())
        ids = [*ids, *await connection.scalars(holders)]
    return Organisation((one.as_of(today) for one in await _with_managers(connection, ids)), today, known)


async def _departments_of(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """The departments in which these people have a post."""
    rows = await connection.execute(
        select(EmployeeRow.department, EmployeeRow.posts).where(is_one_of(EmployeeRow.id, ids)).distinct()
    )
    return {name for main, posts in rows for name in (main, *(post["department"] for post in posts))}


async def active_people(
    connection: AsyncConnection, *, departments: Collection[str] = (), people: Collection[str] = ()
) -> list[Member]:
    """The active people who are in one of these departments or below one, or among these people; by id."""
    names = await names_meant(connection, *departments)
    chosen = or_(is_one_of(EmployeeRow.department, names), is_one_of(EmployeeRow.id, people))
    rows = await connection.execute(_members().where(chosen))
    return [_member(row) for row in rows]


async def stream_active_people(connection: AsyncConnection) -> AsyncIterator[Member]:
    """All active people, by id; the query reads a thousand rows at a time."""
    found = await connection.stream(_members())
    async for rows in found.partitions(_PARTITION):
        for row in rows:
            yield _member(row)


async def active_departments(connection: AsyncConnection) -> set[str]:
    """The departments that have an active employee."""
    return set(await connection.scalars(select(EmployeeRow.department).where(works_today()).distinct()))


async def ids_near(connection: AsyncConnection, employee: str) -> list[str]:
    """The ids just before and after this one in alphabetical order: candidates for what a mistyped id should have been."""
    before = select(EmployeeRow.id).where(EmployeeRow.id < employee).order_by(EmployeeRow.id.desc()).limit(_NEIGHBOURS)
    after = select(EmployeeRow.id).where(EmployeeRow.id >= employee).order_by(EmployeeRow.id).limit(_NEIGHBOURS)
    return [*await connection.scalars(before), *await connection.scalars(after)]


async def holder_of(connection: AsyncConnection, number: str) -> EmployeeId | None:
    """Who has this employee number, where it is not their id."""
    found = await connection.scalar(select(EmployeeRow.id).where(EmployeeRow.number == number))
    return EmployeeId(found) if found else None


async def last_days(connection: AsyncConnection, today: date) -> list[date]:
    """The days after which active people leave, go on leave or come back, in order and each once.

    Days of leave only from today on; last working days also from before, since these people are not processed yet.
    """
    rows = await connection.execute(
        select(EmployeeRow.leaves, EmployeeRow.away_from, EmployeeRow.away_until, EmployeeRow.further_leaves).where(
            EmployeeRow.active,
            or_(
                EmployeeRow.leaves.is_not(None),
                EmployeeRow.away_from > today,
                EmployeeRow.away_until >= today,
                EmployeeRow.further_leaves != [],
            ),
        )
    )
    days: set[date] = set()
    for leaves, away_from, away_until, further in rows:
        days |= {leaves} if leaves else set()
        spells = [(away_from, away_until), *((one.first, one.last) for one in _LEAVES.validate_python(further))]
        found = (day for first, last in spells for day in (first and first - timedelta(days=1), last))
        days |= {day for day in found if day and day >= today}
    return sorted(days)


async def leave_changes_after(connection: AsyncConnection, day: date) -> bool:
    """Whether an active person's leave begins on the day after `day`, or ended on `day`."""
    next_day, further = day + timedelta(days=1), EmployeeRow.further_leaves
    changes = or_(
        EmployeeRow.away_from == next_day,
        EmployeeRow.away_until == day,
        further.contains([{"first": next_day.isoformat()}]),
        further.contains([{"last": day.isoformat()}]),
    )
    return await connection.scalar(select(EmployeeRow.id).where(EmployeeRow.active, changes).limit(1)) is not None


async def leavers(connection: AsyncConnection, today: date) -> list[Employee]:
    """The people whose last day was before `today` and who are still marked as active; by id."""
    return await _employees(connection, _people().where(EmployeeRow.active, EmployeeRow.leaves < today))


async def with_reports_and_managers(connection: AsyncConnection, ids: Collection[str]) -> Organisation:
    """These people, their direct reports, and all managers above both: everybody who is affected when these people leave.

    `active` is as it is stored: people whose last day is over stay active until they are processed as leavers.
    """
    reports = select(EmployeeRow.id).where(is_one_of(EmployeeRow.manager_id, ids))
    return Organisation(await _with_managers(connection, [*ids, *await connection.scalars(reports)]))


async def distinct_names(connection: AsyncConnection) -> list[str]:
    """All names that are or were in the directory, each once; used to find names in a text."""
    former = select(PersonChangeRow.name).where(PersonChangeRow.name.is_not(None))
    return [one for one in await connection.scalars(union(select(EmployeeRow.name), former)) if one]


async def reports_of(connection: AsyncConnection, manager: str) -> list[Employee]:
    """The direct reports of a manager, by id, including those who left."""
    return await _employees(connection, _people().where(EmployeeRow.manager_id == manager))


async def manager_line_of(connection: AsyncConnection, employee: str) -> list[Employee]:
    """The managers above a person, nearest first, including those who left."""
    ids = list((await connection.execute(_LINE, {"employee": employee})).scalars())
    by_id = {str(one.id): one for one in await employees(connection, ids)}
    return [by_id[one] for one in ids if one in by_id]


async def has_reports(connection: AsyncConnection, employee: str) -> bool:
    """Whether an active employee reports to this person."""
    query = select(EmployeeRow.id).where(EmployeeRow.manager_id == employee, works_today()).limit(1)
    return await connection.scalar(query) is not None


async def _with_managers(connection: AsyncConnection, ids: Collection[str]) -> list[Employee]:
    found = (await connection.execute(_WITH_MANAGERS, {"people": list(ids)})).scalars()
    return await employees(connection, list(found))


def _members() -> Select[*tuple[Any, ...]]:
    columns = (EmployeeRow.id, EmployeeRow.department, EmployeeRow.posts, EmployeeRow.company)
    return select(*columns).where(works_today()).order_by(EmployeeRow.id)


def _member(row: Row[*tuple[Any, ...]]) -> Member:
    return Member(EmployeeId(row.id), row.department, tuple(post["department"] for post in row.posts), row.company)


def _people() -> Select[*tuple[object, ...]]:
    return select(*_COLUMNS).order_by(EmployeeRow.id)


async def _employees(connection: AsyncConnection, query: Select[*tuple[object, ...]]) -> list[Employee]:
    rows: Sequence[Row[*tuple[object, ...]]] = (await connection.execute(query)).all()
    return _EMPLOYEES.validate_python([dict(row._mapping) for row in rows])  # noqa: SLF001 - SQLAlchemy's public name for it
