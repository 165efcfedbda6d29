"""Reading and replacing the directory. Each change of a person leaves a row in the log of people (storage/person_log.py)."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, TextClause, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.findings import Finding, refuses
from domain.journal import OPERATOR, Log
from domain.people.departments import NO_CHANGE, DepartmentChange
from domain.people.leave import Leave
from domain.people.organisation import DIRECTORY_ZONE, Employee, Organisation, Place
from domain.people.posts import Post
from domain.values import SILENT, EmployeeId, Frozen
from storage import (
    calendar_links,
    delegations,
    departments,
    journal,
    passkeys,
    person_log,
    programs,
    roles,
    sessions,
    tokens,
    unsent_forms,
)
from storage.database import LONG, once_in_a_snapshot, set_limits
from storage.tables import InstructionRow, StagedEmployeeRow

# The model, the table and the statements below use the same names.
_COLUMNS = tuple(field.name for field in fields(Employee))
_EMPLOYEES = TypeAdapter(list[Employee], config=SILENT)
# Columns of JSON. They are read as the driver gives them: SQLAlchemy's types for arrays and JSON take as long as all the
# rest, and most people have neither posts nor leaves.
_JSON: dict[str, TypeAdapter[tuple[Any, ...]]] = {
    "posts": TypeAdapter(tuple[Post, ...], config=SILENT),
    "further_leaves": TypeAdapter(tuple[Leave, ...], config=SILENT),
}
_PARTITION = 1000  # rows that a stream reads at once
_IMPORT_LOCK = 0x70656F70  # key of the advisory lock: of two concurrent imports, the second waits

_NAMES = ", ".join(_COLUMNS)


def _of(table: str) -> str:
    """The columns of a table, as a row to be compared."""
    return "(" + ", ".join(f"{table}.{name}" for name in _COLUMNS) + ")"


_MAKE_INCOMING = text(f"""
    CREATE TEMPORARY TABLE incoming_employee ON COMMIT DROP AS SELECT {_NAMES} FROM employee WITH NO DATA
""")  # noqa: S608 - nothing in this and the next statements comes from outside

_READ = ", ".join(f"NULLIF({name}, '[]')::text AS {name}" if name in _JSON else name for name in _COLUMNS)
_EVERYBODY = text(f"SELECT {_READ} FROM employee ORDER BY id")  # noqa: S608
_ONE = text(f"SELECT {_READ} FROM employee WHERE id = :id")  # noqa: S608
_STAYING = text(f"""
    SELECT {_READ} FROM employee e WHERE NOT EXISTS (SELECT FROM incoming_employee i WHERE i.id = e.id) ORDER BY id
""")  # noqa: S608

_DIFFERS = f"{_of('e')} IS DISTINCT FROM {_of('i')}"

# The people who will be changed, for the log of people. Runs before _UPDATE.
_CHANGED = f"""
    SELECT i.id, i.name, CASE
        WHEN e.id IS NULL THEN 'added'
        WHEN e.active AND NOT i.active THEN 'left'
        WHEN i.active AND NOT e.active THEN 'returned'
        ELSE 'changed'
    END AS change
    FROM incoming_employee i LEFT JOIN employee e ON e.id = i.id WHERE e.id IS NULL OR {_DIFFERS}
"""  # noqa: S608

# The numbers that people get, where they had others. Runs before _UPDATE.
_NUMBERS = text("""
    SELECT i.id, COALESCE(i.number, i.id) AS number FROM incoming_employee i LEFT JOIN employee e ON e.id = i.id
    WHERE i.number IS DISTINCT FROM e.number ORDER BY i.id
""")

# Unchanged rows are not written: PostgreSQL stores no new version, and `updated_at` keeps the time of the last change.
_UPDATE = text(f"""
    UPDATE employee e SET {", ".join(f"{name} = i.{name}" for name in _COLUMNS)}, updated_at = now()
    FROM incoming_employee i WHERE e.id = i.id AND {_DIFFERS}
""")  # noqa: S608

# Runs after _UPDATE. One `ON CONFLICT DO UPDATE` instead takes twice as long, for a whole company and for a few changes.
_INSERT = text(f"""
    INSERT INTO employee ({_NAMES})
    SELECT {_NAMES} FROM incoming_employee i WHERE NOT EXISTS (SELECT FROM employee e WHERE e.id = i.id)
""")  # noqa: S608


class Imported(Frozen):
    """The result of an import, in numbers of people. `absent`: in the directory but not in the file."""

    added: int
    changed: int
    unchanged: int
    absent: int


class DirectoryRefused(Exception):
    """The directory would be invalid (for example a circle of managers); `findings` say where. Nothing was changed."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(str(findings[0].message))


class DirectoryChanged(Exception):
    """The directory is not what the employees were compared with. Nothing was changed."""


async def replace_directory(
    engine: AsyncEngine,
    employees: Sequence[Employee],
    *,
    tops: Collection[EmployeeId] = (),
    place: Place = str,
    dry_run: bool = False,
    version: str | None = None,
    by: str = OPERATOR,
) -> Imported:
    """Adds and updates these employees in one transaction; other people in the directory stay, and are counted.

    Keyed by the employee's id, so a repeat changes nothing. Raises `DirectoryRefused` if the resulting directory has findings
    (`tops` and `place` as in `Organisation.findings`), and `DirectoryChanged` if it has another version than `version`.
    A dry run does everything but the commit. Appends to the journal if something changes, with `by` as the actor.
    """
    async with engine.connect() as connection, connection.begin() as transaction:
        await set_limits(connection, LONG)
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
        if version not in (None, await directory_version(connection)):
            raise DirectoryChanged
        await _copy(connection, employees)
        staying = _read((await connection.execute(_STAYING)).all())
        _require_valid([*employees, *staying], tops, place)
        changed, added = await _write_incoming(connection, "people_imported", by)
        await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # so a dry run fails where a commit would fail
        if dry_run:
            await transaction.rollback()
    return Imported(
        added=added,
        changed=changed,
        unchanged=len(employees) - added - changed,
        absent=len(staying),
    )


async def directory_version(connection: AsyncConnection) -> str:
    """A text that changes whenever the directory changes: its people, or its departments."""
    version = text("""
        SELECT count(*), max(updated_at), sum(hashtext(id)) FROM employee
        UNION ALL SELECT count(*), max(updated_at), sum(hashtext(id)) FROM department
    """)
    return "/".join(str(part) for found in await connection.execute(version) for part in found)


async def stage(connection: AsyncConnection, instruction: str, employees: Sequence[Employee], version: str) -> bool:
    """Stores employees for the instruction that will apply them. Returns False, and stores nothing, if the directory has changed.

    `version`: the `directory_version` that the employees were compared with.
    """
    await set_limits(connection, LONG)
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    if await directory_version(connection) != version:
        return False
    rows = [
        {"instruction_id": instruction, "employee_id": one.id, "record": record}
        for one, record in zip(employees, _EMPLOYEES.dump_python(list(employees), mode="json"), strict=True)
    ]
    if rows:
        await connection.execute(insert(StagedEmployeeRow), rows)
    return True


async def apply_staged(connection: AsyncConnection, instruction: str, change: DepartmentChange = NO_CHANGE) -> int:
    """Writes the staged employees into the directory and deletes their staged rows; returns how many. A repeat finds none.

    Before that, it writes the change of departments.
    """
    await set_limits(connection, LONG)
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    staged = await connection.execute(
        delete(StagedEmployeeRow)
        .where(StagedEmployeeRow.instruction_id == instruction)
        .returning(StagedEmployeeRow.record)
    )
    employees = _EMPLOYEES.validate_python(list(staged.scalars()))
    actor = await connection.scalar(select(InstructionRow.actor).where(InstructionRow.id == instruction)) or OPERATOR
    if not change.is_empty:
        await departments.apply_change(connection, change, actor, {"instruction": instruction})
    if employees:
        await _copy(connection, employees)
        await _write_incoming(connection, "people_synced", actor, {"instruction": instruction})
    return len(employees)


async def load_organisation(connection: AsyncConnection, as_of: date | None = None) -> Organisation:
    """Everybody in the directory, by id. With `as_of`, people whose last day was before that day are not active, and it is known who is on leave."""
    people: list[Employee] = []
    async for some in _stream(connection, _EVERYBODY):
        people += [one.as_of(as_of) for one in some] if as_of else some
    return Organisation(people, as_of, await departments.load_departments(connection))


@once_in_a_snapshot
async def find_employee(connection: AsyncConnection, employee_id: EmployeeId) -> Employee | None:
    found = await connection.execute(_ONE, {"id": employee_id})
    return next(iter(_read(found.all())), None)


async def working_here(connection: AsyncConnection, ids: Collection[EmployeeId]) -> set[EmployeeId]:
    """Which of these people are active employees."""
    wanted = text("SELECT id FROM employee WHERE id = ANY(:ids) AND active")
    return {EmployeeId(row.id) for row in await connection.execute(wanted, {"ids": list(ids)})}


async def names_of(connection: AsyncConnection, ids: Collection[EmployeeId]) -> dict[EmployeeId, str]:
    """The names of these people, by id; ids that are not in the directory are left out."""
    wanted = text("SELECT id, name FROM employee WHERE id = ANY(:ids)")  # an array: any number is one parameter
    found = await connection.execute(wanted, {"ids": list(ids)})
    return {EmployeeId(row.id): row.name for row in found}


async def _stream(connection: AsyncConnection, query: TextClause) -> AsyncIterator[list[Employee]]:
    """The people that `query` finds, a thousand at a time: all rows at once take 150 MB."""
    found = await connection.stream(query)
    async for rows in found.partitions(_PARTITION):
        yield _read(rows)


def _read(rows: Iterable[Row[Any]]) -> list[Employee]:
    """Employees from rows whose values are in the order of `_COLUMNS`; posts and leaves as JSON or None."""
    values = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    for one in values:
        for name, form in _JSON.items():
            found = one.pop(name)
            if found is not None:
                one[name] = form.validate_json(found)
    return _EMPLOYEES.validate_python(values)


async def _copy(connection: AsyncConnection, employees: Sequence[Employee]) -> None:
    """Copies the employees into the table `incoming_employee`.

    COPY writes 100,000 rows in the time in which INSERT writes a few thousand. Only the driver offers it.
    """
    await connection.execute(_MAKE_INCOMING)
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:  # never between connect and close
        raise RuntimeError("the connection to PostgreSQL was closed during the import")
    records = map(_record, employees)  # an iterator: no second list of all people in memory
    await driver.copy_records_to_table("incoming_employee", records=records, columns=_COLUMNS)


_VALUES_OF = attrgetter(*_COLUMNS)
_PLACES_OF_JSON = {_COLUMNS.index(name): form for name, form in _JSON.items()}


def _record(one: Employee) -> tuple[Any, ...]:
    """The values of a person in the order of `_COLUMNS`; posts and leaves as JSON."""
    values = list(_VALUES_OF(one))
    for place, form in _PLACES_OF_JSON.items():
        values[place] = form.dump_json(values[place]).decode() if values[place] else "[]"
    return tuple(values)


async def _write_incoming(
    connection: AsyncConnection, kind: str, by: str, facts: dict[str, Any] | None = None
) -> tuple[int, int]:
    """Writes `incoming_employee` into the directory, and ends the delegations of people who left.

    If a row is changed or added, writes the log of people and appends an entry of this kind to the journal, with `facts`.
    Returns the numbers of changed and of added rows.
    """
    place = await journal.reserve(connection, Log.DIRECTORY)
    digest = await person_log.write(connection, _CHANGED, place)
    numbers = await _changed_numbers(connection)
    changed = (await connection.execute(_UPDATE)).rowcount
    added = (await connection.execute(_INSERT)).rowcount
    await departments.make_missing(connection)
    await delegations.end_of_leavers(connection, datetime.now(DIRECTORY_ZONE).date())
    if digest:
        facts = {**(facts or {}), **numbers, "changed": changed, "added": added, person_log.DIGEST: digest}
        await journal.append(connection, Log.DIRECTORY, kind, actor=by, facts=facts, place=place)
    await programs.end_of_leavers(connection)  # after the entry whose place is reserved
    await roles.end_of_leavers(connection)
    await tokens.end_of_leavers(connection, datetime.now(UTC))
    await calendar_links.end_of_leavers(connection)
    await sessions.end_of_leavers(connection, datetime.now(UTC))
    await passkeys.end_of_leavers(connection, datetime.now(UTC))
    await unsent_forms.delete_of_leavers(connection)
    return changed, added


async def _changed_numbers(connection: AsyncConnection) -> dict[str, dict[str, str]]:
    """The employee numbers that people get with `incoming_employee`, by id, as a fact of the journal; nothing if there are none."""
    found = {row.id: row.number for row in await connection.execute(_NUMBERS)}
    return {"numbers": found} if found else {}


def _require_valid(people: Sequence[Employee], tops: Collection[EmployeeId], place: Place) -> None:
    findings = Organisation(people).findings(tops=tops, place=place)
    if refuses(findings):
        raise DirectoryRefused(findings)
