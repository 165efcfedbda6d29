"""Hostile workbooks and tables: refused by name, while the memory of this process hardly grows."""

import io
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from xlsxwriter.workbook import Workbook

from domain.findings import Finding
from sheets.goals_csv import read_goals_csv
from sheets.reading import read_goal_sheet
from sheets.workbook import Unreadable, WorkbookReader

_HARMLESS_GROWTH = 150_000_000  # bytes


@pytest.fixture(scope="module")
def reader() -> Iterator[WorkbookReader]:
    with WorkbookReader() as one:
        yield one


def workbook(fill: Callable[[Any], None]) -> bytes:
    out = io.BytesIO()
    with Workbook(out) as book:
        fill(book.add_worksheet("x"))
    return out.getvalue()


def corners(last_row: int, last_column: int) -> bytes:
    def fill(sheet: Any) -> None:
        sheet.write(0, 0, "a")
        sheet.write(last_row, last_column, "z")

    return workbook(fill)


def with_part(data: bytes, part: str, content: Iterable[bytes]) -> bytes:
    """The workbook with another content of one of its parts."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w") as to:
                to.writelines(content if name == part else [old.read(name)])
    return out.getvalue()


def inflating(megabytes: int) -> bytes:
    """A workbook whose texts take a thousand times the space of the file."""
    text = b"<si><t>" + b"a" * 1_000_000 + b"</t></si>"
    head = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return with_part(corners(1, 1), "xl/sharedStrings.xml", (head, *(text,) * megabytes, b"</sst>"))


@contextmanager
def hardly_any_memory() -> Iterator[None]:
    """Asserts that the block takes little memory at any moment; what was taken before does not hide it."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < _HARMLESS_GROWTH


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(corners(1_048_575, 16_383), id="two cells in opposite corners"),
        pytest.param(corners(4_999, 16_383), id="a cell in the last column of row 5000"),
        pytest.param(inflating(1_500), id="texts that inflate to 1.5 GB"),
        pytest.param(corners(365, 16_383), id="six million empty cells, which fit into the memory of the reader"),
    ],
)
def test_a_small_workbook_that_asks_for_all_memory_is_too_large(data: bytes, reader: WorkbookReader) -> None:
    assert len(data) < 2_000_000
    with hardly_any_memory():
        assert reader.read(data) is Unreadable.TOO_LARGE


def test_a_workbook_with_more_sheets_than_anybody_fills_in_is_too_large(reader: WorkbookReader) -> None:
    out = io.BytesIO()
    with Workbook(out) as book:
        for _ in range(21):
            book.add_worksheet()
    assert reader.read(out.getvalue()) is Unreadable.TOO_LARGE


def test_the_next_workbook_is_read_after_one_that_was_too_large(reader: WorkbookReader) -> None:
    assert reader.read(corners(1_048_575, 16_383)) is Unreadable.TOO_LARGE
    (page,) = reader.read(corners(1, 2))
    assert page == ("x", [["a", "", ""], ["", "", "z"]])


def test_the_owner_of_a_sheet_that_is_too_large_hears_the_limit(reader: WorkbookReader) -> None:
    (finding,) = read_goal_sheet(corners(1_048_575, 16_383), reader)
    assert isinstance(finding, Finding)
    assert (finding.code, finding.message.fields["limit"]) == ("too_large", 5)


def with_sheets(tables: int, charts: int = 0) -> bytes:
    out = io.BytesIO()
    with Workbook(out) as book:
        for number in range(tables):
            book.add_worksheet(f"t{number}").write(0, 0, number)
        for number in range(charts):
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=t0!$A$1:$A$2"})
            book.add_chartsheet(f"c{number}").set_chart(chart)
    return out.getvalue()


@pytest.mark.parametrize("charts", [0, 1])
def test_a_workbook_of_20_tables_is_read_and_its_charts_are_not_counted(charts: int, reader: WorkbookReader) -> None:
    pages = reader.read(with_sheets(20, charts))
    assert [page.name for page in pages if not isinstance(page, str)] == [f"t{number}" for number in range(20)]


def test_a_workbook_of_21_tables_is_too_large(reader: WorkbookReader) -> None:
    assert reader.read(with_sheets(21)) is Unreadable.TOO_LARGE


def test_a_table_of_millions_of_rows_is_refused_before_they_are_in_memory() -> None:
    data = "目標の ID,テーマ\n".encode() + b"x\n" * 9_000_000
    with hardly_any_memory():
        (finding,) = read_goals_csv(data)
    assert isinstance(finding, Finding)
    assert finding.message.key == "finding.too_many_rows"


def test_a_row_of_commas_alone_is_refused_before_it_becomes_cells() -> None:
    data = "目標の ID,テーマ\n".encode() + b"," * 19_000_000
    with hardly_any_memory():
        (finding,) = read_goals_csv(data)
    assert isinstance(finding, Finding)
    assert (finding.where, finding.message.key) == ("row 2", "finding.row_too_long")
