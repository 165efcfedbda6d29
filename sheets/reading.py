"""Reading sheets that come back, whatever program saved them: goals as fields, or findings that say where it went wrong."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound, XmlError, ZipError
from xlsxwriter.utility import xl_rowcol_to_cell

from domain.findings import Finding, refuse
from domain.values import GoalId
from sheets.fields import LABELS, MOST_STEPS, Value
from sheets.goal_sheet import HIDDEN, cells_of
from sheets.model import FORMAT, ReadGoal

LARGEST = 5_000_000  # bytes; a sheet of five goals has twenty thousand
_MOST_GOALS = 100
_MOST_ROWS = 5_000


def read_goal_sheet(data: bytes) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    """The goals of a sheet, or why it cannot be read."""
    if len(data) > LARGEST:
        ja, en = (
            f"ファイルが大きすぎます({LARGEST // 1_000_000} MB まで)。",
            f"the file is larger than {LARGEST // 1_000_000} MB",
        )
        return (_refuse("too_large", ja, en),)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        plan = book.get_sheet_by_name(HIDDEN).to_python(skip_empty_area=False)
        cells = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except PasswordError:
        ja, en = "パスワードが掛かっています。外して保存し直してください。", "it has a password: save it without"
        return (_refuse("password", ja, en),)
    except WorksheetNotFound:
        ja, en = (
            "Meguri の目標管理シートではありません。`meguri sheet export` で書き出したシートに記入してください。",
            "this is no goal sheet of Meguri: fill in one that `meguri sheet export` wrote",
        )
        return (_refuse("no_goal_sheet", ja, en),)
    except (CalamineError, ZipError, XmlError, OSError) as error:
        ja, en = (
            "Excel ブック(.xlsx)として読めません。",
            f"this cannot be read as an Excel workbook (.xlsx): {type(error).__name__}",
        )
        return (_refuse("no_workbook", ja, en),)
    return _goals(plan, cells)


def _goals(plan: list[list[Any]], cells: list[list[Any]]) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    head = plan[0] if plan else []
    if len(head) < 2 or head[0] != HIDDEN or head[1] != FORMAT:  # noqa: PLR2004 - the name and the version
        ja, en = (
            "シートの版が合いません。もう一度書き出したシートに記入してください。",
            "this sheet is of another version: fill in one that was written out anew",
        )
        return (_refuse("other_version", ja, en),)
    if len(plan) > _MOST_GOALS or len(cells) > _MOST_ROWS:
        ja, en = "シートの行が多すぎます。", "there is more on this sheet than was ever written"
        return (_refuse("too_large", ja, en),)
    found = []
    for number, row in enumerate(plan[1:], start=1):
        match row[:4]:
            case [str(goal), int() | float() as seq, int() | float() as top, int() | float() as steps] if (
                goal and 0 < steps <= MOST_STEPS
            ):  # which of the two, each program chooses for itself
                found.append(_goal(GoalId(goal), int(seq), (int(top), int(steps)), number, cells))
            case _:
                ja, en = (
                    "隠しシートが書き換えられています。もう一度書き出してください。",
                    "the hidden page was changed: write the sheet out anew",
                )
                return (_refuse("hidden_page", ja, en),)
    return tuple(found)


def _goal(goal: GoalId, seq: int, block: tuple[int, int], number: int, cells: list[list[Any]]) -> ReadGoal:
    fields: dict[str, Value] = {}
    places: dict[str, str] = {}
    for field, row, column in cells_of(*block):
        label = LABELS[field].ja
        places[field] = f"{goal} / {label} ({xl_rowcol_to_cell(row, column)})"
        value = cells[row][column] if row < len(cells) and column < len(cells[row]) else ""
        if (said := _value(value)) != "":
            fields[field] = said
    return ReadGoal(goal, seq, fields, f"{goal} ({number})", places)


def _value(value: Any) -> Value:
    """A cell's value; a number exactly as it reads, not as a float holds it."""
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


def _refuse(code: str, ja: str, en: str) -> Finding:
    """Of the file as a whole."""
    return refuse(code, "file", ja, en)
