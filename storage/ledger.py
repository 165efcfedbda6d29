"""Recording: the ledger, the projection and the queued notices change together, in one statement, or not at all.

This is the hot path: every command of every goal passes here. It has a pool of its own on the driver itself (asyncpg), whose
connections keep the statement prepared. A connection is not tested before use: where it died, the recording fails and the
activity's retry takes another one. Compare and swap on the goal's head makes that safe
(docs/decisions/0022-recording-on-the-driver.md).
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import constraints

# Two recordings behind the same head meet at the row's lock; the second then finds another head and changes nothing.
_RECORD = """
WITH head AS (
    UPDATE goal SET
        state = $4, revision = $5, task = $6, assignees = $7, due_at = $8, department = $9, outcome = $10, score = $11,
        seq = $12, head = $13, aggregate = $14, policy = COALESCE($15, policy),
        progress = $16, updated_at = $19
    WHERE id = $1 AND seq = $2 AND head = $3
      AND ($20::text IS NULL OR EXISTS (
          SELECT FROM lock_and_weigh($20, $21) AS taken
          WHERE taken.goals < $23::integer AND taken.weight + $22::integer <= $24::integer))
    RETURNING id
), entry AS (
    INSERT INTO goal_event (goal_id, seq, revision, kind, at, actor, acting_for, command_id, body, prev_hash, hash)
    SELECT head.id, e.seq, e.revision, e.kind, e.at, e.actor, e.acting_for, e.command_id, e.body, e.prev_hash, e.hash
    FROM head, jsonb_to_recordset($17::jsonb) AS e (
        seq integer, revision integer, kind text, at timestamptz, actor text, acting_for text, command_id text,
        body jsonb, prev_hash text, hash text)
), notice AS (
    INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at, urgent)
    SELECT n.key, n.recipient, n.cycle, head.id, n.kind, n.facts, $19::timestamptz, n.urgent
    FROM head, jsonb_to_recordset($18::jsonb) AS n (
        key text, recipient text, cycle text, kind text, facts jsonb, urgent boolean)
    ON CONFLICT (key) DO NOTHING
)
SELECT count(*) FROM head
"""
_COLUMNS = (
    "state", "revision", "task", "assignees", "due_at", "department", "outcome", "score", "seq", "head", "aggregate", "policy",
    "progress",
)  # fmt: skip

_UNCHECKED = (None,) * 5  # no weight to check: the last arguments of the statement

_BEHIND = """
SELECT seq, revision, at, actor, acting_for, command_id, body FROM goal_event
WHERE goal_id = $1 AND seq > $2 ORDER BY seq
"""
_HEAD = "SELECT seq, head FROM goal WHERE id = $1"

_ONCE_PER_COMMAND = "goal_event_once_per_command"


class CommandKnown(Exception):
    """The ledger holds an event of this command already: it was carried out long ago."""


class ConstraintBroken(Exception):
    """Another goal conflicts with what this one wants; nothing was stored."""

    def __init__(self, conflict: constraints.Conflict) -> None:
        self.conflict = conflict
        super().__init__(conflict.code)


class HeadDiffers(Exception):
    """The ledger ends at the same number with another hash: it was altered, or other code wrote it. Nothing was stored."""


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg ships no types
    def get_reset_query(self) -> str:
        """Nothing here changes a session, so there is nothing to reset: one round trip less per recording."""
        return ""


async def _read_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=json.loads)


@asynccontextmanager
async def open_ledger(engine: AsyncEngine, *, size: int = 10) -> AsyncIterator["Ledger"]:
    """The ledger of the engine's database, over at most `size` connections of its own; they are made at first use."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with asyncpg.create_pool(
        url, min_size=0, max_size=size, connection_class=_Connection, init=_read_json
    ) as pool:
        yield Ledger(pool)


class Ledger:
    """Appends to the ledgers of goals."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def append(
        self,
        goal: str,
        before: int,
        before_head: str,
        *,
        row: Mapping[str, Any],
        events: str,
        notices: str,
        at: datetime,
        constrained: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Appends `events` (JSON) behind the entry `before`, whose hash is `before_head`.

        `at` is when they happened. The notices are due then: the clock that later asks what is due is not the database's.
        Safe to repeat: the key is the goal and the number of its last entry. Empty where they were stored. Else nothing
        was, and the answer holds the events that are there already. Raises `CommandKnown` where an entry of the same command
        is further back, `ConstraintBroken`, `HeadDiffers`, `LookupError` where the goal has no row.
        """
        values = dict(row) | {
            "score": Decimal(row["score"]),
            "progress": Decimal(row["progress"]),
            "due_at": datetime.fromisoformat(row["due_at"]) if row["due_at"] else None,
        }
        arguments = (goal, before, before_head, *(values[name] for name in _COLUMNS), events, notices, at)
        async with self._pool.acquire() as connection:
            try:
                stored = await _store(connection, arguments, constrained)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name == _ONCE_PER_COMMAND:
                    raise CommandKnown from error
                raise
            return [] if stored else await _behind(connection, goal, before, before_head)

    async def behind(self, goal: str, before: int) -> list[dict[str, Any]]:
        """The goal's events behind the entry `before`, in order."""
        async with self._pool.acquire() as connection:
            return [event_of(entry) for entry in await connection.fetch(_BEHIND, goal, before)]


async def _store(
    connection: asyncpg.Connection, arguments: tuple[Any, ...], constrained: Mapping[str, Any] | None
) -> bool:
    """Whether it was stored. A weight alone is checked within the statement; if it does not fit, the long way says why."""
    if constrained is None:
        return bool(await connection.fetchval(_RECORD, *arguments, *_UNCHECKED))
    weight = constraints.only_weight(constrained)
    if weight and await connection.fetchval(_RECORD, *arguments, *weight):
        return True
    return await _store_constrained(connection, arguments, constrained)


async def _store_constrained(
    connection: asyncpg.Connection, arguments: tuple[Any, ...], constrained: Mapping[str, Any]
) -> bool:
    """Stores after the checks on other goals. A goal that has moved on is left to the comparison: it may be this very recording."""
    goal, before, *_ = arguments
    async with connection.transaction():
        conflict = await constraints.check(connection, goal, constrained)
        if conflict and (head := await connection.fetchrow(_HEAD, goal)) and head["seq"] == before:
            raise ConstraintBroken(conflict)
        stored = not conflict and bool(await connection.fetchval(_RECORD, *arguments, *_UNCHECKED))
        if stored:
            await constraints.tell_children(connection, goal, constrained, arguments[-1])
        return stored


async def _behind(connection: asyncpg.Connection, goal: str, before: int, before_head: str) -> list[dict[str, Any]]:
    """What is there instead of a recording that was not stored."""
    found = [event_of(entry) for entry in await connection.fetch(_BEHIND, goal, before)]
    head = None if found else await connection.fetchrow(_HEAD, goal)
    if head and head["seq"] == before and head["head"] != before_head:
        raise HeadDiffers(goal)
    if not found:
        raise LookupError(f"goal {goal} has no row whose ledger ends at {before} or later")
    return found


def event_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A ledger row as the JSON form of its event."""
    event = {
        "seq": entry["seq"],
        "revision": entry["revision"],
        "at": entry["at"],
        "actor": entry["actor"],
        "acting_for": entry["acting_for"],
        "command": entry["command_id"],
        "body": entry["body"],
    }
    return {name: value for name, value in event.items() if value is not None}
