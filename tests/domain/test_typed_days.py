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
    ("first", "last", "days"),
    [
        ("R1.5.1", "R7981.12.31", (date(2019, 5, 1), date.max)),
        ("H1.1.8", "H31.4.30", (date(1989, 1, 8), date(2019, 4, 30))),
        ("S1.12.25", "S64.1.7", (date(1926, 12, 25), date(1989, 1, 7))),
        ("T1.7.30", "T15.12.24", (date(1912, 7, 30), date(1926, 12, 24))),
        ("M1.1.25", "M45.7.29", (date(1868, 1, 25), date(1912, 7, 29))),
    ],
)
def test_each_era_is_read_from_its_first_day_to_its_last(first: str, last: str, days: tuple[date, date]) -> None:
    assert (read_day(first), read_day(last)) == days


@pytest.mark.parametrize(
    "typed", ["R1.4.30", "H1.1.7", "H31.5.1", "S1.12.24", "S64.1.8", "T1.7.29", "T15.12.25", "M1.1.24", "M45.7.30"]
)
def test_a_day_before_or_after_its_era_is_refused(typed: str) -> None:
    with pytest.raises(NotADay) as refused:
        read_day(typed)
    assert refused.value.why is NotADayBecause.NOT_IN_CALENDAR


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
    assert refused.value.meant == FIRST_OF_APRIL
    assert "2027" in say(day_problem(refused.value), Locale.EN)
