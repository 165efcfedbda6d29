"""Recording: the ledger, the projection and the queued notices change together, in one statement, or not at all."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import constraints as claims

# Compare and swap on the goal's head. Two that record behind the same head meet at the row's lock; the second then finds
# another head and changes nothing. One statement is one transaction and one way to the server and back.
_RECORD = text("""
WITH head AS (
    UPDATE goal SET
        state = :state, revision = :revision, task = :task, assignees = :assignees, due_at = :due_at,
        department = :department, outcome = :outcome, score = :score, progress = :progress, seq = :seq, head = :head, aggregate = CAST(:aggregate AS jsonb),
        policy = COALESCE(CAST(:policy AS jsonb), policy), updated_at = :at
    WHERE id = :goal AND seq = :before
    RETURNING id
), entry AS (
    INSERT INTO goal_event (goal_id, seq, revision, kind, at, actor, acting_for, command_id, body, prev_hash, hash)
    SELECT head.id, e.seq, e.revision, e.kind, e.at, e.actor, e.acting_for, e.command_id, e.body, e.prev_hash, e.hash
    FROM head, jsonb_to_recordset(CAST(:events AS jsonb)) AS e (
        seq integer, revision integer, kind text, at timestamptz, actor text, acting_for text, command_id text,
        body jsonb, prev_hash text, hash text)
), notice AS (
    INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at, urgent)
    SELECT n.key, n.recipient, n.cycle, head.id, n.kind, n.facts, CAST(:at AS timestamptz), n.urgent
    FROM head, jsonb_to_recordset(CAST(:notices AS jsonb)) AS n (
        key text, recipient text, cycle text, kind text, facts jsonb, urgent boolean)
    ON CONFLICT (key) DO NOTHING
)
SELECT count(*) FROM head
""")

_BEHIND = text("""
SELECT seq, revision, at, actor, acting_for, command_id, body FROM goal_event
WHERE goal_id = :goal AND seq > :before ORDER BY seq
""")

_SEQ = text("SELECT seq FROM goal WHERE id = :goal")

_ONCE_PER_COMMAND = "goal_event_once_per_command"


class CommandKnown(Exception):
    """The ledger holds an event of this command already: it was carried out long ago."""


class ClaimRefused(Exception):
    """Other goals stand against what this one claims; nothing was stored."""

    def __init__(self, against: claims.Against) -> None:
        self.against = against
        super().__init__(against.code)


async def append(
    engine: AsyncEngine,
    goal: str,
    before: int,
    *,
    row: dict[str, Any],
    events: str,
    notices: str,
    at: datetime,
    claimed: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Appends `events` (JSON) behind the entry `before`; the key is the goal and the number of its last entry.

    `at` is when they happened. The notices are due then: the clock that later asks what is due is not the database's.
    Empty where they were stored. Else nothing was, and the answer holds the events that stand there already. Raises
    `CommandKnown` where an entry of the same command stands further back, `ClaimRefused`, `LookupError` where the goal has
    no row.
    """
    parameters = row | {
        "goal": goal,
        "before": before,
        "events": events,
        "notices": notices,
        "at": at,
        "score": Decimal(row["score"]),
        "progress": Decimal(row["progress"]),
        "due_at": datetime.fromisoformat(row["due_at"]) if row["due_at"] else None,
    }
    try:
        if await (_store(engine, parameters) if claimed is None else _store_claiming(engine, parameters, claimed)):
            return []
    except IntegrityError as error:
        if _ONCE_PER_COMMAND in str(error.orig):
            raise CommandKnown from error
        raise
    found = await behind(engine, goal, before)
    if not found:
        raise LookupError(f"goal {goal} has no row whose ledger ends at {before} or later")
    return found


async def _store(engine: AsyncEngine, parameters: dict[str, Any]) -> bool:
    """Whether the recording stands: one statement, one way to the server and back."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        return bool((await connection.execute(_RECORD, parameters)).scalar_one())


async def _store_claiming(engine: AsyncEngine, parameters: dict[str, Any], claimed: dict[str, Any]) -> bool:
    """The same behind the claims' checks. A goal that has moved on is left to the comparison: it may be this very recording."""
    goal = parameters["goal"]
    async with engine.begin() as connection:
        against = await claims.check(connection, goal, claimed)
        if against and (await connection.execute(_SEQ, {"goal": goal})).scalar_one_or_none() == parameters["before"]:
            raise ClaimRefused(against)
        stored = not against and bool((await connection.execute(_RECORD, parameters)).scalar_one())
        if stored:
            await claims.tell_children(connection, goal, claimed, parameters["at"])
        return stored


async def behind(engine: AsyncEngine, goal: str, before: int) -> list[dict[str, Any]]:
    """The goal's events behind the entry `before`, in order."""
    async with engine.connect() as connection:
        return [event_of(entry) for entry in await connection.execute(_BEHIND, {"goal": goal, "before": before})]


def event_of(entry: Any) -> dict[str, Any]:
    """A ledger row as the JSON form of its event."""
    event = {
        "seq": entry.seq,
        "revision": entry.revision,
        "at": entry.at,
        "actor": entry.actor,
        "acting_for": entry.acting_for,
        "command": entry.command_id,
        "body": entry.body,
    }
    return {name: value for name, value in event.items() if value is not None}
