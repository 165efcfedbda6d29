"""The list of cycles with their numbers, as a screen shows it: neither files nor whole rules are read."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import DateTime, Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import CycleState

_RULES = "COALESCE(c.policy_now, c.policy)"
_LISTED = text(f"""
SELECT c.id, c.name, c.state, c.launched_by, c.launched_at, c.closed_at, c.policy #>> '{{calendar,timezone}}',
    ({_RULES} ->> 'starts')::date, ({_RULES} ->> 'ends')::date, ({_RULES} ->> 'closes')::date,
    COALESCE((SELECT jsonb_object_agg(p.result, p.people) FROM participant_count p WHERE p.cycle_id = c.id), '{{}}'),
    COALESCE((SELECT jsonb_object_agg(g.state, g.n) FROM (
        SELECT state, sum(goals) AS n FROM goal_count WHERE cycle_id = c.id GROUP BY state
    ) g), '{{}}')
FROM cycle c
WHERE CAST(:at AS timestamptz) IS NULL OR (c.launched_at, c.id) < (:at, :id)
ORDER BY c.launched_at DESC, c.id DESC LIMIT :limit
""").bindparams(  # noqa: S608 - our own names
    bindparam("at", type_=DateTime(timezone=True)), bindparam("id", type_=Text), bindparam("limit", type_=Integer)
)


class ListedCycle(NamedTuple):
    """A cycle with its current dates, its participants by launch result, and its goals by state."""

    id: str
    name: str
    state: CycleState
    launched_by: str
    launched_at: datetime
    closed_at: datetime | None
    time_zone: str
    starts: date
    ends: date
    closes: date
    participants: dict[str, int]
    goals: dict[str, int]


async def page_of_cycles(
    connection: AsyncConnection, after: tuple[datetime, str] | None, limit: int
) -> list[ListedCycle]:
    """The next cycles after the one that was launched at that moment and has that id, the latest launch first."""
    at, identity = after or (None, "")
    rows = await connection.execute(_LISTED, {"at": at, "id": identity, "limit": limit})
    return [ListedCycle(row[0], row[1], CycleState(row[2]), *row[3:]) for row in rows]
