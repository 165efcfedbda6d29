"""Reading a file of people that somebody hands in: a CSV file, or a workbook of any spreadsheet program."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from domain.csv_text import is_workbook
from domain.findings import Finding, refuse
from domain.people.people_columns import is_known
from domain.people.people_file import MAX_BYTES, PeopleFile, read_people, read_people_rows
from domain.people.people_rows import MAX_ROWS
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


def _read(source: PeopleSource) -> PeopleFile:
    if not is_workbook(source.data):
        return read_people(source.data, source.mapping, source.encoding, locale=source.locale)
    if len(source.data) > MAX_BYTES:
        return PeopleFile(findings=(refuse("too_large", "file", limit=MAX_BYTES // 2**20),))
    with WorkbookReader() as reader:
        pages = reader.read(source.data)
    if isinstance(pages, Unreadable):
        return PeopleFile(findings=(_unreadable(pages),))
    rows = [[_text(cell) for cell in row] for row in _page_of_people(pages).rows]
    return read_people_rows(rows, source.mapping, locale=source.locale)


def _unreadable(why: Unreadable) -> Finding:
    if why is Unreadable.TOO_LARGE:
        return refuse("too_large", "file", text="finding.too_many_people", limit=MAX_ROWS)
    return refuse(why, "file")


def _page_of_people(pages: tuple[Page, ...]) -> Page:
    """The page whose header has most fields of people; the first one, where several have as many."""
    empty = Page("", [])
    return max(pages, key=_known_headers, default=empty)


def _known_headers(page: Page) -> int:
    return max((sum(is_known(str(cell)) for cell in row) for row in page.rows[:10]), default=0)


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
