"""Delivery problems, for HR: how many notices were sent, which ones failed, and trying these again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import NoticeEvent
from storage.outbox import queued
from storage.tables import OutboxRow
from storage.transitions import move_notices

# One line for each of HR, until it is sent the only one: its count grows with what fails meanwhile. Then the next, on
# another day at the earliest. What fails of these lines themselves is not counted: that would never end.
_TELL_HR = text("""
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT 'delivery_trouble:' || c.id || ':' || hr.id || ':' || COALESCE(extract(epoch FROM told.at)::bigint, 0),
       hr.id, c.id, c.id, 'delivery_trouble', jsonb_build_object('count', trouble.count), :now
FROM cycle c
CROSS JOIN LATERAL (SELECT COALESCE(c.policy_now, c.policy) AS rules) p
CROSS JOIN LATERAL jsonb_array_elements_text(p.rules -> 'hr') AS hr (id)
CROSS JOIN LATERAL (
    SELECT max(o.sent_at) AS at, p.rules -> 'calendar' ->> 'timezone' AS zone FROM outbox o
    WHERE o.kind = 'delivery_trouble' AND o.cycle_id = c.id AND o.recipient_id = hr.id
) told
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM outbox o
    WHERE o.cycle_id = c.id AND (o.gave_up_at IS NOT NULL OR o.fell_back IS NOT NULL) AND o.kind <> 'delivery_trouble'
      AND COALESCE(o.gave_up_at, o.sent_at) > COALESCE(told.at, '-infinity')
) trouble
WHERE trouble.count > 0
  AND (told.at IS NULL OR (told.at AT TIME ZONE told.zone)::date < (CAST(:now AS timestamptz) AT TIME ZONE told.zone)::date)
ON CONFLICT (key) DO UPDATE SET facts = excluded.facts
    WHERE outbox.message_id IS NULL AND outbox.facts <> excluded.facts
""")


class Summary(NamedTuple):
    """Numbers of notices by state."""

    sent: int
    waiting: int
    given_up: int
    fell_back: int  # of those that were sent or are queued
    withdrawn: int


class Failed(NamedTuple):
    """A message that was given up, or that fell back to another channel."""

    recipient_id: str
    cycle_id: str
    notices: int
    code: str | None  # of the last try
    fell_back: str | None  # `channel:code` of each that failed before
    channel: str | None  # over which it was sent
    gave_up_at: datetime | None
    due_at: datetime


async def summary(connection: AsyncConnection, cycle: str | None = None) -> Summary:
    def counted(condition: ColumnElement[bool]) -> Any:
        return func.count().filter(condition)

    query = select(
        counted(OutboxRow.sent_at.is_not(None)),
        counted(queued),
        counted(OutboxRow.gave_up_at.is_not(None)),
        counted(OutboxRow.fell_back.is_not(None) & OutboxRow.gave_up_at.is_(None)),
        counted(OutboxRow.withdrawn_at.is_not(None)),
    )
    if cycle is not None:
        query = query.where(OutboxRow.cycle_id == cycle)
    return Summary(*(await connection.execute(query)).one())


async def failed(connection: AsyncConnection, cycle: str | None = None, limit: int = 100) -> list[Failed]:
    """Messages that were given up or fell back, the newest first."""
    newest = func.max(OutboxRow.due_at)
    query = (
        select(
            OutboxRow.recipient_id,
            func.max(OutboxRow.cycle_id),
            func.count(),
            func.max(OutboxRow.error),
            func.max(OutboxRow.fell_back),
            func.max(OutboxRow.channel),
            func.max(OutboxRow.gave_up_at),
            newest,
        )
        .where(OutboxRow.gave_up_at.is_not(None) | OutboxRow.fell_back.is_not(None))
        .group_by(OutboxRow.message_id, OutboxRow.recipient_id)
        .order_by(newest.desc(), OutboxRow.recipient_id)
        .limit(limit)
    )
    if cycle is not None:
        query = query.where(OutboxRow.cycle_id == cycle)
    return [Failed(*row) for row in await connection.execute(query)]


async def put_back(connection: AsyncConnection, cycles: Collection[str]) -> int:
    """Queues the notices that were given up in these cycles again, as if they had never been tried; how many notices.

    Each is sent with what is due for its recipient by then. A repeat finds nothing.
    """
    fresh: dict[str, Any] = dict.fromkeys(
        ("message_id", "digest_on", "gave_up_at", "retry_at", "fell_back", "error"), None
    )
    which = OutboxRow.cycle_id.in_(list(cycles))
    return await move_notices(connection, NoticeEvent.PUT_BACK, which, attempts=0, **fresh)


async def tell_hr(connection: AsyncConnection, now: datetime) -> None:
    """Queues for each member of a cycle's HR one notice with the number of failures since their last such notice.

    Keyed by the person and the time of that last notice, so a repeat only updates the number.
    """
    await connection.execute(_TELL_HR, {"now": now})
