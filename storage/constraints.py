"""Constraints across goals (weights, numbers, parents, heard problems), checked inside the transaction that records a goal.

A check holds a lock until the commit: for weights one per person and cycle, for parents one per cycle. A second check waits
for it and then sees what the first one wrote. Without the lock, both could be right by what they saw, and wrong together.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

_NAMED = 5  # unknown problems that a refusal names
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_WEIGHT = "SELECT goals, weight FROM lock_and_weigh($1, $2)"
_PARENT = """
SELECT EXISTS (SELECT FROM goal WHERE id = $1 AND cycle_id = $2)
    OR EXISTS (SELECT FROM cycle WHERE id = $2 AND (
        file -> 'themes' @> jsonb_build_array(jsonb_build_object('id', $1::text))
        OR file -> 'department_goals' @> jsonb_build_array(jsonb_build_object('id', $1::text))))
"""
# $1 is the parent, $2 the goal. Drafts are left out: a draft never blocks a submission.
_WAY_UP = """
WITH RECURSIVE above AS (
    SELECT $1::text AS id, ARRAY[$2::text, $1::text] AS way
    UNION ALL
    SELECT g.parent, a.way || g.parent
    FROM above a JOIN goal g ON g.id = a.id
    WHERE g.state <> 'draft' AND g.parent IS NOT NULL
      AND NOT g.parent = ANY (a.way[2:]) AND a.id <> $2
)
SELECT way FROM above WHERE id = $2 LIMIT 1
"""
_HEARD = "SELECT id FROM problem WHERE id = ANY($1) AND cycle_id = $2"
_TELL_CHILDREN = """
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT g.id || '#' || $1 || ':' || $2 || ':parent_closed:' || g.owner_id, g.owner_id, g.cycle_id, g.id, 'parent_closed',
       jsonb_strip_nulls(jsonb_build_object(
           'owner', g.owner_id, 'theme', g.theme, 'actor', p.owner_id, 'seq', g.seq,
           'state', g.state)), $4::timestamptz
FROM goal g JOIN goal p ON p.id = $1
WHERE g.cycle_id = $3 AND g.parent = $1 AND g.state <> 'closed' AND g.owner_id <> p.owner_id
ON CONFLICT (key) DO NOTHING
"""


class Conflict(NamedTuple):
    """Why a constraint does not hold: a refusal's code, and the fields of its sentence."""

    code: str
    fields: dict[str, str | int | tuple[str, ...]]


async def check(connection: asyncpg.Connection, goal: str, wanted: Mapping[str, Any]) -> Conflict | None:
    """The first conflict with another goal; takes the locks that hold until the transaction ends."""
    cycle, owner = wanted["cycle"], wanted["owner"]
    if wanted["weight"] is not None and (
        conflict := _weight(wanted, *await connection.fetchrow(_WEIGHT, owner, cycle))
    ):
        return conflict
    if wanted["parent"] is not None:
        await connection.execute(_LOCK, f"parent:{cycle}")
        if conflict := await _parent(connection, goal, wanted):
            return conflict
    if wanted["answers"]:
        heard = {row["id"] for row in await connection.fetch(_HEARD, list(wanted["answers"]), cycle)}
        if unknown := [one for one in wanted["answers"] if one not in heard]:
            return Conflict("unknown_problem", {"problem": tuple(unknown[:_NAMED])})
    return None


def only_weight(wanted: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Owner, cycle, weight and the bounds, where the weight is all that is to be checked and nobody is to be told."""
    if wanted["weight"] is None or wanted["parent"] is not None or wanted["answers"] or wanted["ended_by"] is not None:
        return None
    return wanted["owner"], wanted["cycle"], wanted["weight"], wanted["max_goals"], wanted["max_weight"]


async def tell_children(connection: asyncpg.Connection, goal: str, wanted: Mapping[str, Any], at: datetime) -> None:
    """Queues a notice to the owners of the goals under one that ended `at`; by the entry that ended it, once."""
    if wanted["ended_by"] is not None:
        await connection.execute(_TELL_CHILDREN, goal, str(wanted["ended_by"]), wanted["cycle"], at)


def _weight(wanted: Mapping[str, Any], goals: int, taken: int) -> Conflict | None:
    owner = wanted["owner"]
    if goals + 1 > wanted["max_goals"]:
        return Conflict("too_many_goals", {"owner": owner, "taken": goals, "most": wanted["max_goals"]})
    if taken + wanted["weight"] > wanted["max_weight"]:
        left = max(wanted["max_weight"] - taken, 0)
        return Conflict("too_much_weight", {"owner": owner, "taken": taken, "weight": wanted["weight"], "left": left})
    return None


async def _parent(connection: asyncpg.Connection, goal: str, wanted: Mapping[str, Any]) -> Conflict | None:
    parent = wanted["parent"]
    if not await connection.fetchval(_PARENT, parent, wanted["cycle"]):
        return Conflict("unknown_parent", {"parent": parent})
    way = await connection.fetchval(_WAY_UP, parent, goal)
    return Conflict("circle", {"way": tuple(way)}) if way else None
