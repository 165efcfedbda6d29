"""Departments as records (domain/people/departments.py). The directory makes one for every new name by itself."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.people.departments import Department, DepartmentChange, Departments
from domain.values import SILENT
from storage import journal
from storage.arrays import is_one_of
from storage.tables import DepartmentNameRow, DepartmentRow

_DEPARTMENTS = TypeAdapter(list[Department], config=SILENT)
_RECORDS = text("""
    SELECT d.id, d.name, d.parent_id, d.head_id, ARRAY(
        SELECT n.name FROM department_name n WHERE n.department_id = d.id AND n.until IS NOT NULL AND n.name <> d.name
        GROUP BY n.name ORDER BY max(n.until), n.name
    ) AS former
    FROM department d ORDER BY d.id
""")
# The id of a new department is its name, unless a department that was renamed has this id.
_MAKE = text("""
    WITH made AS (
        INSERT INTO department (id, name)
        SELECT CASE WHEN EXISTS (SELECT FROM department d WHERE d.id = i.name) THEN gen_random_uuid()::text ELSE i.name END, i.name
        FROM (SELECT DISTINCT department AS name FROM incoming_employee) i
        WHERE NOT EXISTS (SELECT FROM department d WHERE d.name = i.name)
        RETURNING id, name
    )
    INSERT INTO department_name (department_id, name) SELECT id, name FROM made
""")
_END_NAMES = text("""
    UPDATE department_name n SET until = now() FROM department d
    WHERE d.id = n.department_id AND n.until IS NULL AND n.name <> d.name
""")
_BEGIN_NAMES = text("""
    INSERT INTO department_name (department_id, name)
    SELECT d.id, d.name FROM department d WHERE NOT EXISTS (
        SELECT FROM department_name n WHERE n.department_id = d.id AND n.name = d.name AND n.until IS NULL)
""")


async def load_departments(connection: AsyncConnection) -> Departments:
    """All departments, by id. One query."""
    rows = (await connection.execute(_RECORDS)).mappings()
    return Departments(_DEPARTMENTS.validate_python([dict(row) for row in rows]))


async def make_missing(connection: AsyncConnection) -> None:
    """Makes a record for each department of `incoming_employee` whose name no record has."""
    await connection.execute(_MAKE)


async def apply_change(
    connection: AsyncConnection, change: DepartmentChange, actor: str, facts: dict[str, Any] | None = None
) -> None:
    """Writes the records that differ, ends those that are merged, and appends to the journal. A repeat changes nothing.

    Names, also of departments that end, stay known with the time in which they were used. Takes the lock of the journal's head.
    """
    before = await load_departments(connection)
    changed = [one for one in change.departments if _stored(one) != _stored(before.by_id.get(one.id))]
    merged = {old: new for old, new in change.merged.items() if old in before.by_id}
    if not changed and not merged:
        return
    if changed:
        await _write(connection, changed)
    for old, new in merged.items():
        names = DepartmentNameRow.department_id == old
        await connection.execute(update(DepartmentNameRow).where(names).values(department_id=new))
    await connection.execute(delete(DepartmentRow).where(is_one_of(DepartmentRow.id, list(merged))))
    await connection.execute(_END_NAMES)
    await connection.execute(_BEGIN_NAMES)
    told = {**(facts or {}), "departments": [_told(one) for one in changed], "merged": merged}
    await journal.append(connection, Log.DIRECTORY, "departments_changed", actor=actor, facts=told)


def _stored(one: Department | None) -> tuple[str | None, ...]:
    """What the row of a department has; former names follow from the rows of names."""
    return (one.name, one.parent_id, one.head_id) if one else ()


def _told(one: Department) -> dict[str, Any]:
    """The record as the journal has it; what is empty is left out."""
    values = {
        "id": one.id,
        "name": one.name,
        "parent_id": one.parent_id,
        "head_id": one.head_id,
        "former": [*one.former],
    }
    return {name: value for name, value in values.items() if value}


async def _write(connection: AsyncConnection, departments: list[Department]) -> None:
    rows = [{"id": one.id, "name": one.name, "parent_id": one.parent_id, "head_id": one.head_id} for one in departments]
    statement = insert(DepartmentRow)
    new = {name: statement.excluded[name] for name in ("name", "parent_id", "head_id")}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={**new, "updated_at": func.now()}), rows
    )


async def names_meant(connection: AsyncConnection, *names: str) -> tuple[str, ...]:
    """Every name, present or former, of these departments and of those below them; a name that no record has is kept."""
    return (await load_departments(connection)).names_meant(names) if names else ()
