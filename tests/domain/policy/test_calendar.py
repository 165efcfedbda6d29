"""Business days of one site, and when it opens and closes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.policy.calendar import BusinessCalendar
from tests.domain.builders import TOKYO, day

DAYS = st.dates(date(2026, 9, 1), date(2027, 1, 31))
COUNTS = st.integers(0, 60)


@pytest.mark.parametrize(
    ("first", "business_days", "last"),
    [
        (day(10, 9), 1, day(10, 13)),  # Friday, then スポーツの日 on Monday
        (day(11, 2), 1, day(11, 4)),  # 文化の日 on a Tuesday
        (day(11, 20), 1, day(11, 24)),  # 勤労感謝の日 on a Monday
        (day(11, 24), -1, day(11, 20)),
        (day(12, 28), 1, day(1, 4, 2027)),  # over the year's end
        (day(1, 4, 2027), -1, day(12, 28)),
        (day(10, 10), 1, day(10, 13)),  # from a Saturday
        (day(10, 12), -1, day(10, 9)),  # from a holiday
        (day(10, 1), 10, day(10, 16)),
    ],
)
def test_business_days_step_over_weekends_japanese_holidays_and_the_years_end(
    first: date, business_days: int, last: date
) -> None:
    assert TOKYO.add(first, business_days) == last


@pytest.mark.parametrize("off", [day(10, 10), day(10, 11), day(10, 12), day(11, 3), day(11, 23), day(12, 31)])
def test_a_day_off_is_no_business_day_and_the_next_one_is_found(off: date) -> None:
    assert not TOKYO.is_business_day(off)
    found = TOKYO.on_or_after(off)
    assert TOKYO.is_business_day(found)
    assert not any(TOKYO.is_business_day(off + timedelta(days=n)) for n in range((found - off).days))
    assert TOKYO.add(off, 0) == found


@given(first=DAYS, business_days=COUNTS)
def test_between_counts_what_add_went(first: date, business_days: int) -> None:
    start = TOKYO.on_or_after(first)
    assert TOKYO.between(start, TOKYO.add(start, business_days)) == business_days


@given(first=DAYS, business_days=COUNTS)
def test_adding_and_taking_away_the_same_leads_back(first: date, business_days: int) -> None:
    start = TOKYO.on_or_after(first)
    assert TOKYO.add(TOKYO.add(start, business_days), -business_days) == start


@given(first=DAYS, last=DAYS)
def test_add_undoes_between_for_business_days(first: date, last: date) -> None:
    start, end = TOKYO.on_or_after(first), TOKYO.on_or_after(last)
    if start <= end:
        assert TOKYO.add(start, TOKYO.between(start, end)) == end


@given(first=DAYS, one=COUNTS, more=COUNTS)
def test_adding_in_two_goes_is_adding_at_once_and_more_is_never_earlier(first: date, one: int, more: int) -> None:
    start = TOKYO.on_or_after(first)
    assert TOKYO.add(TOKYO.add(start, one), more) == TOKYO.add(start, one + more)
    assert TOKYO.add(first, one) <= TOKYO.add(first, one + more)


@given(first=DAYS, last=DAYS)
def test_nothing_lies_between_a_day_and_an_earlier_one(first: date, last: date) -> None:
    assert (TOKYO.between(first, last) == 0) or first < last


@given(first=DAYS, middle=DAYS, last=DAYS)
def test_the_parts_of_a_span_have_the_business_days_of_the_whole(first: date, middle: date, last: date) -> None:
    first, middle, last = sorted((first, middle, last))
    assert TOKYO.between(first, middle) + TOKYO.between(middle, last) == TOKYO.between(first, last)


def test_tokyo_opens_at_midnight_in_utc_and_closes_at_nine() -> None:
    assert TOKYO.opening(day(10, 1)) == datetime(2026, 10, 1, 0, tzinfo=UTC)
    assert TOKYO.closing(day(10, 1)) == datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "before", "after", "in_utc"),
    [
        ("Europe/Berlin", day(10, 23), day(10, 26), (7, 8)),  # summer time ends on Sunday, 25 October
        ("America/New_York", day(10, 30), day(11, 2), (13, 14)),  # and here on 1 November
        ("America/New_York", day(3, 6), day(3, 9), (14, 13)),  # it begins on Sunday, 8 March
    ],
)
def test_a_site_opens_at_nine_by_its_own_clock_when_summer_time_begins_and_ends(
    zone: str, before: date, after: date, in_utc: tuple[int, int]
) -> None:
    site = BusinessCalendar(timezone=zone)
    assert (site.opening(before).hour, site.opening(after).hour) == in_utc
    assert site.closing(after) - site.opening(after) == timedelta(hours=9)
    assert site.opening(after).tzinfo is UTC


def test_a_day_on_which_the_clock_is_put_forward_has_an_hour_less() -> None:
    site = BusinessCalendar(timezone="Europe/Berlin", opens=time(0), closes=time(12))
    assert site.closing(day(3, 29)) - site.opening(day(3, 29)) == timedelta(hours=11)


def test_a_site_west_of_utc_is_still_on_the_day_before() -> None:
    moment = datetime(2026, 11, 3, 4, 59, tzinfo=UTC)
    assert BusinessCalendar(timezone="America/New_York").day_of(moment) == day(11, 2)
    assert BusinessCalendar(timezone="Pacific/Honolulu").day_of(moment) == day(11, 2)
    assert TOKYO.day_of(moment) == day(11, 3)
    assert BusinessCalendar(timezone="America/New_York").day_of(moment + timedelta(minutes=1)) == day(11, 3)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@given(any_day=DAYS)
def test_the_working_hours_of_a_day_lie_on_that_day(zone: str, any_day: date) -> None:
    site = BusinessCalendar(timezone=zone)
    assert site.day_of(site.opening(any_day)) == site.day_of(site.closing(any_day)) == any_day


@pytest.mark.parametrize("zone", ["Asia/Tokio", "", "../etc/passwd", "JST+9"])
def test_a_zone_that_does_not_exist_is_refused_with_a_name_that_does(zone: str) -> None:
    with pytest.raises(ValidationError, match="zone_unknown"):
        BusinessCalendar(timezone=zone)


def test_a_calendar_is_the_same_after_a_journey_through_json() -> None:
    assert TOKYO.is_business_day(day(10, 1))  # whatever was computed on the way
    assert BusinessCalendar.model_validate_json(TOKYO.model_dump_json()) == TOKYO


# --- working Saturdays and short days --------------------------------------------------------------------------------

SATURDAY, HOLIDAY, LAST = day(10, 10), day(11, 3), day(12, 28)
BUSY = BusinessCalendar(days_off=TOKYO.days_off, working_days=(SATURDAY, HOLIDAY), short_days={LAST: time(12)})


def test_a_working_saturday_and_a_holiday_that_is_worked_are_business_days() -> None:
    assert [BUSY.is_business_day(one) for one in (SATURDAY, HOLIDAY, day(10, 11), day(10, 17))] == [
        True,
        True,
        False,
        False,
    ]
    assert BUSY.add(day(10, 9), 1) == SATURDAY
    assert BUSY.add(day(10, 13), -1) == SATURDAY
    assert BUSY.on_or_after(HOLIDAY) == HOLIDAY
    assert BUSY.between(day(10, 1), day(11, 30)) == TOKYO.between(day(10, 1), day(11, 30)) + 2


def test_a_short_day_closes_at_its_own_hour_and_opens_as_ever() -> None:
    assert BUSY.closing(LAST) == datetime(2026, 12, 28, 3, tzinfo=UTC)
    assert TOKYO.closing(LAST) == datetime(2026, 12, 28, 9, tzinfo=UTC)
    assert BUSY.opening(LAST) == TOKYO.opening(LAST)
    assert BUSY.closing(day(12, 25)) == TOKYO.closing(day(12, 25))


def test_a_calendar_without_them_is_written_as_before_they_came_and_with_them_comes_back() -> None:
    assert set(TOKYO.model_dump(mode="json")) == {"timezone", "opens", "closes", "days_off"}
    assert BusinessCalendar.model_validate_json(BUSY.model_dump_json(), strict=True) == BUSY


@given(first=DAYS, business_days=COUNTS)
def test_working_saturdays_are_counted_as_add_goes(first: date, business_days: int) -> None:
    start = BUSY.on_or_after(first)
    assert BUSY.between(start, BUSY.add(start, business_days)) == business_days
