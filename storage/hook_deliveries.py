"""The deliveries to a receiver of events: the page of them, and sending one again."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal

_COLUMNS = """
SELECT k.number, k.goal_id, k.seq, e.body ->> 'kind', k.attempts, k.error, e.recorded_at, k.retry_at, k.sent_at, k.gave_up_at
FROM hook_event k JOIN goal_event e USING (goal_id, seq) WHERE k.receiver_id = :receiver
"""
_PAGE = text(f"""
{_COLUMNS} AND (CAST(:before AS bigint) IS NULL OR k.number < :before) ORDER BY k.number DESC LIMIT :limit
""")
_ONE = text(f"{_COLUMNS} AND k.number = :number")
# Not one that is about to be sent anyway.
_AGAIN = text("""
UPDATE hook_event SET sent_at = NULL, gave_up_at = NULL, failing_since = NULL, retry_at = NULL, error = NULL
WHERE receiver_id = :receiver AND number = :number
    AND (sent_at IS NOT NULL OR gave_up_at IS NOT NULL OR retry_at IS NOT NULL)
""")


class Delivery(NamedTuple):
    """A ledger entry for a receiver. `error` is the code of the last attempt, if it failed."""

    number: int
    goal_id: str
    seq: int
    kind: str
    attempts: int
    error: str | None
    recorded_at: datetime
    retry_at: datetime | None
    sent_at: datetime | None
    gave_up_at: datetime | None


async def page(connection: AsyncConnection, receiver: str, *, before: int | None, limit: int) -> list[Delivery]:
    """At most `limit` deliveries with a number below `before`, the newest first."""
    found = await connection.execute(_PAGE, {"receiver": receiver, "before": before, "limit": limit})
    return [Delivery(*row) for row in found]


async def find(connection: AsyncConnection, receiver: str, number: int) -> Delivery | None:
    row = (await connection.execute(_ONE, {"receiver": receiver, "number": number})).one_or_none()
    return Delivery(*row) if row else None


async def send_again(connection: AsyncConnection, receiver: str, delivery: Delivery, *, by: str) -> None:
    """Queues the delivery again, under the same idempotency key. Changes nothing if it is about to be sent anyway."""
    if (await connection.execute(_AGAIN, {"receiver": receiver, "number": delivery.number})).rowcount:
        facts = {"hook": receiver, "delivery": delivery.number}
        await journal.append(connection, Log.HOOKS, "hook_replayed", actor=by, facts=facts)
