"""The journal: each write of the directory, delegations, hearings, instructions and preferences appends an entry in the same transaction."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.goal.ledger import Break
from domain.journal import Entry, Log, make_entry, verify_log
from storage.tables import JournalRow

_LOCK = 0x6A6F7572  # first key of the advisory locks: writers of one log append one after the other
_TAKE_LOCK = text("SELECT pg_advisory_xact_lock(:key, hashtext(:log))")
_LAST = text("SELECT seq, hash FROM journal WHERE log = :log ORDER BY seq DESC LIMIT 1")
_NOW = text("SELECT clock_timestamp()")
_COLUMNS = (
    JournalRow.seq, JournalRow.at, JournalRow.actor, JournalRow.kind, JournalRow.body, JournalRow.texts,
    JournalRow.prev_hash, JournalRow.hash,
)  # fmt: skip
_SALT_BYTES = 16


class Place(NamedTuple):
    """The place of the next entry of a log: number and hash of the last entry (None before the first), and the time."""

    previous: tuple[int, str] | None
    at: datetime

    @property
    def number(self) -> int:
        """The number of the entry."""
        return (self.previous[0] if self.previous else 0) + 1


async def reserve(connection: AsyncConnection, log: Log) -> Place:
    """The place of the next entry. Other writers of the log wait until the transaction of `connection` ends."""
    await connection.execute(_TAKE_LOCK, {"key": _LOCK, "log": log.value})
    last = (await connection.execute(_LAST, {"log": log.value})).one_or_none()
    return Place((last.seq, last.hash) if last else None, (await connection.execute(_NOW)).scalar_one())


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
    await connection.execute(insert(JournalRow), [{"log": log.value, **entry._asdict()}])


async def entries_of(connection: AsyncConnection, log: Log, after: int = 0, limit: int = 1_000) -> list[Entry]:
    """At most `limit` entries of the log after the entry number `after`, in order."""
    query = select(*_COLUMNS).where(JournalRow.log == log.value, JournalRow.seq > after)
    return [Entry(*row) for row in await connection.execute(query.order_by(JournalRow.seq).limit(limit))]


async def first_break(connection: AsyncConnection, log: Log) -> Break | None:
    """The first entry at which the log is broken; None if it is not. Reads the whole log, a page at a time.

    Entries that were removed at the end are not found: nothing follows them.
    """
    previous: tuple[int, str] | None = None
    while page := await entries_of(connection, log, after=previous[0] if previous else 0):
        if broken := verify_log(log, page, previous):
            return broken
        previous = (page[-1].seq, page[-1].hash)
    return None
