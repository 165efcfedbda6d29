"""Working days in Tokyo, counted a second time: with the `holidays` library and nothing of the product."""

from datetime import date, timedelta

import holidays


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in holidays.country_holidays("JP", years=day.year)


def next_working_day(day: date) -> date:
    """The first working day from `day` on; `day` itself where it is one."""
    while not works(day):
        day += timedelta(days=1)
    return day
