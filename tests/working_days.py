"""A second computation of working days: with the `holidays` library and no code of the product."""

from dataclasses import dataclass
from datetime import date, timedelta

import holidays


@dataclass(frozen=True)
class Country:
    """A country in which weekends and public holidays are the only days off."""

    code: str
    subdivision: str | None = None

    def works(self, day: date) -> bool:
        off = holidays.country_holidays(self.code, subdiv=self.subdivision, years=day.year)
        return day.weekday() < 5 and day not in off

    def next_working_day(self, day: date) -> date:
        """The first working day that is not before `day`."""
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def moved(self, day: date, working_days: int) -> date:
        """The working day that is `days` working days after `day`; before it, if negative."""
        step = timedelta(days=1 if working_days > 0 else -1)
        for _ in range(abs(working_days)):
            day += step
            while not self.works(day):
                day += step
        return day


JAPAN = Country("JP")
