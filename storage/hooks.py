"""Which ledger entries another system has been told of. The ledger itself is never touched: progress stands beside it."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import Text

from storage.turns import alone

_NAME = "events"
_TELLING = 0x6D65677574656C6C  # key of the advisory lock that the one who tells holds
# An entry bears the time at which its transaction began, and may be seen this much later at most.
_OVERLAP = timedelta(minutes=10)

_SINCE = text("SELECT since FROM hook WHERE name = :name FOR UPDATE")
_START = text("INSERT INTO hook (name, since) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING")

# Entries that are new get a row of their own; then nothing that began before `since` can still come to light.
_FIND = text("""
INSERT INTO hook_event (goal_id, seq)
SELECT e.goal_id, e.seq FROM goal_event e
WHERE e.recorded_at >= :since
  AND NOT EXISTS (SELECT FROM hook_event k WHERE k.goal_id = e.goal_id AND k.seq = e.seq)
ON CONFLICT DO NOTHING
""")
_MOVE = text("UPDATE hook SET since = GREATEST(since, :until) WHERE name = :name")

# Per goal only its first entry that is not told: the receiver sees each ledger in order.
_FIRST = """
SELECT DISTINCT ON (goal_id) goal_id, seq, attempts, failing_since, retry_at FROM hook_event
WHERE sent_at IS NULL AND gave_up_at IS NULL ORDER BY goal_id, seq
"""
_NEXT = text(f"""
SELECT f.goal_id, f.seq, f.attempts, f.failing_since, e.kind, e.revision, e.at, e.actor, e.acting_for, e.body,
       e.prev_hash, e.hash
FROM ({_FIRST}) f JOIN goal_event e USING (goal_id, seq)
WHERE f.retry_at IS NULL OR f.retry_at <= :now
ORDER BY f.retry_at NULLS FIRST, e.recorded_at, f.goal_id LIMIT :limit
""")  # noqa: S608 - our own words
_BACKLOG = text(f"""
SELECT (SELECT count(*) FROM hook_event WHERE sent_at IS NULL AND gave_up_at IS NULL),
       (SELECT count(*) FROM ({_FIRST}) f WHERE f.retry_at IS NULL OR f.retry_at <= :now)
""")  # noqa: S608 - as above

_SENT = text("""
UPDATE hook_event SET sent_at = :at, error = NULL, attempts = attempts + 1
WHERE goal_id = :goal AND seq = :seq AND sent_at IS NULL
""")
_FAILED = text("""
UPDATE hook_event SET attempts = attempts + 1, error = :error, retry_at = :retry_at,
       failing_since = COALESCE(failing_since, :now), gave_up_at = CASE WHEN :given_up THEN CAST(:now AS timestamptz) END
WHERE goal_id = :goal AND seq = :seq AND sent_at IS NULL
""")

_GIVEN_UP = text("""
SELECT k.goal_id, k.seq, e.kind, k.error, k.attempts, k.gave_up_at
FROM hook_event k JOIN goal_event e USING (goal_id, seq) JOIN goal g ON g.id = k.goal_id
WHERE k.gave_up_at IS NOT NULL AND (CAST(:cycle AS text) IS NULL OR g.cycle_id = :cycle)
ORDER BY k.gave_up_at DESC, k.goal_id, k.seq LIMIT :limit
""")
_PUT_BACK = text("""
UPDATE hook_event k SET gave_up_at = NULL, retry_at = NULL, failing_since = NULL, error = NULL, attempts = 0
FROM goal g WHERE g.id = k.goal_id AND g.cycle_id = ANY(:cycles) AND k.gave_up_at IS NOT NULL
""").bindparams(bindparam("cycles", type_=ARRAY(Text)))


class Entry(NamedTuple):
    """A ledger entry to be told, and how often that was tried."""

    goal_id: str
    seq: int
    attempts: int
    failing_since: datetime | None
    kind: str
    revision: int
    at: datetime
    actor: str
    acting_for: str | None
    body: dict[str, Any]
    prev_hash: str
    hash: str

    @property
    def id(self) -> str:
        """The idempotency key."""
        return f"{self.goal_id}#{self.seq}"


class Untold(NamedTuple):
    """An entry that was given up."""

    goal_id: str
    seq: int
    kind: str
    code: str | None
    attempts: int
    gave_up_at: datetime


class Backlog(NamedTuple):
    """How many entries are not told yet, and how many of these could be told now: at most one of each goal."""

    waiting: int
    ready: int


def sole_teller(engine: AsyncEngine) -> AbstractAsyncContextManager[bool]:
    """Whether this process may tell now: two would tell the entries of one goal side by side."""
    return alone(engine, _TELLING)


async def look(connection: AsyncConnection, now: datetime) -> None:
    """Notes which entries are new, however long nobody looked; by goal and number, so a repeat notes nothing twice.

    The first look ever says from when on: what is older is not told.
    """
    await connection.execute(_START, {"name": _NAME, "now": now})
    # A value and not a join: the planner must see how few entries are that young, to use the index of their time.
    since = await connection.scalar(_SINCE, {"name": _NAME})
    await connection.execute(_FIND, {"since": since})
    await connection.execute(_MOVE, {"name": _NAME, "until": now - _OVERLAP})


async def next_entries(connection: AsyncConnection, now: datetime, limit: int) -> list[Entry]:
    """The next entries to be told: at most one of each goal."""
    return [Entry(*row) for row in await connection.execute(_NEXT, {"now": now, "limit": limit})]


async def backlog(connection: AsyncConnection, now: datetime) -> Backlog:
    return Backlog(*(await connection.execute(_BACKLOG, {"now": now})).one())


async def record_told(connection: AsyncConnection, entry: Entry, at: datetime) -> None:
    """A repeat changes nothing."""
    await connection.execute(_SENT, {"goal": entry.goal_id, "seq": entry.seq, "at": at})


async def record_failure(
    connection: AsyncConnection, entry: Entry, error: str, now: datetime, *, retry_at: datetime, given_up: bool
) -> None:
    """Counts a try that failed with the code `error`; what is given up lets the goal's next entry pass."""
    fields = {"goal": entry.goal_id, "seq": entry.seq, "error": error, "retry_at": retry_at}
    await connection.execute(_FAILED, {**fields, "now": now, "given_up": given_up})


async def given_up(connection: AsyncConnection, cycle: str | None = None, limit: int = 100) -> list[Untold]:
    """Entries that were given up, the newest first."""
    return [Untold(*row) for row in await connection.execute(_GIVEN_UP, {"cycle": cycle, "limit": limit})]


async def put_back(connection: AsyncConnection, cycles: Collection[str]) -> int:
    """Puts what was given up in these cycles back in line; how many entries. They are told late, behind later ones."""
    return (await connection.execute(_PUT_BACK, {"cycles": list(cycles)})).rowcount
