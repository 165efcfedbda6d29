"""Digests: who has notices for a digest, opening the digest of a day, and the open tasks that a digest lists.

A digest is open when the queued notices of its recipient carry its day (`digest_on`). It counts as sent when one of them has a
message id.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Date, Text

_QUEUED = "o.sent_at IS NULL AND o.gave_up_at IS NULL AND o.withdrawn_at IS NULL AND o.message_id IS NULL"

_READERS = text(f"""
SELECT w.recipient_id, w.cycle_id, w.oldest, e.site, p.digest_at, (
    SELECT max(d.digest_on) FROM outbox d
    WHERE d.recipient_id = w.recipient_id AND d.digest_on IS NOT NULL AND d.message_id IS NOT NULL
)
FROM (
    SELECT o.recipient_id, (array_agg(o.cycle_id ORDER BY o.id DESC))[1] AS cycle_id,
        min(o.due_at) AS oldest
    FROM outbox o WHERE {_QUEUED} AND NOT o.urgent AND o.due_at <= :now GROUP BY o.recipient_id
) w
LEFT JOIN employee e ON e.id = w.recipient_id
LEFT JOIN preference p ON p.employee_id = w.recipient_id
""")  # noqa: S608 - our own words

_CLOSE = text(f"""
UPDATE outbox o SET digest_on = NULL
WHERE {_QUEUED} AND o.digest_on IS NOT NULL AND o.recipient_id <> ALL(:people)
""").bindparams(bindparam("people", type_=ARRAY(Text)))  # noqa: S608 - our own words

_OPEN = text(f"""
UPDATE outbox o SET digest_on = due.day FROM unnest(:people, :days) AS due (person, day)
WHERE o.recipient_id = due.person AND {_QUEUED} AND o.due_at <= :now AND o.digest_on IS DISTINCT FROM due.day
""").bindparams(bindparam("people", type_=ARRAY(Text)), bindparam("days", type_=ARRAY(Date)))  # noqa: S608 - as above

_TASKS = text("""
WITH asked AS (
    SELECT reader, reader AS person FROM unnest(:readers) AS reader
    UNION
    SELECT to_id, delegator_id FROM delegation WHERE to_id = ANY(:readers) AND first <= :day AND last >= :day
)
SELECT DISTINCT ON (a.reader, g.due_at, g.id)
    a.reader, g.id, g.owner_id, g.theme, g.task, g.due_at,
    COALESCE(p.rules -> 'sites' -> (g.aggregate #>> '{task,site}') ->> 'timezone', p.rules -> 'calendar' ->> 'timezone', ''),
    g.seq, g.aggregate ->> 'gone_on' IS NOT NULL
FROM asked a
JOIN goal g ON g.task IS NOT NULL AND g.assignees @> ARRAY[a.person]
JOIN cycle c ON c.id = g.cycle_id
CROSS JOIN LATERAL (SELECT COALESCE(g.policy, c.policy) AS rules) p
WHERE g.due_at IS NOT NULL AND NOT g.paused AND (a.reader = a.person OR a.reader <> g.owner_id)
ORDER BY a.reader, g.due_at, g.id
""").bindparams(bindparam("readers", type_=ARRAY(Text)))


class DigestReader(NamedTuple):
    """A person with queued notices that may go into a digest."""

    employee_id: str
    cycle_id: str  # of the newest of these notices; this cycle's calendars apply
    oldest: datetime  # since when the oldest of these notices is due
    site: str | None
    digest_at: time | None  # the time of day that the person chose
    last_digest: date | None  # the day of the last digest that was sent


class OpenTask(NamedTuple):
    """A task of `reader`, or of somebody for whom the reader acts. `zone` is the time zone in which its due date is shown."""

    reader: str
    goal_id: str
    owner_id: str
    theme: str
    kind: str
    due_at: datetime
    zone: str
    seq: int
    gone: bool  # the owner of the goal has left


async def readers(connection: AsyncConnection, now: datetime) -> list[DigestReader]:
    """Everybody with a queued notice that is due and not urgent."""
    return [DigestReader(*row) for row in await connection.execute(_READERS, {"now": now})]


async def open_digests(connection: AsyncConnection, now: datetime, due: Mapping[str, date]) -> None:
    """Opens the digests that are `due` (the day of the digest, by its reader's id) and closes all others that were not sent.

    All queued notices of a reader that are due at `now` become part of the digest, urgent ones too. A repeat changes nothing.
    """
    people = list(due)
    await connection.execute(_CLOSE, {"people": people})
    if people:
        await connection.execute(_OPEN, {"people": people, "days": list(due.values()), "now": now})


async def open_tasks(connection: AsyncConnection, people: Sequence[str], day: date) -> list[OpenTask]:
    """The open tasks of each of these people, and of those for whom they act on `day`; by person, the earliest due date first.

    Tasks of paused goals are left out. A delegate does not act for somebody else in the delegate's own goal.
    """
    return [OpenTask(*row) for row in await connection.execute(_TASKS, {"readers": list(people), "day": day})]
