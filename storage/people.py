"""The directory in PostgreSQL: the only place where names and mail addresses are kept."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.findings import Finding, refuses
from domain.people.organisation import Employee, Organisation, Place
from domain.values import EmployeeId, Frozen
from storage.tables import EmployeeRow, StagedEmployeeRow

_COLUMNS = tuple(
    field.name for field in fields(Employee)
)  # named alike in the model, in the table and in the statements below
_EMPLOYEES = TypeAdapter(list[Employee])
_AT_A_TIME = 1000  # rows of a stream
_ONE_AT_A_TIME = 0x70656F70  # key of the advisory lock: two imports at once take turns

_MAKE_INCOMING = text("""
    CREATE TEMPORARY TABLE incoming_employee ON COMMIT DROP AS
    SELECT id, name, mail, department, title, manager_id, locale, active, site, leaves FROM employee WITH NO DATA
""")

_STAYING = text("""
    SELECT id, name, mail, department, title, manager_id, locale, active, site, leaves
    FROM employee e WHERE NOT EXISTS (SELECT FROM incoming_employee i WHERE i.id = e.id)
    ORDER BY id
""")

_DIFFERS = """
    (e.name, e.mail, e.department, e.title, e.manager_id, e.locale, e.active, e.site, e.leaves) IS DISTINCT FROM
    (i.name, i.mail, i.department, i.title, i.manager_id, i.locale, i.active, i.site, i.leaves)
"""

# A row that stays as it is is not written: no new version of it, and `updated_at` says when something changed.
_UPDATE = text(f"""
    UPDATE employee e SET
        name = i.name, mail = i.mail, department = i.department, title = i.title, manager_id = i.manager_id,
        locale = i.locale, active = i.active, site = i.site, leaves = i.leaves, updated_at = now()
    FROM incoming_employee i WHERE e.id = i.id AND {_DIFFERS}
""")  # noqa: S608 - nothing in it comes from outside

# After _UPDATE, not as one `ON CONFLICT DO UPDATE`: that takes twice as long, for a whole company and for a few changes.
_INSERT = text("""
    INSERT INTO employee (id, name, mail, department, title, manager_id, locale, active, site, leaves)
    SELECT id, name, mail, department, title, manager_id, locale, active, site, leaves
    FROM incoming_employee i WHERE NOT EXISTS (SELECT FROM employee e WHERE e.id = i.id)
""")


class Imported(Frozen):
    """What an import did: people who are new, differ, are the same, and are in the directory but not in the file."""

    added: int
    changed: int
    unchanged: int
    absent: int


class DirectoryRefused(Exception):
    """The lines of managers would not hold together, and nothing changed: `findings` say where."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(str(findings[0].message))


async def replace_directory(
    engine: AsyncEngine,
    employees: Sequence[Employee],
    *,
    tops: Collection[EmployeeId] = (),
    place: Place = str,
    dry_run: bool = False,
) -> Imported:
    """Adds and changes these employees in one transaction; those who are not among them stay, and are counted.

    Keyed by the employee's id, so that a repeat changes nothing. Raises `DirectoryRefused` when the result, the people
    who stay included, has findings (`tops` and `place` as in `Organisation.findings`). A dry run does all but commit.
    """
    async with engine.connect() as connection, connection.begin() as transaction:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        await _copy(connection, employees)
        staying = _read((await connection.execute(_STAYING)).all())
        _require_sound([*employees, *staying], tops, place)
        changed, added = await _write_incoming(connection)
        await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # a dry run meets what a commit would
        if dry_run:
            await transaction.rollback()
    return Imported(
        added=added,
        changed=changed,
        unchanged=len(employees) - added - changed,
        absent=len(staying),
    )


async def version_of(connection: AsyncConnection) -> str:
    """Changes whenever the directory does."""
    return await _version(connection)


async def _version(connection: AsyncConnection) -> str:
    found = (await connection.execute(text("SELECT count(*), max(updated_at), sum(hashtext(id)) FROM employee"))).one()
    return "/".join(str(part) for part in found)


async def stage(connection: AsyncConnection, instruction: str, employees: Sequence[Employee], version: str) -> bool:
    """Puts rows aside for the instruction that will apply them; False, and nothing, where the directory has changed."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    if await _version(connection) != version:
        return False
    rows = [
        {"instruction_id": instruction, "employee_id": one.id, "record": record}
        for one, record in zip(employees, _EMPLOYEES.dump_python(list(employees), mode="json"), strict=True)
    ]
    await connection.execute(insert(StagedEmployeeRow), rows)
    return True


async def apply_staged(connection: AsyncConnection, instruction: str) -> int:
    """Writes the staged rows into the directory and clears them away, in one transaction: a repeat finds none."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    staged = await connection.execute(
        delete(StagedEmployeeRow)
        .where(StagedEmployeeRow.instruction_id == instruction)
        .returning(StagedEmployeeRow.record)
    )
    employees = _EMPLOYEES.validate_python(list(staged.scalars()))
    if employees:
        await _copy(connection, employees)
        await _write_incoming(connection)
    return len(employees)


async def load_organisation(connection: AsyncConnection) -> Organisation:
    """Everybody in the directory, by id."""
    people: list[Employee] = []
    async for some in _stream(connection, select(*_columns()).order_by(EmployeeRow.id)):
        people += some
    return Organisation(people)


async def find_employee(connection: AsyncConnection, employee_id: EmployeeId) -> Employee | None:
    found = await connection.execute(select(*_columns()).where(EmployeeRow.id == employee_id))
    return next(iter(_read(found.all())), None)


async def names_of(connection: AsyncConnection, ids: Collection[EmployeeId]) -> dict[EmployeeId, str]:
    """The names behind ids; an id that is not in the directory is not in the answer."""
    wanted = text("SELECT id, name FROM employee WHERE id = ANY(:ids)")  # an array: any number is one parameter
    found = await connection.execute(wanted, {"ids": list(ids)})
    return {EmployeeId(row.id): row.name for row in found}


def _columns() -> list[Any]:
    return [getattr(EmployeeRow, name) for name in _COLUMNS]


async def _stream(connection: AsyncConnection, query: Select[Any]) -> AsyncIterator[list[Employee]]:
    """The people that `query` finds, a few hundred at a time: rows of everybody at once take 150 MB."""
    found = await connection.stream(query)
    async for rows in found.partitions(_AT_A_TIME):
        yield _read(rows)


def _read(rows: Iterable[Row[Any]]) -> list[Employee]:
    """Rows of `_COLUMNS`, in their order."""
    return _EMPLOYEES.validate_python([dict(zip(_COLUMNS, row, strict=True)) for row in rows])


async def _copy(connection: AsyncConnection, employees: Sequence[Employee]) -> None:
    """COPY takes 100,000 rows in the time that an INSERT takes for a few thousand; only the driver itself offers it."""
    await connection.execute(_MAKE_INCOMING)
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:  # never between connect and close
        raise RuntimeError("the connection to PostgreSQL was closed during the import")
    records = map(attrgetter(*_COLUMNS), employees)  # one at a time: no second list of everybody
    await driver.copy_records_to_table("incoming_employee", records=records, columns=_COLUMNS)


async def _write_incoming(connection: AsyncConnection) -> tuple[int, int]:
    """How many rows of the directory changed, and how many were added."""
    changed = await connection.execute(_UPDATE)
    added = await connection.execute(_INSERT)
    return changed.rowcount, added.rowcount


def _require_sound(people: Sequence[Employee], tops: Collection[EmployeeId], place: Place) -> None:
    findings = Organisation(people).findings(tops=tops, place=place)
    if refuses(findings):
        raise DirectoryRefused(findings)
