"""What a goal claims of others, checked inside the transaction that records it.

Whoever checks holds a lock until the commit: for weights one per person and cycle, for parents one per cycle. A second
one waits there and then sees what the first wrote; without it both could be right by what they saw, and wrong together.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_NAMED = 5  # unknown problems that a refusal names
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_WEIGHT = text("""
SELECT count(*), COALESCE(sum(weight), 0)::int FROM goal
WHERE owner_id = :owner AND cycle_id = :cycle AND state IN ('active', 'in_review')
""")
_PARENT = text("""
SELECT EXISTS (SELECT FROM goal WHERE id = :parent AND cycle_id = :cycle)
    OR EXISTS (SELECT FROM cycle WHERE id = :cycle AND (
        file -> 'themes' @> jsonb_build_array(jsonb_build_object('id', CAST(:parent AS text)))
        OR file -> 'department_goals' @> jsonb_build_array(jsonb_build_object('id', CAST(:parent AS text)))))
""")
# A draft stands nowhere yet: nobody's scribble keeps another from submitting.
_WAY_UP = text("""
WITH RECURSIVE above AS (
    SELECT CAST(:parent AS text) AS id, ARRAY[CAST(:goal AS text), CAST(:parent AS text)] AS way
    UNION ALL
    SELECT g.parent, a.way || g.parent
    FROM above a JOIN goal g ON g.id = a.id
    WHERE g.state <> 'draft' AND g.parent IS NOT NULL
      AND NOT g.parent = ANY (a.way[2:]) AND a.id <> :goal
)
SELECT way FROM above WHERE id = :goal LIMIT 1
""")
_HEARD = text("SELECT id FROM problem WHERE id = ANY(:asked) AND cycle_id = :cycle")
_TELL_CHILDREN = text("""
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT g.id || '#' || :goal || ':' || :seq || ':parent_closed:' || g.owner_id, g.owner_id, g.cycle_id, g.id, 'parent_closed',
       jsonb_strip_nulls(jsonb_build_object(
           'owner', g.owner_id, 'theme', g.theme, 'actor', p.owner_id, 'seq', g.seq,
           'state', g.state)), CAST(:at AS timestamptz)
FROM goal g JOIN goal p ON p.id = :goal
WHERE g.cycle_id = :cycle AND g.parent = :goal AND g.state <> 'closed' AND g.owner_id <> p.owner_id
ON CONFLICT (key) DO NOTHING
""")


class Against(NamedTuple):
    """Why a claim does not hold: a refusal's code, and the fields of its sentence."""

    code: str
    fields: dict[str, str | int | tuple[str, ...]]


async def check(connection: AsyncConnection, goal: str, claims: dict[str, Any]) -> Against | None:
    """What stands against the claims; takes the locks that hold until the transaction ends."""
    cycle, owner = claims["cycle"], claims["owner"]
    if claims["weight"] is not None:
        await connection.execute(_LOCK, {"name": f"weight:{cycle}/{owner}"})
        against = _weight(claims, *(await connection.execute(_WEIGHT, {"owner": owner, "cycle": cycle})).one())
        if against:
            return against
    if claims["parent"] is not None:
        await connection.execute(_LOCK, {"name": f"parent:{cycle}"})
        if against := await _parent(connection, goal, claims):
            return against
    if claims["answers"]:
        heard = set((await connection.execute(_HEARD, {"asked": list(claims["answers"]), "cycle": cycle})).scalars())
        if unknown := [one for one in claims["answers"] if one not in heard]:
            return Against("unknown_problem", {"problem": tuple(unknown[:_NAMED])})
    return None


async def tell_children(connection: AsyncConnection, goal: str, claims: dict[str, Any], at: datetime) -> None:
    """Queues a notice to the owners of the goals under one that ended `at`; by the entry that ended it, once."""
    if claims["ended_by"] is not None:
        told = {"goal": goal, "seq": str(claims["ended_by"]), "cycle": claims["cycle"], "at": at}
        await connection.execute(_TELL_CHILDREN, told)


def _weight(claims: dict[str, Any], goals: int, taken: int) -> Against | None:
    owner = claims["owner"]
    if goals + 1 > claims["max_goals"]:
        return Against("too_many_goals", {"owner": owner, "taken": goals, "most": claims["max_goals"]})
    if taken + claims["weight"] > claims["max_weight"]:
        left = max(claims["max_weight"] - taken, 0)
        return Against("too_much_weight", {"owner": owner, "taken": taken, "weight": claims["weight"], "left": left})
    return None


async def _parent(connection: AsyncConnection, goal: str, claims: dict[str, Any]) -> Against | None:
    parent = claims["parent"]
    if not (await connection.execute(_PARENT, {"parent": parent, "cycle": claims["cycle"]})).scalar_one():
        return Against("unknown_parent", {"parent": parent})
    way = (await connection.execute(_WAY_UP, {"parent": parent, "goal": goal})).scalar_one_or_none()
    return Against("circle", {"way": tuple(way)}) if way else None
