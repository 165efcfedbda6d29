"""Recording: the ledger, the projection and the queued notices change together, in one statement, or not at all.

This is the hot path: every command of every goal is recorded here. It has a separate pool directly on the driver (asyncpg),
whose connections keep the statement prepared. A connection is not tested before use: if it is dead, the recording fails and
the activity's retry takes another one. Compare and swap on the head of the goal's ledger makes the retry safe
(docs/decisions/0022-recording-on-the-driver.md).
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.commitments import open_texts, well_formed
from storage import constraints
from storage.database import limits_of
from storage.database_url import for_asyncpg

# If two recordings start from the same head, the second waits for the row's lock, then finds another head and changes nothing.
_RECORD = """
WITH head AS (
    UPDATE goal SET
        state = $4, revision = $5, task = $6, assignees = $7, due_at = $8, department = $9, outcome = $10, score = $11,
        seq = $12, head = $13, aggregate = $14, policy = COALESCE($15, policy),
        progress = $16, escalated = $17, updated_at = $20,
        returned = COALESCE((
            SELECT e ->> 'kind' = 'returned' FROM jsonb_array_elements($18::jsonb) AS e
            WHERE e ->> 'kind' IN ('returned', 'submitted', 'reset') ORDER BY (e ->> 'seq')::integer DESC LIMIT 1), returned)
    WHERE id = $1 AND seq = $2 AND head = $3
      AND ($26::jsonb IS NULL OR (
          aggregate = $26 AND state = $26 ->> 'state' AND revision = ($26 ->> 'revision')::integer
          AND department = $26 ->> 'department' AND outcome IS NOT DISTINCT FROM $26 ->> 'outcome'
          AND task IS NOT DISTINCT FROM $26 #>> '{task,kind}' AND assignees = text_array($26 #> '{task,assignees}')))
      AND NOT EXISTS (
          SELECT FROM goal_event WHERE goal_id = $1 AND command_id = $18::jsonb -> 0 ->> 'command_id')
      AND ($21::text IS NULL OR EXISTS (
          SELECT FROM lock_and_weigh($21, $22) AS taken
          WHERE taken.goals < $24::integer AND taken.weight + $23::numeric <= $25::integer))
    RETURNING id
), entry AS (
    INSERT INTO goal_event (goal_id, seq, revision, kind, at, actor, acting_for, command_id, body, prev_hash, hash, texts)
    SELECT head.id, e.seq, e.revision, e.kind, e.at, e.actor, e.acting_for, e.command_id, e.body, e.prev_hash, e.hash,
           e.texts
    FROM head, jsonb_to_recordset($18::jsonb) AS e (
        seq integer, revision integer, kind text, at timestamptz, actor text, acting_for text, command_id text,
        body jsonb, prev_hash text, hash text, texts jsonb)
), notice AS (
    INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at, urgent)
    SELECT n.key, n.recipient, n.cycle, head.id, n.kind, n.facts, $20::timestamptz, n.urgent
    FROM head, jsonb_to_recordset($19::jsonb) AS n (
        key text, recipient text, cycle text, kind text, facts jsonb, urgent boolean)
    ON CONFLICT (key) DO NOTHING
)
SELECT count(*) FROM head
"""
_COLUMNS = (
    "state", "revision", "task", "assignees", "due_at", "department", "outcome", "score", "seq", "head", "aggregate", "policy",
    "progress", "escalated",
)  # fmt: skip

_EVENTS = 17  # the place of the events among the arguments of _RECORD, from 0
_NO_WEIGHT = (None,) * 5  # the last arguments of _RECORD, if it checks no weight

_EVENTS_AFTER = """
SELECT seq, revision, at, actor, acting_for, command_id, body, texts FROM goal_event
WHERE goal_id = $1 AND seq > $2 ORDER BY seq
"""
_HEAD = "SELECT seq, head FROM goal WHERE id = $1"
_ROW = """
SELECT g.seq, g.head, g.state, g.revision, g.department, g.outcome, g.task, g.assignees, g.aggregate,
       COALESCE(g.policy, c.policy) AS policy
FROM goal g JOIN cycle c ON c.id = g.cycle_id WHERE g.id = $1
"""

_EVENTS_OF_COMMAND = """
SELECT seq, revision, at, actor, acting_for, command_id, body, texts FROM goal_event
WHERE goal_id = $1 AND command_id = $2::jsonb -> 0 ->> 'command_id' ORDER BY seq
"""

_ERASE = "SELECT erase_texts($1, $2::integer[])"


class CommandRecorded(Exception):
    """The ledger already holds the events of a command with this id. Nothing was stored."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events
        super().__init__("a command with this id was recorded before")


class ConstraintBroken(Exception):
    """The goal would break a constraint across goals. Nothing was stored."""

    def __init__(self, conflict: constraints.Conflict) -> None:
        self.conflict = conflict
        super().__init__(conflict.code)


class HeadDiffers(Exception):
    """The last entry has the expected number but another hash: somebody altered the ledger. Nothing was stored."""


class RowDiffers(Exception):
    """The goal's row is not as the recording expects: somebody altered it, or an earlier release wrote it. Nothing was stored."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        super().__init__("the row is not what the recording replaces")


class LedgerBehind(Exception):
    """The ledger ends before the expected entry, as after an older backup was restored. Nothing was stored."""


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg ships no types
    def get_reset_query(self) -> str:
        """Recording changes no session settings, so nothing is reset: this saves a round trip per recording."""
        return ""


async def _read_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=json.loads)


@asynccontextmanager
async def open_ledger(engine: AsyncEngine, *, size: int = 10) -> AsyncIterator["Ledger"]:
    """The ledger of the engine's database, with a separate pool of at most `size` connections, opened at first use."""
    url = for_asyncpg(engine.url)
    async with asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        connection_class=_Connection,
        init=_read_json,
        server_settings=limits_of(engine).server_settings(),
    ) as pool:
        yield Ledger(pool, engine)


class Ledger:
    """Appends to the ledgers of goals. `engine` is of the same database, for a transaction that writes more than one ledger."""

    def __init__(self, pool: asyncpg.Pool, engine: AsyncEngine) -> None:
        self._pool = pool
        self.engine = engine

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
        erases: Sequence[int] = (),
        replaces: str | None = None,
    ) -> list[dict[str, Any]]:
        """Appends `events` after the entry number `before`, whose hash is `before_head`.

        `events` and `notices` are JSON arrays. `row` holds the new values of the projection (`_COLUMNS`). `at` is when the
        events happened and when the notices are due: the database's own clock is not used. `constrained` is what the goal
        claims against other goals (storage/constraints.py). `erases` are the numbers of the entries whose texts are erased; one
        of the events must say so. `replaces` is the goal's JSON that the row must hold before; None: it is not compared.

        Returns an empty list if the events were stored. Otherwise nothing was stored, and the result is the events that the
        ledger already holds after `before`. Safe to repeat: the key is the goal and the number of its last entry.
        Raises `CommandRecorded` if an earlier entry is of a command with the same id, `ConstraintBroken`, `HeadDiffers`,
        `RowDiffers`, and `LedgerBehind`, also if the goal has no row.
        """
        async with self._pool.acquire() as connection:
            return await append_on(
                connection, goal, before, before_head, row=row, events=events, notices=notices, at=at,
                constrained=constrained, erases=erases, replaces=replaces,
            )  # fmt: skip

    async def events_after(self, goal: str, before: int) -> list[dict[str, Any]]:
        """The goal's events after the entry number `before`, in order."""
        async with self._pool.acquire() as connection:
            return [event_of(entry) for entry in await connection.fetch(_EVENTS_AFTER, goal, before)]


async def append_on(
    connection: asyncpg.Connection,
    goal: str,
    before: int,
    before_head: str,
    *,
    row: Mapping[str, Any],
    events: str,
    notices: str,
    at: datetime,
    constrained: Mapping[str, Any] | None = None,
    erases: Sequence[int] = (),
    replaces: str | None = None,
) -> list[dict[str, Any]]:
    """As `Ledger.append`, on this connection; the caller may have a transaction open."""
    values = dict(row) | {
        "score": Decimal(row["score"]),
        "progress": Decimal(row["progress"]),
        "escalated": row.get("escalated", False),  # a recording that an earlier release planned does not say it
        "due_at": datetime.fromisoformat(row["due_at"]) if row["due_at"] else None,
    }
    arguments = (goal, before, before_head, *(values[name] for name in _COLUMNS), events, notices, at)
    stored = await _store(connection, arguments, constrained, erases, replaces)
    return [] if stored else await _stored_instead(connection, goal, before, before_head, events)


async def _store(
    connection: asyncpg.Connection,
    arguments: tuple[Any, ...],
    constrained: Mapping[str, Any] | None,
    erases: Sequence[int],
    replaces: str | None,
) -> bool:
    """Stores the events; returns whether they were stored.

    If the goal claims only a weight, the statement itself checks it. If that fails, the separate checks find the reason.
    """
    if erases:
        return await _store_erasure(connection, arguments, erases, replaces)
    if constrained is None:
        return bool(await connection.fetchval(_RECORD, *arguments, *_NO_WEIGHT, replaces))
    weight = constraints.only_weight(constrained)
    if weight and await connection.fetchval(_RECORD, *arguments, *weight, replaces):
        return True
    return await _store_constrained(connection, arguments, constrained, replaces)


async def _store_erasure(
    connection: asyncpg.Connection, arguments: tuple[Any, ...], erases: Sequence[int], replaces: str | None
) -> bool:
    """Stores the events and erases the texts of the entries `erases`; returns whether both were done."""
    async with connection.transaction():
        stored = bool(await connection.fetchval(_RECORD, *arguments, *_NO_WEIGHT, replaces))
        if stored:
            await connection.execute(_ERASE, arguments[0], list(erases))
        return stored


async def _store_constrained(
    connection: asyncpg.Connection, arguments: tuple[Any, ...], constrained: Mapping[str, Any], replaces: str | None
) -> bool:
    """Checks the constraints across goals, then stores; returns whether the events were stored.

    A conflict counts only if the ledger still ends at `before`. Otherwise this recording may be a repeat of one that was
    stored, and the caller compares.
    """
    goal, before, *_ = arguments
    async with connection.transaction():
        conflict = await constraints.check(connection, goal, constrained)
        if conflict and (head := await connection.fetchrow(_HEAD, goal)) and head["seq"] == before:
            await _require_new_command(connection, goal, arguments[_EVENTS])
            raise ConstraintBroken(conflict)
        stored = not conflict and bool(await connection.fetchval(_RECORD, *arguments, *_NO_WEIGHT, replaces))
        if stored:
            await constraints.notify_children(connection, goal, constrained, arguments[-1])
        return stored


async def _stored_instead(
    connection: asyncpg.Connection, goal: str, before: int, before_head: str, events: str
) -> list[dict[str, Any]]:
    """The events that the ledger holds after `before`, when a recording was not stored. Raises as `Ledger.append` does."""
    found = [event_of(entry) for entry in await connection.fetch(_EVENTS_AFTER, goal, before)]
    if found:
        return found
    row = await connection.fetchrow(_ROW, goal)
    if row and row["seq"] == before and row["head"] != before_head:
        raise HeadDiffers(goal)
    await _require_new_command(connection, goal, events)
    if row and row["seq"] == before:
        raise RowDiffers(dict(row))
    raise LedgerBehind(goal)


async def _require_new_command(connection: asyncpg.Connection, goal: str, events: str) -> None:
    """Raises `CommandRecorded` if the ledger holds entries of the command that made `events`."""
    if found := await connection.fetch(_EVENTS_OF_COMMAND, goal, events):
        raise CommandRecorded([event_of(entry) for entry in found])


def event_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A ledger row as the JSON of its event, with the texts in their places; `salts` and `erased` as in domain.goal.events."""
    texts = well_formed(entry["texts"])
    body, erased = open_texts(entry["body"], texts)
    event = {
        "seq": entry["seq"],
        "revision": entry["revision"],
        "at": entry["at"],
        "actor": entry["actor"],
        "acting_for": entry["acting_for"],
        "command": entry["command_id"],
        "body": body,
        "salts": {place: one["salt"] for place, one in texts.items()} or None,
        "erased": erased or None,
    }
    return {name: value for name, value in event.items() if value is not None}
