"""Days as people type them: read the same way in every door, or refused by what they look like."""

from datetime import date

import pytest

from domain.problems import day_problem
from domain.typed_days import NotADay, NotADayBecause, read_day
from domain.values import Locale
from texts.say import say

FIRST_OF_APRIL = date(2027, 4, 1)


@pytest.mark.parametrize(
    "typed",
    [
        "2027-04-01", "2027/4/1", "2027.4.1", "2027年4月1日", "2027年 4月 1日", "20270401", "R9.4.1", "r9/04/01", "R09.04.01",
        "令和9年4月1日", "令和 9年4月1日", "令9.4.1", "２０２７／４／１", " 2027-04-01 ", "2027/04/01 0:00", "2027-04-01T00:00:00",
        "2027-04-01 00:00:00", "2027年4月1日(木)",
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_and_programs_write_it(typed: str) -> None:
    assert read_day(typed) == FIRST_OF_APRIL


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("H31.4.30", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("S50.12.1", date(1975, 12, 1)),
    ],
)
def test_the_years_of_an_era_are_counted_from_its_first(typed: str, day: date) -> None:
    assert read_day(typed) == day


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("46478", NotADayBecause.SERIAL),
        ("46478.0", NotADayBecause.SERIAL),
        ("4/1/2027", NotADayBecause.ORDER),
        ("27/4/1", NotADayBecause.ORDER),
        ("2027-02-30", NotADayBecause.NOT_IN_CALENDAR),
        ("20271332", NotADayBecause.NOT_IN_CALENDAR),
        ("H40.4.1", NotADayBecause.NOT_IN_CALENDAR),
        ("令和元年4月1日", NotADayBecause.NOT_IN_CALENDAR),
        ("0000-01-01", NotADayBecause.NOT_IN_CALENDAR),
        ("元年4月1日", NotADayBecause.NO_DAY),
        ("2027-04-01 18:00", NotADayBecause.NO_DAY),
        ("2027/4", NotADayBecause.NO_DAY),
        ("来年", NotADayBecause.NO_DAY),
        ("", NotADayBecause.NO_DAY),
        ("1" * 10_000_000, NotADayBecause.NO_DAY),
    ],
)
def test_what_is_no_day_or_could_be_several_is_refused_by_what_it_looks_like(typed: str, why: NotADayBecause) -> None:
    with pytest.raises(NotADay) as refused:
        read_day(typed)
    assert refused.value.why is why
    assert say(day_problem(refused.value), Locale.JA) != say(day_problem(refused.value), Locale.EN)


def test_a_number_of_a_spreadsheet_is_refused_with_the_day_that_it_would_be() -> None:
    with pytest.raises(NotADay) as refused:
        read_day("46478")
    assert "2027" in say(day_problem(refused.value), Locale.EN)
