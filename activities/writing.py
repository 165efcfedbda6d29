"""What goes into a message: the notices, the people that they speak of, and in a digest all that waits on its reader."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from channels.compose import Links, Waiting, compose
from channels.message import Message
from domain.calendar import BusinessCalendar
from domain.digest import digest_day
from domain.policy import Policy
from domain.values import Locale
from storage import cycles, digests, outbox
from storage.outbox import Addressee, Batch

Policies = Mapping[str, Policy]


async def policies_of(engine: AsyncEngine) -> Policies:
    """The rules of each cycle as they are now."""
    return {cycle: Policy.model_validate(form) for cycle, form in (await cycles.policies(engine)).items()}


def calendar_of(policies: Policies, cycle: str, site: str | None) -> BusinessCalendar:
    """Whose working days a reader keeps; the usual ones where nobody knows the cycle."""
    policy = policies.get(cycle)
    return policy.calendar_at(site) if policy else BusinessCalendar()


async def digests_due(engine: AsyncEngine, now: datetime) -> dict[str, date]:
    """Whose digest is due now, and of which of their days."""
    policies = await policies_of(engine)
    due = {}
    for one in await digests.readers(engine, now):
        calendar = calendar_of(policies, one.cycle_id, one.site)
        if day := digest_day(calendar, one.digest_at, one.last_digest, now):
            due[one.employee_id] = day
    return due


@dataclass(frozen=True)
class Writer:
    """Writes the messages of one round; everything that they need was read together."""

    now: datetime
    links: Links
    policies: Policies
    people: Mapping[str, Addressee]
    tasks: Mapping[tuple[str, date], Sequence[Waiting]]  # by reader and day of the digest

    def write(self, batch: Batch, way: str) -> Message:
        """The batch as one message to its recipient, whom the directory knows."""
        person, day = self.people[batch.recipient_id], batch.digest_on
        return compose(
            batch.recipient_id,
            batch.notices,
            {id_: one.name for id_, one in self.people.items()},
            Locale(person.locale),
            to=person.chat_url if way == "chat" else person.mail,
            message_id=batch.message_id,
            links=self.links,
            digest=day is not None,
            waiting=self.tasks.get((batch.recipient_id, day), ()) if day else (),
            now=self.now if day else None,
            zone=calendar_of(self.policies, batch.cycle_id, person.site).timezone,
        )


async def writer_for(engine: AsyncEngine, batches: Sequence[Batch], links: Links, now: datetime) -> Writer:
    """Reads what the batches' messages need."""
    tasks = await _tasks(engine, batches)
    owners = {task.owner for waiting in tasks.values() for task in waiting}
    people = await outbox.addressees(engine, batches, owners)
    return Writer(now, links, await policies_of(engine), people, tasks)


async def _tasks(engine: AsyncEngine, batches: Sequence[Batch]) -> Mapping[tuple[str, date], Sequence[Waiting]]:
    """What waits on those who get a digest, on the day of it: delegates act by days."""
    readers: dict[date, list[str]] = defaultdict(list)
    for batch in batches:
        if batch.digest_on:
            readers[batch.digest_on].append(batch.recipient_id)
    found: dict[tuple[str, date], list[Waiting]] = defaultdict(list)
    for day, people in readers.items():
        for one in await digests.open_tasks(engine, people, day):
            found[one.reader, day].append(Waiting(*one[1:]))
    return found
