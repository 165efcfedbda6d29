"""The journal: each write of the directory, delegations, hearings, instructions, preferences and API tokens appends an entry in the same transaction."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Integer, any_, func, insert, literal, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.goal.ledger import Break
from domain.journal import TEXTS_ERASED, Entry, Log, first_hash, make_entry, verify_log
from storage.arrays import is_one_of
from storage.database import UNREADABLE
from storage.tables import JournalHeadRow, JournalRow

# Locks the head of the log until the transaction ends, so writers of one log append one after the other. The time is read after
# the lock is taken, so the entries of a log are in the order of their times.
_LOCK_HEAD = text("""
    INSERT INTO journal_head AS h (log, seq, hash) VALUES (:log, 0, :first)
    ON CONFLICT (log) DO UPDATE SET seq = h.seq RETURNING seq, hash, clock_timestamp() AS now
""")
_HEAD = text("SELECT seq, hash FROM journal_head WHERE log = :log")
# In SQL, since a body that was altered may have any form.
_ERASED = text("""
    SELECT DISTINCT (number #>> '{}')::numeric
    FROM journal, jsonb_path_query(body, '$.entries[*] ? (@ < $own)', jsonb_build_object('own', seq)) AS number
    WHERE log = :log AND kind = :kind
""")
_COLUMNS = (
    JournalRow.seq, JournalRow.at, JournalRow.actor, JournalRow.kind, JournalRow.body, JournalRow.texts,
    JournalRow.prev_hash, JournalRow.hash,
)  # fmt: skip
_SALT_BYTES = 16
_PAGE = 1_000  # entries that are read at once


class Place(NamedTuple):
    """The place of the next entry of a log: number and hash of the entry before, and the time."""

    previous: tuple[int, str]
    at: datetime

    @property
    def number(self) -> int:
        """The number of the entry."""
        return self.previous[0] + 1


async def reserve(connection: AsyncConnection, log: Log) -> Place:
    """The place of the next entry. Other writers of the log wait until the transaction of `connection` ends."""
    head = (await connection.execute(_LOCK_HEAD, {"log": log.value, "first": first_hash(log)})).one()
    return Place((head.seq, head.hash), head.now)


async def append(
    connection: AsyncConnection,
    log: Log,
    kind: str,
    *,
    actor: str,
    facts: Mapping[str, Any],
    texts: Mapping[str, str | None] | None = None,
    place: Place | None = None,
) -> None:
    """Appends an entry; it is stored if the transaction of `connection` is committed.

    `facts` is JSON without personal texts; `texts` are by name, and None is left out. `place` is one that was reserved in
    this transaction; None: the next one. Other writers of the same log wait until the transaction ends, so the entry is
    written after the change itself. Not safe to repeat: the caller appends only if it changed something.
    """
    previous, at = place or await reserve(connection, log)
    entry = make_entry(
        log,
        previous,
        at=at,
        actor=actor,
        kind=kind,
        facts=facts,
        texts={name: (secrets.token_hex(_SALT_BYTES), one) for name, one in (texts or {}).items() if one is not None},
    )
    head_moved = update(JournalHeadRow).where(JournalHeadRow.log == log.value).values(seq=entry.seq, hash=entry.hash)
    row = insert(JournalRow).values(log=log.value, **entry._asdict())
    await connection.execute(row.add_cte(head_moved.cte("head_moved")))


async def entries_of(connection: AsyncConnection, log: Log, after: int = 0, limit: int = _PAGE) -> list[Entry]:
    """At most `limit` entries of the log after the entry number `after`, in order."""
    query = select(*_COLUMNS).where(JournalRow.log == log.value, JournalRow.seq > after)
    return [Entry(*row) for row in await connection.execute(query.order_by(JournalRow.seq).limit(limit))]


class Found(NamedTuple):
    """A page of entries of several logs. `is_cut`: the entry after these was altered so that it cannot be read."""

    entries: list[tuple[Log, Entry]]
    is_cut: bool = False


async def page(
    connection: AsyncConnection, logs: Sequence[Log], *, since: datetime | None, after: tuple[str, int], limit: int
) -> Found:
    """At most `limit` entries, by log and number: those from `since` on, and after the log and number `after`."""
    which = is_one_of(JournalRow.log, logs) & (tuple_(JournalRow.log, JournalRow.seq) > after)
    if since is not None:
        which &= JournalRow.at >= since
    query = select(JournalRow.log, *_COLUMNS).where(which).order_by(JournalRow.log, JournalRow.seq)

    async def read(number: int, offset: int) -> list[tuple[Log, Entry]]:
        rows = await connection.execute(query.limit(number).offset(offset))
        return [(Log(log), Entry(*entry)) for log, *entry in rows]

    try:
        return Found(await read(limit, 0))
    except UNREADABLE:
        found: list[tuple[Log, Entry]] = []
        try:
            while len(found) < limit:
                found += await read(1, len(found))
        except UNREADABLE:
            pass
        return Found(found, is_cut=True)


async def last_number(connection: AsyncConnection, log: Log) -> int:
    """The number of the last entry of the log, as its head says; 0 if there is none."""
    found = (await connection.execute(_HEAD, {"log": log.value})).one_or_none()
    return found.seq if found else 0


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """The number of entries by log; logs without entries are left out."""
    query = select(JournalRow.log, func.count()).group_by(JournalRow.log)
    return {log: int(number) for log, number in await connection.execute(query)}


async def erase_texts(
    connection: AsyncConnection, log: Log, numbers: Sequence[int], *, actor: str, reason: str
) -> list[int]:
    """Erases the texts of these entries, and appends an entry that says so. Returns the entries that had texts.

    A repeat finds no texts, and appends nothing.
    """
    having = (
        (JournalRow.log == log.value)
        & (JournalRow.seq == any_(literal(list(numbers), ARRAY(Integer))))
        & (JournalRow.texts != {})
    )
    found = sorted(await connection.scalars(select(JournalRow.seq).where(having)))
    if found:
        facts, texts = {"entries": found}, {"reason": reason}
        await append(
            connection, log, TEXTS_ERASED, actor=actor, facts=facts, texts=texts
        )  # first: the trigger needs it
        await connection.execute(update(JournalRow).where(having).values(texts={}))
    return found


async def first_break(connection: AsyncConnection, log: Log) -> Break | None:
    """The first entry at which the log is broken; None if it is not. Reads the whole log, a page at a time.

    The log must end where its head says, so entries that were removed at the end are found too. `connection` must read one
    snapshot (`read_transaction`).
    """
    found = (await connection.execute(_HEAD, {"log": log.value})).one_or_none()
    head = (found.seq, found.hash) if found else None
    names = {"log": log.value, "kind": TEXTS_ERASED}
    erased = set((await connection.execute(_ERASED, names)).scalars())
    previous: tuple[int, str] | None = None
    limit = _PAGE
    while True:
        after = previous[0] if previous else 0
        try:
            page = await entries_of(connection, log, after, limit)
        except UNREADABLE:
            if limit == 1:
                return Break(after + 1, "content")
            limit = 1  # finds the entry
            continue
        if not page:
            return _wrong_end(previous, head)
        if broken := verify_log(log, page, previous, erased):
            return broken
        previous = (page[-1].seq, page[-1].hash)


def _wrong_end(last: tuple[int, str] | None, head: tuple[int, str] | None) -> Break | None:
    """Where the log does not end as its head says. `last`: number and hash of the last entry."""
    if last == head:
        return None
    seq, expected = last[0] if last else 0, head[0] if head else 0
    return Break(seq + 1, "gap") if seq < expected else Break(min(seq, expected + 1), "head")
