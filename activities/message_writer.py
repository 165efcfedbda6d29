"""The contents of a message: the notices, the people in them, and in a digest the reader's open tasks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from channels.compose import Links, ListedTask, compose, is_empty_digest
from channels.message import Message
from domain.notices.calendar_changes import change_of
from domain.notices.calendar_entries import KnownEntry
from domain.notices.digest import SLACK, digest_day
from domain.notices.notices import NoticeKind
from domain.notices.standing import DatedGoal, facts_now, standing
from domain.people.organisation import DIRECTORY_ZONE
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from domain.values import Locale
from storage import cycles, digests, outbox
from storage.calendar_entries import known_entries
from storage.database import read_transaction
from storage.outbox import Addressee, QueuedMessage, QueuedNotice

Policies = Mapping[str, Policy]
MAIL = "mail"  # the channel that brings calendar files


async def policies_of(engine: AsyncEngine) -> Policies:
    """The rules of each cycle as they are now."""
    async with read_transaction(engine) as connection:
        return {cycle: Policy.model_validate(form) for cycle, form in (await cycles.policies(connection)).items()}


def calendar_of(policies: Policies, cycle: str, site: str | None) -> BusinessCalendar:
    """The calendar of a reader; the default calendar if the cycle is unknown."""
    policy = policies.get(cycle)
    return policy.calendar_at(site) if policy else BusinessCalendar()


async def digests_due(engine: AsyncEngine, now: datetime) -> dict[str, date]:
    """The people whose digest is due now, each with the day of the digest."""
    policies = await policies_of(engine)
    due = {}
    async with read_transaction(engine) as connection:
        readers = await digests.readers(connection, now)
    for one in readers:
        calendar, policy = calendar_of(policies, one.cycle_id, one.site), policies.get(one.cycle_id)
        morning = timedelta(minutes=policy.spread_minutes) + SLACK if policy else SLACK
        day = digest_day(calendar, one.digest_at, one.last_digest, now, oldest=one.oldest, morning=morning)
        if day:
            due[one.employee_id] = day
    return due


@dataclass(frozen=True)
class MessageWriter:
    """Writes the messages of one round, from data that was read together."""

    now: datetime
    links: Links
    policies: Policies
    people: Mapping[str, Addressee]
    tasks: Mapping[tuple[str, date], Sequence[ListedTask]]  # by reader and day of the digest
    goals: Mapping[str, DatedGoal]  # of the notices, as they are now
    calendars: Mapping[str, Sequence[KnownEntry]]  # by reader
    organizer: str  # the mail address that calendar entries come from

    def has_nothing_to_say(self, batch: QueuedMessage, way: str) -> bool:
        """Whether all its requests were answered, or became void, meanwhile."""
        day, notices = batch.digest_on, self._standing(batch, way)
        return not notices or (
            day is not None and is_empty_digest(notices, self.tasks.get((batch.recipient_id, day), ()))
        )

    def _standing(self, batch: QueuedMessage, way: str) -> tuple[QueuedNotice, ...]:
        """The notices that are worth reading now, with the due dates of now."""
        wrong = {one.entry.goal_id for one in self._known(batch, way) if change_of(one)}
        return tuple(
            one._replace(facts=facts_now(one, self.goals.get(one.goal_id)))
            for one in standing(batch.notices, self.goals, batch.recipient_id)
            if one.kind != NoticeKind.CALENDAR_CHANGED or one.goal_id in wrong
        )

    def _known(self, batch: QueuedMessage, way: str) -> Sequence[KnownEntry]:
        """The entries in the reader's calendar that this channel can change."""
        return self.calendars.get(batch.recipient_id, ()) if way == MAIL else ()

    def write(self, batch: QueuedMessage, way: str) -> Message:
        """The batch as one message to its recipient, whom the directory knows."""
        person, day = self.people[batch.recipient_id], batch.digest_on
        return compose(
            batch.recipient_id,
            self._standing(batch, way),
            {id_: one.name for id_, one in self.people.items()},
            Locale(person.locale),
            to=person.chat_url if way == "chat" else person.mail,
            message_id=batch.message_id,
            links=self.links,
            digest=day is not None,
            tasks=self.tasks.get((batch.recipient_id, day), ()) if day else (),
            now=self.now if day else None,
            zone=calendar_of(self.policies, batch.cycle_id, person.site).timezone,
            known=self._known(batch, way),
            organizer=self.organizer,
        )


async def message_writer(
    engine: AsyncEngine, batches: Sequence[QueuedMessage], links: Links, now: datetime, organizer: str = ""
) -> MessageWriter:
    """Reads what the batches' messages need."""
    tasks = await _tasks(engine, batches)
    owners = {task.owner for waiting in tasks.values() for task in waiting}
    async with read_transaction(engine) as connection:
        people = await outbox.addressees(connection, batches, owners)
        day = now.astimezone(DIRECTORY_ZONE).date()
        goals = await outbox.goals_now(connection, batches, day)
        calendars = await known_entries(connection, [batch.recipient_id for batch in batches], day)
    return MessageWriter(now, links, await policies_of(engine), people, tasks, goals, calendars, organizer)


async def _tasks(
    engine: AsyncEngine, batches: Sequence[QueuedMessage]
) -> Mapping[tuple[str, date], Sequence[ListedTask]]:
    """The open tasks of the people who get a digest, on the day of the digest: delegations begin and end by days."""
    readers: dict[date, list[str]] = defaultdict(list)
    for batch in batches:
        if batch.digest_on:
            readers[batch.digest_on].append(batch.recipient_id)
    found: dict[tuple[str, date], list[ListedTask]] = defaultdict(list)
    for day, people in readers.items():
        async with read_transaction(engine) as connection:
            waiting = await digests.open_tasks(connection, people, day)
        for one in waiting:
            found[one.reader, day].append(ListedTask(*one[1:]))
    return found
