"""Queries of the directory; none of them reads everybody."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.people.departments import Department, DepartmentChange
from domain.people.leave import Leave
from domain.people.organisation import Employee
from domain.people.posts import Post
from domain.values import EmployeeId
from storage import directory
from storage.database import read_transaction
from storage.departments import apply_change, load_departments
from storage.people import load_organisation, replace_directory


def person(employee: str, manager: str | None = None, department: str = "営業部", **fields: Any) -> Employee:
    known: dict[str, Any] = {"id": employee, "name": f"社員 {employee}", "department": department}
    return Employee(**(known | {"manager_id": manager} | fields))


LAST_DAY = date(2027, 3, 31)
COMPANY = (
    person("A", department="経営", away_from=date(2027, 4, 10), away_until=date(2027, 4, 20)),
    person("B", "A"),
    person("C", "B"),
    person("D", "C", leaves=LAST_DAY),
    person("E", "C", active=False),
    person("F", "A", "法務部"),
    person("G", "F", "法務部", leaves=date(2027, 4, 30)),
    person("H", "D"),
    person("I", "E", "総務部", active=False, leaves=date(2027, 3, 1)),
)


@pytest_asyncio.fixture
async def connection(database: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    await replace_directory(database, COMPANY)
    async with read_transaction(database) as opened:
        yield opened


def ids(people: Any) -> list[str]:
    return [one.id for one in people]


async def test_people_come_with_everybody_above_them_and_nobody_else(connection: AsyncConnection) -> None:
    found = await directory.with_managers(connection, ["D", "G", "nobody"])
    assert set(found.employees) == {"A", "B", "C", "D", "F", "G"}
    assert found.manager_line(EmployeeId("D")) == ("C", "B", "A")
    assert found.employees[EmployeeId("D")] == COMPANY[3]


async def test_lines_of_some_are_the_lines_that_everybody_together_has(connection: AsyncConnection) -> None:
    everybody = await load_organisation(connection)
    for one in everybody.employees:
        some = await directory.with_managers(connection, [one])
        assert some.manager_line(one) == everybody.manager_line(one)


async def test_any_number_of_lines_takes_three_queries(database: AsyncEngine, connection: AsyncConnection) -> None:
    statements: list[str] = []
    event.listen(database.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    await directory.with_managers(connection, ["A"])
    alone = len(statements)
    await directory.with_managers(connection, ids(COMPANY))
    assert (alone, len(statements)) == (3, 6)


async def test_heads_of_departments_come_where_they_are_asked_for_with_those_above(
    database: AsyncEngine, connection: AsyncConnection
) -> None:
    led = (
        Department(id="営業部", name="営業部", parent_id="総務部", head_id=EmployeeId("C")),
        Department(id="総務部", name="総務部", head_id=EmployeeId("G")),
        Department(id="経営", name="経営", head_id=EmployeeId("H")),
    )
    async with database.begin() as writing:
        await apply_change(writing, DepartmentChange(led), "A")
    async with read_transaction(database) as opened:
        assert set((await directory.with_managers(opened, ["B"])).employees) == {"A", "B"}
        found = await directory.with_managers(opened, ["B"], heads=True)
    assert set(found.employees) == {"A", "B", "C", "F", "G"}
    assert found.head_of(EmployeeId("B"), found.employees[EmployeeId("B")].department) == "C"


async def test_heads_and_titles_of_additional_posts_are_found_too(database: AsyncEngine) -> None:
    general, personnel = (
        Post(department="総務部", manager_id=EmployeeId("B")),
        Post(department="人事部", title="人事部長"),
    )
    people = (
        person("A", department="経営"),
        person("B", "A"),
        person("C", "A", "総務部"),
        person("D", "A", "法務部", posts=(general,)),
        person("E", "A", "法務部", posts=(personnel,)),
    )
    await replace_directory(database, people)
    async with database.begin() as opened:
        record = (await load_departments(opened)).find("総務部")
        assert record
        change = DepartmentChange(departments=(replace(record, head_id=EmployeeId("C")),))
        await apply_change(opened, change, EmployeeId("A"))
        found = await directory.with_managers(opened, ["D"], ["人事部長"], heads=True)
    assert found.head_of(EmployeeId("D"), "総務部") == "C"
    assert found.holders("人事部長") == ("E",)


async def test_active_people_are_chosen_by_department_or_by_id(connection: AsyncConnection) -> None:
    assert await directory.active_people(connection, departments=["法務部"], people=["D", "E"]) == [
        ("D", "営業部", (), None),
        ("F", "法務部", (), None),
        ("G", "法務部", (), None),
    ]
    assert await directory.active_people(connection) == []


async def test_everybody_who_works_here_is_streamed_by_id(connection: AsyncConnection) -> None:
    assert ids([one async for one in directory.stream_active_people(connection)]) == list("ABCDFGH")


async def test_a_department_that_all_have_left_has_nobody_active(connection: AsyncConnection) -> None:
    assert await directory.active_departments(connection) == {"経営", "営業部", "法務部"}


async def test_last_days_are_those_of_people_who_still_work_here(connection: AsyncConnection) -> None:
    assert await directory.last_days(connection, date(2027, 5, 1)) == [LAST_DAY, date(2027, 4, 30)]


async def test_days_of_leave_are_the_one_before_the_first_and_the_last_one_from_today_on(
    connection: AsyncConnection,
) -> None:
    last = date(2027, 4, 20)

    async def days(today: date) -> set[date]:
        return set(await directory.last_days(connection, today)) - {LAST_DAY, date(2027, 4, 30)}

    assert await days(date(2027, 4, 9)) == {date(2027, 4, 9), last}
    assert await days(date(2027, 4, 10)) == {last}
    assert await days(date(2027, 4, 21)) == set()
    after = [await directory.leave_changes_after(connection, date(2027, 4, day)) for day in (8, 9, 10, 19, 20, 21)]
    assert after == [False, True, False, False, True, False]


async def test_the_days_of_further_leaves_count_as_those_of_the_first(database: AsyncEngine) -> None:
    further = (Leave(first=date(2027, 6, 1), last=date(2027, 6, 30)), Leave(first=date(2027, 9, 1)))
    people = (person("A", department="経営", further_leaves=further), person("B", "A", joined_on=date(2027, 4, 1)))
    await replace_directory(database, people)
    async with read_transaction(database) as opened:
        assert list((await load_organisation(opened)).employees.values()) == list(people)
        assert await directory.employees(opened, ["A", "B"]) == list(people)
        begin_and_end = [date(2027, 5, 31), date(2027, 6, 30), date(2027, 8, 31)]
        assert await directory.last_days(opened, date(2027, 5, 31)) == begin_and_end
        assert await directory.last_days(opened, date(2027, 6, 1)) == begin_and_end[1:]
        days = [date(2027, month, 1) + timedelta(days=n) for month in (5, 6, 8) for n in range(31)]
        changes = [day for day in days if await directory.leave_changes_after(opened, day)]
        assert sorted(set(changes)) == begin_and_end


async def test_somebody_leaves_on_the_day_after_the_last_one(connection: AsyncConnection) -> None:
    assert await directory.leavers(connection, LAST_DAY) == []
    assert ids(await directory.leavers(connection, date(2027, 4, 1))) == ["D"]


async def test_around_a_leaver_are_their_reports_and_everybody_above(connection: AsyncConnection) -> None:
    assert set((await directory.with_reports_and_managers(connection, ["D"])).employees) == {"A", "B", "C", "D", "H"}


@pytest.mark.parametrize("typed", ["CC", "D", "0", "Z"])
async def test_ids_near_a_mistyped_one_are_found(connection: AsyncConnection, typed: str) -> None:
    assert set(await directory.ids_near(connection, typed)) == set(ids(COMPANY))


async def test_each_name_is_read_once(database: AsyncEngine) -> None:
    await replace_directory(database, [person("A", name="山田 太郎"), person("B", "A", name="山田 太郎")])
    async with read_transaction(database) as connection:
        assert await directory.distinct_names(connection) == ["山田 太郎"]
