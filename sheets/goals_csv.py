"""Goals as a CSV file, one goal per row, with the same fields as a sheet.

A text that a spreadsheet program would read as a formula gets an apostrophe in front; reading removes it.
"""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import islice

from domain.csv_text import UnreadableText, decode_csv, separator_of, start_of_long_row
from domain.findings import Finding, refuse
from domain.goal.goal import Goal
from domain.values import GoalId, Locale
from sheets.fields import FIELDS, Value, cell_text, fields_of
from sheets.model import ReadGoal
from texts.places import field_of_sheet
from texts.words import word

_HEADS = ("id", "seq")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MAX_BYTES = 20_000_000
_BEGINNING = 40_000  # characters in which the separator is looked for
_ABOVE = 10  # rows in which the header is looked for, below a title
_MAX_ROWS = 100_000  # blank ones included: a byte per row would take 60 times the memory of the file


def write_goals_csv(goals: Iterable[Goal], locale: Locale) -> bytes:
    """A whole table. Of many goals, write `table_head` and then `table_rows` page by page."""
    return table_head(locale) + table_rows(goals, locale)


def table_head(locale: Locale) -> bytes:
    """UTF-8 with a byte order mark, without which spreadsheet programs show Japanese wrongly."""
    heads = (word("head", head, locale) for head in _HEADS)
    return BOM_UTF8 + csv_rows([[*heads, *(field_of_sheet(field, locale) for field in FIELDS)]])


def table_rows(goals: Iterable[Goal], locale: Locale) -> bytes:
    """A row for each goal."""
    return csv_rows(_row_of(goal, locale) for goal in goals)


def csv_rows(rows: Iterable[Iterable[str | int]]) -> bytes:
    """The rows as CSV, in UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _row_of(goal: Goal, locale: Locale) -> list[str | int]:
    fields = fields_of(goal.content)
    return [goal.id, goal.seq, *(_cell(field, fields.get(field, ""), locale) for field in FIELDS)]


def escape_formula(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet program would read it as a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_STARTS) else text


def _unescape_formula(text: str) -> str:
    bare = text.lstrip("'")
    return text[1:] if bare != text and bare.startswith(_FORMULA_STARTS) else text


def _cell(field: str, value: Value, locale: Locale) -> str:
    if field == "direction" and value:
        return word("direction", str(value), locale)
    if isinstance(value, date):
        return value.isoformat()
    return (
        escape_formula(cell_text(value))
        if isinstance(value, str)
        else f"{value:f}"
        if not isinstance(value, int)
        else str(value)
    )


def read_goals_csv(data: bytes) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    """The goals of the file, or findings. Separators are commas, tabs or semicolons; the encoding is UTF-8 or Japanese Windows (CP932)."""
    if large := _too_large(data):
        return (large,)
    try:
        text = decode_csv(data)
    except UnreadableText:
        return (refuse("not_text", "file"),)
    try:
        separator = separator_of(text[:_BEGINNING], _is_known)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        rows = list(islice(lines, _MAX_ROWS + 1))
    except csv.Error:
        return (refuse("not_csv", "file"),)
    if len(rows) > _MAX_ROWS:
        return (refuse("too_large", "file", text="finding.too_many_rows"),)
    if above := _rows_above_header(rows):
        return (refuse("title_above", "row 1", header=f"row {above + 1}"),)
    columns, findings = _columns(rows[0] if rows else [])
    return findings or _rows(rows[1:], columns)


def _too_large(data: bytes) -> Finding | None:
    """What is refused before it takes memory; too many rows are found while they are read."""
    if len(data) > MAX_BYTES:
        return refuse("too_large", "file", text="finding.too_large_sheet", limit=MAX_BYTES // 1_000_000)
    if (start := start_of_long_row(data)) is not None:
        row = data.count(b"\n", 0, start) + 1
        return refuse("too_large", f"row {row}", text="finding.row_too_long")
    return None


def _rows_above_header(rows: list[list[str]]) -> int:
    """The number of rows above the first one that has an id and other known headers; 0 where there is none."""
    for above, row in enumerate(rows[:_ABOVE]):
        if _is_id_header(row):
            return above
    return 0


def _is_id_header(row: list[str]) -> bool:
    known = _fields_by_label()
    return sum(known.get(title.strip()) == "id" for title in row) == 1 and sum(map(_is_known, row)) > 1


def _is_known(title: str) -> bool:
    return title.strip() in _fields_by_label()


@cache
def _fields_by_label() -> dict[str, str]:
    """The field of each label that the header of a column may have."""
    known = {label: field for field in FIELDS for label in (field, *(field_of_sheet(field, one) for one in Locale))}
    return known | {label: head for head in _HEADS for label in (head, *(word("head", head, one) for one in Locale))}


def _columns(head: list[str]) -> tuple[dict[str, int], tuple[Finding, ...]]:
    """The column number of each field, and findings about the header row."""
    known = _fields_by_label()
    columns: dict[str, int] = {}
    findings = []
    for at, title in enumerate(one.strip() for one in head):
        field = known.get(title)
        if field is None:
            findings.append(refuse("unknown_column", f"column {at + 1}", title=title[:40]))
        elif field in columns:
            findings.append(refuse("column_twice", f"column {at + 1}", title=title[:40]))
        else:
            columns[field] = at
    if "id" not in columns:
        findings.append(refuse("no_id", "row 1", title="id"))
    return columns, tuple(findings)


def _rows(rows: list[list[str]], columns: dict[str, int]) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    goals, findings = [], []
    for number, row in enumerate(rows, start=2):
        values = {name: row[at] for name, at in columns.items() if at < len(row)}
        if not any(value.strip() for value in values.values()):
            continue
        seq = values.pop("seq", "").strip()
        if not values.get("id", "").strip() or (seq and not seq.isdecimal()):
            what = "seq" if values.get("id", "").strip() else "id"
            findings.append(refuse("bad_row", f"row {number}", what=what))
            continue
        goal = GoalId(values.pop("id").strip())
        places = {field: f"row {number} / {field}" for field in FIELDS if field in columns}
        fields: dict[str, Value] = {name: _unescape_formula(value) for name, value in values.items() if value.strip()}
        goals.append(ReadGoal(goal, int(seq) if seq else None, fields, f"row {number}", places))
    return tuple(findings) or tuple(goals)
