"""The time at work: days counted one by one, shares between 0 and 1, and means that are weighted by them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people.leave import Leave
from domain.policy.calendar import BusinessCalendar
from domain.results.calibration import overall, results_of
from domain.results.time_at_work import TimeAtWork, business_days, time_at_work, weighted_mean
from domain.values import EmployeeId
from tests.domain.builders import active

STARTS, CLOSES = date(2026, 10, 1), date(2026, 12, 31)
CALENDAR = BusinessCalendar(
    days_off=(date(2026, 10, 12), date(2026, 11, 3), date(2026, 11, 23), date(2026, 12, 31)),
    working_days=(date(2026, 10, 17),),  # a Saturday
    short_days={date(2026, 12, 28): "12:00"},
)
DAYS = business_days(CALENDAR, STARTS, CLOSES)

SOME_DAY = st.dates(STARTS - timedelta(days=40), CLOSES + timedelta(days=40))
LEAVES = st.lists(st.tuples(SOME_DAY, st.none() | SOME_DAY), max_size=5).map(
    lambda spells: [Leave(first=first, last=last) for first, last in spells]
)


def counted_one_by_one(joined: date | None, last_day: date | None, leaves: Sequence[Leave]) -> int:
    """The oracle: every day of the calendar, from its own words about weekends, holidays and working Saturdays."""
    number, day = 0, STARTS
    while day <= CLOSES:
        works = day.isoweekday() <= 5 and day.isoformat() not in (
            "2026-10-12",
            "2026-11-03",
            "2026-11-23",
            "2026-12-31",
        )
        works |= day.isoformat() == "2026-10-17"
        employed = not (joined and day < joined) and not (last_day and last_day < day)
        away = any(one.first and day >= one.first and (not one.last or day <= one.last) for one in leaves)
        number += works and employed and not away
        day += timedelta(days=1)
    return number


@given(joined=st.none() | SOME_DAY, last_day=st.none() | SOME_DAY, leaves=LEAVES)
def test_the_days_at_work_are_those_that_one_counts_one_by_one(
    joined: date | None, last_day: date | None, leaves: list[Leave]
) -> None:
    found = time_at_work(DAYS, joined, last_day, leaves)
    assert found == (counted_one_by_one(joined, last_day, leaves), counted_one_by_one(None, None, ()))
    assert 0 <= found.share <= 1
    assert (found.share == 1) == (found.days == found.days_of_cycle)
    assert abs(Fraction(found.share) - Fraction(*found)) <= Fraction(1, 20_000)


@given(days=st.tuples(SOME_DAY, SOME_DAY, SOME_DAY).map(sorted), joined=st.none() | SOME_DAY)
def test_adjoining_leaves_are_one_leave_of_both(days: list[date], joined: date | None) -> None:
    first, middle, last = days
    both = [Leave(first=first, last=middle), Leave(first=middle + timedelta(days=1), last=max(last, middle))]
    one = [Leave(first=first, last=max(last, middle))]
    assert time_at_work(DAYS, joined, None, both) == time_at_work(DAYS, joined, None, one)
    assert time_at_work(DAYS, joined, None, both[::-1]) == time_at_work(DAYS, joined, None, one)


@given(leaves=LEAVES, more=LEAVES)
def test_another_leave_never_adds_time(leaves: list[Leave], more: list[Leave]) -> None:
    assert time_at_work(DAYS, None, None, [*leaves, *more]).days <= time_at_work(DAYS, None, None, leaves).days


def test_the_whole_cycle_is_one_and_a_short_day_is_a_whole_day() -> None:
    assert time_at_work(DAYS, None, None, ()).share == 1
    assert time_at_work(DAYS, STARTS, CLOSES, [Leave(first=date(2027, 1, 1))]).share == 1
    short = time_at_work(DAYS, None, None, [Leave(first=date(2026, 12, 28), last=date(2026, 12, 28))])
    assert short == (len(DAYS) - 1, len(DAYS))
    saturday = time_at_work(DAYS, None, None, [Leave(first=date(2026, 10, 17), last=date(2026, 10, 18))])
    assert saturday == (len(DAYS) - 1, len(DAYS))


@pytest.mark.parametrize(
    ("days", "days_of_cycle", "share"),
    [(38, 61, "0.6230"), (1, 32, "0.0313"), (0, 61, "0"), (61, 61, "1"), (0, 0, "1"), (29_999, 30_000, "0.9999")],
)
def test_the_share_is_rounded_half_up_and_whole_only_for_all_days(days: int, days_of_cycle: int, share: str) -> None:
    assert TimeAtWork(days, days_of_cycle).share == Decimal(share)


PAIRS = st.lists(
    st.tuples(st.decimals(0, 200, places=2), st.integers(0, 10_000).map(lambda n: Decimal(n) / 10_000)), max_size=20
)


@given(pairs=PAIRS)
def test_a_weighted_mean_is_exact_and_between_the_lowest_and_the_highest(pairs: list[tuple[Decimal, Decimal]]) -> None:
    found = weighted_mean(pairs)
    whole = sum((Fraction(share) for _, share in pairs), Fraction(0))
    if not whole:
        assert found is None
        return
    assert found is not None
    exact = sum((Fraction(value) * Fraction(share) for value, share in pairs), Fraction(0)) / whole
    assert abs(Fraction(found) - exact) < Fraction(1, 10**18)
    counted = [value for value, share in pairs if share]
    assert min(counted) - Decimal("1e-18") <= found <= max(counted) + Decimal("1e-18")


def test_only_means_are_weighted_and_nobody_s_own_score_changes() -> None:
    goals = [
        active().model_copy(update={"owner": EmployeeId(owner), "banked": Decimal(points), "done": ()})
        for owner, points in (("a", 100), ("b", 40), ("c", 10))
    ]
    times = {EmployeeId("b"): TimeAtWork(30, 60), EmployeeId("c"): TimeAtWork(0, 60)}
    plain, weighted = results_of(goals), results_of(goals, times)
    assert [one.final for one in weighted] == [one.final for one in plain] == [100, 40, 10]
    assert [one.share for one in weighted] == [1, Decimal("0.5"), 0]
    before, after = overall(plain), overall(weighted)
    assert before is not None
    assert after is not None
    assert (before.mean, after.mean) == (Decimal(50), Decimal(80))  # (100 + 40 + 10) / 3; (100 + 20) / 1.5
    assert after._replace(mean=before.mean) == before
    nobody = overall(results_of(goals[1:], {EmployeeId(one): TimeAtWork(0, 60) for one in "bc"}))
    assert nobody is not None
    assert nobody.mean == Decimal(25), "where nobody was at work, the plain mean"
