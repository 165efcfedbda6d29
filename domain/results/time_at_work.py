"""The time at work (就業割合): the share of a cycle's business days on which a person was employed and not on leave.

    share = business days employed and not on leave ÷ business days of the cycle

Both are counted from the first day of the cycle to its closing day, in the calendar of the person's site; a day on which the site
closes early is a whole day. The share is rounded half up to 0.0001; it is 1 only for the whole cycle, and at least 0. It never
changes a person's own score: it is the weight of the score in the mean of a department, a reviewer or the company.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from domain.people.leave import Leave
from domain.policy.calendar import BusinessCalendar

_UNIT = Decimal("0.0001")
_DAY = timedelta(days=1)


class TimeAtWork(NamedTuple):
    """Business days at work, and those of the cycle."""

    days: int
    days_of_cycle: int

    @property
    def share(self) -> Decimal:
        """1 for a cycle without business days."""
        if self.days >= self.days_of_cycle:
            return Decimal(1)
        share = (Decimal(self.days) / self.days_of_cycle).quantize(_UNIT, ROUND_HALF_UP)
        return min(share, 1 - _UNIT)  # of more than 10,000 days, all but one would round to 1


def business_days(calendar: BusinessCalendar, first: date, last: date) -> tuple[date, ...]:
    """All business days from `first` to `last`, both included."""
    days = (first + n * _DAY for n in range((last - first).days + 1))
    return tuple(day for day in days if calendar.is_business_day(day))


def time_at_work(
    days: Sequence[date], joined_on: date | None, last_day: date | None, leaves: Iterable[Leave]
) -> TimeAtWork:
    """The time at work of a person on these days, which are in order. Without a date of joining, the person was there before.

    Leaves may be in any order, and may overlap: a day is left out once. One that ends before it begins has no day.
    """
    if not days:
        return TimeAtWork(0, 0)
    start, end = max(joined_on or days[0], days[0]), min(last_day or days[-1], days[-1])
    worked = 0
    known = [(one.first, one.last or end) for one in leaves if one.first is not None and not one.is_out_of_order]
    for first, last in sorted(known):
        if first > end:
            break
        worked += _between(days, start, first - _DAY)
        start = max(start, last + _DAY)
    return TimeAtWork(worked + _between(days, start, end), len(days))


def _between(days: Sequence[date], first: date, last: date) -> int:
    return max(bisect_right(days, last) - bisect_left(days, first), 0)


def weighted_mean(values: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Σ value × share ÷ Σ share, of pairs of both; None where all shares are 0."""
    pairs = list(values)
    whole = sum((share for _, share in pairs), Decimal(0))
    return sum((value * share for value, share in pairs), Decimal(0)) / whole if whole else None
