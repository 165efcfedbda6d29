import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.organisation import Employee
from domain.values import EmployeeId, Locale
from storage.database import open_database, read_transaction
from storage.people import (
    DirectoryRefused,
    Imported,
    find_employee,
    load_organisation,
    names_of,
    replace_directory,
)
from texts.say import say_both


def person(employee_id: str, manager: str | None = None, **fields: Any) -> Employee:
    known: dict[str, Any] = {
        "id": employee_id,
        "name": f"社員 {employee_id}",
        "department": "営業部",
        "manager_id": manager,
    }
    return Employee(**(known | fields))


COMPANY = [
    person("A", mail="a@meguri.example", title="社長"),
    person("B", "A", locale="en"),
    person("C", "B", active=False),
]


async def everybody(engine: AsyncEngine) -> list[tuple[object, ...]]:
    """All rows with all columns, and PostgreSQL's `xmin`, which changes with every write of a row."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT xmin::text, * FROM employee ORDER BY id"))
        return [tuple(row) for row in rows]


async def test_what_was_imported_is_read_back_as_it_was(database: AsyncEngine) -> None:
    assert await replace_directory(database, COMPANY) == Imported(added=3, changed=0, unchanged=0, absent=0)
    async with read_transaction(database) as connection:
        company = await load_organisation(connection)
    assert list(company.employees.values()) == COMPANY
    assert company.manager_line(EmployeeId("C")) == ("B", "A")
    async with read_transaction(database) as connection:
        assert await find_employee(connection, EmployeeId("B")) == COMPANY[1]
        assert await find_employee(connection, EmployeeId("nobody")) is None


async def test_importing_the_same_people_twice_changes_nothing(database: AsyncEngine) -> None:
    await replace_directory(database, COMPANY)
    before = await everybody(database)
    assert await replace_directory(database, COMPANY) == Imported(added=0, changed=0, unchanged=3, absent=0)
    assert await everybody(database) == before


@pytest.mark.parametrize(
    "change",
    [
        {"name": "新しい名前"},
        {"mail": "b@meguri.example"},
        {"department": "法務部"},
        {"title": "課長"},
        {"manager_id": "C"},
        {"locale": Locale.JA},
        {"active": False},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_change_of_any_field_is_written_and_counted(database: AsyncEngine, change: dict[str, Any]) -> None:
    company = [person("A"), person("B", "A", locale="en"), person("C", "A")]
    await replace_directory(database, company)
    async with read_transaction(database) as connection:
        (_, *untouched), before = await everybody(database), await find_employee(connection, EmployeeId("B"))
    assert before is not None
    changed = replace(before, **change)
    done = await replace_directory(database, [company[0], changed, company[2]])
    assert done == Imported(added=0, changed=1, unchanged=2, absent=0)
    async with read_transaction(database) as connection:
        assert await find_employee(connection, EmployeeId("B")) == changed
    assert (await everybody(database))[2] == untouched[1]


async def test_a_change_is_dated(database: AsyncEngine) -> None:
    await replace_directory(database, COMPANY)
    await replace_directory(database, [*COMPANY[:2], person("C", "B", name="改名")])
    async with database.connect() as connection:
        dates = await connection.execute(text("SELECT id, updated_at FROM employee"))
        when = {row.id: row.updated_at for row in dates}
    assert when["A"] == when["B"] < when["C"]


async def test_people_who_are_not_in_the_file_stay_and_are_counted(database: AsyncEngine) -> None:
    await replace_directory(database, COMPANY)
    done = await replace_directory(database, [person("D", "B"), COMPANY[1]])
    assert done == Imported(added=1, changed=0, unchanged=1, absent=2)
    async with read_transaction(database) as connection:
        assert list((await load_organisation(connection)).employees) == ["A", "B", "C", "D"]


async def test_a_circle_that_closes_through_people_who_stay_is_refused_and_changes_nothing(
    database: AsyncEngine,
) -> None:
    await replace_directory(database, [person("T"), person("A", "T"), person("B", "A")])
    before = await everybody(database)
    with pytest.raises(DirectoryRefused) as refused:
        await replace_directory(database, [person("A", "B")], place=lambda one: f"row of {one}")
    assert [one.code for one in refused.value.findings] == ["circular_managers"]
    assert "A -> B -> A" in say_both(refused.value.findings[0].message).en
    assert await everybody(database) == before


async def test_a_manager_who_left_is_refused_also_for_people_who_stay(database: AsyncEngine) -> None:
    await replace_directory(database, [person("T"), person("M", "T"), person("A", "M")])
    before = await everybody(database)
    with pytest.raises(DirectoryRefused) as refused:
        await replace_directory(database, [person("M", "T", active=False)])
    assert [(one.code, one.where) for one in refused.value.findings] == [("manager_inactive", "A")]
    assert await everybody(database) == before


async def test_a_second_top_is_refused_unless_both_are_named(database: AsyncEngine) -> None:
    await replace_directory(database, [person("A")])
    with pytest.raises(DirectoryRefused):
        await replace_directory(database, [person("B")])
    async with read_transaction(database) as connection:
        assert await find_employee(connection, EmployeeId("B")) is None
    await replace_directory(database, [person("B")], tops=[EmployeeId("A"), EmployeeId("B")])
    async with read_transaction(database) as connection:
        assert await find_employee(connection, EmployeeId("B")) == person("B")


async def test_a_dry_run_counts_what_an_import_would_do_and_changes_nothing(database: AsyncEngine) -> None:
    await replace_directory(database, COMPANY)
    before = await everybody(database)
    file = [person("A", name="改名"), COMPANY[1], person("D", "A")]
    tried = await replace_directory(database, file, dry_run=True)
    assert await everybody(database) == before
    assert tried == await replace_directory(database, file) == Imported(added=1, changed=1, unchanged=1, absent=1)


async def test_reports_may_stand_before_their_managers(database: AsyncEngine) -> None:
    assert (await replace_directory(database, COMPANY[::-1])).added == 3


async def test_an_empty_file_touches_nobody(database: AsyncEngine) -> None:
    await replace_directory(database, COMPANY)
    assert await replace_directory(database, []) == Imported(added=0, changed=0, unchanged=0, absent=3)


async def test_two_imports_at_once_take_turns_and_count_as_if_one_came_first(database: AsyncEngine) -> None:
    done = await asyncio.gather(*(replace_directory(database, COMPANY) for _ in range(4)))
    assert sorted((one.added, one.unchanged) for one in done) == [(0, 3), (0, 3), (0, 3), (3, 0)]


async def test_one_connection_serves_import_after_import(database_url: str) -> None:
    """Each import makes a new temporary table; prepared statements of the driver must still work."""
    engine = open_database(database_url, pool=1)
    try:
        for _ in range(8):
            await replace_directory(engine, COMPANY)
        with pytest.raises(DirectoryRefused):
            await replace_directory(engine, [person("A", "C")])
        assert (await replace_directory(engine, COMPANY)).unchanged == 3
    finally:
        await engine.dispose()


async def test_names_are_told_for_the_ids_that_are_there(database: AsyncEngine) -> None:
    await replace_directory(database, COMPANY)
    ids = [EmployeeId("A"), EmployeeId("C"), EmployeeId("nobody")]
    async with read_transaction(database) as connection:
        assert await names_of(connection, ids) == {"A": "社員 A", "C": "社員 C"}
        assert await names_of(connection, []) == {}
