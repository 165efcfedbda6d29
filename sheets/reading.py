"""Reading filled-in sheets, saved by any spreadsheet program: goals as fields, or findings."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from domain.findings import Finding, refuse
from domain.values import GoalId
from sheets.fields import MAX_STEPS, Value
from sheets.goal_sheet import HIDDEN_PAGE, cells_of_block
from sheets.model import FORMAT, ReadGoal
from sheets.workbook import Unreadable, WorkbookReader

MAX_BYTES = 5_000_000  # a sheet of five goals has 20,000
_MAX_GOALS = 100
_MAX_ROWS = 5_000


def read_goal_sheet(data: bytes, reader: WorkbookReader) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    """The goals of a sheet, or findings that say why it cannot be read."""
    if len(data) > MAX_BYTES:
        return (_too_large(),)
    match reader.read(data):
        case Unreadable.TOO_LARGE:
            return (_too_large(),)
        case Unreadable() as why:
            return (refuse(why, "file"),)
        case pages:
            plans = [page.rows for page in pages if page.name == HIDDEN_PAGE]
            return _goals(plans[0], pages[0].rows) if plans else (refuse("no_goal_sheet", "file"),)


def _too_large() -> Finding:
    return refuse("too_large", "file", text="finding.too_large_sheet", limit=MAX_BYTES // 1_000_000)


def _goals(plan: list[list[Any]], cells: list[list[Any]]) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    head = plan[0] if plan else []
    if len(head) < 2 or head[0] != HIDDEN_PAGE or head[1] not in range(1, FORMAT + 1):  # noqa: PLR2004 - the name and the version
        return (refuse("other_version", "file"),)
    if len(plan) > _MAX_GOALS or len(cells) > _MAX_ROWS:
        return (refuse("too_large", "file", text="finding.too_many_rows"),)
    found = []
    for number, row in enumerate(plan[1:], start=1):
        match row[:4]:
            case [str(goal), int() | float() as seq, int() | float() as top, int() | float() as steps] if (
                goal and 0 <= top <= _MAX_ROWS and 0 < steps <= MAX_STEPS
            ):  # some programs save whole numbers as float
                found.append(_goal(GoalId(goal), int(seq), (int(top), int(steps), int(head[1])), number, cells))
            case _:
                return (refuse("hidden_page", "file"),)
    return tuple(found)


def _goal(goal: GoalId, seq: int, block: tuple[int, int, int], number: int, cells: list[list[Any]]) -> ReadGoal:
    fields: dict[str, Value] = {}
    places: dict[str, str] = {}
    for field, row, column in cells_of_block(*block):
        places[field] = f"{goal} / {field} / {xl_rowcol_to_cell(row, column)}"
        value = cells[row][column] if row < len(cells) and column < len(cells[row]) else ""
        if (content := _value(value)) != "":
            fields[field] = content
    return ReadGoal(goal, seq, fields, f"{goal} ({number})", places)


def _value(value: Any) -> Value:
    """The value of a cell; a number as the decimal that the sheet shows, without the error of its float."""
    match value:
        case bool():
            return str(value)
        case int() | float():
            return Decimal(repr(value)).normalize() + 0
        case datetime():
            return value.date()
        case date():
            return value
        case _:
            return str(value).strip()
