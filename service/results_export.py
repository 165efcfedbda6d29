"""Use case of HR: everything of a cycle's results in a file, as a workbook or a table. Read and written page by page."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.goal.goal import Goal
from domain.values import CycleId, Locale
from service.cycle_lookup import require_cycle
from service.projection import stream_goals
from service.relations import require_hr
from service.results import Groups, stream_people
from service.sheets import names_for_sheets
from sheets.results import DepartmentLine, PersonLine, ResultsBook
from storage.database import read_transaction
from storage.scores import goals_by_department

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Names = dict[str, str]


class ResultsExport:
    """Raises a `Refusal` for a caller who is not HR of the cycle."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def goals(self, caller: Caller, cycle: CycleId) -> AsyncGenerator[tuple[list[Goal], Names], None]:
        """The cycle's goals by id with their owners' names, page by page."""
        async with self._opened(caller, cycle) as connection:
            async for page in _goals(connection, cycle):
                yield page

    async def write_book(self, caller: Caller, cycle: CycleId, file: Path, locale: Locale) -> int:
        """Writes the workbook; how many goals are in it. Raises `OSError` where the file cannot be written."""
        async with self._opened(caller, cycle) as connection:
            name = (await require_cycle(connection, cycle)).name
            groups = Groups(connection, cycle)
            at_work = await groups.shares() is not None
            book = ResultsBook(file, f"{cycle}  {name}", locale, at_work=at_work)
            try:
                return await _fill(book, connection, cycle, groups)
            except BaseException:
                book.abandon()
                raise

    @asynccontextmanager
    async def _opened(self, caller: Caller, cycle: CycleId) -> "AsyncIterator[AsyncConnection]":
        """A read transaction for a caller who may: everything in the file is of one moment."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_RESULTS, cycle)
            yield connection


async def _fill(book: ResultsBook, connection: "AsyncConnection", cycle: CycleId, groups: Groups) -> int:
    """How many goals were written."""
    goals = 0
    book.add_departments(await _departments(connection, cycle, groups))
    async for lines in _people(connection, cycle):
        book.add_people(lines)
    async for page, names in _goals(connection, cycle):
        book.add_goals(page, names)
        goals += len(page)
    book.close(await groups.overall())
    return goals


async def _goals(connection: "AsyncConnection", cycle: CycleId) -> AsyncIterator[tuple[list[Goal], Names]]:
    async for page in stream_goals(connection, cycle):
        people = {one for goal in page for one in (goal.owner, *(goal.credited or ()))}
        yield page, await names_for_sheets(connection, cycle, people)


async def _people(connection: "AsyncConnection", cycle: CycleId) -> AsyncIterator[list[PersonLine]]:
    async for page in stream_people(connection, cycle):
        names = await names_for_sheets(
            connection, cycle, {one for person in page for one in (person.person, person.reviewer) if one}
        )
        yield [
            PersonLine(
                one.person, names.get(one.person, ""), one.department, names.get(one.reviewer or "", ""), one.goals,
                one.score, one.adjusted, one.final, Decimal(1) if one.share_at_work is None else one.share_at_work,
            )
            for one in page
        ]  # fmt: skip


async def _departments(connection: "AsyncConnection", cycle: CycleId, groups: Groups) -> list[DepartmentLine]:
    """By the department of each person's last goal; the numbers of goals by the department of the goal."""
    numbers = {one.department: one for one in await goals_by_department(connection, cycle)}
    lines = []
    for spread in await groups.departments():
        found = numbers.get(spread.name)
        lines.append(DepartmentLine(spread, found.goals if found else 0, found.achieved if found else 0))
    return lines
