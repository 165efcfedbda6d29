"""The tree of a cycle: the progress of children never replaces a goal's own; and every goal appears exactly once."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.cycle.file import CycleFile, read_cycle_file
from domain.goal.goal import Outcome
from domain.results.alignment import Leaf, Node, Tree, build_tree, leaves_of
from domain.values import EmployeeId
from tests.domain.builders import GOAL_ID, OWNER, active, closed, content, draft

A, B = EmployeeId("a"), EmployeeId("b")


def goal(name: str, parent: str | None, own: str, weight: int = 100) -> Leaf:
    return Leaf(name, name, parent, owner=A, weight=Decimal(weight), own=Decimal(own))


FILE = b"""
[cycle]
id = "c"
name = "c"
starts = 2026-10-01
ends = 2026-12-25
closes = 2026-12-28
reviews = []
hr = ["h1"]

[[themes]]
id = "digital"
name = "digital"

[[department_goals]]
id = "acc"
department = "acc"
name = "faster"
parent = "digital"
"""
THEME, DEPARTMENT = Leaf("digital", "デジタル化", None), Leaf("acc", "締めを早く", "digital", department="経理部")


def everywhere(tree: Tree) -> list[str]:
    """The ids of all leaves in the tree, in the order in which they appear."""

    def below(node: Node) -> list[str]:
        return [node.leaf.id, *(one for child in node.children for one in below(child))]

    rooted = [one for node in tree.roots for one in below(node)]
    return rooted + [leaf.id for leaf in (*tree.orphans, *tree.missing_parent, *tree.circles) if leaf.id not in rooted]


def test_progress_rolls_up_by_weight_through_departments_to_the_theme() -> None:
    tree = build_tree([THEME, DEPARTMENT, goal("g1", "acc", "0.5", 30), goal("g2", "acc", "1", 10)])
    (root,) = tree.roots
    assert root.leaf is THEME
    assert root.children[0].from_below == Decimal("0.625")  # (30 × 0.5 + 10 × 1) / 40
    assert root.from_below == Decimal("0.625")


def test_what_comes_from_below_never_stands_in_the_place_of_a_goals_own_progress() -> None:
    tree = build_tree([THEME, goal("boss", "digital", "0.2"), goal("child", "boss", "1")])
    boss = tree.roots[0].children[0]
    assert (boss.leaf.own, boss.from_below) == (Decimal("0.2"), Decimal(1))
    assert tree.roots[0].from_below == Decimal("0.2")


def test_a_theme_under_which_nothing_stands_has_no_progress_rather_than_none() -> None:
    assert build_tree([THEME, DEPARTMENT]).roots[0].from_below is None


def test_goals_that_serve_nothing_are_listed_and_do_not_clutter_the_tree() -> None:
    tree = build_tree([THEME, goal("alone", None, "0.1")])
    assert [leaf.id for leaf in tree.orphans] == ["alone"]
    assert [node.leaf.id for node in tree.roots] == ["digital"]


def test_a_goal_that_serves_nothing_is_still_the_root_of_those_under_it() -> None:
    tree = build_tree([goal("boss", None, "0.1"), goal("child", "boss", "1")])
    assert [node.leaf.id for node in tree.roots] == ["boss"]
    assert [leaf.id for leaf in tree.orphans] == ["boss"]


def test_a_parent_that_is_not_here_and_parents_that_come_round_are_named() -> None:
    tree = build_tree(
        [goal("lost", "nowhere", "0"), goal("x", "y", "0"), goal("y", "x", "0"), goal("self", "self", "0")]
    )
    assert [leaf.id for leaf in tree.missing_parent] == ["lost"]
    assert {leaf.id for leaf in tree.circles} == {"x", "y", "self"}


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.none() | st.integers(0, 12), st.integers(1, 100)),
        unique_by=lambda one: one[0],
        max_size=10,
    )
)
def test_every_leaf_is_seen_exactly_once_whatever_names_what(drawn: list[tuple[int, int | None, int]]) -> None:
    leaves = [goal(str(n), None if up is None else str(up), "0.5", weight) for n, up, weight in drawn]
    tree = build_tree(leaves)
    seen = everywhere(tree)
    assert sorted(seen) == sorted(leaf.id for leaf in leaves)
    for node in tree.roots:
        assert node.from_below is None or node.from_below == Decimal("0.5")


def test_a_closed_goal_brings_what_was_confirmed_and_not_what_it_fell_back_to() -> None:
    file = read_cycle_file(FILE)
    assert isinstance(file, CycleFile)
    ended = closed().model_copy(update={"attained": Decimal("0.75"), "value": Decimal(10)})
    assert leaves_of(file, [ended])[-1].own == Decimal("0.75")


def test_goals_bring_their_measure_and_those_that_were_given_up_have_no_place() -> None:
    file = read_cycle_file(FILE)
    assert isinstance(file, CycleFile)
    working = active().model_copy(update={"value": Decimal(8), "content": content(parent="acc", weight=40)})
    given_up = draft().model_copy(update={"outcome": Outcome.WITHDRAWN})
    leaves = leaves_of(file, [working, given_up])
    assert [leaf.id for leaf in leaves] == ["digital", "acc", GOAL_ID]
    assert leaves[-1] == Leaf(
        GOAL_ID, working.content.theme, "acc", owner=OWNER, department="経理", weight=Decimal(40), own=Decimal("0.5")
    )
