"""The outbox as the delivery reads it: what is due, as which message, and what became of it.

Rows are written by the transaction that made them true (storage/ledger.py); from here on a row is *queued* until it is
sent, given up or withdrawn. What is urgent is due at once, the rest when its recipient's digest is opened
(storage/digests.py). A group of rows gets its message id before the first try and keeps it, so that a message which is
sent again because its record was lost is the same message, with the same id.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Text, any_, bindparam, func, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.lifecycles import NoticeEvent, NoticeState
from domain.values import Locale
from storage.advisory_locks import try_advisory_lock
from storage.tables import EmployeeRow, OutboxRow, PreferenceRow
from storage.transitions import NOTICE_IS, move_notices

_SENDING = 0x6D65677573656E64  # key of the advisory lock that the one sender holds
_CLAIMING = 0x6D65677563  # and of the one that is giving out message ids
_ID_LENGTH = 32  # hex digits of a message id's hash: 128 bits, and a header that needs no folding
_PEOPLE = ("owner", "actor", "acting_for", "from", "to")  # facts that hold an employee's id

queued = NOTICE_IS[NoticeState.QUEUED]
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
    cycle_id: str  # of its newest notice
    notices: tuple[QueuedNotice, ...]
    fresh: bool
    digest_on: date | None  # the day of its recipient whose digest it is; none: it goes at once
    attempts: int  # on the channel that it is tried on now
    failed: tuple[str, ...]  # the channels that it is not tried on any more


class Candidate(NamedTuple):
    """A message that could go now, and how its recipient can be reached."""

    group: str
    recipient_id: str
    failed: tuple[str, ...]
    mail: str | None
    chat_url: str | None
    channel: str | None  # the one that they chose


class Addressee(NamedTuple):
    """A person of the directory as a message needs them, and how they want to be told."""

    name: str
    mail: str | None
    locale: Locale
    channel: str | None
    chat_url: str | None
    site: str | None

    def __repr__(self) -> str:
        return "Addressee()"


class Backlog(NamedTuple):
    """How many messages are due and not sent, and how many of these need not rest after a try that failed."""

    waiting: int
    ready: int


def sender_lock(engine: AsyncEngine) -> AbstractAsyncContextManager[bool]:
    """Whether this process may send now: one at a time, since a slow try may outlive the time-out that replaced it."""
    return try_advisory_lock(engine, _SENDING)


async def claim(
    connection: AsyncConnection,
    now: datetime,
    limit: int,
    *,
    domain: str,
    daily: bool = False,
    may_go: Callable[[Candidate], bool] | None = None,
) -> list[Batch]:
    """At most `limit` messages that are due, with their ids (`<hash of the notices' keys>@<domain>`) stored.

    `daily`: what is not urgent waits for its recipient's digest to be opened. `may_go` leaves out whom it says no to.
    What is urgent comes first, then what has been due for longest; a try that failed makes a message due later. Asked
    again before anything is recorded, it answers the same ids with the same notices.
    """
    # Claims take turns. Row locks would not do: two claims that skip what the other holds share out one recipient's
    # rows among them, and make two messages of one.
    await connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
    chosen = await _choose(connection, now, limit, daily, may_go)
    rows = await _rows_of(connection, chosen, now, daily)
    batches = [_batch(rows[group], domain) for group in chosen]
    await _store_ids(connection, [batch for batch in batches if batch.fresh])
    return batches


async def _choose(
    connection: AsyncConnection, now: datetime, limit: int, daily: bool, may_go: Callable[[Candidate], bool] | None
) -> list[str]:
    """The groups that come first; all of them are looked at only where some may not go."""
    first = (
        select(_group.label("name"), OutboxRow.recipient_id, func.max(OutboxRow.fell_back).label("fell_back"))
        .where(_due(now, daily))
        .group_by(_group, OutboxRow.recipient_id)
        .having(func.bool_or(_rested(now)))
        .order_by(
            func.bool_or(OutboxRow.urgent).desc(),
            func.min(func.coalesce(OutboxRow.retry_at, OutboxRow.due_at)),
            literal_column("name"),
        )
    )
    if may_go is None:
        return [row.name for row in await connection.execute(first.limit(limit))]
    found = first.subquery()
    query = (
        select(found, EmployeeRow.mail, PreferenceRow.chat_url, PreferenceRow.channel)
        .outerjoin(EmployeeRow, EmployeeRow.id == found.c.recipient_id)
        .outerjoin(PreferenceRow, PreferenceRow.employee_id == found.c.recipient_id)
    )
    candidates = (
        Candidate(row.name, row.recipient_id, _failed(row.fell_back), row.mail, row.chat_url, row.channel)
        for row in await connection.execute(query)
    )
    return [one.group for one in candidates if may_go(one)][:limit]


async def _rows_of(
    connection: AsyncConnection, groups: Sequence[str], now: datetime, daily: bool
) -> Mapping[str, Sequence[Row[Any]]]:
    query = (
        select(OutboxRow.__table__, _group.label("in_group"))
        .where(_due(now, daily), _group == any_(literal(list(groups), ARRAY(Text))))
        .order_by(OutboxRow.due_at, OutboxRow.id)
    )
    rows: dict[str, list[Row[Any]]] = {group: [] for group in groups}
    for row in await connection.execute(query):
        rows[row.in_group].append(row)
    return rows


def _due(now: datetime, daily: bool) -> ColumnElement[bool]:
    due = queued & (OutboxRow.due_at <= now)
    if not daily:
        return due
    return due & (OutboxRow.urgent | OutboxRow.digest_on.is_not(None) | OutboxRow.message_id.is_not(None))


def _rested(now: datetime) -> ColumnElement[bool]:
    return OutboxRow.retry_at.is_(None) | (OutboxRow.retry_at <= now)


def _failed(fell_back: str | None) -> tuple[str, ...]:
    """The channels out of `mail:smtp_550 chat:chat_410`."""
    return tuple(one.partition(":")[0] for one in (fell_back or "").split())


def _batch(rows: Sequence[Row[Any]], domain: str) -> Batch:
    known = rows[0].message_id
    return Batch(
        message_id=known or _message_id((row.key for row in rows), domain),
        recipient_id=rows[0].recipient_id,
        cycle_id=max(rows, key=lambda row: row.id).cycle_id,
        notices=tuple(QueuedNotice(row.key, row.kind, row.goal_id, row.facts, row.due_at) for row in rows),
        fresh=known is None,
        digest_on=max((row.digest_on for row in rows if row.digest_on), default=None),
        attempts=max(row.attempts for row in rows),
        failed=_failed(rows[0].fell_back),
    )


def _message_id(keys: Iterable[str], domain: str) -> str:
    digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
    return f"{digest[:_ID_LENGTH]}@{domain}"


async def _store_ids(connection: AsyncConnection, batches: Sequence[Batch]) -> None:
    """Also says of what is urgent and rides along in a digest that it is part of it."""
    given = [
        {"row": notice.key, "given": batch.message_id, "day": batch.digest_on}
        for batch in batches
        for notice in batch.notices
    ]
    if given:
        table = OutboxRow.__table__
        stored: dict[str, Any] = {"message_id": bindparam("given"), "digest_on": bindparam("day")}
        await connection.execute(update(OutboxRow).where(table.c.key == bindparam("row")).values(stored), given)


async def backlog(connection: AsyncConnection, now: datetime, *, daily: bool = False) -> Backlog:
    """What is still to be sent; `daily` as in `claim`."""
    groups = select(func.bool_or(_rested(now)).label("rested")).where(_due(now, daily)).group_by(_group).subquery()
    query = select(func.count(), func.count().filter(groups.c.rested)).select_from(groups)
    return Backlog(*(await connection.execute(query)).one())


async def addressees(
    connection: AsyncConnection, batches: Iterable[Batch], others: Iterable[str] = ()
) -> dict[str, Addressee]:
    """Everybody whom the batches are for or speak of, and `others`, by id; whom the directory does not know is left out."""
    ids = set(others)
    for batch in batches:
        ids.add(batch.recipient_id)
        ids.update(str(notice.facts[role]) for notice in batch.notices for role in _PEOPLE if notice.facts.get(role))
    wanted = (
        select(
            EmployeeRow.id, EmployeeRow.name, EmployeeRow.mail, EmployeeRow.locale, PreferenceRow.channel,
            PreferenceRow.chat_url, EmployeeRow.site,
        )
        .outerjoin(PreferenceRow, PreferenceRow.employee_id == EmployeeRow.id)
        .where(EmployeeRow.id == any_(literal(sorted(ids), ARRAY(Text))))  # one parameter, however many people
    )  # fmt: skip
    rows = (await connection.execute(wanted)).all()
    return {
        row.id: Addressee(row.name, row.mail, Locale(row.locale), row.channel, row.chat_url, row.site) for row in rows
    }


async def record_sent(connection: AsyncConnection, message_id: str, channel: str, at: datetime) -> None:
    """Marks the message's rows as sent `at` over `channel`; a repeat changes nothing (by `message_id` and `sent_at`)."""
    await _record(connection, message_id, NoticeEvent.SENT, sent_at=at, channel=channel, error=None)


async def postpone(connection: AsyncConnection, message_id: str, error: str, until: datetime) -> None:
    """Counts a try that failed for now with the code `error`; by `message_id`, a repeat counts one more.

    A row that is sent stays as it is, here and below.
    """
    await _record(connection, message_id, NoticeEvent.TRIED, error=error, retry_at=until)


async def fall_back(connection: AsyncConnection, message_id: str, channel: str, error: str) -> None:
    """Ends the tries over `channel`: from now on the message goes another way, under the same id."""
    failure = f"{channel}:{error}"
    failed = func.concat_ws(literal(" ", Text), OutboxRow.fell_back, literal(failure, Text))
    await _record(connection, message_id, NoticeEvent.TRIED, error=error, fell_back=failed, retry_at=None, attempts=0)


async def give_up(connection: AsyncConnection, message_id: str, error: str, at: datetime) -> None:
    """Takes the message out of what is due, `at` that moment: nobody can be told by it until its cause is mended."""
    await _record(connection, message_id, NoticeEvent.GIVEN_UP, error=error, gave_up_at=at)


async def _record(connection: AsyncConnection, message_id: str, event: NoticeEvent, **values: Any) -> None:
    attempts = {"attempts": OutboxRow.attempts + 1}
    await move_notices(connection, event, OutboxRow.message_id == message_id, **(attempts | values))


async def release(connection: AsyncConnection, message_ids: Iterable[str]) -> None:
    """Takes the ids back from messages that never reached the server, so that they join what comes due until the next try.

    Only for a batch that is `fresh`: an older id may be out there already. A repeat changes nothing.
    """
    await connection.execute(
        update(OutboxRow).where(OutboxRow.message_id.in_(list(message_ids)), queued).values(message_id=None)
    )


async def withdraw(connection: AsyncConnection, cycle: str, *, goals: Sequence[str] | None = None) -> int:
    """Withdraws the queued notices about these goals of the cycle (None: all) that were not handed to any server yet.

    How many notices. A notice that was tried stays queued: it may have arrived, and a repeat must be the same message.
    """
    which = (OutboxRow.cycle_id == cycle) & OutboxRow.message_id.is_(None)
    if goals is not None:
        which &= OutboxRow.goal_id == any_(literal(list(goals), ARRAY(Text)))
    return await move_notices(connection, NoticeEvent.WITHDRAWN, which, withdrawn_at=func.now())
