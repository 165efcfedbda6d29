"""Due dates as an iCalendar file (RFC 5545), which all calendar programs can import."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from icalendar import Calendar, Event, vText

from domain.policy.policy import TaskKind

_MAX_ENTRIES = 50
_ENTRY_LENGTH = timedelta(minutes=30)  # an entry ends at the due date
_LARGEST_NUMBER = 2**31 - 1  # RFC 5545's integers
_REVIEW = frozenset({TaskKind.SELF_REVIEW.value, TaskKind.VERDICT.value})


class Deadline(NamedTuple):
    """A task of a goal and its due date. `number` is the number of the goal's last ledger entry."""

    goal_id: str
    kind: str
    summary: str
    due: datetime
    number: int

    @property
    def uid(self) -> str:
        """The entry's id in a calendar: a later file replaces the entry with the same id.

        A review is one entry: a notice does not say which part of the review is due.
        """
        kind = "review" if self.kind in _REVIEW else self.kind
        return f"{self.goal_id}#{kind}@meguri"


def due_dates(deadlines: Sequence[Deadline], now: datetime) -> str | None:
    """An iCalendar file with one entry per task: at most 50, the nearest due date first. None if there are no tasks.

    `now` becomes the time stamp of the entries.
    """
    latest: dict[str, Deadline] = {}
    for one in sorted(deadlines, key=lambda deadline: deadline.number):
        if _is_representable(one.due):
            latest[one.uid] = one
    if not latest:
        return None
    calendar = Calendar()
    calendar.add("prodid", "-//Meguri//goals//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for one in sorted(latest.values(), key=lambda deadline: (deadline.due, deadline.uid))[:_MAX_ENTRIES]:
        calendar.add_component(_entry(one, now))
    encoded: bytes = calendar.to_ical()
    return encoded.decode()


def _is_representable(due: datetime) -> bool:
    """Whether the start of the entry exists in UTC. Facts of a notice may be odd, and the message is sent nevertheless."""
    try:
        due.astimezone(UTC) - _ENTRY_LENGTH
    except OverflowError:
        return False
    return True


def _entry(deadline: Deadline, now: datetime) -> Event:
    due = deadline.due.astimezone(UTC)
    entry = Event()
    entry.add("uid", deadline.uid)
    entry.add("dtstamp", now.astimezone(UTC))
    entry.add("sequence", min(max(deadline.number, 0), _LARGEST_NUMBER))
    entry.add("dtstart", due - _ENTRY_LENGTH)
    entry.add("dtend", due)
    entry["summary"] = vText(deadline.summary)
    entry.add("transp", "TRANSPARENT")  # the entry does not mark its time as busy
    return entry
