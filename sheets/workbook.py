"""Workbooks of any spreadsheet program as rows of cells, read in a process of its own with bounded memory and time.

The library that reads them holds every cell from the first used one to the last. A file of 9 kB with two cells far apart
asks for 549 GB, and the process is aborted. So this room starts a process that may take 1 GB and a minute, and a file
that ends that process is too large.
"""

import os
import resource
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from io import BytesIO
from multiprocessing import get_context
from typing import NamedTuple, Self, TypeAlias

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, XmlError, ZipError

_MOST_MEMORY = 1_000_000_000  # bytes of address space
_MOST_SECONDS = 60  # of CPU, for all files of one reader
_MOST_PAGES = 20
_MOST_CELLS = 5_000_000  # of one page, empty ones included

_Cell: TypeAlias = str | float | int | bool | datetime | date | time | timedelta


class Unreadable(StrEnum):
    """Why a file is not read; the code of the finding."""

    PASSWORD = "password"  # noqa: S105 - the name of a finding
    NO_WORKBOOK = "no_workbook"
    TOO_LARGE = "too_large"


class Page(NamedTuple):
    """One sheet of a workbook. Rows and columns begin at A1, and all rows have the same length."""

    name: str
    rows: list[list[_Cell]]


class WorkbookReader:
    """Reads workbooks one after the other. A context manager: its process starts with the first file and ends with the block."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, data: bytes) -> tuple[Page, ...] | Unreadable:
        """The pages of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods."""
        self._pool = self._pool or ProcessPoolExecutor(1, get_context("spawn"), initializer=_bound_this_process)
        try:
            return self._pool.submit(_read, data).result()
        except BrokenProcessPool:
            self._end()
            return Unreadable.TOO_LARGE

    def _end(self) -> None:
        if self._pool:
            self._pool.shutdown()
            self._pool = None


def _bound_this_process() -> None:
    """Sets the limits of the reading process. What it prints when it is aborted is of no use to anybody."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _read(data: bytes) -> tuple[Page, ...] | Unreadable:
    try:
        return _pages(CalamineWorkbook.from_filelike(BytesIO(data)))
    except PasswordError:
        return Unreadable.PASSWORD
    except (CalamineError, ZipError, XmlError, OSError):
        return Unreadable.NO_WORKBOOK
    except MemoryError:
        return Unreadable.TOO_LARGE


def _pages(book: CalamineWorkbook) -> tuple[Page, ...] | Unreadable:
    tables = [one.name for one in book.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
    if len(tables) > _MOST_PAGES:
        return Unreadable.TOO_LARGE
    pages = []
    for name in tables:
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height * sheet.total_width > _MOST_CELLS:
            return Unreadable.TOO_LARGE
        pages.append(Page(name, sheet.to_python(skip_empty_area=False)))
    return tuple(pages)
