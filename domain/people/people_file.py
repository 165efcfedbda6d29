"""The company's people from a CSV file, as a personnel system or a spreadsheet writes it: all of them, or findings.

Nothing is guessed: an encoding, a column or a value that could mean two things is refused, with what to do about it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from domain.findings import Finding, refuse
from domain.messages import message
from domain.people.organisation import Employee
from domain.values import EmployeeId

MAX_BYTES = 64 * 2**20  # at a hundred bytes a person, more people than any company has
_SHOWN = 40  # characters of a value, and names of columns, that a finding repeats


def _words(table: str) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(words.split()) for name, _, words in (line.partition(":") for line in table.split("\n") if line)
    }


# Headers, folded: NFKC, lower case, without spaces, underscores, hyphens and points.
_HEADERS = _words("""
id:id employeeid employeeno employeenumber empid empno staffid 社員番号 社員id 社員コード 社員no 従業員番号 従業員id 従業員コード
name:name fullname employeename displayname 氏名 名前 社員名 従業員名 社員氏名
mail:mail email mailaddress emailaddress メールアドレス メール eメール 電子メール
department:department dept departmentname 部署 部署名 所属 所属部署 部門 部門名
title:title jobtitle position 役職 役職名 職位
manager_id:manager managerid managerno supervisor supervisorid reportsto 上長 上長社員番号 上長番号 上長id 上長コード 上司 上司社員番号 上司番号 上司id 上司コード
locale:locale language lang 言語 表示言語 ロケール
active:active isactive 在籍 在籍状況 在籍区分 在職
site:site office location workplace 勤務地 拠点 事業所 勤務先
leaves:leaves leavingdate leavedate lastday lastworkingday terminationdate 退職日 退社日 退職予定日 最終在籍日
""")
_VALUES = _words("""
ja:日本語 japanese jp jajp
en:英語 english enus engb
true:在籍 在籍中 在職 在職中 はい 有 ○ 〇 ◯ active
false:退職 退職済 退職済み いいえ 無 × inactive
""")
_FIELD_OF = {header: name for name, headers in _HEADERS.items() for header in headers}
_VALUE_OF = {word: value for value, words in _VALUES.items() for word in words}
FIELDS = tuple(_HEADERS)
_REQUIRED = ("id", "name", "department", "manager_id")

# The text `part.rule_<name>` for what a cell of the field must be.
_RULES = {"department": "name", "title": "name", "manager_id": "id", "site": "id"}

Record = tuple[int, list[str]]  # its row as a spreadsheet counts (the first is 1), and its cells
Placed = tuple[int, Finding]  # by its row, to sort by

_EMPLOYEES = TypeAdapter(list[Employee])
_BREAK = re.compile(r"\s*[\t\r\n]\s*")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_FOLDED_AWAY = re.compile(r"[\s_.\-]")


@dataclass(frozen=True)
class PeopleFile:
    """What a file holds: the employees and the row of each, or nobody and the findings that say why."""

    employees: tuple[Employee, ...] = ()
    rows: Mapping[EmployeeId, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    fields: frozenset[str] = frozenset()  # that the file has columns for; of the others it says nothing

    def place(self, employee_id: EmployeeId) -> str:
        """Where the reader finds this employee: the row in the file, else the id."""
        return _row(self.rows[employee_id]) if employee_id in self.rows else employee_id


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
        (header_row, header), *records = _records(_decoded(data))
        return _people(header, records, _columns(header, mapping or {}, _row(header_row)))
    except _Unreadable as unreadable:
        return PeopleFile(findings=unreadable.findings)


def _row(number: int) -> str:
    return f"row {number}"


def _row_of_byte(data: bytes, at: int) -> str:
    return _row(data.count(b"\n", 0, at) + 1)


def _fold(text: str) -> str:
    return _FOLDED_AWAY.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _shown(value: str) -> str:
    printable = "".join(sign if sign.isprintable() else "�" for sign in value[:_SHOWN])
    return printable + ("…" if len(value) > _SHOWN else "")


def _listed(names: Sequence[str]) -> list[str]:
    return [*(_shown(name) for name in names[:_SHOWN]), *(["…"] if len(names) > _SHOWN else [])]


def _decoded(data: bytes) -> str:
    """The text of the file; refuses what is not CSV, whose first bytes say what it is instead."""
    if len(data) > MAX_BYTES:
        raise _Unreadable(refuse("too_large", "file", limit=MAX_BYTES // 2**20))
    if data.startswith(
        (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    ):  # .xlsx and .ods are ZIP archives, .xls is a compound file
        raise _Unreadable(refuse("spreadsheet", "file"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unreadable(refuse("utf_16", "file"))
    if b"\0" in data:
        raise _Unreadable(refuse("binary", _row_of_byte(data, data.index(b"\0"))))
    return _text(data)


def _text(data: bytes) -> str:
    errors: list[UnicodeDecodeError] = []
    for encoding in ("utf-8-sig",) if data.startswith(b"\xef\xbb\xbf") else ("utf-8", "cp932"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            errors.append(error)
            continue
        if encoding == "cp932" and _is_euc_jp(data):
            raise _Unreadable(refuse("ambiguous_encoding", "file"))
        return text
    at = max(error.start for error in errors)  # the encoding that read further is the one that was meant
    raise _Unreadable(refuse("bad_encoding", _row_of_byte(data, at), at=at + 1, byte=f"0x{data[at]:02X}"))


def _is_euc_jp(data: bytes) -> bool:
    """Bytes of EUC-JP are CP932 too, as nonsense in half-width kana; CP932 with kanji in it is never EUC-JP."""
    try:
        data.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    return True


def _records(text: str) -> list[Record]:
    """The rows that hold something, the header first; empty ones count, as a spreadsheet numbers them."""
    records: list[Record] = []
    row = 0
    try:
        for row, cells in enumerate(_cells(text, _delimiter(text), strict=True), 1):
            if any(map(str.strip, cells)):
                records.append((row, cells))
    except csv.Error as error:
        raise _Unreadable(refuse("bad_csv", _row(row + 1))) from error
    if len(records) < 2:  # noqa: PLR2004 - a header and one person
        raise _Unreadable(refuse("no_rows" if records else "empty_file", "file"))
    return records


def _cells(text: str, delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)


def _delimiter(text: str) -> str:
    """The separator under which most headers are recognised; where that tells nothing, the one with most cells."""
    beginning = text[:10_000].lstrip()

    def as_header(delimiter: str) -> tuple[int, int]:
        header = next(_cells(beginning, delimiter, strict=False), [])
        return sum(_fold(name) in _FIELD_OF for name in header), len(header)

    return max(",\t;", key=as_header)


def _columns(header: Sequence[str], mapping: Mapping[str, str], where: str) -> dict[str, int]:
    """Which column holds which field: the mapping decides, then the headers that are recognised."""
    mapped, findings = _mapped(mapping)
    columns: dict[str, int] = {}
    for name in FIELDS:
        found = _matching(header, mapped.get(name), _HEADERS[name])
        if len(found) == 1:
            columns[name] = found[0]
        elif found:
            titles = _listed([header[at] for at in found])
            findings.append(refuse("ambiguous_column", where, name=name, titles=titles))
        elif name in mapped:
            wanted = _shown(mapped[name])
            findings.append(refuse("no_header", where, name=name, wanted=wanted, headers=_listed(header)))
        elif name in _REQUIRED:
            findings.append(refuse("no_column", where, name=name, headers=_listed(header)))
    if findings:
        raise _Unreadable(*findings)
    return columns


def _mapped(mapping: Mapping[str, str]) -> tuple[dict[str, str], list[Finding]]:
    mapped: dict[str, str] = {}
    findings: list[Finding] = []
    for given, title in mapping.items():
        name = _FIELD_OF.get(_fold(given))
        if name is None:
            findings.append(refuse("bad_field", "file", given=_shown(given), fields=FIELDS))
        elif name in mapped:
            findings.append(refuse("field_twice", "file", given=_shown(given)))
        else:
            mapped[name] = title
    return mapped, findings


def _matching(header: Sequence[str], wanted: str | None, recognised: Sequence[str]) -> list[int]:
    exact = [at for at, title in enumerate(header) if title == wanted]
    folded = recognised if wanted is None else (_fold(wanted),)
    return exact or [at for at, title in enumerate(header) if _fold(title) in folded]


def _people(header: Sequence[str], records: Sequence[Record], columns: Mapping[str, int]) -> PeopleFile:
    whole = [record for record in records if len(record[1]) == len(header)]
    people = [_person(cells, columns) for _, cells in whole]
    rows = [row for row, _ in whole]
    found = [_cell_count(row, len(cells), len(header)) for row, cells in records if len(cells) != len(header)]
    found += [*_twice("id", people, rows), *_twice("mail", people, rows)]
    employees: list[Employee] = []
    try:
        employees = _EMPLOYEES.validate_python(people)
    except ValidationError as error:
        found += _bad_cells(error, people, rows)
    if found:
        return PeopleFile(findings=tuple(finding for _, finding in sorted(found, key=lambda placed: placed[0])))
    placed = {one.id: row for one, row in zip(employees, rows, strict=True)}
    return PeopleFile(tuple(employees), placed, fields=frozenset(columns))


def _person(cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    """The cells as `Employee` reads them, without the empty ones; `active` must say something where it has a column."""
    cleaned = {name: _CLEAN[name](cells[at]) for name, at in columns.items()}
    return {name: value for name, value in cleaned.items() if value or name == "active"}


def _one_line(cell: str) -> str:
    """Without the line breaks that people make in the cells of a spreadsheet."""
    return _BREAK.sub(" ", cell.strip())


def _id(cell: str) -> str:
    return (cell if cell.isascii() else unicodedata.normalize("NFKC", cell)).strip()


def _day(cell: str) -> str:
    """ISO; 2026/11/30, 2026.11.30 and 2026年11月30日 are read as well."""
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else cell.strip()


@lru_cache(1_000)  # a column has few words, and many rows that repeat them
def _word(cell: str) -> str:
    folded = _fold(cell)
    return _VALUE_OF.get(folded, folded)


_CLEAN: dict[str, Callable[[str], str]] = {
    "id": _id,
    "name": _one_line,
    "mail": str.strip,
    "department": _one_line,
    "title": _one_line,
    "manager_id": _id,
    "locale": _word,
    "active": _word,
    "site": _id,
    "leaves": _day,
}


def _cell_count(row: int, cells: int, expected: int) -> Placed:
    return row, refuse("cell_count", _row(row), cells=cells, expected=expected)


def _twice(name: str, people: Sequence[Mapping[str, str]], rows: Sequence[int]) -> Iterator[Placed]:
    first: dict[str, int] = {}
    for row, person in zip(rows, people, strict=True):
        value = person.get(name, "")
        earlier = first.setdefault(value.casefold() if name == "mail" else value, row)
        if value and earlier != row:
            both = f"{_row(earlier)}, {_row(row)}"
            yield row, refuse("duplicate", both, name=name, value=_shown(value), both=both)


def _bad_cells(error: ValidationError, people: Sequence[Mapping[str, str]], rows: Sequence[int]) -> Iterator[Placed]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        at, name = int(problem["loc"][0]), str(problem["loc"][1])
        value = _shown(people[at].get(name, ""))
        rule = message(f"part.rule_{_RULES.get(name, name)}")
        code = "bad_cell" if value else "empty_cell"
        yield rows[at], refuse(code, _row(rows[at]), name=name, value=value, rule=rule)
