"""A person's dates as a calendar that calendar programs subscribe to (RFC 5545, RFC 7986): open tasks, and the days of their goals."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vText, vUri

from channels.compose import Links, ListedTask, deadline_of_task
from channels.due_dates import event_of, planned
from channels.lines import Reader, goal_name, known_zone, one_line
from domain.notices.goal_dates import GoalDate
from texts.say import say

_REFRESHED = timedelta(hours=1)
_LONGEST_THEME = 120
_LARGEST_NUMBER = 2**31 - 1  # RFC 5545's integers


class Feed(NamedTuple):
    """The calendar, and a tag that is the same while nothing but the time stamps in it changes."""

    text: bytes
    tag: str


def calendar_feed(
    tasks: Sequence[ListedTask], dates: Sequence[GoalDate], reader: Reader, now: datetime, links: Links
) -> Feed:
    """The calendar of `reader`. Tasks end at their due date, in the time zone where it is due; the days of goals are whole days."""
    events = [*_tasks(tasks, reader, now), *(_day(one, reader, now) for one in dates)]
    for goal, event in events:
        if page := links.goal(goal):
            event["url"] = vUri(page)
    return Feed(_file(events, reader), _tag(events, reader))


_Event = tuple[str, Event]  # with the id of its goal


def _tasks(tasks: Sequence[ListedTask], reader: Reader, now: datetime) -> list[_Event]:
    zones = {(one.goal_id, one.due_at): ZoneInfo(known_zone(one.zone)) for one in tasks}
    return [
        (one.entry.goal_id, event_of(one, now, zone=zones[one.entry.goal_id, one.entry.due_at]))
        for one in planned([deadline_of_task(task, reader) for task in tasks], ())
    ]


def _day(one: GoalDate, reader: Reader, now: datetime) -> _Event:
    event, goal = Event(), one.goal
    name = goal_name(one_line(goal.owner), one_line(goal.content.theme, _LONGEST_THEME), reader)
    what = one_line(one.title) if one.title else say("mail.calendar.review", reader.locale)
    event.add("uid", f"{goal.id}#{one.id}@meguri")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", min(goal.seq, _LARGEST_NUMBER))
    event.add("dtstart", one.day)
    event["summary"] = vText(say("mail.calendar.summary", reader.locale, task=what, goal=name))
    event.add("transp", "TRANSPARENT")  # the day stays free
    return goal.id, event


def _file(events: Sequence[_Event], reader: Reader) -> bytes:
    calendar, name = Calendar(), say("mail.calendar.name", reader.locale)
    calendar.add("prodid", "-//Meguri//goals//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)  # what older programs read
    calendar.add("refresh-interval", _REFRESHED, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", _REFRESHED)
    for _, event in events:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    encoded: bytes = calendar.to_ical()
    return encoded


def _tag(events: Sequence[_Event], reader: Reader) -> str:
    """A hash of everything but the time stamps."""
    digest = hashlib.sha256(reader.locale.encode())
    for _, event in events:
        lines = event.to_ical().splitlines()
        digest.update(b"\n".join(one for one in lines if not one.startswith(b"DTSTAMP")))
    return digest.hexdigest()[:32]
