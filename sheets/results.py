"""The results of a cycle: as a workbook with pages for departments, people, goals and a chart; and the goals as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from domain.goal import scoring
from domain.goal.goal import Goal, Outcome
from domain.results import calibration
from domain.results.calibration import BUCKET, BUCKETS, PersonResult
from domain.values import Locale
from sheets.goals_csv import escape_formula
from sheets.style import BAND, Formats, width_of
from texts.say import say
from texts.words import word

_MIN_WIDTH, _MAX_WIDTH = 8, 44  # of a column, in characters
_ATTAINMENT = 9  # column of the attainment on the page of goals


class Results(NamedTuple):
    """The goals of a cycle, by id, and the names of the people in them."""

    cycle_id: str
    cycle_name: str
    goals: Sequence[Goal]
    names: Mapping[str, str]


class _Table(NamedTuple):
    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str | int | Decimal, ...]]
    percent: int | None = None  # the column that is shown as a percentage


def write_results_xlsx(results: Results, locale: Locale) -> bytes:
    out = io.BytesIO()
    people = calibration.results_of(results.goals)
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        formats = Formats(book)
        for table in (
            _departments(people, results.goals, locale),
            _people(people, results, locale),
            _goals(results, locale),
        ):
            _write(book.add_worksheet(table.title), formats, table, f"{results.cycle_id}  {results.cycle_name}")
        _chart(book, formats, people, locale)
    return out.getvalue()


def write_results_csv(results: Results, locale: Locale) -> bytes:
    """The goals as CSV, one per row."""
    table = _goals(results, locale)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(table.heads)
    for row in table.rows:
        writer.writerow(
            [
                escape_formula(cell) if isinstance(cell, str) else f"{cell:f}" if isinstance(cell, Decimal) else cell
                for cell in row
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def _words(locale: Locale, *keys: str) -> tuple[str, ...]:
    return tuple(say(key, locale) for key in keys)


def _departments(people: Sequence[PersonResult], goals: Iterable[Goal], locale: Locale) -> _Table:
    achieved: dict[str, int] = {}
    total: dict[str, int] = {}
    for goal in goals:
        total[goal.department] = total.get(goal.department, 0) + 1
        achieved[goal.department] = achieved.get(goal.department, 0) + (goal.outcome is Outcome.ACHIEVED)
    rows: list[tuple[str | int | Decimal, ...]] = [
        (
            one.name,
            one.people,
            total.get(one.name, 0),
            achieved.get(one.name, 0),
            one.lowest,
            one.median,
            one.mean,
            one.highest,
        )
        for one in calibration.by_department(people)
    ]
    heads = _words(
        locale, "sheet.results.department", "sheet.results.number_of_people", "sheet.results.goals", "sheet.results.achieved", "sheet.results.lowest", "sheet.results.median", "sheet.results.mean", "sheet.results.highest")  # fmt: skip
    return _Table(_words(locale, "sheet.results.summary")[0], heads, rows)


def _people(people: Sequence[PersonResult], results: Results, locale: Locale) -> _Table:
    rows: list[tuple[str | int | Decimal, ...]] = [
        (
            one.person, results.names.get(one.person, ""), one.department, results.names.get(one.reviewer or "", ""),
            one.goals, one.score, one.adjusted, one.final,
        )
        for one in people
    ]  # fmt: skip
    heads = _words(
        locale, "sheet.results.employee", "sheet.results.name", "sheet.results.department", "sheet.results.reviewer", "sheet.results.goals", "sheet.results.score", "sheet.results.adjusted", "sheet.results.final")  # fmt: skip
    return _Table(_words(locale, "sheet.results.people")[0], heads, rows)


def _goals(results: Results, locale: Locale) -> _Table:
    heads = _words(
        locale, "sheet.results.goal", "sheet.results.owner", "sheet.results.department", "sheet.results.theme", "sheet.results.measure", "sheet.results.weight", "sheet.results.state", "sheet.results.outcome", "sheet.results.revision", "sheet.results.attained", "sheet.results.steps", "sheet.results.measure_points", "sheet.results.bonus", "sheet.results.banked", "sheet.results.score", "sheet.results.adjusted", "sheet.results.final")  # fmt: skip
    return _Table(
        _words(locale, "sheet.results.goals")[0],
        heads,
        [_goal(one, results, locale) for one in results.goals],
        _ATTAINMENT,
    )


def _goal(goal: Goal, results: Results, locale: Locale) -> tuple[str | int | Decimal, ...]:
    terms = scoring.terms(goal)
    state = word("state", goal.state, locale)
    return (
        goal.id, results.names.get(goal.owner, ""), goal.department, goal.content.theme,
        goal.content.measure.name if goal.content.measure else "", goal.content.weight, state,
        word("outcome", goal.outcome, locale) if goal.outcome else "", goal.revision, goal.attained, terms.steps,
        terms.measure, terms.bonus, terms.banked, terms.total, goal.adjusted, scoring.calibrated(goal),
    )  # fmt: skip


def _write(sheet: Worksheet, formats: Formats, table: _Table, title: str) -> None:
    """Writes a table. Its header row stays visible and is printed on every page; columns are as wide as their content."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.freeze_panes(2, 1)
    sheet.set_footer("&C&P / &N")
    sheet.write_string(0, 0, title, formats(bold=True, font_size=12, text_wrap=False))
    sheet.set_row(0, 22)
    for column, head in enumerate(table.heads):
        sheet.write_string(1, column, head, formats(bold=True, bg_color=BAND, border=1, align="center"))
        texts = [head, *(str(row[column]) for row in table.rows)]
        sheet.set_column(column, column, min(max(_MIN_WIDTH, *(width_of(one) + 3 for one in texts)), _MAX_WIDTH))
    for at, row in enumerate(table.rows, start=2):
        for column, cell in enumerate(row):
            _cell(sheet, formats, at, column, cell, percent=column == table.percent)
    sheet.autofilter(1, 0, max(len(table.rows) + 1, 1), len(table.heads) - 1)


def _cell(sheet: Worksheet, formats: Formats, row: int, column: int, cell: Any, *, percent: bool) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell, formats(border=1))
    else:
        form = "0 %" if percent else "#,##0.##" if isinstance(cell, Decimal) else "0"
        sheet.write_number(row, column, float(cell), formats(border=1, num_format=form))


def _chart(book: Workbook, formats: Formats, people: Sequence[PersonResult], locale: Locale) -> None:
    """Writes the page with the number of people per range of points, and its chart."""
    title, points, count = _words(
        locale, "sheet.results.distribution", "sheet.results.points", "sheet.results.number_of_people"
    )
    sheet = book.add_worksheet(title)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_column(0, 0, 14)
    spread = calibration.overall(people)
    counts = spread.counts if spread else (0,) * BUCKETS
    sheet.write_row(0, 0, [points, count], formats(bold=True, bg_color=BAND, border=1))
    for n, number in enumerate(counts):
        last = n == BUCKETS - 1
        label = f"{n * BUCKET} -" if last else f"{n * BUCKET} - {(n + 1) * BUCKET - 1}"
        sheet.write_string(n + 1, 0, label, formats(border=1))
        sheet.write_number(n + 1, 1, number, formats(border=1))
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": count,
            "categories": [title, 1, 0, BUCKETS, 0],
            "values": [title, 1, 1, BUCKETS, 1],
            "fill": {"color": "#1F3A5F"},
            "gap": 30,
            "data_labels": {"value": True},
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_x_axis({"name": points})
    chart.set_y_axis({"name": count, "major_gridlines": {"visible": True, "line": {"color": "#D0D0D0"}}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 720, "height": 380})
    sheet.insert_chart(0, 3, chart)
