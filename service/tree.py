"""Use cases of a cycle's tree: one node with what is directly under it, for a page; or the whole tree as a stream.

Every employee may see it (`Action.SEE_TREE`): titles, owners and progress, which tell what serves what. What else a goal holds
is on its page, for those who may see that.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.access import Action, Caller
from domain.refusals import Code, Refusal
from domain.results.roll_up import Section, Sums, roll_up, under
from domain.values import CycleId
from service.relations import require_colleague
from storage import goal_tree
from storage.database import read_transaction
from storage.departments import names_meant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


MOST_COUNTED = 1_000  # goals that serve nothing


class TreeNode(NamedTuple):
    """A theme, a department goal or a person's goal. Progress is a share: `own` by its measure, `from_below` by its children."""

    id: str
    title: str
    parent: str | None
    department: str | None
    owner: str | None  # an employee's id
    owner_name: str | None
    weight: Decimal
    own: Decimal | None
    from_below: Decimal | None

    def document(self) -> dict[str, Any]:
        """For programs: by ids alone."""
        return {name: value for name, value in self._asdict().items() if name != "owner_name"}


class Branch(NamedTuple):
    """A node, None for the top of the tree; the sections under it, and a page of the goals under it, by id.

    `next` is the id after which the next page begins; None on the last one.
    """

    node: TreeNode | None
    sections: list[TreeNode]
    goals: list[TreeNode]
    next: str | None


class Outline(NamedTuple):
    """The sections of a cycle in their order, each with its depth from 0; and goals that serve nothing: how many, counted up to
    `MOST_COUNTED`, and a page of them.
    """

    sections: list[tuple[int, TreeNode]]
    orphans: int
    goals: list[TreeNode]
    next: str | None


class Part(StrEnum):
    """The parts of a whole tree, in the order in which they are streamed."""

    TREE = "roots"
    MISSING_PARENT = "missing_parent"  # goals that name a parent that does not exist
    CIRCLES = "circles"  # goals that are above themselves
    ORPHANS = "orphans"  # goals without a parent


class Heading(NamedTuple):
    """A part begins that lists so many goals beside the tree."""

    part: Part
    goals: int


class Placed(NamedTuple):
    """A node; `depth` counts from 0 in the tree, and is 0 in the other parts."""

    part: Part
    depth: int
    node: TreeNode


class Tree:
    """Every method raises a `Refusal` for a caller who is not employed here, and for a cycle that does not exist."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def top(self, caller: Caller, cycle: CycleId) -> Branch:
        """The themes, and the department goals that serve none. Three queries."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_TREE)
            sections = await _sections(connection, cycle)
            shares = await _shares(connection, cycle, sections)
        return Branch(None, [_of_section(one, shares) for one in _roots(sections)], [], None)

    async def outline(self, caller: Caller, cycle: CycleId, *, after: str = "", limit: int = 50) -> Outline:
        """All sections, and the next `limit` goals without a parent after the id `after`. Five queries."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_TREE)
            sections = await _sections(connection, cycle)
            shares = await _shares(connection, cycle, sections)
            goals = await goal_tree.orphans_page(connection, cycle, after=after, limit=limit)
            orphans = await goal_tree.count_orphans(connection, cycle, MOST_COUNTED)
        return Outline(
            [(depth, _of_section(one, shares)) for depth, one in _in_order(sections)],
            orphans,
            [_of_goal(one) for one in goals],
            goals[-1].id if len(goals) == limit else None,
        )

    async def node(self, caller: Caller, cycle: CycleId, node: str, *, after: str = "", limit: int = 50) -> Branch:
        """A node, the sections under it, and the next `limit` goals under it after the id `after`. Four queries.

        Raises a `Refusal` for a node that the cycle does not have.
        """
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_TREE)
            sections = under(await _sections(connection, cycle), node)
            found = None if sections else await goal_tree.find_goal(connection, cycle, node)
            if not sections and found is None:
                raise Refusal(Code.UNKNOWN_PARENT, parent=node[:80])
            goals = await goal_tree.children_of(connection, cycle, node, after=after, limit=limit)
            shares = await _shares(connection, cycle, sections) if sections else {}
        shown = _of_goal(found) if found else _of_section(sections[0], shares)
        below = [] if after else [_of_section(one, shares) for one in sections if one.parent == node]
        following = goals[-1].id if len(goals) == limit else None
        return Branch(shown, below, [_of_goal(one) for one in goals], following)

    async def stream_department(
        self, caller: Caller, cycle: CycleId, department: str, *, list_orphans: bool = True
    ) -> AsyncIterator[Placed | Heading]:
        """What `stream` has of a department and of those below it, with the nodes above; headings count what follows them."""
        async with read_transaction(self._engine) as connection:
            names = await names_meant(connection, department)
        beside: list[Placed] = []
        part: Part | None = None
        async for one in _with_nodes_above(self.stream(caller, cycle), names):
            if isinstance(one, Placed) and one.part is Part.TREE:
                yield one
            elif isinstance(one, Placed):
                beside.append(one)
            else:
                for each in _part(part, beside, list_orphans):
                    yield each
                part, beside = one.part, []
        for each in _part(part, beside, list_orphans):
            yield each

    async def stream(
        self, caller: Caller, cycle: CycleId, *, list_orphans: bool = True
    ) -> AsyncIterator[Placed | Heading]:
        """The whole tree, each node followed by what is under it; then the goals beside it, each part after its heading.

        All of one moment. A few hundred goals are in memory at a time; a query per section and six more.
        """
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_TREE)
            sections = await _sections(connection, cycle)
            shares = await _shares(connection, cycle, sections)
            circles = await goal_tree.circles(connection, cycle)
            whole = goal_tree.WholeTree(connection, cycle, [one.id for one in sections], circles)
            for depth, section in _in_order(sections):
                yield Placed(Part.TREE, depth, _of_section(section, shares))
                async for one in whole.under(section.id):
                    yield Placed(Part.TREE, depth + one.depth, _of_goal(one.goal))
            async for one in whole.beside_sections():
                yield Placed(Part.TREE, one.depth - 1, _of_goal(one.goal))
            for part, goals, listed in (
                (Part.MISSING_PARENT, await whole.missing_parents(), whole.list_missing_parents()),
                (Part.CIRCLES, len(circles), whole.list_circles()),
                (Part.ORPHANS, await whole.orphans(), whole.list_orphans()),
            ):
                yield Heading(part, goals)
                if goals and (list_orphans or part is not Part.ORPHANS):
                    async for one in listed:
                        yield Placed(part, 0, _of_goal(one.goal))


async def _with_nodes_above(
    parts: AsyncIterator[Placed | Heading], names: Collection[str]
) -> AsyncIterator[Placed | Heading]:
    """The nodes of these departments, in the tree with the nodes above them; and all headings."""
    above: list[Placed | None] = []  # from the top down to the last node; None: it was passed on
    async for one in parts:
        if isinstance(one, Heading) or (one.part is not Part.TREE and one.node.department in names):
            yield one
        elif one.part is Part.TREE:
            above[one.depth :] = [one]
            if one.node.department in names:
                for each in above:
                    if each is not None:
                        yield each
                above = [None] * len(above)


def _part(part: Part | None, beside: list[Placed], list_orphans: bool) -> list[Placed | Heading]:
    """The heading of a part beside the tree, and its goals."""
    if part is None:
        return []
    return [Heading(part, len(beside)), *(beside if list_orphans or part is not Part.ORPHANS else ())]


def _roots(sections: Iterable[Section]) -> list[Section]:
    """Those under no other section, in the order of the file."""
    found = list(sections)
    known = {one.id for one in found}
    return [one for one in found if one.parent not in known]


def _in_order(sections: Iterable[Section]) -> Iterator[tuple[int, Section]]:
    """Each section with its depth, followed by the sections under it."""
    found = list(sections)
    below: dict[str | None, list[Section]] = {}
    for one in found:
        below.setdefault(one.parent, []).append(one)
    waiting = [(0, one) for one in reversed(_roots(found))]
    while waiting:
        depth, section = waiting.pop()
        yield depth, section
        waiting += [(depth + 1, one) for one in reversed(below.get(section.id, []))]


async def _sections(connection: "AsyncConnection", cycle: CycleId) -> list[Section]:
    found = await goal_tree.sections(connection, cycle)
    if found is None:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
    themes, department_goals = found
    return [_section(one) for one in (*themes, *department_goals)]


def _section(form: Mapping[str, Any]) -> Section:
    return Section(form["id"], form["name"], form.get("parent"), form.get("department"))


async def _shares(connection: "AsyncConnection", cycle: CycleId, sections: list[Section]) -> dict[str, Decimal | None]:
    sums = await goal_tree.sums_under(connection, cycle, [one.id for one in sections])
    return roll_up(sections, {node: Sums(*values) for node, values in sums.items()})


def _of_section(one: Section, shares: Mapping[str, Decimal | None]) -> TreeNode:
    return TreeNode(one.id, one.title, one.parent, one.department, None, None, Decimal(100), None, shares[one.id])


def _of_goal(one: goal_tree.TreeGoal) -> TreeNode:
    below = Sums(one.children_weight, one.children_weighted).share
    return TreeNode(
        one.id, one.theme, one.parent, one.department, one.owner_id, one.owner, one.weight, one.progress, below
    )
