"""A person's own notices: everything that was queued for them, sent or not, but what was withdrawn before it was sent."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.arrays import is_one_of
from storage.tables import GoalRow


class OwnNotice(NamedTuple):
    """A notice to the person. `at`: when what it tells happened; `sent_at` None: it waits for its digest, or was given up."""

    id: int
    kind: str
    goal: str
    cycle: str
    facts: dict[str, Any]
    at: datetime
    urgent: bool
    sent_at: datetime | None
    channel: str | None


# A notice that only corrects an entry of a calendar tells nothing to read.
_NEWEST = text("""
SELECT id, kind, goal_id, cycle_id, facts, due_at, urgent, sent_at, channel FROM outbox
WHERE recipient_id = :person AND (CAST(:before AS bigint) IS NULL OR id < :before)
  AND withdrawn_at IS NULL AND kind <> 'calendar_changed'
ORDER BY id DESC LIMIT :limit
""")


async def newest(connection: AsyncConnection, person: str, *, before: int | None, limit: int) -> list[OwnNotice]:
    """The person's newest notices, at most `limit`; with `before`, those with a smaller id. One query."""
    values = {"person": person, "before": before, "limit": limit}
    return [OwnNotice(*row) for row in await connection.execute(_NEWEST, values)]


async def themes(connection: AsyncConnection, goals: list[str], condition: ColumnElement[bool]) -> dict[str, str]:
    """The themes of those of these goals that the condition lets through, by id. One query."""
    query = select(GoalRow.id, GoalRow.theme).where(is_one_of(GoalRow.id, goals), condition)
    return {row[0]: row[1] for row in await connection.execute(query)}
