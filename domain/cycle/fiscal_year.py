"""Periods of a fiscal year (年度) that begins in any month: the year, its halves (上期・下期), its quarters (四半期).

A fiscal year is called by the calendar year in which it begins, as in Japan: 2026年度 of a company that begins in April lasts until
March 2027.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.values import Locale

_MONTHS_OF_YEAR = 12
_NAME = re.compile(
    r"(?:(\d{4})\s*年度|FY\s*(\d{4}))\s*(?:第?\s*([1-4])\s*四半期|Q([1-4])|(上期|上半期|H1)|(下期|下半期|H2))?",
    re.IGNORECASE,
)


class Part(StrEnum):
    """What a period is of the fiscal year."""

    YEAR = "year"
    HALF = "half"
    QUARTER = "quarter"


_MONTHS = {Part.QUARTER: 3, Part.HALF: 6, Part.YEAR: 12}
_HALVES = ("上期", "下期")


class PeriodName(NamedTuple):
    """Which period it is: the second half of 2026年度. `number` is from 1."""

    year: int
    part: Part
    number: int

    def text(self, locale: Locale) -> str:
        """`2026年度 第4四半期`, `2026年度 下期`, `2026年度`; `FY2026 Q4`, `FY2026 H2`, `FY2026`."""
        year = f"{self.year}年度" if locale is Locale.JA else f"FY{self.year}"
        if self.part is Part.YEAR:
            return year
        if locale is Locale.EN:
            return f"{year} {'H' if self.part is Part.HALF else 'Q'}{self.number}"
        return f"{year} {_HALVES[self.number - 1] if self.part is Part.HALF else f'第{self.number}四半期'}"


class Period(NamedTuple):
    """A period with its first and its last day."""

    name: PeriodName
    first: date
    last: date


def nearest_period(starts: date, ends: date, first_month: int) -> Period:
    """The period of the fiscal year beginning in `first_month` (1 to 12) whose first and last day are nearest to these, in sum."""
    periods = [one for year in range(starts.year - 1, starts.year + 2) for one in _periods(year, first_month)]
    return min(periods, key=lambda one: abs((one.first - starts).days) + abs((one.last - ends).days))


def _periods(year: int, first_month: int) -> Iterator[Period]:
    for part, months in _MONTHS.items():
        for number in range(_MONTHS_OF_YEAR // months):
            first = _month(year, first_month + number * months)
            last = _month(year, first_month + (number + 1) * months) - timedelta(days=1)
            yield Period(PeriodName(year, part, number + 1), first, last)


def _month(year: int, month: int) -> date:
    """The first day of a month that is counted from January of `year`, 13 being the next January."""
    return date(year + (month - 1) // _MONTHS_OF_YEAR, (month - 1) % _MONTHS_OF_YEAR + 1, 1)


def read_name(text: str) -> PeriodName | None:
    """The period that a name of a cycle speaks of, in Japanese or English; None if it speaks of none."""
    found = _NAME.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    year, quarter = int(found[1] or found[2]), found[3] or found[4]
    if quarter:
        return PeriodName(year, Part.QUARTER, int(quarter))
    if found[5] or found[6]:
        return PeriodName(year, Part.HALF, 1 if found[5] else 2)
    return PeriodName(year, Part.YEAR, 1)
