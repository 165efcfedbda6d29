"""The company's people from a CSV file, as a personnel system or a spreadsheet writes it: all of them, or findings.

Nothing is guessed: an encoding, a column or a value that could mean two things is refused, with what to do about it.

Rows are read in pieces, and only the employees are kept: 191,000 people take 0.2 GB, the file included.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from domain.csv_text import NotCsv, UnreadableText, encoding_of
from domain.findings import Finding, refuse
from domain.people.bad_cells import bad_cell
from domain.people.organisation import Employee
from domain.people.people_cells import Cells, clean_rows
from domain.people.people_columns import find_columns, is_known
from domain.people.people_file_findings import row, row_of_byte, shown
from domain.values import EmployeeId

MAX_BYTES = 64 * 2**20  # at a hundred bytes a person, more people than any company has
# Rows read at a time: enough that work by column pays, few enough that Python's garbage collector, which runs after 700
# new objects, seldom meets a piece that is still in use. 5,000 rows at a time take half as long again.
_AT_A_TIME = 200
_EMPLOYEES = TypeAdapter(list[Employee])


class Record(NamedTuple):
    """One row of the file: its number as a spreadsheet counts (the first is 1), and its cells."""

    row: int
    cells: list[str]


class Found(NamedTuple):
    """A finding, and the row to sort it by."""

    row: int
    finding: Finding


@dataclass(frozen=True)
class PeopleFile:
    """What a file holds: the employees and the row of each, or nobody and the findings that say why."""

    employees: tuple[Employee, ...] = ()
    rows: Mapping[EmployeeId, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    fields: frozenset[str] = frozenset()  # that the file has columns for; of the others it says nothing

    def place(self, employee_id: EmployeeId) -> str:
        """Where the reader finds this employee: the row in the file, else the id."""
        return row(self.rows[employee_id]) if employee_id in self.rows else employee_id


class _Unreadable(Exception):
    """Reading ends here: what follows could not be understood."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__()
        self.findings = findings


def read_people(data: bytes, mapping: Mapping[str, str] | None = None) -> PeopleFile:
    """The people of a CSV file (UTF-8 or CP932; comma, tab or semicolon), or every finding that refuses it.

    `mapping` names the header of a field where it is not one that is recognised, as `{"name": "login"}`. Lines of
    managers are not checked here: they may lead to people who are in the directory but not in the file.
    """
    try:
        return _read(_records(data), mapping or {})
    except _Unreadable as unreadable:
        return PeopleFile(findings=unreadable.findings)


def _read(records: Iterator[Record], mapping: Mapping[str, str]) -> PeopleFile:
    header = next(records)
    columns, findings = find_columns(header.cells, mapping, row(header.row))
    if findings:
        for _ in records:  # a file that cannot be read to its end is told so first
            pass
        raise _Unreadable(*findings)
    reader = _PeopleReader(columns, len(header.cells))
    while piece := list(islice(records, _AT_A_TIME)):
        reader.read(piece)
    return reader.result()


def _records(data: bytes) -> Iterator[Record]:
    """The rows that hold something, the header first; empty ones count, as a spreadsheet numbers them."""
    encoding = _encoding(data)
    number = found = 0
    try:
        for number, cells in enumerate(_cells(data, encoding, _delimiter(data, encoding)), 1):
            if any(map(str.strip, cells)):
                found += 1
                yield Record(number, cells)
    except csv.Error as error:
        raise _Unreadable(refuse("bad_csv", row(number + 1))) from error
    if found < 2:  # noqa: PLR2004 - a header and one person
        raise _Unreadable(refuse("no_rows" if found else "empty_file", "file"))


def _encoding(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _Unreadable(refuse("too_large", "file", limit=MAX_BYTES // 2**20))
    try:
        return encoding_of(data)
    except UnreadableText as unreadable:
        raise _Unreadable(_not_text(data, unreadable.why, unreadable.at)) from unreadable


def _not_text(data: bytes, why: NotCsv, at: int | None) -> Finding:
    if at is None:
        return refuse(why, "file")
    return refuse(why, row_of_byte(data, at), at=at + 1, byte=f"0x{data[at]:02X}")


def _cells(data: bytes, encoding: str, delimiter: str, *, strict: bool = True) -> Iterator[list[str]]:
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def _delimiter(data: bytes, encoding: str) -> str:
    """The separator under which most headers are recognised; where that tells nothing, the one with most cells."""
    beginning = data[:40_000].decode(encoding, errors="ignore").lstrip().encode(encoding)

    def as_header(delimiter: str) -> tuple[int, int]:
        header = next(_cells(beginning, encoding, delimiter, strict=False), [])
        return sum(map(is_known, header)), len(header)

    return max(",\t;", key=as_header)


class _PeopleReader:
    """Takes the rows below the header piece by piece; keeps the employees, and what is wrong."""

    def __init__(self, columns: Mapping[str, int], width: int) -> None:
        self._columns, self._width = columns, width
        self._employees: list[Employee] = []
        self._rows: list[int] = []
        self._ids: list[str] = []  # empty where the cell is, as the mail addresses below
        self._mails: list[str] = []
        self._of_counts: list[Found] = []
        self._of_cells: list[Found] = []

    def read(self, records: Sequence[Record]) -> None:
        whole = [record for record in records if len(record.cells) == self._width]
        if len(whole) < len(records):
            self._of_counts += (self._cell_count(record) for record in records if len(record.cells) != self._width)
        rows = [record.row for record in whole]
        people = clean_rows((record.cells for record in whole), self._columns)
        self._rows += rows
        self._ids += (person["id"] or "" for person in people)
        self._mails += (person.get("mail") or "" for person in people)
        try:
            self._employees += _EMPLOYEES.validate_python(people)
        except ValidationError as error:
            self._of_cells += _bad_cells(error, people, rows)

    def result(self) -> PeopleFile:
        of_values = (*_repeated("id", self._ids, self._rows), *_repeated("mail", self._mails, self._rows))
        if found := (*self._of_counts, *of_values, *self._of_cells):
            return PeopleFile(findings=tuple(one.finding for one in sorted(found, key=lambda one: one.row)))
        rows = {one.id: row for one, row in zip(self._employees, self._rows, strict=True)}
        return PeopleFile(tuple(self._employees), rows, fields=frozenset(self._columns))

    def _cell_count(self, record: Record) -> Found:
        finding = refuse("cell_count", row(record.row), cells=len(record.cells), expected=self._width)
        return Found(record.row, finding)


def _repeated(name: str, values: Sequence[str], rows: Sequence[int]) -> Iterator[Found]:
    """Values that more than one person has; mail addresses are equal whatever their case."""
    compared = list(map(str.casefold, values)) if name == "mail" else values
    given = list(filter(None, compared))
    if len(set(given)) == len(given):  # as a rule; seen four times quicker than by the loop below
        return
    first: dict[str, int] = {}
    for number, value, key in zip(rows, values, compared, strict=True):
        earlier = first.setdefault(key, number)
        if earlier != number and value:
            both = f"{row(earlier)}, {row(number)}"
            yield Found(number, refuse("duplicate", both, name=name, value=shown(value), both=both))


def _bad_cells(error: ValidationError, people: Sequence[Cells], rows: Sequence[int]) -> Iterator[Found]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        at, name = int(problem["loc"][0]), str(problem["loc"][1])
        yield Found(rows[at], bad_cell(row(rows[at]), name, people[at].get(name) or ""))
