"""The rows of a file of people, from the bytes of a CSV file or from a page of a workbook; with limits that hold before reading."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from domain.csv_text import NotCsv, UnreadableText, both_readings, encoding_of, separator_of, start_of_long_row
from domain.findings import Finding, refuse
from domain.people.people_columns import is_known
from domain.people.people_file_findings import row, row_of_byte, shown

MAX_BYTES = 64 * 2**20  # at a hundred bytes a person, more people than any company has
MAX_ROWS = 500_000
_MAX_COLUMNS = 200
_BEGINNING = 40_000  # bytes in which the separator is looked for


class Record(NamedTuple):
    """One row of the file: its number as a spreadsheet counts (the first is 1), and its cells."""

    row: int
    cells: Sequence[str]


class UnreadableRows(Exception):
    """Reading ends here: what follows could not be understood."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__()
        self.findings = findings


def records_of_csv(data: bytes, named: str | None, is_header: Callable[[str], bool] = is_known) -> Iterator[Record]:
    """The rows of a CSV file; `named` is its encoding where a person named it. Raises `UnreadableRows`.

    `is_header` says of a cell whether it is a known header, by which the separator is found.
    """
    _require_small(data)
    try:
        encoding = encoding_of(data, named)
    except UnreadableText as unreadable:
        raise UnreadableRows(_not_text(data, unreadable.why, unreadable.at)) from unreadable
    beginning = data[:_BEGINNING].decode(encoding, errors="ignore").lstrip()
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    yield from _filled(csv.reader(lines, delimiter=separator_of(beginning, is_header), strict=True))


def records_of_rows(rows: Iterable[Sequence[str]]) -> Iterator[Record]:
    """The rows of a page of a workbook. Raises `UnreadableRows`."""
    yield from _filled(iter(rows))


def _require_small(data: bytes) -> None:
    """Counts bytes, rows and the longest row: what is too large is refused before it takes memory."""
    if len(data) > MAX_BYTES:
        raise UnreadableRows(refuse("too_large", "file", limit=MAX_BYTES // 2**20))
    if max(data.count(b"\n"), data.count(b"\r")) > MAX_ROWS:
        raise UnreadableRows(refuse("too_large", "file", text="finding.too_many_people", limit=MAX_ROWS))
    if (start := start_of_long_row(data)) is not None:
        raise UnreadableRows(refuse("too_large", row_of_byte(data, start), text="finding.row_too_long"))


def _not_text(data: bytes, why: NotCsv, at: int | None) -> Finding:
    if at is None:
        return refuse(why, "file")
    if why is NotCsv.UNCERTAIN_ENCODING:
        japanese, western = both_readings(data, at)
        return refuse(why, row_of_byte(data, at), japanese=shown(japanese), western=shown(western))
    return refuse(why, row_of_byte(data, at), at=at + 1, byte=f"0x{data[at]:02X}")


def _filled(rows: Iterator[Sequence[str]]) -> Iterator[Record]:
    """The rows that hold something, the header first; empty ones count, as a spreadsheet numbers them."""
    number = found = 0
    try:
        for number, cells in enumerate(rows, 1):
            if len(cells) > _MAX_COLUMNS:
                raise UnreadableRows(refuse("too_large", row(number), text="finding.row_too_long"))
            if any(map(str.strip, cells)):
                found += 1
                yield Record(number, cells)
    except csv.Error as error:
        raise UnreadableRows(refuse("bad_csv", row(number + 1))) from error
    if found < 2:  # noqa: PLR2004 - a header and one person
        raise UnreadableRows(refuse("no_rows" if found else "empty_file", "file"))
