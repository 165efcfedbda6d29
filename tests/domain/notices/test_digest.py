"""The days and times of a person's digests."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notices.digest import digest_day
from domain.policy.calendar import BusinessCalendar
from tests.domain.builders import BERLIN, TOKYO, day

GOLDEN_WEEK = BusinessCalendar(days_off=tuple(date(2027, *one) for one in ((4, 29), (5, 3), (5, 4), (5, 5))))
MINUTE = timedelta(minutes=1)


def clock(calendar: BusinessCalendar, on: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), ZoneInfo(calendar.timezone)).astimezone(UTC)


def days_of(
    calendar: BusinessCalendar, first: date, last: date, *, at: time | None = None, every: timedelta = 15 * MINUTE
) -> dict[date, datetime]:
    """The digests that deliveries from the first to the last day open, each with its time."""
    moment, end = clock(calendar, first, 0), clock(calendar, last, 23, 59)
    sent: dict[date, datetime] = {}
    latest: date | None = None
    while moment <= end:
        if found := digest_day(calendar, at, latest, moment):
            assert found not in sent
            sent[found] = moment
            latest = found
        moment += every
    return sent


def test_it_comes_at_the_opening_hour_and_not_a_minute_before() -> None:
    assert digest_day(TOKYO, None, None, clock(TOKYO, day(10, 5), 9) - MINUTE) is None
    assert digest_day(TOKYO, None, None, clock(TOKYO, day(10, 5), 9)) == day(10, 5)


def test_a_chosen_hour_counts_by_the_clock_of_the_site() -> None:
    assert digest_day(TOKYO, time(7, 30), None, clock(TOKYO, day(10, 5), 7, 29)) is None
    assert digest_day(TOKYO, time(7, 30), None, datetime(2026, 10, 4, 22, 30, tzinfo=UTC)) == day(10, 5)
    assert digest_day(TOKYO, time(16), None, clock(TOKYO, day(10, 5), 9)) is None


def test_there_is_none_twice_a_day_also_not_after_the_hour_was_moved() -> None:
    assert digest_day(TOKYO, None, day(10, 5), clock(TOKYO, day(10, 5), 15)) is None
    assert digest_day(TOKYO, time(17), day(10, 5), clock(TOKYO, day(10, 5), 17)) is None
    assert digest_day(TOKYO, None, day(10, 5), clock(TOKYO, day(10, 6), 9)) == day(10, 6)


def test_who_moves_west_gets_none_for_a_day_that_they_had() -> None:
    assert digest_day(BERLIN, None, day(10, 6), clock(BERLIN, day(10, 5), 16)) is None


def test_a_tick_that_is_hours_late_still_brings_that_days_and_one_a_day_late_does_not_make_up_for_it() -> None:
    assert digest_day(TOKYO, None, day(10, 2), clock(TOKYO, day(10, 5), 22, 59)) == day(10, 5)
    assert digest_day(TOKYO, None, day(10, 2), clock(TOKYO, day(10, 6), 3)) is None


def test_over_the_years_end_there_is_none_on_a_day_off() -> None:
    sent = days_of(TOKYO, day(12, 26), day(1, 8, 2027))
    assert list(sent) == [day(12, 28), *(day(1, one, 2027) for one in (4, 5, 6, 7, 8))]
    assert {moment.astimezone(ZoneInfo("Asia/Tokyo")).time() for moment in sent.values()} == {time(9)}


def test_golden_week_is_quiet() -> None:
    assert list(days_of(GOLDEN_WEEK, date(2027, 4, 28), date(2027, 5, 7))) == [
        date(2027, 4, 28), date(2027, 4, 30), date(2027, 5, 6), date(2027, 5, 7),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [date(2026, 10, 25), date(2027, 3, 28)])
def test_in_berlin_it_comes_at_nine_by_the_wall_on_both_sides_of_a_change_of_the_clocks(change: date) -> None:
    sent = days_of(BERLIN, change - timedelta(days=2), change + timedelta(days=2))
    assert list(sent) == [change - timedelta(days=2), change + timedelta(days=1), change + timedelta(days=2)]
    assert {moment.astimezone(ZoneInfo("Europe/Berlin")).time() for moment in sent.values()} == {time(9)}
    assert len({moment.time() for moment in sent.values()}) == 2, "an hour apart by the clock of the world"


@pytest.mark.parametrize(
    ("change", "hour"),
    [(date(2027, 4, 30), time(0, 30)), (date(2026, 10, 29), time(23, 30))],  # a Friday without it, a Thursday with two
)
def test_an_hour_that_a_change_of_the_clocks_skips_or_repeats_brings_one_digest(change: date, hour: time) -> None:
    cairo = BusinessCalendar(timezone="Africa/Cairo")  # where clocks change on a working day
    around = [change + timedelta(days=one) for one in range(-2, 1)]
    sent = days_of(cairo, around[0], around[-1], at=hour, every=10 * MINUTE)
    assert list(sent) == around
    offsets = {moment.astimezone(ZoneInfo("Africa/Cairo")).utcoffset() for moment in sent.values()}
    assert len(offsets) == (2 if hour < time(12) else 1), "the first of two such hours is still summer's"


@given(
    calendar=st.sampled_from([TOKYO, BERLIN, GOLDEN_WEEK]),
    moment=st.datetimes(datetime(2026, 9, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),
    at=st.none() | st.times(),
    last=st.none() | st.dates(date(2026, 9, 1), date(2027, 6, 1)),
)
def test_whatever_comes_is_of_today_a_working_day_after_its_hour_and_new(
    calendar: BusinessCalendar, moment: datetime, at: time | None, last: date | None
) -> None:
    found = digest_day(calendar, at, last, moment)
    if found is not None:
        local = moment.astimezone(ZoneInfo(calendar.timezone))
        assert found == local.date()
        assert calendar.is_business_day(found)
        assert last is None or found > last
        assert digest_day(calendar, at, found, moment) is None


def test_what_comes_after_the_hour_waits_for_the_next_days() -> None:
    asked = clock(TOKYO, day(10, 5), 15)
    assert digest_day(TOKYO, None, day(10, 2), clock(TOKYO, day(10, 5), 15, 1), oldest=asked) is None
    assert digest_day(TOKYO, None, day(10, 2), clock(TOKYO, day(10, 6), 9), oldest=asked) == day(10, 6)
    assert digest_day(TOKYO, None, day(10, 2), clock(TOKYO, day(10, 5), 16), oldest=clock(TOKYO, day(10, 5), 9)) == day(
        10, 5
    )


def test_it_waits_for_the_mornings_alarms_unless_an_hour_was_chosen() -> None:
    morning = 20 * MINUTE
    rang = clock(TOKYO, day(10, 5), 9, 14)
    assert digest_day(TOKYO, None, None, clock(TOKYO, day(10, 5), 9, 19), oldest=rang, morning=morning) is None
    assert digest_day(TOKYO, None, None, clock(TOKYO, day(10, 5), 9, 20), oldest=rang, morning=morning) == day(10, 5)
    assert digest_day(TOKYO, time(9), None, clock(TOKYO, day(10, 5), 9), morning=morning) == day(10, 5)
