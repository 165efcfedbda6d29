"""One node of a cycle's tree with what is directly under it, for a page that opens the tree step by step."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.refusals import Code, Refusal
from domain.results.roll_up import Section, Sums, roll_up, under
from domain.values import CycleId
from storage import goal_tree
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class TreeNode(NamedTuple):
    """A theme, a department goal or a person's goal. `progress` is its own, `from_below` what the goals under it bring."""

    id: str
    title: str
    parent: str | None
    department: str | None
    owner_id: str | None
    owner: str | None
    weight: int
    progress: Decimal | None
    from_below: Decimal | None


class Branch(NamedTuple):
    """A node, none for the top of the tree; the sections under it, and the first goals under it, by id."""

    node: TreeNode | None
    sections: list[TreeNode]
    goals: list[TreeNode]


class Tree:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def top(self, cycle: CycleId) -> Branch:
        """The themes and the department goals that serve nothing above them. Two queries."""
        async with read_transaction(self._engine) as connection:
            sections = await _sections(connection, cycle)
            shares = await _shares(connection, cycle, sections)
        known = {one.id for one in sections}
        return Branch(None, [_of_section(one, shares) for one in sections if one.parent not in known], [])

    async def node(self, cycle: CycleId, node: str, *, after: str = "", limit: int = 50) -> Branch:
        """A node and the next `limit` goals under it, after the id `after`. Three queries.

        Raises a `Refusal` where the cycle, or the node in it, is unknown.
        """
        async with read_transaction(self._engine) as connection:
            sections = under(await _sections(connection, cycle), node)
            found = None if sections else await goal_tree.find_goal(connection, cycle, node)
            if not sections and found is None:
                raise Refusal(Code.UNKNOWN_PARENT, parent=node[:80])
            goals = await goal_tree.children_of(connection, cycle, node, after=after, limit=limit)
            shares = await _shares(connection, cycle, sections) if sections else {}
        shown = _of_goal(found) if found else _of_section(sections[0], shares)
        below = [_of_section(one, shares) for one in sections if one.parent == node]
        return Branch(shown, below, [_of_goal(one) for one in goals])


async def _sections(connection: "AsyncConnection", cycle: CycleId) -> list[Section]:
    found = await goal_tree.sections(connection, cycle)
    if found is None:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
    themes, departments = found
    return [_section(one) for one in (*themes, *departments)]


def _section(form: Mapping[str, Any]) -> Section:
    return Section(form["id"], form["name"], form.get("parent"), form.get("department"))


async def _shares(connection: "AsyncConnection", cycle: CycleId, sections: list[Section]) -> dict[str, Decimal | None]:
    sums = await goal_tree.sums_under(connection, cycle, [one.id for one in sections])
    return roll_up(sections, {node: Sums(*values) for node, values in sums.items()})


def _of_section(one: Section, shares: Mapping[str, Decimal | None]) -> TreeNode:
    return TreeNode(one.id, one.title, one.parent, one.department, None, None, 100, None, shares[one.id])


def _of_goal(one: goal_tree.TreeGoal) -> TreeNode:
    below = Sums(one.children_weight, one.children_weighted).share
    return TreeNode(
        one.id, one.theme, one.parent, one.department, one.owner_id, one.owner, one.weight, one.progress, below
    )
