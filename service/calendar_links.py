"""Use cases of the link to a person's calendar: make it, end it, and what a calendar program reads by it."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from channels.calendar_feed import Feed, calendar_feed
from channels.compose import Links, ListedTask
from channels.lines import Reader
from domain import access
from domain.access import Action, Caller, Relation, actor_of
from domain.notices.goal_dates import GoalDate, dates_for
from domain.people.organisation import DIRECTORY_ZONE
from domain.tokens import SECRET_BYTES
from domain.values import EmployeeId, Frozen, Moment
from service.projection import find_goals, names_by_id
from service.relations import relations_to_company
from service.tokens import TooManyRequests, is_over_rate
from storage import calendar_links, digests
from storage.calendar_links import Subscriber
from storage.database import read_transaction


class CalendarLink(Frozen):
    """When the caller's link was made; null: there is none."""

    created_at: Moment | None


class NewCalendarLink(CalendarLink):
    """A link with its address, which is shown once."""

    url: str


class CalendarLinks:
    """Every method but `read` raises a `Refusal` for a caller without permission. `base` is the address of the web server.

    `rate`: most requests by a link in a minute; from an address without a valid one a tenth of it. 0: no limit.
    """

    def __init__(self, engine: AsyncEngine, base: str | None = None, rate: int = 0) -> None:
        self._engine, self._base, self._rate = engine, base, rate

    async def show(self, caller: Caller) -> CalendarLink:
        async with read_transaction(self._engine) as connection:
            person = await _require(connection, caller)
            return CalendarLink(created_at=await calendar_links.made_at(connection, person))

    async def make(self, caller: Caller, now: datetime) -> NewCalendarLink:
        """Makes the caller's link. An earlier one ends. The address cannot be read again."""
        secret = secrets.token_hex(SECRET_BYTES)
        async with self._engine.begin() as connection:
            person = await _require(connection, caller)
            await calendar_links.make(connection, person, _hash(secret), now)
        return NewCalendarLink(created_at=now, url=f"{(self._base or '').rstrip('/')}/calendar/{secret}.ics")

    async def end(self, caller: Caller) -> CalendarLink:
        """Ends the caller's link. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            person = await _require(connection, caller)
            await calendar_links.end(connection, person)
        return CalendarLink(created_at=None)

    async def read(self, secret: str, address: str, now: datetime, links: Links) -> Feed | None:
        """The calendar of the link with this secret; None for one that is unknown, was ended, or is of somebody who left.

        Raises `TooManyRequests`.
        """
        async with self._engine.begin() as connection:
            found = await calendar_links.find_by_secret(connection, _hash(secret))
            key = f"calendar/{found.employee}" if found else None
            is_over = await is_over_rate(connection, key, address, self._rate, now)
        if is_over:
            raise TooManyRequests(60 - now.second)
        return await self._feed(found, now, links) if found else None

    async def _feed(self, person: Subscriber, now: datetime, links: Links) -> Feed:
        today = now.astimezone(DIRECTORY_ZONE).date()
        async with read_transaction(self._engine) as connection:
            waiting = await digests.open_tasks(connection, [person.employee], today)
            ids = await calendar_links.goals_with_dates(connection, person.employee)
            goals = await find_goals(connection, ids) if ids else {}
            tasks = [ListedTask(*one[1:]) for one in waiting]
            names = await names_by_id(
                connection, {*(one.owner for one in tasks), *(one.owner for one in goals.values())}
            )
        dates = [
            date for goal in goals.values() for date in dates_for(person.employee, goal, goal.calendar.day_of(now))
        ]
        reader = Reader(person.employee, person.locale, names)
        return calendar_feed(tasks, sorted(dates, key=_order), reader, now, links)


def _order(one: GoalDate) -> tuple[str, str]:
    return one.goal.id, one.id


async def _require(connection: AsyncConnection, caller: Caller) -> EmployeeId:
    """Everybody who works here has their own link, and nobody another's."""
    person = actor_of(caller)
    held = await relations_to_company(connection, caller)
    access.require(caller, Action.USE_CALENDAR_LINK, held | {Relation.OWNER} if Relation.COLLEAGUE in held else held)
    return person


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
