"""Due dates as an iCalendar file (RFC 5545), which calendars of every maker take in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from icalendar import Calendar, Event, vText

_LAST_HALF_HOUR = timedelta(minutes=30)  # of the time there is: the entry ends at the deadline


class Deadline(NamedTuple):
    """`key` names the goal and the kind of task: what is told again replaces the entry; `number` rises with the goal's."""

    key: str
    summary: str
    due: datetime
    number: int


def due_dates(deadlines: Sequence[Deadline], now: datetime) -> str | None:
    """The calendar with one entry per deadline; none without any. `now` is when this was said."""
    if not deadlines:
        return None
    calendar = Calendar()
    calendar.add("prodid", "-//Meguri//goals//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for one in {deadline.key: deadline for deadline in deadlines}.values():
        entry = Event()
        entry.add("uid", f"{one.key.replace('/', '.')}@meguri")
        entry.add("dtstamp", now.astimezone(UTC))
        entry.add("sequence", one.number)
        entry.add("dtstart", one.due.astimezone(UTC) - _LAST_HALF_HOUR)
        entry.add("dtend", one.due.astimezone(UTC))
        entry["summary"] = vText(one.summary)
        entry.add("transp", "TRANSPARENT")  # a deadline takes nobody's time
        calendar.add_component(entry)
    form: bytes = calendar.to_ical()
    return form.decode()
