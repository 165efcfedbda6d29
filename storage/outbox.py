"""The outbox for the delivery: which notices are due, the messages that they form, and the results of sending.

A notice is written in the transaction that records its event (storage/ledger.py). It is *queued* until it is sent, given up or
withdrawn. Urgent notices are sent at once; with daily digests, the others are sent when the recipient's digest is opened
(storage/digests.py). The notices of one message get its message id before the first attempt and keep it. So if the record of a
successful send is lost, the message is sent again with the same id and the same content.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Row, Text, bindparam, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.commitments import open_texts
from domain.lifecycle import EventKind
from domain.lifecycles import NoticeEvent, NoticeState
from domain.values import Locale
from storage.advisory_locks import try_advisory_lock
from storage.arrays import is_one_of
from storage.directory import works_today
from storage.tables import EmployeeRow, OutboxRow, PreferenceRow
from storage.transitions import NOTICE_IS, move_notices

_SENDER_LOCK = 0x6D65677573656E64  # key of the advisory lock that a sender holds
_CLAIM_LOCK = 0x6D65677563  # key of the advisory lock that a transaction holds while it gives out message ids
_ID_LENGTH = 32  # hex digits of a message id's hash: 128 bits, and a header that needs no folding
_PEOPLE = ("owner", "actor", "acting_for", "from", "to")  # facts that hold an employee's id

queued = NOTICE_IS[NoticeState.QUEUED]
# Notices that got a message id together stay together; those without an id form one message per recipient.
_group = func.coalesce(OutboxRow.message_id, "to:" + OutboxRow.recipient_id)


class QueuedNotice(NamedTuple):
    """A notice of a message, as texts are made from it (channels/lines.py)."""

    key: str
    kind: str
    goal_id: str
    facts: dict[str, Any]
    due_at: datetime


class QueuedMessage(NamedTuple):
    """The notices that go to one recipient as one message."""

    message_id: str
    recipient_id: str
    cycle_id: str  # of the newest notice
    notices: tuple[QueuedNotice, ...]
    has_new_id: bool  # the id was given by this claim: the message cannot have been sent yet
    digest_on: date | None  # the day whose digest it is; None: it is not a digest
    attempts: int  # on the current channel
    failed: tuple[str, ...]  # the channels that are not tried any more


class Candidate(NamedTuple):
    """A message that may be sent now, and how its recipient can be reached."""

    group: str
    recipient_id: str
    failed: tuple[str, ...]  # the channels that are not tried any more
    mail: str | None
    chat_url: str | None
    channel: str | None  # the channel that the recipient chose


class Addressee(NamedTuple):
    """A person of the directory with what a message needs: name, language, addresses, preferred channel, site."""

    name: str
    mail: str | None
    locale: Locale
    channel: str | None
    chat_url: str | None
    site: str | None
    works: bool = True  # today

    def __repr__(self) -> str:
        return "Addressee()"


class OutboxBacklog(NamedTuple):
    """The number of messages that are due and not sent, and of those that do not wait for a retry time."""

    waiting: int
    ready: int


def sender_lock(engine: AsyncEngine) -> AbstractAsyncContextManager[bool]:
    """Tries to take the sender's lock; yields whether this process may send.

    The lock is needed because an activity that timed out may still be sending when its retry starts.
    """
    return try_advisory_lock(engine, _SENDER_LOCK)


async def claim(
    connection: AsyncConnection,
    now: datetime,
    limit: int,
    *,
    domain: str,
    daily: bool = False,
    may_be_sent: Callable[[Candidate], bool] | None = None,
) -> list[QueuedMessage]:
    """At most `limit` messages to send now; stores their ids (`<hash of the notices' keys>@<domain>`).

    `daily`: notices that are not urgent wait until their recipient's digest is opened. `may_be_sent`: messages for which it
    returns False are left out. Urgent messages come first, then those that are due for longest; a failed attempt counts as due
    at its retry time. A repeat, before any result is recorded, returns the same ids with the same notices.
    """
    # Claims run one after the other. Row locks (SKIP LOCKED) are not enough: two claims could each take some notices of one
    # recipient, and make two messages.
    await connection.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
    chosen = await _choose(connection, now, limit, daily, may_be_sent)
    rows = await _rows_of(connection, chosen, now, daily)
    messages = [_message(rows[group], domain) for group in chosen]
    await _store_ids(connection, [message for message in messages if message.has_new_id])
    return messages


async def _choose(
    connection: AsyncConnection, now: datetime, limit: int, daily: bool, may_be_sent: Callable[[Candidate], bool] | None
) -> list[str]:
    """The first groups in the order of sending. Without `may_be_sent`, PostgreSQL applies the limit."""
    first = (
        select(_group.label("name"), OutboxRow.recipient_id, func.max(OutboxRow.fell_back).label("fell_back"))
        .where(_due(now, daily))
        .group_by(_group, OutboxRow.recipient_id)
        .having(func.bool_or(_may_be_tried(now)))
        .order_by(
            func.bool_or(OutboxRow.urgent).desc(),
            func.min(func.coalesce(OutboxRow.retry_at, OutboxRow.due_at)),
            literal_column("name"),
        )
    )
    if may_be_sent is None:
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
    return [one.group for one in candidates if may_be_sent(one)][:limit]


async def _rows_of(
    connection: AsyncConnection, groups: Sequence[str], now: datetime, daily: bool
) -> Mapping[str, Sequence[Row[Any]]]:
    query = (
        select(OutboxRow.__table__, _group.label("in_group"))
        .where(_due(now, daily), is_one_of(_group, groups))
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


def _may_be_tried(now: datetime) -> ColumnElement[bool]:
    """Whether the notice waits for no retry time."""
    return OutboxRow.retry_at.is_(None) | (OutboxRow.retry_at <= now)


def _failed(fell_back: str | None) -> tuple[str, ...]:
    """The channels in a text such as `mail:smtp_550 chat:chat_410`."""
    return tuple(one.partition(":")[0] for one in (fell_back or "").split())


def _message(rows: Sequence[Row[Any]], domain: str) -> QueuedMessage:
    known = rows[0].message_id
    return QueuedMessage(
        message_id=known or _message_id((row.key for row in rows), domain),
        recipient_id=rows[0].recipient_id,
        cycle_id=max(rows, key=lambda row: row.id).cycle_id,
        notices=tuple(QueuedNotice(row.key, row.kind, row.goal_id, row.facts, row.due_at) for row in rows),
        has_new_id=known is None,
        digest_on=max((row.digest_on for row in rows if row.digest_on), default=None),
        attempts=max(row.attempts for row in rows),
        failed=_failed(rows[0].fell_back),
    )


def _message_id(keys: Iterable[str], domain: str) -> str:
    digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
    return f"{digest[:_ID_LENGTH]}@{domain}"


async def _store_ids(connection: AsyncConnection, messages: Sequence[QueuedMessage]) -> None:
    """Stores the message id of each notice, and the day of the digest: an urgent notice may be sent with a digest."""
    values = [
        {"row": notice.key, "given": message.message_id, "day": message.digest_on}
        for message in messages
        for notice in message.notices
    ]
    if values:
        table = OutboxRow.__table__
        stored: dict[str, Any] = {"message_id": bindparam("given"), "digest_on": bindparam("day")}
        await connection.execute(update(OutboxRow).where(table.c.key == bindparam("row")).values(stored), values)


async def backlog(connection: AsyncConnection, now: datetime, *, daily: bool = False) -> OutboxBacklog:
    """The messages that are due at `now` and not sent; `daily` as in `claim`."""
    groups = select(func.bool_or(_may_be_tried(now)).label("ready")).where(_due(now, daily)).group_by(_group).subquery()
    query = select(func.count(), func.count().filter(groups.c.ready)).select_from(groups)
    return OutboxBacklog(*(await connection.execute(query)).one())


async def addressees(
    connection: AsyncConnection, messages: Iterable[QueuedMessage], others: Iterable[str] = ()
) -> dict[str, Addressee]:
    """The recipients of the messages, the people in their notices, and `others`, by id; ids not in the directory are left out."""
    ids = set(others)
    for message in messages:
        ids.add(message.recipient_id)
        ids.update(str(notice.facts[role]) for notice in message.notices for role in _PEOPLE if notice.facts.get(role))
    wanted = (
        select(
            EmployeeRow.id, EmployeeRow.name, EmployeeRow.mail, EmployeeRow.locale, PreferenceRow.channel,
            PreferenceRow.chat_url, EmployeeRow.site, works_today().label("works"),
        )
        .outerjoin(PreferenceRow, PreferenceRow.employee_id == EmployeeRow.id)
        .where(is_one_of(EmployeeRow.id, sorted(ids)))
    )  # fmt: skip
    rows = (await connection.execute(wanted)).all()
    return {
        row.id: Addressee(row.name, row.mail, Locale(row.locale), row.channel, row.chat_url, row.site, row.works)
        for row in rows
    }


async def record_sent(connection: AsyncConnection, message_id: str, channel: str, at: datetime) -> None:
    """Marks the notices of the message as sent over `channel` at the time `at`. Keyed by `message_id`: a repeat changes nothing."""
    await _record(connection, message_id, NoticeEvent.SENT, sent_at=at, channel=channel, error=None)


async def postpone(connection: AsyncConnection, message_id: str, error: str, until: datetime) -> None:
    """Counts an attempt that failed with the code `error`; the next one is at the time `until`. A repeat counts one more.

    Neither this function nor the next two change a notice that is sent.
    """
    await _record(connection, message_id, NoticeEvent.TRIED, error=error, retry_at=until)


async def fall_back(connection: AsyncConnection, message_id: str, channel: str, error: str) -> None:
    """Ends the attempts over `channel`: the message is sent over another channel from now on, with the same id."""
    failure = f"{channel}:{error}"
    failed = func.concat_ws(literal(" ", Text), OutboxRow.fell_back, literal(failure, Text))
    await _record(connection, message_id, NoticeEvent.TRIED, error=error, fell_back=failed, retry_at=None, attempts=0)


async def give_up(connection: AsyncConnection, message_id: str, error: str, at: datetime) -> None:
    """Ends all attempts at the time `at`: the message is not sent, unless HR queues it again (storage/undelivered.py)."""
    await _record(connection, message_id, NoticeEvent.GIVEN_UP, error=error, gave_up_at=at)


async def _record(connection: AsyncConnection, message_id: str, event: NoticeEvent, **values: Any) -> None:
    attempts = {"attempts": OutboxRow.attempts + 1}
    await move_notices(connection, event, OutboxRow.message_id == message_id, **(attempts | values))


async def release(connection: AsyncConnection, message_ids: Iterable[str]) -> None:
    """Removes the ids of messages that no server received: their notices may form a message with newer ones at the next claim.

    Only for messages with `has_new_id`: a message with an older id may have been sent. A repeat changes nothing.
    """
    await connection.execute(
        update(OutboxRow).where(is_one_of(OutboxRow.message_id, message_ids), queued).values(message_id=None)
    )


async def withdraw_message(connection: AsyncConnection, message_id: str) -> None:
    """Withdraws the notices of a message that nobody is to get any more. A repeat changes nothing."""
    await move_notices(connection, NoticeEvent.WITHDRAWN, OutboxRow.message_id == message_id, withdrawn_at=func.now())


class OpenTaskOf(NamedTuple):
    """The kind of a goal's open task, None if there is none or the goal is paused; who may do it today, and until when.

    `seq` is the number of the goal's last ledger entry.
    """

    task: str | None
    doers: frozenset[str]
    due_at: datetime | None
    seq: int


_GOALS_NOW = text("""
    SELECT g.id, CASE WHEN g.paused THEN NULL ELSE g.task END, g.assignees,
        ARRAY(
            SELECT one ->> 'to' FROM jsonb_array_elements(COALESCE(g.aggregate -> 'delegations', '[]')) one
            WHERE one ->> 'delegator' = ANY (g.assignees) AND :day BETWEEN one ->> 'first' AND one ->> 'last'
        ), g.due_at, g.seq
    FROM goal g WHERE g.id = ANY (:goals)
""").bindparams(bindparam("goals", type_=ARRAY(Text)), bindparam("day", type_=Text))


async def goals_now(connection: AsyncConnection, messages: Iterable[QueuedMessage], day: date) -> dict[str, OpenTaskOf]:
    """The goals of the messages as they are now, by id; delegations are those of `day`."""
    ids = sorted({notice.goal_id for message in messages for notice in message.notices})
    rows = await connection.execute(_GOALS_NOW, {"goals": ids, "day": day.isoformat()})
    return {
        id_: OpenTaskOf(task, frozenset((*asked, *acting)), due, seq) for id_, task, asked, acting, due, seq in rows
    }


_WRITTEN = text("""
    SELECT n.goal, n.seq, g.aggregate #>> '{content,theme}' AS theme, e.body, e.texts
    FROM unnest(CAST(:goals AS text[]), CAST(:seqs AS int[])) AS n (goal, seq)
    JOIN goal g ON g.id = n.goal
    LEFT JOIN goal_event e ON e.goal_id = n.goal AND e.seq = n.seq
""").bindparams(bindparam("goals", type_=ARRAY(Text)), bindparam("seqs", type_=ARRAY(Integer)))
_OF_ANOTHER_GOAL = (
    "parent_closed",
    "delivery_trouble",
    "directory_changed",
)  # their `seq` is not that of the entry that they tell of
_REASONS = ("comment", "reason", "text")  # the fields of an entry in which somebody says why


async def with_texts(connection: AsyncConnection, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
    """The messages with what people wrote among the facts: `theme` of the goal, and `reason` or `refusal` of the ledger entry.

    The outbox holds neither: an erasure need not look for copies there. A fact that a notice has stays as it is.
    """
    places = {(one.goal_id, int(one.facts.get("seq") or 0)) for message in messages for one in message.notices}
    goals, seqs = [goal for goal, _ in places], [seq for _, seq in places]
    rows = await connection.execute(_WRITTEN, {"goals": goals, "seqs": seqs})
    found = {(row.goal, row.seq): _written(row.theme, row.body, row.texts) for row in rows}

    def filled(one: QueuedNotice) -> QueuedNotice:
        texts = found.get((one.goal_id, int(one.facts.get("seq") or 0)), {})
        fitting = {name: value for name, value in texts.items() if name == "theme" or one.kind not in _OF_ANOTHER_GOAL}
        return one._replace(facts={**fitting, **one.facts})

    return [message._replace(notices=tuple(map(filled, message.notices))) for message in messages]


def _written(theme: str | None, body: dict[str, Any] | None, texts: dict[str, Any] | None) -> dict[str, Any]:
    opened = open_texts(body, texts or {})[0] if body else {}
    reason = next((opened[name] for name in _REASONS if opened.get(name)), None)
    refused = opened.get("kind") == EventKind.SIGN_OFF_REFUSED
    refusal = {"key": f"refusal.{opened['code']}", "fields": opened.get("fields") or {}} if refused else None
    return {name: value for name, value in (("theme", theme), ("reason", reason), ("refusal", refusal)) if value}


async def withdraw(connection: AsyncConnection, cycle: str, *, goals: Sequence[str] | None = None) -> int:
    """Withdraws the queued notices about these goals of the cycle (None: all) that have no message id; returns how many.

    A notice with a message id stays queued: the message may have arrived, and a repeat must have the same content.
    """
    which = (OutboxRow.cycle_id == cycle) & OutboxRow.message_id.is_(None)
    if goals is not None:
        which &= is_one_of(OutboxRow.goal_id, goals)
    return await move_notices(connection, NoticeEvent.WITHDRAWN, which, withdrawn_at=func.now())
