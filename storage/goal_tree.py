"""One node of a cycle's tree and the goals under it, read without the rest of the tree."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection


class TreeGoal(NamedTuple):
    """A goal with the goals directly under it: how many they are, Σ weight and Σ weight × progress."""

    id: str
    theme: str
    parent: str | None
    owner_id: str
    owner: str
    department: str
    weight: int
    progress: Decimal
    children: int
    children_weight: int
    children_weighted: Decimal


_SECTIONS = text(
    "SELECT file -> 'themes' AS themes, file -> 'department_goals' AS department_goals FROM cycle WHERE id = :cycle"
)

# `page` holds the ids; what is under a goal is kept by triggers (migration 0006).
_GOALS = """
SELECT g.id, g.theme, g.parent, g.owner_id, e.name AS owner, g.department, g.weight, g.progress,
       COALESCE(below.goals, 0), COALESCE(below.weight, 0), COALESCE(below.weighted, 0)
FROM ({page}) AS page JOIN goal g ON g.id = page.id JOIN employee e ON e.id = g.owner_id
CROSS JOIN LATERAL (
    SELECT sum(goals)::int AS goals, sum(weight)::bigint AS weight, sum(weighted) AS weighted FROM goal_sum
    WHERE cycle_id = g.cycle_id AND parent = g.id) AS below
ORDER BY g.id
"""
_ONE = "SELECT id FROM goal WHERE cycle_id = :cycle AND id = :goal"
_PAGE = """
SELECT id FROM goal
WHERE cycle_id = :cycle AND parent = :parent AND id > :after AND counts_in_tree(outcome)
ORDER BY id LIMIT :limit
"""
_SUMS = text("""
SELECT parent, sum(weight)::bigint, sum(weighted) FROM goal_sum
WHERE cycle_id = :cycle AND parent = ANY(:parents) GROUP BY parent HAVING sum(goals) > 0
""").bindparams(bindparam("parents", type_=ARRAY(Text)))


async def sections(connection: AsyncConnection, cycle: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """The themes and the department goals of the cycle's file, as they are written there; none for an unknown cycle."""
    found = (await connection.execute(_SECTIONS, {"cycle": cycle})).one_or_none()
    return (found.themes or [], found.department_goals or []) if found else None


async def find_goal(connection: AsyncConnection, cycle: str, goal: str) -> TreeGoal | None:
    """One goal of the tree; goals under it that were given up do not count."""
    found = await _goals(connection, _ONE, {"cycle": cycle, "goal": goal})
    return found[0] if found else None


async def children_of(
    connection: AsyncConnection, cycle: str, parent: str, *, after: str = "", limit: int = 50
) -> list[TreeGoal]:
    """The goals directly under a node, by id: the next `limit` after the id `after`."""
    asked = {"cycle": cycle, "parent": parent, "after": after, "limit": limit}
    return await _goals(connection, _PAGE, asked)


async def sums_under(connection: AsyncConnection, cycle: str, parents: Sequence[str]) -> dict[str, tuple[int, Decimal]]:
    """Of the goals directly under each of these nodes: Σ weight and Σ weight × progress. A node without goals is left out."""
    asked = {"cycle": cycle, "parents": list(parents)}
    return {row[0]: (row[1], row[2]) for row in await connection.execute(_SUMS, asked)}


async def _goals(connection: AsyncConnection, page: str, asked: dict[str, Any]) -> list[TreeGoal]:
    query = text(_GOALS.format(page=page))
    return [_goal(row) for row in await connection.execute(query, asked)]


def _goal(columns: Sequence[Any]) -> TreeGoal:
    return TreeGoal(*columns)
