"""Digests: for whom something waits that can be told in one, the opening of their day's, and what it lists.

That somebody has had the digest of a day follows from the outbox itself: a row that was given a message id as part of it.
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

_SHUT = text(f"""
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
    g.seq
FROM asked a
JOIN goal g ON g.task IS NOT NULL AND g.assignees @> ARRAY[a.person]
JOIN cycle c ON c.id = g.cycle_id
CROSS JOIN LATERAL (SELECT COALESCE(g.policy, c.policy) AS rules) p
WHERE g.due_at IS NOT NULL AND NOT g.aggregate ? 'paused_on' AND (a.reader = a.person OR a.reader <> g.owner_id)
ORDER BY a.reader, g.due_at, g.id
""").bindparams(bindparam("readers", type_=ARRAY(Text)))


class Reader(NamedTuple):
    """Somebody for whom notices wait that can be told in a digest."""

    employee_id: str
    cycle_id: str  # of the newest of these notices: its calendars hold
    oldest: datetime  # since when the first of them waits
    site: str | None
    digest_at: time | None  # the hour that they chose
    last_digest: date | None


class OpenTask(NamedTuple):
    """What waits on `reader`, or on somebody for whom they act; `zone` is where its due date is told."""

    reader: str
    goal_id: str
    owner_id: str
    theme: str
    kind: str
    due_at: datetime
    zone: str
    seq: int


async def readers(connection: AsyncConnection, now: datetime) -> list[Reader]:
    """Everybody for whom something waits that is not urgent."""
    return [Reader(*row) for row in await connection.execute(_READERS, {"now": now})]


async def open_digests(connection: AsyncConnection, now: datetime, due: Mapping[str, date]) -> None:
    """Opens the digests that are `due` (by whom, of which day) and shuts every other that was not sent.

    All that waits for somebody by `now` becomes part of theirs, the urgent included. A repeat changes nothing.
    """
    people = list(due)
    await connection.execute(_SHUT, {"people": people})
    if people:
        await connection.execute(_OPEN, {"people": people, "days": list(due.values()), "now": now})


async def open_tasks(connection: AsyncConnection, people: Sequence[str], day: date) -> list[OpenTask]:
    """What waits on each of these people, or on those for whom they act on `day`; by person, the first due first.

    Nobody acts for somebody else in a goal of their own, and what is paused waits for nobody.
    """
    return [OpenTask(*row) for row in await connection.execute(_TASKS, {"readers": list(people), "day": day})]
