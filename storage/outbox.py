"""The outbox as the delivery reads it: what is due, as which message, and what became of it.

Rows are written by the transaction that made them true (storage/ledger.py); from here on a row is *due* until it is
sent or given up. A group of rows gets its message id before the first try and keeps it, so that a message which is sent
again because its record was lost is the same message, with the same id.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Text, any_, bindparam, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from domain.values import Locale
from storage.tables import EmployeeRow, OutboxRow, PreferenceRow

_SENDING = 0x6D65677573656E64  # key of the advisory lock that the one sender holds
_CLAIMING = 0x6D65677563  # and of the one that is giving out message ids
_ID_LENGTH = 32  # hex digits of a message id's hash: 128 bits, and a header that needs no folding
_PEOPLE = ("owner", "actor", "acting_for", "from", "to")  # facts that hold an employee's id

_unsent = OutboxRow.sent_at.is_(None) & OutboxRow.gave_up_at.is_(None) & OutboxRow.withdrawn_at.is_(None)
# Rows that were given an id together stay together; those that have none yet join in one message per recipient.
_group = func.coalesce(OutboxRow.message_id, "to:" + OutboxRow.recipient_id)


class QueuedNotice(NamedTuple):
    """A row of the outbox, without what only the delivery needs."""

    key: str
    kind: str
    goal_id: str
    facts: dict[str, Any]
    due_at: datetime


class Batch(NamedTuple):
    """What goes to one recipient as one message. `fresh`: the id was given just now, so nothing can have gone out."""

    message_id: str
    recipient_id: str
    cycle_id: str
    notices: tuple[QueuedNotice, ...]
    fresh: bool
    digest_on: date | None  # the day of its recipient whose digest it is
    attempts: int
    fell_back: tuple[str, ...]  # channels that failed

    @property
    def due_at(self) -> datetime:
        return min(notice.due_at for notice in self.notices)


class Addressee(NamedTuple):
    """A person of the directory as a message needs them, and how they want to be told."""

    name: str
    mail: str | None
    locale: Locale
    channel: str | None
    chat_url: str | None
    site: str | None


class Reader(NamedTuple):
    """Somebody for whom notices wait that can be told in a digest."""

    employee_id: str
    cycle_id: str  # one that the notices are about: its calendars hold
    site: str | None
    digest_at: time | None
    last_digest: date | None


Digests = dict[str, date]
"""Whose digest is due now, and of which day."""


@asynccontextmanager
async def sole_sender(engine: AsyncEngine) -> AsyncIterator[bool]:
    """Whether this process may send now: one at a time, since a slow try may outlive the time-out that replaced it.

    The lock belongs to a connection of its own (a pool of one would wait for itself), and ends with it: a process that
    dies frees it.
    """
    own = create_async_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with own.connect() as connection:
        yield bool(await connection.scalar(select(func.pg_try_advisory_lock(_SENDING))))


async def readers(engine: AsyncEngine, now: datetime) -> list[Reader]:
    """Everybody for whom something waits that can be told in a digest."""
    waiting = (
        select(OutboxRow.recipient_id, func.max(OutboxRow.cycle_id).label("cycle_id"))
        .where(_unsent, OutboxRow.due_at <= now, OutboxRow.message_id.is_(None), ~OutboxRow.urgent)
        .group_by(OutboxRow.recipient_id)
        .subquery()
    )
    sent = OutboxRow.__table__.alias("sent")
    last = select(func.max(sent.c.digest_on)).where(sent.c.recipient_id == waiting.c.recipient_id).scalar_subquery()
    query = (
        select(waiting.c.recipient_id, waiting.c.cycle_id, EmployeeRow.site, PreferenceRow.digest_at, last)
        .outerjoin(EmployeeRow, EmployeeRow.id == waiting.c.recipient_id)
        .outerjoin(PreferenceRow, PreferenceRow.employee_id == waiting.c.recipient_id)
    )
    async with engine.connect() as connection:
        return [Reader(*row) for row in await connection.execute(query)]


async def claim(
    engine: AsyncEngine, now: datetime, limit: int, *, domain: str, digests: Digests | None = None
) -> list[Batch]:
    """At most `limit` messages that are due, with their ids (`<hash of the notices' keys>@<domain>`) stored.

    Due is what is urgent, what has its id already, and all that waits for those whose digest is due; without `digests`,
    everything. What was tried least comes first, so that a message that fails at every try holds nobody up. Asked again
    before anything is recorded, it answers the same ids with the same notices.
    """
    async with engine.begin() as connection:
        # Claims take turns. Row locks would not do: two claims that skip what the other holds share out one recipient's
        # rows among them, and make two messages of one.
        await connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
        rows = await _due_rows(connection, now, limit, digests)
        batches = [_batch(list(members), domain, digests) for _, members in groupby(rows, attrgetter("in_group"))]
        await _store_ids(connection, [batch for batch in batches if batch.fresh])
    return batches


async def _due_rows(
    connection: AsyncConnection, now: datetime, limit: int, digests: Digests | None
) -> Sequence[Row[Any]]:
    """The rows of the first groups, each group's together."""
    first = (
        select(
            _group.label("name"), func.min(OutboxRow.attempts).label("tried"), func.min(OutboxRow.due_at).label("due")
        )
        .where(_due(now, digests))
        .group_by(_group)
        .order_by(text("tried"), text("due"), text("name"))
        .limit(limit)
        .subquery()
    )
    chosen = (
        select(OutboxRow.__table__, _group.label("in_group"))
        .join(first, first.c.name == _group)
        .where(_due(now, digests))
        .order_by(first.c.tried, first.c.due, first.c.name, OutboxRow.due_at, OutboxRow.id)
    )
    return (await connection.execute(chosen)).all()


def _due(now: datetime, digests: Digests | None) -> ColumnElement[bool]:
    rested = OutboxRow.retry_at.is_(None) | (OutboxRow.retry_at <= now)
    due = _unsent & (OutboxRow.due_at <= now) & rested
    if digests is None:
        return due
    in_digest = OutboxRow.recipient_id == any_(literal(sorted(digests), ARRAY(Text)))
    return due & (OutboxRow.message_id.is_not(None) | OutboxRow.urgent | in_digest)


def _batch(rows: Sequence[Row[Any]], domain: str, digests: Digests | None) -> Batch:
    known, recipient = rows[0].message_id, rows[0].recipient_id
    return Batch(
        message_id=known or _message_id((row.key for row in rows), domain),
        recipient_id=recipient,
        cycle_id=rows[0].cycle_id,
        notices=tuple(QueuedNotice(row.key, row.kind, row.goal_id, row.facts, row.due_at) for row in rows),
        fresh=known is None,
        digest_on=rows[0].digest_on if known else (digests or {}).get(recipient),
        attempts=rows[0].attempts,
        fell_back=tuple((rows[0].fell_back or "").split()),
    )


def _message_id(keys: Iterable[str], domain: str) -> str:
    digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
    return f"{digest[:_ID_LENGTH]}@{domain}"


async def _store_ids(connection: AsyncConnection, batches: Sequence[Batch]) -> None:
    given = [
        {"row": notice.key, "given": batch.message_id, "day": batch.digest_on}
        for batch in batches
        for notice in batch.notices
    ]
    if given:
        table = OutboxRow.__table__
        stored: dict[str, Any] = {"message_id": bindparam("given"), "digest_on": bindparam("day")}
        await connection.execute(update(OutboxRow).where(table.c.key == bindparam("row")).values(stored), given)


async def waiting(engine: AsyncEngine, now: datetime, digests: Digests | None = None) -> int:
    """How many messages are due and not sent; `digests` as in `claim`."""
    async with engine.connect() as connection:
        counted = await connection.scalar(select(func.count(_group.distinct())).where(_due(now, digests)))
    return counted or 0


async def addressees(engine: AsyncEngine, batches: Iterable[Batch], others: Iterable[str] = ()) -> dict[str, Addressee]:
    """Everybody whom the batches are for or speak of, and `others`, by id; whom the directory does not know is left out."""
    ids = set(others)
    for batch in batches:
        ids.add(batch.recipient_id)
        ids.update(str(notice.facts[role]) for notice in batch.notices for role in _PEOPLE if notice.facts.get(role))
    wanted = (
        select(
            EmployeeRow.id,
            EmployeeRow.name,
            EmployeeRow.mail,
            EmployeeRow.locale,
            PreferenceRow.channel,
            PreferenceRow.chat_url,
            EmployeeRow.site,
        )
        .outerjoin(PreferenceRow, PreferenceRow.employee_id == EmployeeRow.id)
        .where(EmployeeRow.id == any_(literal(sorted(ids), ARRAY(Text))))  # one parameter, however many people
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(wanted)).all()
    return {
        row.id: Addressee(row.name, row.mail, Locale(row.locale), row.channel, row.chat_url, row.site) for row in rows
    }


async def record_sent(engine: AsyncEngine, message_id: str, channel: str, at: datetime) -> None:
    """Marks the message's rows as sent `at` over `channel`; a repeat changes nothing (by `message_id` and `sent_at`)."""
    await _record(engine, message_id, sent_at=at, channel=channel, error=None)


async def record_failure(
    engine: AsyncEngine, message_id: str, error: str, *, permanent: bool, retry_at: datetime | None = None
) -> None:
    """Stores the code of what went wrong and counts the try; `permanent` takes the rows out of what is due.

    A row that is sent stays as it is. By `message_id`; a repeat counts one try more.
    """
    if permanent:
        await _record(engine, message_id, error=error, gave_up_at=func.now())
    else:
        await _record(engine, message_id, error=error, retry_at=retry_at)


async def fall_back(engine: AsyncEngine, message_id: str, failed: Sequence[str], error: str) -> None:
    """Lets the message go another way from now on: `failed` are the channels that it is not tried on any more."""
    async with engine.begin() as connection:
        await connection.execute(
            update(OutboxRow)
            .where(OutboxRow.message_id == message_id, _unsent)
            .values(fell_back=" ".join(failed), attempts=0, retry_at=None, error=error)
        )


async def tell_hr(engine: AsyncEngine, batch: Batch, hr: Sequence[str], day: date, at: datetime) -> None:
    """Queues one line for each of HR, once a day: that notices did not get through as they should."""
    rows = [
        {
            "key": f"trouble:{batch.cycle_id}:{day}:{member}",
            "recipient_id": member,
            "cycle_id": batch.cycle_id,
            "goal_id": batch.notices[0].goal_id,
            "kind": "delivery_trouble",
            "facts": {},
            "due_at": at,
        }
        for member in hr
    ]
    async with engine.begin() as connection:
        if rows:
            await connection.execute(insert(OutboxRow).values(rows).on_conflict_do_nothing(index_elements=["key"]))


async def _record(engine: AsyncEngine, message_id: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            update(OutboxRow)
            .where(OutboxRow.message_id == message_id, _unsent)
            .values(attempts=OutboxRow.attempts + 1, **values)
        )


async def release(engine: AsyncEngine, message_ids: Iterable[str]) -> None:
    """Takes the ids back from messages that never reached the server, so that they join what comes due until the next try.

    Only for a batch that is `fresh`: an older id may be out there already. A repeat changes nothing.
    """
    async with engine.begin() as connection:
        await connection.execute(
            update(OutboxRow)
            .where(OutboxRow.message_id.in_(list(message_ids)), _unsent)
            .values(message_id=None, digest_on=None)
        )


async def withdraw(engine: AsyncEngine, cycle: str, *, goals: Sequence[str]) -> int:
    """Takes back what is queued about these goals and was not handed to any server yet; how many notices."""
    async with engine.begin() as connection:
        done = await connection.execute(
            update(OutboxRow)
            .where(
                OutboxRow.cycle_id == cycle,
                OutboxRow.goal_id == any_(literal(list(goals), ARRAY(Text))),
                OutboxRow.message_id.is_(None),
                _unsent,
            )
            .values(withdrawn_at=func.now())
        )
    return done.rowcount


class Summary(NamedTuple):
    """Notices by what became of them."""

    sent: int
    waiting: int
    given_up: int
    fell_back: int  # of those that were sent or wait
    withdrawn: int


async def summary(engine: AsyncEngine, cycle: str | None = None) -> Summary:
    def counted(condition: ColumnElement[bool]) -> Any:
        return func.count().filter(condition)

    query = select(
        counted(OutboxRow.sent_at.is_not(None)),
        counted(_unsent),
        counted(OutboxRow.gave_up_at.is_not(None)),
        counted(OutboxRow.fell_back.is_not(None) & OutboxRow.gave_up_at.is_(None)),
        counted(OutboxRow.withdrawn_at.is_not(None)),
    )
    if cycle is not None:
        query = query.where(OutboxRow.cycle_id == cycle)
    async with engine.connect() as connection:
        return Summary(*(await connection.execute(query)).one())


class Failed(NamedTuple):
    """A message that was given up, or went another way than it should."""

    recipient_id: str
    notices: int
    code: str | None
    fell_back: str | None
    channel: str | None  # by which it went in the end
    gave_up_at: datetime | None
    due_at: datetime


async def failed(engine: AsyncEngine, cycle: str | None = None, limit: int = 100) -> list[Failed]:
    """Messages that were given up or fell back, the newest first."""
    query = (
        select(
            OutboxRow.recipient_id,
            func.count(),
            func.max(OutboxRow.error),
            func.max(OutboxRow.fell_back),
            func.max(OutboxRow.channel),
            func.max(OutboxRow.gave_up_at),
            func.max(OutboxRow.due_at).label("due"),
        )
        .where(OutboxRow.gave_up_at.is_not(None) | OutboxRow.fell_back.is_not(None))
        .group_by(OutboxRow.message_id, OutboxRow.recipient_id)
        .order_by(text("due DESC"))
        .limit(limit)
    )
    if cycle is not None:
        query = query.where(OutboxRow.cycle_id == cycle)
    async with engine.connect() as connection:
        return [Failed(*row) for row in await connection.execute(query)]


async def retry(engine: AsyncEngine, cycle: str | None = None) -> int:
    """Puts what was given up back in line, under the ids it has; how many notices."""
    query = update(OutboxRow).where(OutboxRow.gave_up_at.is_not(None))
    if cycle is not None:
        query = query.where(OutboxRow.cycle_id == cycle)
    values = {"gave_up_at": None, "attempts": 0, "fell_back": None, "retry_at": None}
    async with engine.begin() as connection:
        return (await connection.execute(query.values(values))).rowcount
