"""Drawings of numbers: a scale that can be read, whatever the numbers are."""

from datetime import date

import pytest

from domain.lifecycle import State
from service.board import Day
from web.console.charts import days_chart


def _day(goals: int) -> Day:
    return Day(day=date(2026, 11, 28), states={State.DRAFT: goals}, submitted=0, approved=0, reviewed=0, closed=0)


@pytest.mark.parametrize("highest", [1, 2, 5, 6, 9, 10, 47, 99, 120, 999, 8064, 191_000])
def test_the_scale_has_a_few_round_numbers_from_nothing_to_the_highest_column(highest: int) -> None:
    chart = days_chart([_day(highest), _day(1)])
    assert chart
    numbers = [one.number for one in chart.ticks]
    assert numbers[0] == 0
    assert 2 <= len(numbers) <= 6
    assert numbers[-1] <= highest < 2 * numbers[-1] + 1
    assert chart.ticks[0].y == chart.height
    assert all(0 <= one.y <= chart.height for one in chart.ticks)
    tallest = max(chart.columns[0].blocks, key=lambda one: one.height)
    assert tallest.height == chart.height


def test_nothing_is_drawn_where_there_is_nothing() -> None:
    assert days_chart([_day(0)]) is None
