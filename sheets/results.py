"""The results of a cycle: a workbook with a sheet for departments, people and goals, and a chart; and the goals as CSV.

Both are written row by row: the goals and people of a cycle are never in memory at once.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from xlsxwriter.chart import Chart
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from domain.goal import scoring
from domain.goal.goal import Goal
from domain.results.calibration import BUCKET, BUCKETS, Spread
from domain.values import Locale, shortest
from sheets.goals_csv import csv_rows, escape_formula
from sheets.model import shown
from sheets.style import BAND, Formats, width_of
from texts.say import say
from texts.words import word

Cell = str | int | Decimal
Names = Mapping[str, str]

_MIN_WIDTH, _MAX_WIDTH = 8, 44  # of a column, in characters
# Columns of shares, with their number formats: the attainment of goals, and the time at work of people.
_ATTAINMENT, _AT_WORK = (9, "0 %"), (8, "0.00 %")


class DepartmentLine(NamedTuple):
    """A department: the distribution of its people's results, how many goals it has, and how many of them were achieved."""

    spread: Spread
    goals: int
    achieved: int


class PersonLine(NamedTuple):
    """A person's result, in points, with the names of the person and their reviewer, each of which may be a `LeftName`.

    `share_at_work` is in a column of its own where the book is of a cycle that counts the time at work.
    """

    person: str
    name: str
    department: str
    reviewer: str
    goals: int
    score: Decimal
    adjusted: Decimal
    final: Decimal
    share_at_work: Decimal = Decimal(1)


class ResultsBook:
    """The workbook, written to a file; rows are put aside on the disk as they come. `close` completes it."""

    def __init__(self, file: Path, title: str, locale: Locale, *, at_work: bool = False) -> None:
        """`at_work`: whether the means of departments are weighted by the time at work."""
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = Workbook(str(file), options)
        self._formats, self._locale = Formats(self._book), locale
        mean = {"sheet.results.mean": "sheet.results.weighted_mean"} if at_work else {}
        departments = tuple(mean.get(head, head) for head in _DEPARTMENT_HEADS)
        people = (*_PERSON_HEADS, *(["sheet.results.share_at_work"] if at_work else []))
        self._at_work = at_work
        self._departments = self._sheet("sheet.results.summary", departments, title)
        self._people = self._sheet("sheet.results.people", people, title, _AT_WORK)
        self._goals = self._sheet("sheet.results.goals", _GOAL_HEADS, title, _ATTAINMENT)

    def add_departments(self, lines: Iterable[DepartmentLine]) -> None:
        for one in lines:
            spread = one.spread
            self._departments.add(
                (spread.name, spread.people, one.goals, one.achieved, spread.lowest, spread.median, spread.mean, spread.highest)
            )  # fmt: skip

    def add_people(self, lines: Iterable[PersonLine]) -> None:
        for one in lines:
            line = one._replace(name=shown(one.name, self._locale), reviewer=shown(one.reviewer, self._locale))
            self._people.add(line if self._at_work else line[:-1])

    def add_goals(self, goals: Iterable[Goal], names: Names) -> None:
        """`names` are those of the owners and contributors, by id."""
        for goal in goals:
            self._goals.add(_goal(goal, names, self._locale))

    def close(self, overall: Spread | None) -> None:
        """Adds the chart of everybody's results, and writes the file."""
        for table in (self._departments, self._people, self._goals):
            table.finish()
        _add_chart(self._book, self._formats, overall, self._locale)
        self._book.close()

    def abandon(self) -> None:
        """Leaves the file as it is: the library would complete it later by itself."""
        self._book.fileclosed = True

    def _sheet(self, name: str, heads: tuple[str, ...], title: str, share: tuple[int, str] | None = None) -> "_Table":
        sheet = self._book.add_worksheet(say(name, self._locale))
        return _Table(sheet, self._formats, title, [say(head, self._locale) for head in heads], share)


def results_csv_head(locale: Locale) -> bytes:
    """UTF-8 with a byte order mark, without which spreadsheet programs show Japanese wrongly."""
    return BOM_UTF8 + csv_rows([[say(head, locale) for head in _GOAL_HEADS]])


def results_csv_rows(goals: Iterable[Goal], names: Names, locale: Locale) -> bytes:
    """A row for each goal; `names` are those of the owners and contributors, by id."""
    return csv_rows(map(_csv_cell, _goal(goal, names, locale)) for goal in goals)


_DEPARTMENT_HEADS = (
    "sheet.results.department",
    "sheet.results.number_of_people",
    "sheet.results.goals",
    "sheet.results.achieved",
    "sheet.results.lowest",
    "sheet.results.median",
    "sheet.results.mean",
    "sheet.results.highest",
)
_CHART_TEXTS = ("sheet.results.distribution", "sheet.results.points", "sheet.results.number_of_people")
_PERSON_HEADS = (
    "sheet.results.employee",
    "sheet.results.name",
    "sheet.results.department",
    "sheet.results.reviewer",
    "sheet.results.goals",
    "sheet.results.score",
    "sheet.results.adjusted",
    "sheet.results.final",
)
_GOAL_HEADS = (
    "sheet.results.goal",
    "sheet.results.owner",
    "sheet.results.department",
    "sheet.results.theme",
    "sheet.results.measure",
    "sheet.results.weight",
    "sheet.results.state",
    "sheet.results.outcome",
    "sheet.results.revision",
    "sheet.results.attained",
    "sheet.results.steps",
    "sheet.results.measure_points",
    "sheet.results.bonus",
    "sheet.results.banked",
    "sheet.results.score",
    "sheet.results.unreviewed",
    "sheet.results.adjusted",
    "sheet.results.final",
    "sheet.results.weight_factor",
    "sheet.results.shares",
)


def _csv_cell(cell: Cell) -> str | int:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return escape_formula(cell) if isinstance(cell, str) else cell


def _goal(goal: Goal, names: Names, locale: Locale) -> tuple[Cell, ...]:
    terms = scoring.terms(goal)
    return (
        goal.id, shown(names.get(goal.owner, ""), locale), goal.department, goal.content.theme,
        goal.content.measure.name if goal.content.measure else "", shortest(goal.content.weight), word("state", goal.state, locale),
        word("outcome", goal.outcome, locale) if goal.outcome else "", goal.revision, goal.attained, terms.steps,
        terms.measure, terms.bonus, terms.banked, terms.total, scoring.unreviewed(goal), goal.adjusted, scoring.calibrated(goal),
        shortest(terms.factor * 100), _shares(goal, names),
    )  # fmt: skip


def _shares(goal: Goal, names: Names) -> str:
    """Who has which part of the points; empty where all are the owner's."""
    credited = goal.credited or {}
    return "; ".join(f"{names.get(one, one)} {credit.final:f}" for one, credit in credited.items())


class _Table:
    """A sheet with a title, heads and rows. Heads stay in sight and are on every printed page; columns fit their longest cell."""

    def __init__(
        self, sheet: Worksheet, formats: Formats, title: str, heads: list[str], share: tuple[int, str] | None
    ) -> None:
        self._sheet, self._formats = sheet, formats
        self._share, self._share_form = share or (-1, "")
        self._row, self._widths = 1, [width_of(head) for head in heads]
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, 1)
        sheet.freeze_panes(2, 1)
        sheet.set_footer("&C&P / &N")
        sheet.set_row(0, 22)
        sheet.write_string(0, 0, title, formats(bold=True, font_size=12, text_wrap=False))
        for column, head in enumerate(heads):
            sheet.write_string(1, column, head, formats(bold=True, bg_color=BAND, border=1, align="center"))

    def add(self, cells: Iterable[Cell]) -> None:
        self._row += 1
        for column, cell in enumerate(cells):
            self._widths[column] = max(self._widths[column], width_of(str(cell)))
            self._write(column, cell)

    def _write(self, column: int, cell: Cell) -> None:
        if isinstance(cell, str):
            self._sheet.write_string(self._row, column, cell, self._formats(border=1))
        else:
            form = self._share_form if column == self._share else "#,##0.##" if isinstance(cell, Decimal) else "0"
            self._sheet.write_number(self._row, column, float(cell), self._formats(border=1, num_format=form))

    def finish(self) -> None:
        """Sets what depends on all rows: widths and the filter."""
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(max(_MIN_WIDTH, width + 3), _MAX_WIDTH))
        self._sheet.autofilter(1, 0, max(self._row, 2), len(self._widths) - 1)


def _add_chart(book: Workbook, formats: Formats, overall: Spread | None, locale: Locale) -> None:
    """How many people have how many points."""
    title, points, count = (say(key, locale) for key in _CHART_TEXTS)
    sheet = book.add_worksheet(title)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_column(0, 0, 14)
    numbers = list(overall.counts) if overall else [0] * BUCKETS
    ranges = [f"{n * BUCKET} - {(n + 1) * BUCKET - 1}" for n in range(BUCKETS - 1)] + [f"{(BUCKETS - 1) * BUCKET} -"]
    sheet.write_row(0, 0, [points, count], formats(bold=True, bg_color=BAND, border=1))
    for row, (label, number) in enumerate(zip(ranges, numbers, strict=True), start=1):
        sheet.write_string(row, 0, label, formats(border=1))
        sheet.write_number(row, 1, number, formats(border=1))
    chart = _chart(book, title, dict(zip(ranges, numbers, strict=True)), count)
    chart.set_x_axis({"name": points})
    sheet.insert_chart(0, 3, chart)


def _chart(book: Workbook, title: str, numbers: Mapping[str, int], count: str) -> Chart:
    """Columns of the `numbers`, which are in the rows of the sheet called `title`."""
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": count,
            "categories": [title, 1, 0, BUCKETS, 0],
            "values": [title, 1, 1, BUCKETS, 1],
            "categories_data": list(numbers),  # rows that were put aside cannot be read again for the chart
            "values_data": list(numbers.values()),
            "fill": {"color": "#1F3A5F"},
            "gap": 30,
            "data_labels": {"value": True},
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_y_axis({"name": count, "major_gridlines": {"visible": True, "line": {"color": "#D0D0D0"}}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 720, "height": 380})
    return chart
