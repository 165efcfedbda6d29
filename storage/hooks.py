"""Which ledger entries another system has been told of. The ledger itself is never touched: progress stands beside it."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_NAME = "events"
# An entry bears the time at which its transaction began, and may be seen this much later at most.
_OVERLAP = timedelta(minutes=10)

_START = text("INSERT INTO hook (name, since) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING")

# Entries that are new get a row of their own; then nothing that began before `since` can still come to light.
_FIND = text("""
INSERT INTO hook_event (goal_id, seq)
SELECT e.goal_id, e.seq FROM goal_event e, hook h WHERE h.name = :name AND e.recorded_at >= h.since
ON CONFLICT DO NOTHING
""")
_MOVE = text("UPDATE hook SET since = GREATEST(since, :until) WHERE name = :name")

# Per goal only its first entry that is not told: the receiver sees each ledger in order.
_NEXT = text("""
SELECT w.goal_id, w.seq, w.attempts, e.kind, e.revision, e.at, e.actor, e.acting_for, e.body, e.prev_hash, e.hash,
       e.recorded_at
FROM (
    SELECT DISTINCT ON (goal_id) goal_id, seq, attempts, retry_at FROM hook_event
    WHERE sent_at IS NULL AND gave_up_at IS NULL ORDER BY goal_id, seq
) w JOIN goal_event e USING (goal_id, seq)
WHERE w.retry_at IS NULL OR w.retry_at <= :now
ORDER BY e.recorded_at LIMIT :limit
""")

_SENT = text(
    "UPDATE hook_event SET sent_at = :at, error = NULL, attempts = attempts + 1 WHERE goal_id = :goal AND seq = :seq"
)
_FAILED = text("""
UPDATE hook_event SET attempts = attempts + 1, error = :error, retry_at = :retry_at, gave_up_at = :gave_up_at
WHERE goal_id = :goal AND seq = :seq AND sent_at IS NULL
""")


class Told(NamedTuple):
    """A ledger entry to be told."""

    goal_id: str
    seq: int
    attempts: int
    kind: str
    revision: int
    at: datetime
    actor: str
    acting_for: str | None
    body: dict[str, Any]
    prev_hash: str
    hash: str
    recorded_at: datetime

    @property
    def id(self) -> str:
        """The idempotency key."""
        return f"{self.goal_id}#{self.seq}"


async def look(engine: AsyncEngine, now: datetime) -> None:
    """Notes which entries are new, however long nobody looked. The first look ever says from when on."""
    async with engine.begin() as connection:
        await connection.execute(_START, {"name": _NAME, "now": now})
        await connection.execute(_FIND, {"name": _NAME})
        await connection.execute(_MOVE, {"name": _NAME, "until": now - _OVERLAP})


async def next_events(engine: AsyncEngine, now: datetime, limit: int) -> list[Told]:
    """The next entries to be told: at most one of each goal."""
    async with engine.connect() as connection:
        return [Told(*row) for row in await connection.execute(_NEXT, {"now": now, "limit": limit})]


async def record_sent(engine: AsyncEngine, event: Told, at: datetime) -> None:
    async with engine.begin() as connection:
        await connection.execute(_SENT, {"goal": event.goal_id, "seq": event.seq, "at": at})


async def record_failure(
    engine: AsyncEngine, event: Told, error: str, *, retry_at: datetime | None, gave_up_at: datetime | None
) -> None:
    async with engine.begin() as connection:
        fields = {
            "goal": event.goal_id,
            "seq": event.seq,
            "error": error,
            "retry_at": retry_at,
            "gave_up_at": gave_up_at,
        }
        await connection.execute(_FAILED, fields)
