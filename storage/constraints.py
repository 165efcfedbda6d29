"""Constraints across goals (weights, numbers, parents, heard problems), checked inside the transaction that records a goal.

A check takes a lock and holds it until the commit: for weights one lock per person and cycle, for parents one per cycle. A
second check waits for the lock and then sees what the first one wrote. Without the lock, two transactions could each pass the
check and break the constraint together.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import asyncpg

from domain.values import shown

_MAX_LISTED = 5  # unknown problems that a refusal lists
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_WEIGHT = "SELECT goals, weight FROM lock_and_weigh($1, $2)"
_PARENT = """
SELECT EXISTS (SELECT FROM goal WHERE id = $1 AND cycle_id = $2)
    OR EXISTS (SELECT FROM cycle WHERE id = $2 AND (
        file -> 'themes' @> jsonb_build_array(jsonb_build_object('id', $1::text))
        OR file -> 'department_goals' @> jsonb_build_array(jsonb_build_object('id', $1::text))))
"""
# From the parent ($1) upwards until the goal ($2) is found again. Drafts are ignored: a draft never blocks a submission.
_PATH_TO_ITSELF = """
WITH RECURSIVE above AS (
    SELECT $1::text AS id, ARRAY[$2::text, $1::text] AS path
    UNION ALL
    SELECT g.parent, a.path || g.parent
    FROM above a JOIN goal g ON g.id = a.id
    WHERE g.state <> 'draft' AND g.parent IS NOT NULL
      AND NOT g.parent = ANY (a.path[2:]) AND a.id <> $2
)
SELECT path FROM above WHERE id = $2 LIMIT 1
"""
# The first of these people ($1) in whose line of managers the owner ($2) is. UNION ends where a line leads back to itself.
_REPORTS_TO = """
WITH RECURSIVE above AS (
    SELECT id AS person, manager_id AS manager FROM employee WHERE id = ANY ($1)
    UNION
    SELECT a.person, e.manager_id FROM above a JOIN employee e ON e.id = a.manager
)
SELECT person FROM above WHERE manager = $2 ORDER BY person LIMIT 1
"""
# A problem that somebody takes back at the same moment is waited for: it is either answered or taken back.
_ACTIVE = "SELECT id FROM employee WHERE id = ANY($1) AND active ORDER BY id FOR SHARE"
_KNOWN_PROBLEMS = (
    "SELECT id FROM problem WHERE id = ANY($1) AND cycle_id = $2 AND taken_back_at IS NULL ORDER BY id FOR SHARE"
)
_NOTIFY_CHILDREN = """
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT g.id || '#' || $1 || ':' || $2 || ':parent_closed:' || g.owner_id, g.owner_id, g.cycle_id, g.id, 'parent_closed',
       jsonb_strip_nulls(jsonb_build_object(
           'owner', g.owner_id, 'actor', p.owner_id, 'seq', g.seq,
           'state', g.state)), $4::timestamptz
FROM goal g JOIN goal p ON p.id = $1
WHERE g.cycle_id = $3 AND g.parent = $1 AND g.state <> 'closed' AND g.owner_id <> p.owner_id
  AND g.aggregate ->> 'gone_on' IS NULL
ON CONFLICT (key) DO NOTHING
"""


class Conflict(NamedTuple):
    """The constraint that the goal would break: the code of the refusal, and the fields of its sentence."""

    code: str
    fields: dict[str, str | int | tuple[str, ...]]


async def check(connection: asyncpg.Connection, goal: str, claims: Mapping[str, Any]) -> Conflict | None:
    """Checks what the goal claims (`claims`, the JSON form of its constraints); returns the first conflict with another goal.

    Takes locks that are held until the transaction ends.
    """
    cycle, owner = claims["cycle"], claims["owner"]
    if claims["judges"] and (found := await connection.fetchval(_REPORTS_TO, list(claims["judges"]), owner)):
        return Conflict("subordinate", {"actor": found, "owner": owner})
    if claims["contributors"] and (conflict := await _sharing(connection, claims)):
        return conflict
    if claims["weight"] is not None and (
        conflict := _weight(claims, *await connection.fetchrow(_WEIGHT, owner, cycle))
    ):
        return conflict
    if claims["parent"] is not None:
        await connection.execute(_LOCK, f"parent:{cycle}")
        if conflict := await _parent(connection, goal, claims):
            return conflict
    if claims["answers"]:
        rows = await connection.fetch(_KNOWN_PROBLEMS, list(claims["answers"]), cycle)
        known = {row["id"] for row in rows}
        if unknown := [one for one in claims["answers"] if one not in known]:
            return Conflict("unknown_problem", {"problem": tuple(unknown[:_MAX_LISTED])})
    return None


def only_weight(claims: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Owner, cycle, weight and limits, if the weight is the only claim and no notices to child goals are due; else None."""
    if (
        claims["judges"]
        or claims["contributors"]
        or claims["weight"] is None
        or claims["parent"] is not None
        or claims["answers"]
        or claims["ended_by"] is not None
    ):
        return None
    return claims["owner"], claims["cycle"], Decimal(claims["weight"]), claims["max_goals"], claims["max_weight"]


async def notify_children(connection: asyncpg.Connection, goal: str, claims: Mapping[str, Any], at: datetime) -> None:
    """Queues a notice to the owners of the child goals of a goal that ended `at` that time.

    Keyed by the ledger entry that ended the goal, so a repeat queues nothing.
    """
    if claims["ended_by"] is not None:
        await connection.execute(_NOTIFY_CHILDREN, goal, str(claims["ended_by"]), claims["cycle"], at)


async def _sharing(connection: asyncpg.Connection, claims: Mapping[str, Any]) -> Conflict | None:
    """Contributors whom the goal names work here, and nobody who decides on it reports to a contributor."""
    active = {row["id"] for row in await connection.fetch(_ACTIVE, list(claims["named"]))}
    if unknown := [one for one in claims["named"] if one not in active]:
        return Conflict("unknown_contributor", {"contributor": tuple(unknown[:_MAX_LISTED])})
    for one in claims["contributors"] if claims["deciders"] else ():
        if found := await connection.fetchval(_REPORTS_TO, list(claims["deciders"]), one):
            return Conflict("subordinate", {"actor": found, "owner": one})
    return None


def _weight(claims: Mapping[str, Any], goals: int, taken: Decimal) -> Conflict | None:
    owner, weight = claims["owner"], Decimal(claims["weight"])
    if goals + 1 > claims["max_goals"]:
        return Conflict("too_many_goals", {"owner": owner, "taken": goals, "most": claims["max_goals"]})
    if taken + weight > claims["max_weight"]:
        left = max(claims["max_weight"] - taken, Decimal(0))
        fields = {"owner": owner, "taken": shown(taken), "weight": shown(weight), "left": shown(left)}
        return Conflict("too_much_weight", fields)
    return None


async def _parent(connection: asyncpg.Connection, goal: str, claims: Mapping[str, Any]) -> Conflict | None:
    parent = claims["parent"]
    if not await connection.fetchval(_PARENT, parent, claims["cycle"]):
        return Conflict("unknown_parent", {"parent": parent})
    path = await connection.fetchval(_PATH_TO_ITSELF, parent, goal)
    return Conflict("circle", {"way": tuple(path)}) if path else None
