"""Delivery problems, for HR: the numbers of notices by state, the messages that failed, and queueing them again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import NoticeEvent
from storage.arrays import is_one_of
from storage.outbox import queued
from storage.tables import OutboxRow
from storage.transitions import move_notices

# At most one queued notice per member of HR and cycle: while it is queued, its count grows with new failures. After it is sent,
# the next one is queued on a later day at the earliest. Failures of these notices themselves are not counted: each would cause
# another notice.
_NOTIFY_HR = text("""
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT 'delivery_trouble:' || c.id || ':' || hr.id || ':' || COALESCE(extract(epoch FROM last_notice.at)::bigint, 0),
       hr.id, c.id, c.id, 'delivery_trouble', jsonb_build_object('count', failures.count), :now
FROM cycle c
CROSS JOIN LATERAL (SELECT COALESCE(c.policy_now, c.policy) AS rules) p
CROSS JOIN LATERAL jsonb_array_elements_text(p.rules -> 'hr') AS hr (id)
CROSS JOIN LATERAL (
    SELECT max(o.sent_at) AS at, p.rules -> 'calendar' ->> 'timezone' AS zone FROM outbox o
    WHERE o.kind = 'delivery_trouble' AND o.cycle_id = c.id AND o.recipient_id = hr.id
) last_notice
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM outbox o
    WHERE o.cycle_id = c.id AND (o.gave_up_at IS NOT NULL OR o.fell_back IS NOT NULL) AND o.kind <> 'delivery_trouble'
      AND COALESCE(o.gave_up_at, o.sent_at) > COALESCE(last_notice.at, '-infinity')
) failures
WHERE failures.count > 0
  AND (last_notice.at IS NULL OR (last_notice.at AT TIME ZONE last_notice.zone)::date
       < (CAST(:now AS timestamptz) AT TIME ZONE last_notice.zone)::date)
ON CONFLICT (key) DO UPDATE SET facts = excluded.facts
    WHERE outbox.message_id IS NULL AND outbox.facts <> excluded.facts
""")


class Summary(NamedTuple):
    """The numbers of notices by state."""

    sent: int
    waiting: int
    given_up: int
    fell_back: int  # of those that were sent or are queued
    withdrawn: int


class FailedMessage(NamedTuple):
    """A message that was given up, or that was sent over another channel after its first one failed."""

    recipient_id: str
    cycle_id: str
    notices: int
    code: str | None  # the error of the last attempt
    fell_back: str | None  # `channel:code` of each channel that failed, separated by spaces
    channel: str | None  # the channel over which it was sent
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


async def failed(connection: AsyncConnection, cycle: str | None = None, limit: int = 100) -> list[FailedMessage]:
    """The messages that failed on a channel, the newest first."""
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
    return [FailedMessage(*row) for row in await connection.execute(query)]


async def put_back(connection: AsyncConnection, cycles: Collection[str]) -> int:
    """Queues again the notices of these cycles that were given up, as if they had never been tried; returns how many.

    They are sent together with the other notices that are due for the same recipient. A repeat finds none.
    """
    initial: dict[str, Any] = dict.fromkeys(
        ("message_id", "digest_on", "gave_up_at", "retry_at", "fell_back", "error"), None
    )
    which = is_one_of(OutboxRow.cycle_id, cycles)
    return await move_notices(connection, NoticeEvent.PUT_BACK, which, attempts=0, **initial)


async def notify_hr(connection: AsyncConnection, now: datetime) -> None:
    """Queues for each member of a cycle's HR one notice with the number of failures since the last such notice.

    Keyed by cycle, person and the time of that last notice, so a repeat only updates the number.
    """
    await connection.execute(_NOTIFY_HR, {"now": now})
