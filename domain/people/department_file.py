"""A file of departments, as a personnel system or a spreadsheet writes it: all of them, or findings.

Read by the rules of the file of people: encodings, separators, headers in both languages.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from domain.findings import Finding, refuse
from domain.people.bad_cells import bad_cell
from domain.people.department_changes import DepartmentRow
from domain.people.departments import Department
from domain.people.people_cells import clean_id, clean_line
from domain.people.people_columns import Table, find_columns, words_by_name
from domain.people.people_file import Found, repeated, split_header
from domain.people.people_file_findings import row
from domain.people.people_rows import Record, UnreadableRows, records_of_csv, records_of_rows

DEPARTMENTS = Table(
    words_by_name("""
department_id:id departmentid deptid departmentcode deptcode 部署id 部署コード 部署番号 部門id 部門コード 部門番号 組織id 組織コード
department:name department departmentname dept 部署 部署名 部門 部門名 組織名
parent_id:parent parentid parentdepartment parentdepartmentid above 上位部署 上位部署id 上位部署コード 上位部署名 親部署 親部署id 上位部門 上位部門コード 上位組織 上位組織コード
head_id:head headid departmenthead manager managerid 部門長 部門長社員番号 部署長 部署長社員番号 所属長 所属長社員番号 責任者 責任者社員番号 組織長
"""),
    ("department_id", "department"),
)
_DEPARTMENT = TypeAdapter(Department)
_FIELDS = {
    "department_id": "id",
    "department": "name",
    "parent_id": "parent_id",
    "head_id": "head_id",
}  # of `Department`
_CLEAN = {"department_id": clean_id, "department": clean_line, "parent_id": clean_line, "head_id": clean_id}


@dataclass(frozen=True)
class DepartmentFile:
    """The rows of a file and the number of each, by id; or findings that say why it cannot be used. `fields` have a column."""

    rows: tuple[DepartmentRow, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()

    def place(self, department: str) -> str:
        """Where the reader finds this department: the row in the file, else the id."""
        return row(self.numbers[department]) if department in self.numbers else department


def read_departments(
    data: bytes, mapping: Mapping[str, str] | None = None, encoding: str | None = None
) -> DepartmentFile:
    """The departments of a CSV file, or every finding that refuses it; `mapping` and `encoding` as in `read_people`."""
    return _read(records_of_csv(data, encoding, DEPARTMENTS.knows), mapping or {})


def read_department_rows(rows: Iterable[Sequence[str]], mapping: Mapping[str, str] | None = None) -> DepartmentFile:
    """The departments of a page of a workbook."""
    return _read(records_of_rows(rows), mapping or {})


def _read(records: Iterator[Record], mapping: Mapping[str, str]) -> DepartmentFile:
    try:
        header, rest = split_header(records, mapping, DEPARTMENTS)
        columns, findings = find_columns(header.cells, mapping, row(header.row), DEPARTMENTS)
        given = list(rest)
    except UnreadableRows as unreadable:
        return DepartmentFile(findings=unreadable.findings)
    return DepartmentFile(findings=findings) if findings else _departments(given, columns, len(header.cells))


def _departments(records: Sequence[Record], columns: Mapping[str, int], width: int) -> DepartmentFile:
    found: list[Found] = []
    rows: list[DepartmentRow] = []
    numbers: list[int] = []
    for record in records:
        if len(record.cells) != width:
            found.append(
                Found(record.row, refuse("cell_count", row(record.row), cells=len(record.cells), expected=width))
            )
            continue
        cells = {name: _CLEAN[name](record.cells[at]) for name, at in columns.items()}
        bad = list(_bad_cells(cells, record.row))
        found += bad
        if not bad:
            rows.append(
                DepartmentRow(
                    cells["department_id"] or "",
                    cells["department"] or "",
                    cells.get("parent_id"),
                    cells.get("head_id"),
                )
            )
            numbers.append(record.row)
    found += repeated("department_id", [one.id for one in rows], numbers)
    found += repeated("department", [one.name for one in rows], numbers)
    findings = tuple(one.finding for one in sorted(found, key=lambda one: one.row))
    by_id = {one.id: number for one, number in zip(rows, numbers, strict=True)}
    return DepartmentFile(findings=findings) if findings else DepartmentFile(tuple(rows), by_id, frozenset(columns))


def _bad_cells(cells: Mapping[str, str | None], number: int) -> Iterator[Found]:
    try:
        _DEPARTMENT.validate_python({_FIELDS[name]: cell for name, cell in cells.items()})
    except ValidationError as error:
        names = {known: name for name, known in _FIELDS.items()}
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            name = names[str(problem["loc"][0])]
            yield Found(number, bad_cell(row(number), name, cells.get(name) or ""))
