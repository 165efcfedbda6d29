"""Who was not at work for the whole of a cycle: the days of employment and leave, and what was kept when the cycle ended."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people.leave import Leave
from domain.people.organisation import DIRECTORY_ZONE
from domain.values import SILENT

_LEAVES = TypeAdapter(list[Leave], config=SILENT)

# Somebody who left without a last day, or before it, worked up to the day before the directory learned it.
_PRESENCE = text("""
    SELECT e.id, e.site, e.joined_on, CASE WHEN e.active THEN e.leaves ELSE LEAST(e.leaves, (
            SELECT (max(c.at) AT TIME ZONE :zone)::date - 1 FROM person_change c
            WHERE c.employee_id = e.id AND c.change = 'left'
        )) END AS last_day,
        e.away_from, e.away_until, e.further_leaves::text AS further
    FROM participant p JOIN employee e ON e.id = p.employee_id
    WHERE p.cycle_id = :cycle AND (CAST(:people AS text[]) IS NULL OR e.id = ANY(:people)) AND (
        NOT e.active OR e.joined_on > :starts OR e.leaves < :closes OR e.away_from <= :closes OR e.further_leaves <> '[]')
    ORDER BY e.id
""")
_KEPT = text("""
    SELECT employee_id, days_at_work, days_of_cycle FROM participant
    WHERE cycle_id = :cycle AND days_at_work IS NOT NULL
        AND (CAST(:people AS text[]) IS NULL OR employee_id = ANY(:people))
    ORDER BY employee_id
""")
_FORGET = text("""
    UPDATE participant SET days_at_work = NULL, days_of_cycle = NULL WHERE cycle_id = :cycle AND days_at_work IS NOT NULL
""")
_KEEP = text("""
    UPDATE participant p SET days_at_work = found.days, days_of_cycle = found.days_of_cycle
    FROM unnest(CAST(:people AS text[]), CAST(:days AS integer[]), CAST(:days_of_cycle AS integer[]))
        AS found (id, days, days_of_cycle)
    WHERE p.cycle_id = :cycle AND p.employee_id = found.id
""")


class Presence(NamedTuple):
    """A participant's days of employment and leave; `last_day` None: the person works here."""

    person: str
    site: str | None
    joined_on: date | None
    last_day: date | None
    leaves: tuple[Leave, ...]


async def presences(
    connection: AsyncConnection, cycle: str, starts: date, closes: date, people: Collection[str] | None = None
) -> list[Presence]:
    """The participants who may not have been at work from `starts` to `closes`, by id; of `people`, if they are given. One query."""
    values = {"cycle": cycle, "starts": starts, "closes": closes, "zone": DIRECTORY_ZONE.key}
    rows = await connection.execute(_PRESENCE, values | {"people": None if people is None else list(people)})
    return [
        Presence(
            row.id,
            row.site,
            row.joined_on,
            row.last_day,
            (Leave(first=row.away_from, last=row.away_until), *_LEAVES.validate_json(row.further)),
        )
        for row in rows
    ]


async def kept(
    connection: AsyncConnection, cycle: str, people: Collection[str] | None = None
) -> dict[str, tuple[int, int]]:
    """The days at work and those of the cycle, of people who were not always at work, as they were when the cycle ended."""
    values = {"cycle": cycle, "people": None if people is None else list(people)}
    return {row[0]: (row[1], row[2]) for row in await connection.execute(_KEPT, values)}


async def keep(connection: AsyncConnection, cycle: str, times: Mapping[str, tuple[int, int]]) -> None:
    """Keeps these days instead of those that were kept before. A repeat keeps the same."""
    await connection.execute(_FORGET, {"cycle": cycle})
    if times:
        days, days_of_cycle = ([one[n] for one in times.values()] for n in range(2))
        await connection.execute(
            _KEEP, {"cycle": cycle, "people": list(times), "days": days, "days_of_cycle": days_of_cycle}
        )
