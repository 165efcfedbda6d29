"""The cost of large imports, measured independently of the machine: number of statements, and growth with size."""

import time
import tracemalloc

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.organisation import Organisation
from domain.people.people_file import PeopleFile, read_people
from storage.people import replace_directory
from tests.bench.large_company import as_csv, changed, people

SOME, MANY = 1_000, 20_000


def company_of(size: int) -> PeopleFile:
    file = read_people(as_csv(list(people(size))))
    assert (len(file.employees), file.findings) == (size, ())
    return file


async def statements_of(database: AsyncEngine, file: PeopleFile) -> int:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(database.sync_engine, "before_cursor_execute", note)
    await replace_directory(database, file.employees, place=file.place)
    event.remove(database.sync_engine, "before_cursor_execute", note)
    return len(statements)


async def test_an_import_takes_as_many_statements_for_20000_people_as_for_1000(database: AsyncEngine) -> None:
    assert await statements_of(database, company_of(SOME)) == await statements_of(database, company_of(MANY))


async def test_a_file_of_20000_people_again_with_changes_writes_the_changes_only(database: AsyncEngine) -> None:
    company = list(people(MANY))
    await replace_directory(database, read_people(as_csv(company)).employees)
    done = await replace_directory(database, read_people(as_csv(changed(company, 200))).employees)
    assert (done.added, done.changed, done.unchanged, done.absent) == (0, 200, MANY - 200, 0)


def test_reading_and_checking_grows_with_the_number_of_people_and_not_with_its_square() -> None:
    def seconds(data: bytes) -> float:
        started = time.process_time()  # CPU time of this process only: other work on the machine does not count
        assert Organisation(read_people(data).employees).findings() == ()
        return time.process_time() - started

    some, many = as_csv(list(people(MANY // 10))), as_csv(list(people(MANY)))
    seconds(some)  # warms up what is made only once
    assert seconds(many) < 40 * max(
        seconds(some), 0.01
    )  # ten times as many people; quadratic growth would be a factor of a hundred


def test_a_person_who_was_read_takes_less_than_a_kilobyte() -> None:
    data = as_csv(list(people(MANY)))
    tracemalloc.start()
    file = read_people(data)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(file.employees) < 1_000
