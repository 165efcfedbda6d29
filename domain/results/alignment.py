"""The tree of a cycle: company themes, department goals, people's goals, and the progress that rolls up through them.

    progress from below = Σ weight × progress of a child / Σ weight

The progress of a goal is its own measure's attainment; the progress of a theme or a department goal, which has no measure, is
what rolled up to it. A goal's progress from below is shown beside its own and never replaces it.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from domain.cycle.file import CycleFile
from domain.goal.goal import Goal, Outcome
from domain.goal.scoring import progress
from domain.values import EmployeeId

_SHARE = Decimal("0.0001")
_GIVEN_UP = (Outcome.WITHDRAWN, Outcome.LAPSED, Outcome.REMOVED, Outcome.CANCELLED, Outcome.HANDED_OVER)


class Leaf(NamedTuple):
    """One place of the tree. `own` is its own progress as a share of 1; None where it has no measure of its own."""

    id: str
    title: str
    parent: str | None
    owner: EmployeeId | None = None
    department: str | None = None
    weight: Decimal = Decimal(100)
    own: Decimal | None = None

    @property
    def is_goal(self) -> bool:
        return self.owner is not None


class Node(NamedTuple):
    leaf: Leaf
    from_below: Decimal | None  # None where it has no children
    children: tuple["Node", ...]


class Tree(NamedTuple):
    """`orphans` have no parent; those with a `missing_parent` name one that does not exist; `circles` are their own ancestors."""

    roots: tuple[Node, ...]
    orphans: tuple[Leaf, ...]
    missing_parent: tuple[Leaf, ...]
    circles: tuple[Leaf, ...]


def leaves_of(file: CycleFile, goals: Iterable[Goal]) -> list[Leaf]:
    """Themes, department goals and goals, except goals that were given up."""
    themes = [Leaf(one.id, one.name, None) for one in file.themes]
    departments = [Leaf(one.id, one.name, one.parent, department=one.department) for one in file.department_goals]
    people = [
        Leaf(
            goal.id,
            goal.content.theme,
            goal.content.parent,
            owner=goal.owner,
            department=goal.department,
            weight=goal.content.weight,
            own=progress(goal),
        )
        for goal in goals
        if goal.outcome not in _GIVEN_UP
    ]
    return [*themes, *departments, *people]


def build_tree(leaves: Iterable[Leaf]) -> Tree:
    """The tree; each leaf is in exactly one place of it, or in one of the lists beside it."""
    by_id = {leaf.id: leaf for leaf in leaves}
    circles = tuple(leaf for leaf in by_id.values() if _is_cyclic(leaf, by_id))
    in_circles = {leaf.id for leaf in circles}
    under: dict[str, list[Leaf]] = {}
    roots, orphans, missing_parent = [], [], []
    for leaf in by_id.values():
        if leaf.id in in_circles:
            continue
        if leaf.parent in by_id:
            under.setdefault(leaf.parent, []).append(leaf)
        elif leaf.parent is not None:
            missing_parent.append(leaf)
        else:
            roots.append(leaf)
    grown = [_node(leaf, under) for leaf in (*roots, *missing_parent, *circles)]
    nodes = tuple(node for node in grown if not node.leaf.is_goal or node.children)
    orphans = [leaf for leaf in roots if leaf.is_goal]
    return Tree(nodes, tuple(orphans), tuple(missing_parent), circles)


def _is_cyclic(leaf: Leaf, by_id: Mapping[str, Leaf]) -> bool:
    """Whether the leaf is above itself."""
    above, seen = leaf.parent, set[str]()
    while above is not None and above in by_id and above not in seen:
        if above == leaf.id:
            return True
        seen.add(above)
        above = by_id[above].parent
    return False


def _node(leaf: Leaf, under: Mapping[str, list[Leaf]]) -> Node:
    children = tuple(_node(child, under) for child in under.get(leaf.id, ()))
    return Node(leaf, _from_below(children), children)


def _from_below(children: tuple[Node, ...]) -> Decimal | None:
    brought = [(node.leaf.weight, node.leaf.own if node.leaf.is_goal else node.from_below) for node in children]
    known = [(weight, share) for weight, share in brought if share is not None]
    if not known:
        return None
    total = sum(weight for weight, _ in known)
    return (sum((weight * share for weight, share in known), Decimal(0)) / total).quantize(_SHARE, ROUND_HALF_UP)
