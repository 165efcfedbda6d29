"""Reading a file of people that somebody hands in: a CSV file, or a workbook of any spreadsheet program."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from domain.csv_text import is_workbook
from domain.findings import Finding, refuse
from domain.people.department_file import DEPARTMENTS, DepartmentFile, read_department_rows, read_departments
from domain.people.people_columns import PEOPLE, Table
from domain.people.people_file import MAX_BYTES, PeopleFile, read_people, read_people_rows
from domain.people.people_rows import MAX_ROWS, UnreadableRows, records_of_csv, records_of_rows
from domain.values import Locale
from sheets.workbook import Page, Unreadable, WorkbookReader

_MIDNIGHT = time(0)


class PeopleSource(NamedTuple):
    """A file of people, and what the person who hands it in says about it.

    `mapping` gives the header of a field that is not recognised (`{"name": "login"}`). `encoding` is one of
    `domain.csv_text.ENCODINGS`; without it, the encoding is recognised. `locale` is the language of people for whom
    the file names none.
    """

    data: bytes
    mapping: Mapping[str, str] | None = None
    encoding: str | None = None
    locale: Locale = Locale.JA


async def read_file(source: PeopleSource) -> PeopleFile:
    """The people of the file, or findings. Other requests go on meanwhile."""
    return await asyncio.to_thread(_read, source)


async def read_header(source: PeopleSource) -> tuple[str, ...]:
    """The cells of the file's first row that is not empty, as it writes them; none where it cannot be read."""
    return await asyncio.to_thread(_header, source)


async def read_department_file(
    data: bytes, mapping: Mapping[str, str] | None = None, encoding: str | None = None
) -> DepartmentFile:
    """The departments of the file, or findings. Other requests go on meanwhile."""
    return await asyncio.to_thread(_read_departments, data, mapping, encoding)


def _read(source: PeopleSource) -> PeopleFile:
    if not is_workbook(source.data):
        return read_people(source.data, source.mapping, source.encoding, locale=source.locale)
    rows = _rows_of_workbook(source.data, PEOPLE)
    if isinstance(rows, Finding):
        return PeopleFile(findings=(rows,))
    return read_people_rows(rows, source.mapping, locale=source.locale)


def _header(source: PeopleSource) -> tuple[str, ...]:
    if is_workbook(source.data):
        rows = _rows_of_workbook(source.data, PEOPLE)
        records = records_of_rows([] if isinstance(rows, Finding) else rows)
    else:
        records = records_of_csv(source.data, source.encoding)
    try:
        first = next(records, None)
    except UnreadableRows:
        return ()
    return tuple(first.cells) if first else ()


def _read_departments(data: bytes, mapping: Mapping[str, str] | None, encoding: str | None) -> DepartmentFile:
    if not is_workbook(data):
        return read_departments(data, mapping, encoding)
    rows = _rows_of_workbook(data, DEPARTMENTS)
    return DepartmentFile(findings=(rows,)) if isinstance(rows, Finding) else read_department_rows(rows, mapping)


def _rows_of_workbook(data: bytes, table: Table) -> list[list[str]] | Finding:
    """The rows of the page whose header has most fields of the table; the first one, where several have as many."""
    if len(data) > MAX_BYTES:
        return refuse("too_large", "file", limit=MAX_BYTES // 2**20)
    with WorkbookReader() as reader:
        pages = reader.read(data)
    if isinstance(pages, Unreadable):
        return _unreadable(pages)
    page = max(pages, key=partial(_known_headers, table), default=Page("", []))
    return [[_text(cell) for cell in row] for row in page.rows]


def _unreadable(why: Unreadable) -> Finding:
    if why is Unreadable.TOO_LARGE:
        return refuse("too_large", "file", text="finding.too_many_people", limit=MAX_ROWS)
    return refuse(why, "file")


def _known_headers(table: Table, page: Page) -> int:
    return max((sum(table.knows(str(cell)) for cell in row) for row in page.rows[:10]), default=0)


def _text(cell: object) -> str:
    """The cell as a CSV file would have it: whole numbers without a point, days without a time."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case float():
            return f"{Decimal(repr(cell)):f}"
        case datetime() if cell.time() == _MIDNIGHT:
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
    return str(cell)
