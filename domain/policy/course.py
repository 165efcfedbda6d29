"""The days of a ladder on a calendar: when a task is due, and on which days it is reminded of and escalated.

docs/policy.md prints them, and HR sees them before a launch. The goal itself counts in domain/goal/tasks.py and alarms.py.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Act, Ladder


class RungDay(NamedTuple):
    """A rung of a ladder on its day."""

    day: date
    act: Act


def due_day(calendar: BusinessCalendar, opened: date, ladder: Ladder) -> date:
    """When a task that comes on `opened` is due."""
    return calendar.add(opened, ladder.due_in)


def rung_days(calendar: BusinessCalendar, due: date, ladder: Ladder, opened: date | None = None) -> Iterable[RungDay]:
    """The rungs of a task that is due on `due`, in order; without those whose day is over when the task comes on `opened`."""
    days = (RungDay(calendar.add(due, rung.days), rung.act) for rung in ladder.rungs)
    return [one for one in days if opened is None or one.day > opened]
