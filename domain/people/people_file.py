"""The company's people from a CSV file or a workbook, as a personnel system or a spreadsheet writes it: all of them, or findings.

Nothing is guessed: an encoding, a column or a value that could mean two things is refused, with what to do about it.

Rows are read in pieces, and only the employees are kept: 191,000 people take 0.2 GB, the file included.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from domain.findings import Finding, refuse
from domain.people.bad_cells import bad_cell
from domain.people.leave import given
from domain.people.organisation import Employee
from domain.people.people_cells import Cells, clean_rows
from domain.people.people_columns import EVALUATORS, LEAVES, PEOPLE, Table, find_columns
from domain.people.people_file_findings import row, shown
from domain.people.people_rows import MAX_BYTES, Record, UnreadableRows, records_of_csv, records_of_rows
from domain.people.post_rows import PostRows
from domain.values import SILENT, EmployeeId, Locale

__all__ = ["MAX_BYTES", "PeopleFile", "read_people", "read_people_rows"]

# Rows read at a time: enough that work by column pays, few enough that Python's garbage collector, which runs after 700
# new objects, seldom meets a piece that is still in use. 5,000 rows at a time take half as long again.
_AT_A_TIME = 200
_ABOVE = 10  # rows in which the header is looked for, below a title
_EMPLOYEES = TypeAdapter(list[Employee], config=SILENT)
_EMPLOYEE = TypeAdapter(Employee)
_PLACE_ONLY = (
    "id",
    "manager_id",
    "active",
    "leaves",
    "away_from",
    "away_until",
    "deputy_id",
    "joined_on",
    "further_leaves",
)  # fields that the lines of managers are checked with


class Found(NamedTuple):
    """A finding, and the row to sort it by."""

    row: int
    finding: Finding


@dataclass(frozen=True)
class PeopleFile:
    """What a file holds: the employees and the row of each; or findings that say why it cannot be used.

    With findings, there are no employees. Then `placed` are people whose place among the managers is known, though perhaps
    not their name, and `unread` the ids of the others: so the lines of managers can be checked at the same time.
    """

    employees: tuple[Employee, ...] = ()
    rows: Mapping[EmployeeId, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    fields: frozenset[str] = frozenset()  # that the file has columns for; of the others it says nothing
    placed: tuple[Employee, ...] = ()
    unread: frozenset[str] = frozenset()

    def place(self, employee_id: EmployeeId) -> str:
        """Where the reader finds this employee: the row in the file, else the id."""
        return row(self.rows[employee_id]) if employee_id in self.rows else employee_id


def read_people(
    data: bytes,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    *,
    locale: Locale = Locale.JA,
) -> PeopleFile:
    """The people of a CSV file (comma, tab or semicolon), or every finding that refuses it.

    `mapping` names the header of a field where it is not one that is recognised, as `{"name": "login"}`. `encoding` is one
    of `domain.csv_text.ENCODINGS`; without it, UTF-8 and CP932 are recognised. `locale` is the language of people for whom the
    file names none. Lines of managers are not checked here: they may lead to people who are in the directory but not in the file.
    """
    return _read(records_of_csv(data, encoding), mapping or {}, locale)


def read_people_rows(
    rows: Iterable[Sequence[str]], mapping: Mapping[str, str] | None = None, *, locale: Locale = Locale.JA
) -> PeopleFile:
    """The people of a page of a workbook, as `read_people` reads them."""
    return _read(records_of_rows(rows), mapping or {}, locale)


def _read(records: Iterator[Record], mapping: Mapping[str, str], locale: Locale) -> PeopleFile:
    try:
        return _people(records, mapping, locale)
    except UnreadableRows as unreadable:
        return PeopleFile(findings=unreadable.findings)


def _people(records: Iterator[Record], mapping: Mapping[str, str], locale: Locale) -> PeopleFile:
    header, rest = split_header(records, mapping)
    columns, findings = find_columns(header.cells, mapping, row(header.row))
    if findings:
        for _ in rest:  # a file that cannot be read to its end is told so first
            pass
        raise UnreadableRows(*findings)
    reader = _PeopleReader(columns, len(header.cells), locale)
    while piece := list(islice(rest, _AT_A_TIME)):
        reader.read(piece)
    return reader.result()


def split_header(
    records: Iterator[Record], mapping: Mapping[str, str], table: Table = PEOPLE
) -> tuple[Record, Iterator[Record]]:
    """The first row and the others. Raises `UnreadableRows` for a table that has a title above its header."""
    first, *others = islice(records, _ABOVE)
    if find_columns(first.cells, mapping, "", table)[1]:
        for record in others:
            if not find_columns(record.cells, mapping, "", table)[1]:
                raise UnreadableRows(refuse("title_above", row(first.row), header=row(record.row)))
    return first, chain(others, records)


class _PeopleReader:
    """Takes the rows below the header piece by piece; keeps the employees, and what is wrong."""

    def __init__(self, columns: Mapping[str, int], width: int, locale: Locale) -> None:
        self._columns, self._width, self._locale = columns, width, locale
        self._evaluators = [name for name in EVALUATORS if name in columns]
        self._leaves = [pair for pair in LEAVES if not columns.keys().isdisjoint(pair)]
        field_of = {"post": "posts", "share": "posts"} | dict.fromkeys(self._evaluators, "evaluators")
        field_of |= {name: "further_leaves" for pair in LEAVES for name in pair}
        fields = {field_of.get(name, name) for name in columns}
        if "post" not in columns:
            fields.discard("posts")
        self._fields = frozenset(fields | {"number"})  # of `Employee`; the number is in the column of ids
        self._posts = PostRows(columns)
        self._employees: list[Employee] = []
        self._employee_rows: list[int] = []
        self._rows: list[int] = []
        self._ids: list[str] = []  # empty where the cell is, as the mail addresses below
        self._mails: list[str] = []
        self._of_counts: list[Found] = []
        self._of_cells: list[Found] = []
        self._unread: set[str] = set()

    def read(self, records: Sequence[Record]) -> None:
        whole = [record for record in records if len(record.cells) == self._width]
        if len(whole) < len(records):
            self._refuse_counts([record for record in records if len(record.cells) != self._width])
        rows = [record.row for record in whole]
        people = clean_rows((record.cells for record in whole), self._columns)
        for person in people:
            person["locale"] = person.get("locale") or self._locale
        if self._evaluators:
            _gather(people, self._evaluators)
        if self._leaves:
            _gather_leaves(people)
        people, rows = self._posts.take(people, rows)
        self._rows += rows
        self._ids += (person["id"] or "" for person in people)
        self._mails += (person.get("mail") or "" for person in people)
        try:
            self._employees += map(_without_gaps, _EMPLOYEES.validate_python(people))
            self._employee_rows += rows
        except ValidationError as error:
            self._of_cells += _bad_cells(error, people, rows)
            self._keep_places(people, rows)

    def result(self) -> PeopleFile:
        of_values = (*repeated("id", self._ids, self._rows), *repeated("mail", self._mails, self._rows))
        self._employees, of_posts = self._posts.given_to(self._employees)
        posts = (Found(*one) for one in (*self._posts.findings, *of_posts))
        found = sorted((*self._of_counts, *of_values, *self._of_cells, *posts), key=lambda one: one.row)
        rows: dict[EmployeeId, int] = {}
        for one, number in zip(self._employees, self._employee_rows, strict=True):
            rows.setdefault(one.id, number)
        if not found:
            return PeopleFile(tuple(self._employees), rows, fields=self._fields)
        once = {one.id: one for one in reversed(self._employees)}
        return PeopleFile(
            rows=rows,
            findings=tuple(one.finding for one in found),
            fields=self._fields,
            placed=tuple(once[one] for one in rows),
            unread=frozenset(self._unread | self._posts.unread),
        )

    def _refuse_counts(self, records: Sequence[Record]) -> None:
        at = self._columns["id"]
        for record in records:
            finding = refuse("cell_count", row(record.row), cells=len(record.cells), expected=self._width)
            self._of_counts.append(Found(record.row, finding))
            self._unread |= {cell.strip() for cell in record.cells[at : at + 1]}

    def _keep_places(self, people: Sequence[Cells], rows: Sequence[int]) -> None:
        """Keeps those of whom at least the place among the managers can be read."""
        for person, number in zip(people, rows, strict=True):
            place = {name: person[name] for name in _PLACE_ONLY if name in person}
            try:
                self._employees.append(_EMPLOYEE.validate_python(place | {"name": "-", "department": "-"}))
                self._employee_rows.append(number)
            except ValidationError:
                self._unread.add(person["id"] or "")


def repeated(name: str, values: Sequence[str], rows: Sequence[int]) -> Iterator[Found]:
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


def _gather(people: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Puts the cells of a person's evaluators into one field, by their stages; stages at the end without one are left out."""
    for person in people:
        cells = {name: person.pop(name) for name in columns}
        last = max((EVALUATORS.index(name) + 1 for name, cell in cells.items() if cell), default=0)
        person["evaluators"] = tuple(cells.get(name) for name in EVALUATORS[:last])


def _gather_leaves(people: Sequence[dict[str, Any]]) -> None:
    """Puts the days of a person's further leaves into one field, by their columns; those at the end without a day are left out."""
    for person in people:
        leaves = [{"first": person.pop(first, None), "last": person.pop(last, None)} for first, last in LEAVES]
        while leaves and not any(leaves[-1].values()):
            leaves.pop()
        person["further_leaves"] = leaves


def _without_gaps(one: Employee) -> Employee:
    leaves = given(one.further_leaves)
    return one if len(leaves) == len(one.further_leaves) else replace(one, further_leaves=leaves)


def _bad_cells(error: ValidationError, people: Sequence[dict[str, Any]], rows: Sequence[int]) -> Iterator[Found]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        at, name, *stage = problem["loc"]
        number = rows[int(at)]
        value = people[int(at)].get(str(name)) or ""
        if name == "further_leaves":
            nth, day = int(stage[0]), str(stage[1])
            name, value = LEAVES[nth][day == "last"], people[int(at)][name][nth][day]
        elif stage:
            name, value = EVALUATORS[int(stage[0])], value[int(stage[0])]
        yield Found(number, bad_cell(row(number), str(name), value))
