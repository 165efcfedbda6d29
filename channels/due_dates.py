"""Due dates as iCalendar files (RFC 5545), which all calendar programs can import, and earlier ones taken back (RFC 5546)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from icalendar import Calendar, Event, vCalAddress, vText

from domain.notices.calendar_changes import changed_entries, entry_kind, numbered
from domain.notices.calendar_entries import CalendarEntry, KnownEntry

_MAX_ENTRIES = 50  # of a file
_ENTRY_LENGTH = timedelta(minutes=30)  # an entry ends at the due date
_LARGEST_NUMBER = 2**31 - 1  # RFC 5545's integers


class Deadline(NamedTuple):
    """A task of a goal and its due date. `number` is the number of the goal's last ledger entry."""

    goal_id: str
    kind: str
    summary: str
    due: datetime
    number: int

    @property
    def entry(self) -> CalendarEntry:
        return CalendarEntry(
            self.goal_id, entry_kind(self.kind), self.due, min(max(self.number, 0), _LARGEST_NUMBER - 1)
        )


class Planned(NamedTuple):
    """An entry of a file, with its text."""

    entry: CalendarEntry
    summary: str


class CalendarFiles(NamedTuple):
    """Two iCalendar files, None where there is nothing to say, and the entries that are in them."""

    published: str | None
    cancelled: str | None
    entries: tuple[CalendarEntry, ...]


def planned(deadlines: Sequence[Deadline], known: Sequence[KnownEntry]) -> list[Planned]:
    """One entry per task: the last of several. Of a task that the reader's calendar has already, the number is high enough."""
    before = {one.entry.key: one for one in known}
    latest = {
        one.entry.key: one
        for one in sorted(deadlines, key=lambda deadline: deadline.number)
        if _is_representable(one.due)
    }
    return [Planned(numbered(one.entry, before.get(key)), one.summary) for key, one in latest.items()]


def unmentioned(told: Sequence[Planned], known: Sequence[KnownEntry]) -> list[tuple[KnownEntry, CalendarEntry]]:
    """The changes of entries that the reader has already, and of whose tasks the message does not tell."""
    changes = changed_entries(known, {one.entry.key for one in told})
    return [(one, entry) for one, entry in changes if _is_representable(entry.due_at)]


def calendar_files(entries: Sequence[Planned], now: datetime, organizer: str = "") -> CalendarFiles:
    """The files for these entries: at most 50 in each, the nearest due date first; the others are left for a later message.

    `now` becomes the time stamp of the entries, and the mail address `organizer` is who they come from.
    """
    in_order = sorted(entries, key=lambda one: (one.entry.due_at, one.entry.key))
    published = [one for one in in_order if not one.entry.is_cancelled][:_MAX_ENTRIES]
    cancelled = [one for one in in_order if one.entry.is_cancelled][:_MAX_ENTRIES]
    return CalendarFiles(
        _file("PUBLISH", published, now, organizer),
        _file("CANCEL", cancelled, now, organizer),
        tuple(one.entry for one in (*published, *cancelled)),
    )


def _file(method: str, entries: Sequence[Planned], now: datetime, organizer: str) -> str | None:
    if not entries:
        return None
    calendar = Calendar()
    calendar.add("prodid", "-//Meguri//goals//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for one in entries:
        calendar.add_component(event_of(one, now, organizer))
    encoded: bytes = calendar.to_ical()
    return encoded.decode()


def _is_representable(due: datetime) -> bool:
    """Whether the start of the entry exists in UTC. Facts of a notice may be odd, and the message is sent nevertheless."""
    try:
        due.astimezone(UTC) - _ENTRY_LENGTH
    except OverflowError:
        return False
    return True


def event_of(one: Planned, now: datetime, organizer: str = "", zone: tzinfo = UTC) -> Event:
    """The entry as an event that ends at its due date, in the time zone `zone`."""
    entry, due = one.entry, one.entry.due_at.astimezone(zone)
    event = Event()
    event.add("uid", f"{entry.goal_id}#{entry.kind}@meguri")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", min(entry.number, _LARGEST_NUMBER))
    event.add("dtstart", due - _ENTRY_LENGTH)
    event.add("dtend", due)
    event["summary"] = vText(one.summary)
    event.add("transp", "TRANSPARENT")  # the entry does not mark its time as busy
    if organizer:
        event["organizer"] = vCalAddress(f"mailto:{organizer}")
    if entry.is_cancelled:
        event.add("status", "CANCELLED")
    return event
