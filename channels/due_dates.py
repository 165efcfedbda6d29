"""Due dates as an iCalendar file (RFC 5545), which calendars of every maker take in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from icalendar import Calendar, Event, vText

from domain.policy.policy import TaskKind

_MOST_ENTRIES = 50
_LAST_HALF_HOUR = timedelta(minutes=30)  # of the time there is: the entry ends at the deadline
_LARGEST_NUMBER = 2**31 - 1  # RFC 5545's integers
_REVIEW = frozenset({TaskKind.SELF_REVIEW.value, TaskKind.VERDICT.value})


class Deadline(NamedTuple):
    """What is due, and when; `number` rises with the goal's ledger."""

    goal_id: str
    kind: str
    summary: str
    due: datetime
    number: int

    @property
    def uid(self) -> str:
        """What is told again replaces the entry. A review is one entry: a notice does not say which part of it is due."""
        kind = "review" if self.kind in _REVIEW else self.kind
        return f"{self.goal_id}#{kind}@meguri"


def due_dates(deadlines: Sequence[Deadline], now: datetime) -> str | None:
    """The calendar with one entry per task, at most 50, the nearest first; none without any. `now` is when this was said."""
    latest: dict[str, Deadline] = {}
    for one in sorted(deadlines, key=lambda deadline: deadline.number):
        if _fits(one.due):
            latest[one.uid] = one
    if not latest:
        return None
    calendar = Calendar()
    calendar.add("prodid", "-//Meguri//goals//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for one in sorted(latest.values(), key=lambda deadline: (deadline.due, deadline.uid))[:_MOST_ENTRIES]:
        calendar.add_component(_entry(one, now))
    form: bytes = calendar.to_ical()
    return form.decode()


def _fits(due: datetime) -> bool:
    """Whether the half hour before can be told in UTC: a fact may be odd, and the message goes out all the same."""
    try:
        due.astimezone(UTC) - _LAST_HALF_HOUR
    except OverflowError:
        return False
    return True


def _entry(deadline: Deadline, now: datetime) -> Event:
    due = deadline.due.astimezone(UTC)
    entry = Event()
    entry.add("uid", deadline.uid)
    entry.add("dtstamp", now.astimezone(UTC))
    entry.add("sequence", min(max(deadline.number, 0), _LARGEST_NUMBER))
    entry.add("dtstart", due - _LAST_HALF_HOUR)
    entry.add("dtend", due)
    entry["summary"] = vText(deadline.summary)
    entry.add("transp", "TRANSPARENT")  # a deadline takes nobody's time
    return entry
