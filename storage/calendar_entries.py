"""The entries that mails brought into people's calendars: reading and recording them, and queueing news of those that are wrong."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import Date, DateTime, Row, Text, bindparam, func, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notices.calendar_entries import CalendarEntry, KnownEntry
from storage.tables import CalendarEntryRow

# Each entry with the task as it is now: `due_now` is null if there is no such task, its goal is paused, or it is not the reader's.
_ENTRIES = """
    SELECT e.recipient_id, e.goal_id, e.kind, e.due_at, e.number, e.is_cancelled, g.cycle_id, COALESCE(g.seq, 0) AS seq,
        COALESCE(g.owner_id, '') AS owner, COALESCE(g.theme, '') AS theme,
        CASE WHEN NOT g.paused
            AND CASE WHEN g.task IN ('self_review', 'verdict') THEN 'review' ELSE g.task END = e.kind
            AND (e.recipient_id = ANY (g.assignees)
                OR EXISTS (
                    SELECT 1 FROM jsonb_array_elements(COALESCE(g.aggregate -> 'delegations', '[]')) d
                    WHERE d ->> 'to' = e.recipient_id AND d ->> 'delegator' = ANY (g.assignees)
                        AND CAST(:day AS text) BETWEEN d ->> 'first' AND d ->> 'last'
                )
                OR EXISTS (
                    SELECT 1 FROM delegation d
                    WHERE d.to_id = e.recipient_id AND d.delegator_id = ANY (g.assignees)
                        AND CAST(:day AS date) BETWEEN d.first AND d.last
                ))
        THEN g.due_at END AS due_now
    FROM calendar_entry e LEFT JOIN goal g ON g.id = e.goal_id
"""
_KNOWN = text(
    f"{_ENTRIES} WHERE e.recipient_id = ANY (:readers) ORDER BY e.recipient_id, e.goal_id, e.kind"
).bindparams(bindparam("readers", type_=ARRAY(Text)), bindparam("day", type_=Date))
# One notice per reader and goal. None for those who get a message anyway, which brings the change along, and none for days
# that are over, where nobody looks any more.
_QUEUE = text(f"""
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT DISTINCT ON (n.recipient_id, n.goal_id)
    n.goal_id || '#' || n.seq || ':calendar_changed:' || n.number || ':' || n.kind || ':' || n.recipient_id, n.recipient_id, n.cycle_id, n.goal_id,
    'calendar_changed', jsonb_build_object('owner', n.owner, 'seq', n.seq), :now
FROM ({_ENTRIES} WHERE NOT e.is_cancelled) n
JOIN employee p ON p.id = n.recipient_id AND p.mail IS NOT NULL
LEFT JOIN preference c ON c.employee_id = n.recipient_id
WHERE n.due_now IS DISTINCT FROM n.due_at AND GREATEST(n.due_at, n.due_now) > :now
    AND n.cycle_id IS NOT NULL AND COALESCE(c.channel, 'mail') = 'mail'
    AND NOT EXISTS (
        SELECT 1 FROM outbox o WHERE o.recipient_id = n.recipient_id
            AND o.sent_at IS NULL AND o.gave_up_at IS NULL AND o.withdrawn_at IS NULL
    )
ORDER BY n.recipient_id, n.goal_id, n.kind
ON CONFLICT (key) DO NOTHING
""").bindparams(  # noqa: S608 - our own words
    bindparam("now", type_=DateTime(timezone=True)), bindparam("day", type_=Date)
)


async def known_entries(
    connection: AsyncConnection, readers: Collection[str], day: date
) -> dict[str, list[KnownEntry]]:
    """The entries in these people's calendars, with their tasks as they are now; delegations are those of `day`."""
    found: dict[str, list[KnownEntry]] = {}
    for row in await connection.execute(_KNOWN, {"readers": sorted(set(readers)), "day": day}):
        found.setdefault(row.recipient_id, []).append(_known(row))
    return found


def _known(row: Row[tuple[object, ...]]) -> KnownEntry:
    entry = CalendarEntry(row.goal_id, row.kind, row.due_at, row.number, row.is_cancelled)
    return KnownEntry(entry, row.owner, row.theme, row.due_now, row.seq)


async def record_entries(connection: AsyncConnection, reader: str, entries: Sequence[CalendarEntry]) -> None:
    """Records the entries of a mail that was sent. Keyed by reader, goal and kind; a number that is not higher changes nothing."""
    if not entries:
        return
    rows = [{"recipient_id": reader, **one._asdict()} for one in entries]
    query = insert(CalendarEntryRow)
    new = {name: query.excluded[name] for name in ("due_at", "number", "is_cancelled")}
    await connection.execute(
        query.on_conflict_do_update(
            index_elements=["recipient_id", "goal_id", "kind"],
            set_={**new, "sent_at": func.now()},
            where=CalendarEntryRow.number < query.excluded.number,
        ),
        rows,
    )


async def queue_changes(connection: AsyncConnection, now: datetime, day: date) -> None:
    """Queues a notice for everybody whose calendar has an entry that is wrong now. Keyed by the entry and the goal's last ledger entry: a repeat adds none."""
    await connection.execute(_QUEUE, {"now": now, "day": day})
