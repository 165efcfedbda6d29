"""The tree of a cycle's goals: what serves what, as nested lists or as a table, node by node."""

from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.values import CycleId, GoalId, Storable
from service.goals import SeenGoal
from service.tree import MOST_COUNTED, Tree, TreeNode
from web.api.parameters import After, CyclePath
from web.console.cycle_choice import choose_cycle
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50  # goals
_MOST_SECTIONS = 150  # themes and department goals


class Twig(NamedTuple):
    """A node and what is under it on the page; `depth` is that of the table."""

    node: TreeNode
    depth: int
    below: list["Twig"]

    @property
    def is_goal(self) -> bool:
        return self.node.owner is not None


@router.get("/tree")
async def choose(visit: AtPage, cycle: Annotated[Annotated[str, Storable], Query(max_length=100)] = "") -> Response:
    """Leads to the tree of the newest cycle that runs, or of the chosen one."""
    choice = await choose_cycle(visit, cycle)
    if choice is None:
        return visit.page("no_cycle.html", place="tree")
    return RedirectResponse(f"/tree/{quote(choice.cycle.cycle)}", SEE_OTHER)


@router.get("/tree/{cycle}")
async def read_tree(
    visit: AtPage,
    cycle: CyclePath,
    node: Annotated[Annotated[str, Storable], Query(max_length=300)] = "",
    form: Annotated[str, Query(alias="as", max_length=20)] = "",
    after: After = "",
) -> Response:
    """Without `node` the themes and department goals, and the goals that serve none; else the node with what is under it."""
    choice = await choose_cycle(visit, cycle)
    values = await (_branch(visit, CycleId(cycle), node, after) if node else _outline(visit, CycleId(cycle), after))
    query = {"node": node, "as": "table" if form == "table" else ""}
    return visit.page(
        "tree.html",
        choice=choice,
        query={name: value for name, value in query.items() if value},
        is_table=form == "table",
        is_first=not after,
        path=f"/tree/{quote(cycle)}",
        **values,
    )


async def _outline(visit: Visit, cycle: CycleId, after: str) -> dict[str, Any]:
    found = await Tree(visit.opened.engine).outline(visit.caller, cycle, after=after, limit=PAGE)
    return {
        "node": None,
        "opens": False,
        "twigs": _nested(found.sections[:_MOST_SECTIONS]) if not after else [],
        "left_out": max(0, len(found.sections) - _MOST_SECTIONS),
        "orphans": found.orphans,
        "most_counted": MOST_COUNTED,
        "goals": [Twig(one, 0, []) for one in found.goals],
        "next": found.next,
    }


async def _branch(visit: Visit, cycle: CycleId, node: str, after: str) -> dict[str, Any]:
    found = await Tree(visit.opened.engine).node(visit.caller, cycle, node, after=after, limit=PAGE)
    shown = found.node
    return {
        "node": shown,
        "opens": shown is not None and shown.owner is not None and await _may_see(visit, GoalId(shown.id)),
        "twigs": [Twig(one, 0, []) for one in found.sections[:_MOST_SECTIONS]],
        "left_out": max(0, len(found.sections) - _MOST_SECTIONS),
        "orphans": 0,
        "most_counted": MOST_COUNTED,
        "goals": [Twig(one, 0, []) for one in found.goals],
        "next": found.next,
    }


async def _may_see(visit: Visit, goal: GoalId) -> bool:
    """Everybody may see the tree; the goal's page is for fewer people."""
    return isinstance((await visit.opened.goals.read_before_deciding(visit.caller, [goal]))[goal], SeenGoal)


def _nested(rows: Iterable[tuple[int, TreeNode]]) -> list[Twig]:
    """The nodes, each with those under it, from a list in the order of the tree."""
    tops: list[Twig] = []
    above: list[Twig] = []
    for depth, node in rows:
        del above[depth:]
        made = Twig(node, depth, [])
        (above[-1].below if above else tops).append(made)
        above.append(made)
    return tops
