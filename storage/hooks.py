"""Ledger entries for receivers of events: which are queued, sent or given up. The ledger itself never changes."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import Text

from domain.commitments import open_texts
from storage.advisory_locks import try_advisory_lock

_SENDER_LOCK = 0x6D65677574656C6C  # key of the advisory lock that a sender holds
# An entry carries the time at which its transaction began; other transactions see it at most this much later.
_OVERLAP = timedelta(minutes=10)

# Who changes the receiver waits, so its kinds are those of one moment.
_SINCE = text("SELECT since, kinds FROM hook_receiver WHERE id = :receiver AND deleted_at IS NULL FOR UPDATE")

# Queues each new entry as a row. `since` moves forward only so far that no older entry can still become visible. An entry before
# one that is queued was passed over, since its kind was not asked for then: it would come out of order.
_ENQUEUE = text("""
INSERT INTO hook_event (receiver_id, goal_id, seq)
SELECT :receiver, e.goal_id, e.seq FROM goal_event e
WHERE e.recorded_at >= :since AND (CAST(:kinds AS text[]) IS NULL OR e.body ->> 'kind' = ANY (CAST(:kinds AS text[])))
  AND NOT EXISTS (
    SELECT FROM hook_event k WHERE k.receiver_id = :receiver AND k.goal_id = e.goal_id AND k.seq >= e.seq
  )
ORDER BY e.recorded_at, e.goal_id, e.seq
ON CONFLICT DO NOTHING
""").bindparams(bindparam("receiver", type_=Text), bindparam("kinds", type_=ARRAY(Text)))
_ADVANCE = text("UPDATE hook_receiver SET since = GREATEST(since, :until) WHERE id = :receiver")

# Of each goal only the first entry that is not sent: so the receiver gets the entries of a goal in order.
_FIRST = """
SELECT DISTINCT ON (goal_id) receiver_id, goal_id, seq, attempts, failing_since, retry_at FROM hook_event
WHERE receiver_id = :receiver AND sent_at IS NULL AND gave_up_at IS NULL ORDER BY goal_id, seq
"""
_NEXT = text(f"""
SELECT f.receiver_id, f.goal_id, f.seq, f.attempts, f.failing_since, e.revision, e.at, e.actor, e.acting_for, e.body,
       e.texts, e.prev_hash, e.hash
FROM ({_FIRST}) f JOIN goal_event e USING (goal_id, seq)
WHERE f.retry_at IS NULL OR f.retry_at <= :now
ORDER BY f.retry_at NULLS FIRST, e.recorded_at, f.goal_id LIMIT :limit
""")  # noqa: S608 - our own words
_BACKLOG = text(f"""
SELECT (SELECT count(*) FROM hook_event WHERE receiver_id = :receiver AND sent_at IS NULL AND gave_up_at IS NULL),
       (SELECT count(*) FROM ({_FIRST}) f WHERE f.retry_at IS NULL OR f.retry_at <= :now)
""")  # noqa: S608 - as above

_SENT = text("""
UPDATE hook_event SET sent_at = :at, error = NULL, attempts = attempts + 1
WHERE receiver_id = :receiver AND goal_id = :goal AND seq = :seq AND sent_at IS NULL
""")
_FAILED = text("""
UPDATE hook_event SET attempts = attempts + 1, error = :error, retry_at = :retry_at,
       failing_since = COALESCE(failing_since, :now), gave_up_at = CASE WHEN :given_up THEN CAST(:now AS timestamptz) END
WHERE receiver_id = :receiver AND goal_id = :goal AND seq = :seq AND sent_at IS NULL
""")

_OF_DELETED = "EXISTS (SELECT FROM hook_receiver r WHERE r.id = k.receiver_id AND r.deleted_at IS NOT NULL)"
_GIVEN_UP = text(f"""
SELECT k.goal_id, k.seq, e.body ->> 'kind', k.error, k.attempts, k.gave_up_at
FROM hook_event k JOIN goal_event e USING (goal_id, seq) JOIN goal g ON g.id = k.goal_id
WHERE k.gave_up_at IS NOT NULL AND (CAST(:cycle AS text) IS NULL OR g.cycle_id = :cycle) AND NOT {_OF_DELETED}
ORDER BY k.gave_up_at DESC, k.goal_id, k.seq LIMIT :limit
""")  # noqa: S608 - our own words
_PUT_BACK = text(f"""
UPDATE hook_event k SET gave_up_at = NULL, retry_at = NULL, failing_since = NULL, error = NULL, attempts = 0
FROM goal g WHERE g.id = k.goal_id AND g.cycle_id = ANY(:cycles) AND k.gave_up_at IS NOT NULL AND NOT {_OF_DELETED}
""").bindparams(bindparam("cycles", type_=ARRAY(Text)))  # noqa: S608 - our own words


class HookEntry(NamedTuple):
    """A ledger entry that is to be sent, and the attempts so far.

    `hashed_body` is the event's body as it is hashed, with commitments in the place of `texts`.
    """

    receiver: str
    goal_id: str
    seq: int
    attempts: int
    failing_since: datetime | None
    revision: int
    at: datetime
    actor: str
    acting_for: str | None
    hashed_body: dict[str, Any]
    texts: dict[str, dict[str, str]] | None
    prev_hash: str
    hash: str

    @property
    def id(self) -> str:
        """The idempotency key that is sent to the other system."""
        return f"{self.goal_id}#{self.seq}"

    @property
    def kind(self) -> str:
        kind: str = self.hashed_body["kind"]
        return kind

    @property
    def body(self) -> dict[str, Any]:
        """The event's body with its texts."""
        return open_texts(self.hashed_body, self.texts or {})[0]


class FailedEvent(NamedTuple):
    """A ledger entry whose sending was given up; `code` is the error of the last attempt."""

    goal_id: str
    seq: int
    kind: str
    code: str | None
    attempts: int
    gave_up_at: datetime


class HookBacklog(NamedTuple):
    """The number of entries that are not sent, and of those that can be sent now: at most one per goal."""

    waiting: int
    ready: int


def hook_sender_lock(engine: AsyncEngine) -> AbstractAsyncContextManager[bool]:
    """Tries to take the sender's lock; yields whether this process may send. Two senders could mix up the order of a goal."""
    return try_advisory_lock(engine, _SENDER_LOCK)


async def enqueue_new(connection: AsyncConnection, receiver: str, now: datetime) -> None:
    """Queues the ledger entries for the receiver that are new since the last call. Keyed by goal and number, so a repeat queues none twice."""
    found = (await connection.execute(_SINCE, {"receiver": receiver})).one_or_none()
    if found is None:
        return
    # A parameter and not a join: so the planner sees that few entries are newer, and uses the index on their time.
    await connection.execute(_ENQUEUE, {"receiver": receiver, "since": found.since, "kinds": found.kinds})
    await connection.execute(_ADVANCE, {"receiver": receiver, "until": now - _OVERLAP})


async def next_entries(connection: AsyncConnection, receiver: str, now: datetime, limit: int) -> list[HookEntry]:
    """The next entries to send to the receiver: at most one per goal."""
    found = await connection.execute(_NEXT, {"receiver": receiver, "now": now, "limit": limit})
    return [HookEntry(*row) for row in found]


async def backlog(connection: AsyncConnection, receiver: str, now: datetime) -> HookBacklog:
    return HookBacklog(*(await connection.execute(_BACKLOG, {"receiver": receiver, "now": now})).one())


async def record_sent(connection: AsyncConnection, entry: HookEntry, at: datetime) -> None:
    """Marks the entry as sent. Keyed by receiver, goal and number, so a repeat changes nothing."""
    await connection.execute(_SENT, {**_key(entry), "at": at})


async def record_failure(
    connection: AsyncConnection, entry: HookEntry, error: str, now: datetime, *, retry_at: datetime, given_up: bool
) -> None:
    """Counts an attempt that failed with the code `error`. After an entry that is `given_up`, the goal's next one is sent."""
    fields = {"error": error, "retry_at": retry_at, "now": now, "given_up": given_up}
    await connection.execute(_FAILED, _key(entry) | fields)


def _key(entry: HookEntry) -> dict[str, object]:
    return {"receiver": entry.receiver, "goal": entry.goal_id, "seq": entry.seq}


async def given_up(connection: AsyncConnection, cycle: str | None = None, limit: int = 100) -> list[FailedEvent]:
    """Entries that were given up, the newest first."""
    return [FailedEvent(*row) for row in await connection.execute(_GIVEN_UP, {"cycle": cycle, "limit": limit})]


async def put_back(connection: AsyncConnection, cycles: Collection[str]) -> int:
    """Queues again the entries of these cycles that were given up; returns how many. Later entries may be sent already."""
    return (await connection.execute(_PUT_BACK, {"cycles": list(cycles)})).rowcount
