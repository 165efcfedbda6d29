"""目標管理シート: a person's goals on one A4 page, to print and sign, or to fill in and hand back.

The owner fills in the yellow cells; all others are locked, without a password. A hidden page holds the position of each goal, so
that reading a sheet does not depend on its labels. Text is always written as text: `=` at its start makes no formula.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from domain.goal import scoring
from domain.goal.goal import Goal
from domain.values import Locale
from domain.writing.content import Direction
from sheets.fields import MAX_STEPS, Value, cell_text, fields_of
from sheets.model import FORMAT, GoalSheet, Person, Review, SheetGoal, shown
from sheets.style import BAND, BODY, EDITABLE, HEAD, LOCKED, Formats, height_for, size_for
from texts.places import field_of_sheet
from texts.say import say
from texts.words import word

HIDDEN_PAGE = "meguri"
PAGE = "sheet.page"
_WIDTHS = (7, 7, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10)  # of the columns A to L
_LAST = len(_WIDTHS) - 1
_FIRST_GOAL = 5  # row of the first goal, counted from 0
_MAX_DIGITS = 15  # a spreadsheet keeps no more; longer numbers are written as text


class Cells(NamedTuple):
    """Merged cells of a goal's block; the first one holds the value."""

    row: int  # counted from the first row of the block
    first: int  # column
    last: int  # column


FIELD_CELLS: dict[str, Cells] = {
    "weight": Cells(0, 9, 9),
    "theme": Cells(1, 2, 11),
    "challenge": Cells(2, 2, 11),
    "heard": Cells(3, 2, 5),
    "answers": Cells(3, 8, 11),
    "aligned_to": Cells(4, 2, 5),
    "parent": Cells(4, 8, 11),
    "measure": Cells(5, 2, 5),
    "unit": Cells(5, 7, 7),
    "points": Cells(5, 9, 9),
    "direction": Cells(6, 3, 4),
    "baseline": Cells(6, 6, 6),
    "target": Cells(6, 8, 8),
    "image": Cells(7, 2, 11),
    "criteria": Cells(8, 2, 11),
    "contributors": Cells(9, 2, 11),
}
FIRST_STEP = 11  # row of the first step in a block
STEP_COLUMNS = {"title": (2, 6), "by": (7, 7), "due": (8, 9), "points": (10, 10)}


def field_cells(field: str) -> Cells:
    """The cells of a field in its goal's block."""
    if not field.startswith("step"):
        return FIELD_CELLS[field]
    number, _, part = field.removeprefix("step").partition("_")
    return Cells(FIRST_STEP + int(number) - 1, *STEP_COLUMNS[part])


def step_rows(steps: int) -> int:
    """The number of step rows: one more than there are steps, at least four."""
    return min(max(4, steps + 1), MAX_STEPS)


def write_goal_sheet(sheet: GoalSheet, locale: Locale) -> bytes:
    """The workbook, as an xlsx file. It always prints on one page."""
    out = BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": f"{say(PAGE, locale)} {sheet.cycle_id}", "created": None})
        page = _Page(book, book.add_worksheet(say(PAGE, locale)), locale)
        hidden = book.add_worksheet(HIDDEN_PAGE)
        hidden.hide()
        hidden.write_row(0, 0, [HIDDEN_PAGE, FORMAT, locale.value, sheet.cycle_id])
        page.head(sheet)
        row = _FIRST_GOAL
        for number, one in enumerate(sheet.goals, start=1):
            steps = step_rows(len(one.goal.content.steps))
            hidden.write_row(number, 0, [one.goal.id, one.goal.seq, row, steps])
            row = page.goal(row, number, one, steps)
        page.foot(row, sum((_points_of_owner(one.goal) for one in sheet.goals), Decimal(0)))
    return out.getvalue()


def _points_of_owner(goal: Goal) -> Decimal:
    return goal.credited[goal.owner].final if goal.credited else scoring.calibrated(goal)


class _Page:
    def __init__(self, book: Workbook, sheet: Worksheet, locale: Locale) -> None:
        self._sheet, self._locale, self._formats = sheet, locale, Formats(book)
        self._heights: dict[int, float] = {}
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.4)
        sheet.fit_to_pages(1, 1)
        sheet.center_horizontally()
        sheet.hide_gridlines(2)
        sheet.protect("", {"format_rows": True, "format_columns": True})
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)

    def head(self, sheet: GoalSheet) -> None:
        person = sheet.person
        self._text(0, 0, 5, self._say(PAGE), size=18, bold=True, font_color=HEAD, border=0)
        period = f"{sheet.cycle_name}  {sheet.starts:%Y-%m-%d} - {sheet.ends:%Y-%m-%d}"
        self._text(0, 6, _LAST, period, align="right", border=0)
        self._height(0, 30)
        fields = (
            (self._say("sheet.employee"), person.id, 2, 3),
            (self._say("sheet.name"), shown(person.name, self._locale), 5, 7),
            (self._say("sheet.department"), self._departments(person), 9, 11),
        )
        for (label, value, first, last), at in zip(fields, (0, 4, 8), strict=True):
            self._label(2, at, first - 1, label)
            self._text(2, first, last, value)
        self._label(3, 0, 1, self._say("sheet.title"))
        self._text(3, 2, 3, person.title or "")
        self._label(3, 4, 4, self._say("sheet.evaluators" if person.evaluators else "sheet.manager"))
        asked = person.evaluators or (person.manager or "",)
        self._text(3, 5, 7, " / ".join(shown(one, self._locale) for one in asked))
        self._label(3, 8, 8, self._say("sheet.number_of_goals"))
        self._number(3, 9, 11, len(sheet.goals))

    def _departments(self, person: Person) -> str:
        """The department, with the company and the additional posts where there are any."""
        shown = person.department
        if person.posts:
            shown = self._say("sheet.with_posts", department=shown, posts=list(person.posts))
        if person.seconded_from:
            place, employer = " ".join(filter(None, (person.company, shown))), person.seconded_from
            return self._say("sheet.seconded", place=place, employer=employer)
        return f"{person.company} {shown}" if person.company else shown

    def goal(self, top: int, number: int, one: SheetGoal, steps: int) -> int:
        """Writes the block of a goal; returns the row after it."""
        goal = one.goal
        fields = fields_of(goal.content)
        self._text(top, 0, 1, self._say("sheet.goal", number=number), bold=True, bg_color=HEAD, font_color="#FFFFFF")
        shown = self._say("sheet.additional", goal=goal.id, department=goal.department) if goal.additional else goal.id
        self._text(top, 2, 7, shown, bg_color=BAND)
        self._label(top, 8, 8, self._say("sheet.weight_percent"))
        self._label(top, 10, 10, self._say("sheet.state"))
        self._text(top, 11, 11, word("state", goal.state, self._locale))
        for field in FIELD_CELLS:
            self._field(top, field, fields.get(field, ""))
        for field, row, first, last in (
            ("theme", 1, 0, 1), ("challenge", 2, 0, 1), ("heard", 3, 0, 1), ("answers", 3, 6, 7), ("aligned_to", 4, 0, 1),
            ("parent", 4, 6, 7), ("measure", 5, 0, 1), ("unit", 5, 6, 6), ("points", 5, 8, 8), ("direction", 6, 2, 2),
            ("baseline", 6, 5, 5), ("target", 6, 7, 7), ("image", 7, 0, 1), ("criteria", 8, 0, 1),
            ("contributors", 9, 0, 1),
        ):  # fmt: skip
            self._label(top + row, first, last, field_of_sheet(field, self._locale))
        self._label(top + 6, 0, 1, self._say("sheet.number"))
        self._label(top + 5, 10, 10, self._say("sheet.attained"))
        self._percent(top + 5, 11, max(goal.attained, scoring.attainment(goal)))
        self._label(top + 6, 9, 9, self._say("sheet.now"))
        self._value(top + 6, 10, 11, "" if goal.value is None else goal.value, locked=True)
        self._steps(top, fields, goal.done, steps)
        row = self._points(top + FIRST_STEP + steps, one)
        return self._review(row, one.review) + 1

    def _steps(self, top: int, fields: dict[str, Value], done: tuple[int, ...], steps: int) -> None:
        row = top + FIRST_STEP - 1
        self._label(row, 0, 1, self._say("sheet.steps"))
        for first, last, label in (
            (2, 6, self._say("sheet.what")), (7, 7, self._say("sheet.by")), (8, 9, self._say("sheet.due")),
            (10, 10, self._say("sheet.points")), (11, 11, self._say("sheet.done")),
        ):  # fmt: skip
            self._label(row, first, last, label)
        for n in range(1, steps + 1):
            self._number(row + n, 0, 1, n)
            for part in STEP_COLUMNS:
                self._field(top, f"step{n}_{part}", fields.get(f"step{n}_{part}", ""))
            self._text(row + n, 11, 11, "○" if n - 1 in done else "", align="center")

    def _points(self, row: int, one: SheetGoal) -> int:
        terms = scoring.terms(one.goal)
        weighted = one.goal.policy.weighted
        score = (
            self._say("sheet.score_weighted", weight=one.goal.content.weight) if weighted else self._say("sheet.score")
        )
        self._label(row, 0, 1, score)
        for at, label, points in (
            (2, self._say("sheet.steps"), terms.steps), (4, self._say("sheet.measure"), terms.measure),
            (6, self._say("sheet.bonus"), terms.bonus), (8, self._say("sheet.banked"), terms.banked),
            (10, self._say("sheet.sum"), terms.total),
        ):  # fmt: skip
            self._label(row, at, at, label)
            self._value(row, at + 1, at + 1, points, locked=True)
        return row + 1

    def _review(self, row: int, review: Review) -> int:
        own = "\n".join(
            f"{word('field', field, self._locale)}: {text}"
            for field, text in (
                ("went_well", review.went_well), ("causes", review.causes), ("to_improve", review.to_improve)
            )
            if text
        )  # fmt: skip
        self._label(row, 0, 1, self._say("sheet.self_review"))
        self._text(row, 2, 6, own)
        self._label(row, 7, 7, self._say("sheet.from_reviewer"))
        self._text(row, 8, _LAST, review.comment)
        self._height(row, max(height_for(own, self._room(2, 6)), height_for(review.comment, self._room(8, _LAST)), 30))
        self._height(row + 1, 8)
        return row + 1

    def foot(self, row: int, total: Decimal) -> None:
        self._label(row, 0, 1, self._say("sheet.total"))
        self._value(row, 2, 3, total, locked=True)
        for first, label in (
            (4, self._say("sheet.owner")), (7, self._say("sheet.first_reviewer")), (10, self._say("sheet.second_reviewer")),
        ):  # fmt: skip
            self._label(row, first, first, label)
            self._text(row, first + 1, min(first + 2, _LAST), "")
        self._height(row, 34)
        self._sheet.print_area(0, 0, row, _LAST)

    # --- cells ---

    def _field(self, top: int, field: str, value: Value) -> None:
        """Writes a cell that the owner fills in."""
        cells = field_cells(field)
        row = top + cells.row
        if field == "direction" and value:
            value = word("direction", str(value), self._locale)
        self._value(row, cells.first, cells.last, value, locked=False)
        if isinstance(value, str):
            self._height(row, height_for(value, self._room(cells.first, cells.last)))
        self._restrict(field, row, cells.first)

    def _restrict(self, field: str, row: int, column: int) -> None:
        """Sets the values that the spreadsheet program accepts in the cell."""
        rules: dict[str, dict[str, Any]] = {
            "weight": {"validate": "decimal", "criteria": "between", "minimum": 1, "maximum": 100},
            "direction": {"validate": "list", "source": [word("direction", one, self._locale) for one in Direction]},
        }
        if field in rules:
            self._sheet.data_validation(row, column, row, column, rules[field])

    def _value(self, row: int, first: int, last: int, value: Value, *, locked: bool) -> None:
        style: dict[str, Any] = {"locked": locked, "bg_color": LOCKED if locked else EDITABLE}
        if isinstance(value, date):
            self._cell(row, first, last, value, style | {"num_format": "yyyy-mm-dd", "align": "center"})
        elif isinstance(value, str):
            size = size_for(value, self._room(first, last))
            self._cell(
                row, first, last, value, style | {"font_size": size, "num_format": "@" if not locked else "General"}
            )
        elif len(Decimal(value).as_tuple().digits) > _MAX_DIGITS:
            self._cell(row, first, last, f"{value:f}", style)
        else:
            self._cell(row, first, last, value, style | {"num_format": "#,##0.######", "align": "right"})

    def _cell(self, row: int, first: int, last: int, value: Value, style: dict[str, Any]) -> None:
        indent = {"indent": 1} if isinstance(value, str) and "align" not in style else {}
        made = self._formats(**({"border": 1, "border_color": "#9AA5B1"} | indent | style))
        if last > first:
            self._sheet.merge_range(row, first, row, last, "", made)
        if value == "":
            self._sheet.write_blank(row, first, None, made)
        elif isinstance(value, str):
            self._sheet.write_string(row, first, cell_text(value), made)
        elif isinstance(value, date):
            self._sheet.write_datetime(row, first, value, made)
        else:
            self._sheet.write_number(row, first, float(value), made)

    def _text(self, row: int, first: int, last: int, text: str, *, size: int = BODY, **style: Any) -> None:
        fitting = min(size, size_for(text, self._room(first, last))) if size <= BODY else size
        self._cell(row, first, last, text, {"font_size": fitting} | style)

    def _label(self, row: int, first: int, last: int, text: str) -> None:
        self._text(row, first, last, text, bg_color=BAND, align="center", size=9)

    def _number(self, row: int, first: int, last: int, number: int) -> None:
        self._cell(row, first, last, number, {"align": "center"})

    def _percent(self, row: int, column: int, share: Decimal) -> None:
        self._cell(row, column, column, share, {"num_format": "0 %", "align": "right", "bg_color": LOCKED})

    def _height(self, row: int, height: float) -> None:
        """Makes the row at least this high."""
        self._heights[row] = max(self._heights.get(row, 0), height)
        self._sheet.set_row(row, self._heights[row])

    def _room(self, first: int, last: int) -> float:
        return float(sum(_WIDTHS[first : last + 1]))

    def _say(self, key: str, **fields: object) -> str:
        return say(key, self._locale, **fields)


def cells_of_block(top: int, steps: int, version: int = FORMAT) -> Iterator[tuple[str, int, int]]:
    """Every field of a block with this many step rows, with its row and column in the sheet. Version 1 had no contributors."""
    for field, cells in FIELD_CELLS.items():
        if version > 1 or field != "contributors":
            yield field, top + cells.row, cells.first
    for n in range(1, steps + 1):
        for part in STEP_COLUMNS:
            cells = field_cells(f"step{n}_{part}")
            if version > 1:
                yield f"step{n}_{part}", top + cells.row, cells.first
            elif part != "by":
                yield f"step{n}_{part}", top + cells.row - 1, cells.first
