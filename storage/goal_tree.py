"""A cycle's tree of goals: one node with the goals under it, or the whole tree as a stream.

The themes and department goals above the goals (sections) are in the cycle's file. `goal_sum` holds what is under each node; triggers
keep it (migration 0006).
"""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection


class TreeGoal(NamedTuple):
    """A goal with the goals directly under it: how many there are, Σ weight and Σ weight × progress."""

    id: str
    theme: str
    parent: str | None
    owner_id: str
    owner: str
    department: str
    weight: Decimal
    progress: Decimal
    children: int
    children_weight: Decimal
    children_weighted: Decimal


class PlacedGoal(NamedTuple):
    """A goal of the whole tree; `depth` counts from 1 for the first goal of a branch."""

    depth: int
    goal: TreeGoal


_SECTIONS = text(
    "SELECT file -> 'themes' AS themes, file -> 'department_goals' AS department_goals FROM cycle WHERE id = :cycle"
)
_COLUMNS = """
SELECT g.id, g.theme, g.parent, g.owner_id,
       CASE WHEN g.state = 'closed' THEN name_at(g.owner_id, (SELECT closed_at FROM cycle WHERE id = g.cycle_id))
       ELSE e.name END AS owner, g.department, g.weight, g.progress,
       COALESCE(below.goals, 0), COALESCE(below.weight, 0), COALESCE(below.weighted, 0)
"""
_JOINED = """
JOIN employee e ON e.id = g.owner_id
CROSS JOIN LATERAL (
    SELECT sum(s.goals)::int AS goals, sum(s.weight) AS weight, sum(s.weighted) AS weighted FROM goal_sum s
    WHERE s.cycle_id = g.cycle_id AND s.parent = g.id
) AS below
"""
_ONE = text(f"{_COLUMNS} FROM goal g {_JOINED} WHERE g.cycle_id = :cycle AND g.id = :goal")
_CHILDREN = text(f"""
{_COLUMNS} FROM (
    SELECT id FROM goal WHERE cycle_id = :cycle AND parent = :parent AND id > :after AND counts_in_tree(outcome)
    ORDER BY id LIMIT :limit
) AS page JOIN goal g ON g.id = page.id {_JOINED} ORDER BY g.id
""")  # noqa: S608 - our own text
_ORPHANS = text(f"""
{_COLUMNS} FROM (
    SELECT id FROM goal WHERE cycle_id = :cycle AND parent IS NULL AND id > :after AND counts_in_tree(outcome)
    ORDER BY id LIMIT :limit
) AS page JOIN goal g ON g.id = page.id {_JOINED} ORDER BY g.id
""")  # noqa: S608 - our own text
_ORPHANS_COUNTED = text("""
SELECT count(*) FROM (SELECT FROM goal WHERE cycle_id = :cycle AND parent IS NULL AND counts_in_tree(outcome) LIMIT :most) AS orphan
""")
_SUMS = text("""
SELECT parent, sum(weight), sum(weighted) FROM goal_sum WHERE cycle_id = :cycle AND parent = ANY(:parents)
GROUP BY parent HAVING sum(goals) > 0
""").bindparams(bindparam("parents", type_=ARRAY(Text)))

# Conditions on a goal `g`: where the branches of the whole tree begin.
_HAS_CHILDREN = """
EXISTS (SELECT FROM goal c WHERE c.cycle_id = g.cycle_id AND c.parent = g.id AND counts_in_tree(c.outcome)
    AND c.id <> ALL(:circles))
"""
_UNDER = "g.parent = :parent"
_ORPHAN = "g.parent IS NULL"
_CIRCLE = "g.id = ANY(:circles)"
_MISSING_PARENT = """
g.parent IS NOT NULL AND g.parent <> ALL(:sections) AND NOT EXISTS (
    SELECT FROM goal p WHERE p.id = g.parent AND p.cycle_id = g.cycle_id AND counts_in_tree(p.outcome))
"""

# The order of `way`, the ids from the first goal of the branch down, is the order of the tree: a goal, then what is under it.
_BRANCHES = """
WITH RECURSIVE shown AS (
    SELECT g.id, ARRAY[g.id] AS way FROM goal g
    WHERE g.cycle_id = :cycle AND counts_in_tree(g.outcome) AND {first}
    UNION ALL
    SELECT g.id, shown.way || g.id FROM shown JOIN goal g ON g.cycle_id = :cycle AND g.parent = shown.id
    WHERE counts_in_tree(g.outcome) AND g.id <> ALL(shown.way) AND g.id <> ALL(:circles)
)
{columns}, cardinality(shown.way) FROM shown JOIN goal g ON g.id = shown.id {joined} ORDER BY shown.way
"""
_LISTED = "{columns}, 1 FROM goal g {joined} WHERE g.cycle_id = :cycle AND counts_in_tree(g.outcome) AND {chosen} ORDER BY g.id"
_COUNT = "SELECT count(*) FROM goal g WHERE g.cycle_id = :cycle AND counts_in_tree(g.outcome) AND {chosen}"

# Every goal of a circle has one under it, so the way up begins only at goals that have, or had.
_CIRCLES = text("""
WITH RECURSIVE up AS (
    SELECT g.id AS first, g.parent AS above, ARRAY[g.id] AS way FROM goal g
    WHERE g.cycle_id = :cycle AND g.parent IS NOT NULL AND counts_in_tree(g.outcome)
      AND EXISTS (SELECT FROM goal_sum s WHERE s.cycle_id = g.cycle_id AND s.parent = g.id)
    UNION ALL
    SELECT up.first, g.parent, up.way || g.id FROM up JOIN goal g ON g.id = up.above AND g.cycle_id = :cycle
    WHERE counts_in_tree(g.outcome) AND g.id <> ALL(up.way)
)
SELECT DISTINCT first FROM up WHERE above = first ORDER BY first
""")


async def sections(connection: AsyncConnection, cycle: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """The themes and the department goals as the cycle's file has them; None for an unknown cycle."""
    found = (await connection.execute(_SECTIONS, {"cycle": cycle})).one_or_none()
    return (found.themes or [], found.department_goals or []) if found else None


async def find_goal(connection: AsyncConnection, cycle: str, goal: str) -> TreeGoal | None:
    """One goal of the tree; goals under it that were given up do not count."""
    found = (await connection.execute(_ONE, {"cycle": cycle, "goal": goal})).one_or_none()
    return TreeGoal(*found) if found else None


async def children_of(
    connection: AsyncConnection, cycle: str, parent: str, *, after: str = "", limit: int = 50
) -> list[TreeGoal]:
    """The goals directly under a node, by id: the next `limit` after the id `after`."""
    values = {"cycle": cycle, "parent": parent, "after": after, "limit": limit}
    return [TreeGoal(*row) for row in await connection.execute(_CHILDREN, values)]


async def orphans_page(connection: AsyncConnection, cycle: str, *, after: str = "", limit: int = 50) -> list[TreeGoal]:
    """The goals that have no parent, by id: the next `limit` after the id `after`."""
    values = {"cycle": cycle, "after": after, "limit": limit}
    return [TreeGoal(*row) for row in await connection.execute(_ORPHANS, values)]


async def count_orphans(connection: AsyncConnection, cycle: str, most: int) -> int:
    """How many goals have no parent; counts up to `most`."""
    return int((await connection.execute(_ORPHANS_COUNTED, {"cycle": cycle, "most": most})).scalar_one())


async def sums_under(
    connection: AsyncConnection, cycle: str, parents: Sequence[str]
) -> dict[str, tuple[Decimal, Decimal]]:
    """Of the goals directly under each of these nodes: Σ weight and Σ weight × progress. Nodes without goals are left out."""
    values = {"cycle": cycle, "parents": list(parents)}
    return {row[0]: (row[1], row[2]) for row in await connection.execute(_SUMS, values)}


class WholeTree:
    """Streams all goals of one cycle's tree, in its order, through a cursor: a few hundred rows are in memory.

    Each goal is in one branch: under a section, under a goal that has no parent, whose parent is missing, or of a circle.
    """

    def __init__(
        self, connection: AsyncConnection, cycle: str, sections: Sequence[str], circles: Sequence[str]
    ) -> None:
        self._connection = connection
        self._values = {"cycle": cycle, "sections": list(sections), "circles": list(circles)}

    def under(self, section: str) -> AsyncIterator[PlacedGoal]:
        """The branches under a theme or department goal."""
        return self._branches(_UNDER, parent=section)

    async def beside_sections(self) -> AsyncIterator[PlacedGoal]:
        """The branches that begin at no section: at goals without a parent, with a missing one, or of a circle."""
        for first in (_ORPHAN, _MISSING_PARENT, _CIRCLE):
            async for one in self._branches(f"{first} AND {_HAS_CHILDREN}"):
                yield one

    async def orphans(self) -> int:
        """How many goals have no parent."""
        return int((await self._connection.execute(*self._query(_COUNT, _ORPHAN))).scalar_one())

    def list_orphans(self) -> AsyncIterator[PlacedGoal]:
        return self._stream(_LISTED, _ORPHAN)

    async def missing_parents(self) -> int:
        """How many goals name a parent that does not exist or was given up."""
        return int((await self._connection.execute(*self._query(_COUNT, _MISSING_PARENT))).scalar_one())

    def list_missing_parents(self) -> AsyncIterator[PlacedGoal]:
        return self._stream(_LISTED, _MISSING_PARENT)

    def list_circles(self) -> AsyncIterator[PlacedGoal]:
        return self._stream(_LISTED, _CIRCLE)

    def _branches(self, first: str, **values: str) -> AsyncIterator[PlacedGoal]:
        return self._stream(_BRANCHES, first, **values)

    async def _stream(self, query: str, chosen: str, **values: str) -> AsyncIterator[PlacedGoal]:
        rows = await self._connection.stream(*self._query(query, chosen, **values))
        async for row in rows:
            *columns, depth = row
            yield PlacedGoal(depth, TreeGoal(*columns))

    def _query(self, query: str, chosen: str, **values: str) -> tuple[Any, dict[str, Any]]:
        """The query with the values that it names."""
        statement = query.format(columns=_COLUMNS, joined=_JOINED, first=chosen, chosen=chosen)
        wanted = {**self._values, **values}
        lists = [bindparam(name, type_=ARRAY(Text)) for name in ("sections", "circles") if f":{name}" in statement]
        return text(statement).bindparams(*lists), {
            name: one for name, one in wanted.items() if f":{name}" in statement
        }


async def circles(connection: AsyncConnection, cycle: str) -> list[str]:
    """The goals that are above themselves. Drafts may be; submitting such a goal is refused."""
    return list((await connection.execute(_CIRCLES, {"cycle": cycle})).scalars())
