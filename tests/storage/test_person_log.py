"""The log of people: who was changed, names as of a day, what is refused and found, and what an erasure leaves."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.commitments import ERASED, commit
from domain.journal import Log
from domain.people.organisation import Employee
from domain.values import EmployeeId
from storage import instructions, journal, person_log
from storage.database import read_transaction
from storage.integrity import TableFault, table_faults
from storage.people import apply_staged, directory_version, replace_directory, stage

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def person(employee: str, name: str, *, department: str = "経理", active: bool = True) -> Employee:
    manager = None if employee == "A" else EmployeeId("A")
    return Employee(id=EmployeeId(employee), name=name, department=department, active=active, manager_id=manager)


async def imported(database: AsyncEngine, *people: Employee) -> datetime:
    """Imports the people; the time of the journal's entry."""
    await replace_directory(database, people, by="h")
    async with database.connect() as connection:
        at: datetime = (await connection.scalars(text("SELECT max(at) FROM journal WHERE log = 'directory'"))).one()
        return at


async def names(database: AsyncEngine, employee: str, *moments: datetime) -> list[str | None]:
    async with read_transaction(database) as connection:
        found = await person_log.names_at(connection, [(employee, at) for at in moments])
    return [found.get((employee, at)) for at in moments]


async def rows(database: AsyncEngine) -> list[tuple[int, str, str, str | None]]:
    async with database.connect() as connection:
        query = "SELECT entry, employee_id, change, name FROM person_change ORDER BY entry, employee_id"
        return [tuple(row) for row in await connection.execute(text(query))]


async def faults(database: AsyncEngine) -> list[TableFault]:
    async with read_transaction(database) as connection:
        return await table_faults(connection)


async def erased(database: AsyncEngine, employee: str) -> int:
    async with database.begin() as connection:
        return await person_log.erase_names(connection, EmployeeId(employee), by="h", reason="本人の請求による")


@pytest_asyncio.fixture
async def company(database: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Three people in two imports."""
    await imported(database, person("A", "森 葵"), person("a", "林 翠"), person("B", "青木 蓮"))
    await imported(database, person("A", "原 葵"), person("B", "青木 蓮", active=False), person("c", "岡 光"))
    yield database


async def test_each_changed_person_has_a_row_that_says_what_happened_and_others_have_none(company: AsyncEngine) -> None:
    await imported(company, person("A", "原 葵", department="法務"), person("B", "青木 蓮"), person("a", "林 翠"))
    assert await rows(company) == [
        (1, "A", "added", "森 葵"), (1, "B", "added", "青木 蓮"), (1, "a", "added", "林 翠"),
        (2, "A", "changed", "原 葵"), (2, "B", "left", "青木 蓮"), (2, "c", "added", "岡 光"),
        (3, "A", "changed", "原 葵"), (3, "B", "returned", "青木 蓮"),
    ]  # fmt: skip


async def test_a_repeat_and_a_dry_run_leave_no_row(company: AsyncEngine) -> None:
    before = await rows(company)
    await replace_directory(company, [person("A", "原 葵")], by="h")
    await replace_directory(company, [person("A", "谷 葵")], by="h", dry_run=True)
    assert await rows(company) == before


async def test_a_sync_leaves_rows_as_an_import_does(company: AsyncEngine) -> None:
    async with company.begin() as connection:
        await instructions.write(connection, "s1", kind="sync", cycle=None, asked={}, actor="p")
        assert await stage(connection, "s1", [person("A", "谷 葵")], await directory_version(connection))
    async with company.begin() as connection:
        await apply_staged(connection, "s1")
    assert (await rows(company))[-1] == (3, "A", "changed", "谷 葵")
    assert await faults(company) == []


async def test_a_person_who_married_has_the_old_name_before_and_the_new_name_after(database: AsyncEngine) -> None:
    await imported(database, person("A", "森 葵"))
    between = await imported(database, person("B", "青木 蓮"))
    married = await imported(database, person("A", "原 葵"))
    assert await names(database, "A", between, married, married + timedelta(days=1)) == ["森 葵", "原 葵", "原 葵"]


async def test_an_id_that_was_given_to_somebody_else_names_the_person_of_the_day(database: AsyncEngine) -> None:
    first = await imported(database, person("A", "林 翠"), person("B", "森 葵"))
    left = await imported(database, person("B", "森 葵", active=False))
    second = await imported(database, person("B", "青木 蓮", department="法務"))
    assert await names(database, "B", first, left, second) == ["森 葵", "森 葵", "青木 蓮"]


async def test_before_the_first_row_a_person_has_the_earliest_known_name(company: AsyncEngine) -> None:
    async with company.begin() as connection:
        await connection.execute(text("INSERT INTO employee (id, name, department) VALUES ('x', '谷 空', '経理')"))
    assert await names(company, "A", LONG_AGO) == ["森 葵"]
    assert await names(company, "x", LONG_AGO) == ["谷 空"], "a person without rows has the present name"
    assert await names(company, "nobody", LONG_AGO) == [None]


async def test_names_of_many_moments_are_one_query_that_reads_an_index(company: AsyncEngine) -> None:
    statements: list[str] = []
    async with company.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))  # these rows are too few for an index to pay
        event.listen(company.sync_engine, "before_cursor_execute", lambda *given: statements.append(str(given[2])))
        moments = [LONG_AGO + timedelta(days=n) for n in range(50)]
        assert len(await person_log.names_at(connection, [(one, at) for one in "ABac" for at in moments])) == 200
        assert len(statements) == 1
        scans = await connection.execute(
            text("SELECT seq_scan, idx_scan > 0 FROM pg_stat_xact_user_tables WHERE relname = 'person_change'")
        )
        assert tuple(scans.one()) == (0, True)


async def test_the_digest_is_what_another_program_computes_from_ids_changes_and_commitments(
    company: AsyncEngine,
) -> None:
    async with company.connect() as connection:
        found = await connection.execute(text("SELECT * FROM person_change WHERE entry = 1"))
        people = sorted(found, key=lambda row: row.employee_id.encode())
        entry = (await journal.entries_of(connection, Log.DIRECTORY))[0]
    assert [row.employee_id for row in people] == ["A", "B", "a"]
    assert all(row.commitment.hex() == commit(row.salt, row.name) for row in people)
    hashes = [hashlib.sha256(row.commitment + f"{row.change}:{row.employee_id}".encode()).digest() for row in people]
    assert entry.body["people_digest"] == hashlib.sha256(b"".join(hashes)).hexdigest()
    assert "森" not in str(entry)


ALTERATIONS = [
    "UPDATE person_change SET name = '谷 葵' WHERE entry = 1 AND employee_id = 'A'",
    "UPDATE person_change SET name = '谷 葵', commitment = sha256(convert_to(salt || '谷 葵', 'UTF8')) WHERE entry = 1 AND employee_id = 'A'",
    "UPDATE person_change SET name = NULL, salt = NULL WHERE entry = 1 AND employee_id = 'A'",
    "UPDATE person_change SET at = at - interval '1 s' WHERE entry = 1 AND employee_id = 'A'",
    "UPDATE person_change SET change = 'left' WHERE entry = 1 AND employee_id = 'A'",
    "UPDATE person_change SET employee_id = 'D' WHERE entry = 1 AND employee_id = 'A'",
    "DELETE FROM person_change WHERE entry = 1 AND employee_id = 'a'",
    "DELETE FROM person_change WHERE entry = 1",
]  # fmt: skip


@pytest.mark.parametrize("statement", ALTERATIONS)
@pytest.mark.parametrize("page", [1, 10_000])
async def test_a_changed_row_is_refused_and_with_the_trigger_off_it_is_found(
    company: AsyncEngine, monkeypatch: pytest.MonkeyPatch, statement: str, page: int
) -> None:
    monkeypatch.setattr(person_log, "_PAGE", page)
    assert await faults(company) == []
    with pytest.raises(DBAPIError, match="person_change is append-only"):
        async with company.begin() as connection:
            await connection.execute(text(statement))
    async with company.begin() as connection:
        await connection.execute(text("ALTER TABLE person_change DISABLE TRIGGER USER"))
        await connection.execute(text(statement))
    assert await faults(company) == [
        TableFault("trigger_off", "person_change.person_change_append_only"),
        TableFault("trigger_off", "person_change.person_change_no_truncate"),
        TableFault("people_altered", "1"),
    ]


@pytest.mark.parametrize("entry", [1, 9])
async def test_a_row_that_no_import_wrote_is_found(company: AsyncEngine, entry: int) -> None:
    async with company.begin() as connection:
        copy = "SELECT 'D', CAST(:entry AS integer), at, change, commitment, salt, name FROM person_change WHERE entry = 1 LIMIT 1"
        await connection.execute(text(f"INSERT INTO person_change {copy}"), {"entry": entry})
    assert await faults(company) == [TableFault("people_altered", str(entry))]


async def test_the_log_of_people_cannot_be_truncated(company: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="person_change is append-only: TRUNCATE refused"):
        async with company.begin() as connection:
            await connection.execute(text("TRUNCATE person_change"))


async def test_an_erasure_removes_names_and_salts_of_one_person_and_the_digest_holds(company: AsyncEngine) -> None:
    assert await erased(company, "A") == 2
    assert await erased(company, "A") == 0, "a repeat finds none and appends nothing"
    async with company.connect() as connection:
        left = await connection.execute(text("SELECT employee_id, name, salt FROM person_change ORDER BY 1, entry"))
        found = [(row.employee_id, row.name is None, row.salt is None) for row in left]
        last = (await journal.entries_of(connection, Log.DIRECTORY))[-1]
    assert found == [("A", True, True)] * 2 + [(one, False, False) for one in ("B", "B", "a", "c")]
    assert (last.seq, last.kind, last.actor, last.body["entries"]) == (3, "names_erased", "h", [1, 2])
    assert await names(company, "A", LONG_AGO) == [ERASED]
    assert await names(company, "a", LONG_AGO) == ["林 翠"]
    assert await faults(company) == []


async def test_an_erasure_allows_nothing_else_and_a_name_that_came_back_is_found(company: AsyncEngine) -> None:
    async with company.connect() as connection:
        known = text("SELECT salt FROM person_change WHERE entry = 1 AND employee_id = 'A'")
        salt = (await connection.scalars(known)).one()
    await erased(company, "A")
    for statement in (ALTERATIONS[3], ALTERATIONS[4], ALTERATIONS[7]):
        with pytest.raises(DBAPIError, match="person_change is append-only"):
            async with company.begin() as connection:
                await connection.execute(text(statement))
    put_back = f"UPDATE person_change SET name = '森 葵', salt = '{salt}' WHERE entry = 1 AND employee_id = 'A'"  # noqa: S608 - the test's own words
    with pytest.raises(DBAPIError, match="person_change is append-only"):
        async with company.begin() as connection:
            await connection.execute(text(put_back))
    async with company.begin() as connection:
        await connection.execute(text("ALTER TABLE person_change DISABLE TRIGGER USER"))
        await connection.execute(text(put_back))
        await connection.execute(text("ALTER TABLE person_change ENABLE TRIGGER USER"))
    assert await faults(company) == [TableFault("people_altered", "1")]


async def test_a_change_after_an_erasure_writes_the_name_again_and_another_erasure_reaches_it(
    company: AsyncEngine,
) -> None:
    await erased(company, "A")
    at = await imported(company, person("A", "原 葵", department="法務"))
    assert await names(company, "A", LONG_AGO, at) == [ERASED, "原 葵"]
    assert await erased(company, "A") == 1
    assert await names(company, "A", LONG_AGO, at) == [ERASED, ERASED]
    assert await faults(company) == []
