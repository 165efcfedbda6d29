"""The tree of a cycle's goals, node by node."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from domain.values import CycleId, EmployeeId, Frozen, Number
from service.tree import Branch, Tree, TreeNode
from web.api.parameters import After, CyclePath, Limit
from web.callers import Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["tree"])


class NodeDocument(Frozen):
    """A theme, a department goal or a person's goal. Of a share, 1 is the target: `own` by its measure, `from_below` by its children."""

    id: str
    title: str
    parent: str | None
    department: str | None
    owner: EmployeeId | None
    weight: Number
    own: Number | None
    from_below: Number | None


class BranchDocument(Frozen):
    """A node (None: the top of the tree), the sections under it, and a page of the goals under it, by id."""

    node: NodeDocument | None
    sections: tuple[NodeDocument, ...]
    goals: tuple[NodeDocument, ...]
    next: str | None


@router.get("/cycles/{cycle}/tree", responses=responses(404))
async def read_tree(  # noqa: PLR0917 - the page
    request: Request,
    caller: Reader,
    cycle: CyclePath,
    node: Annotated[str, Query(max_length=300, description="id of a theme, a department goal or a goal")] = "",
    limit: Limit = 100,
    after: After = "",
) -> BranchDocument:
    """A node and what is directly under it; without `node`, the themes, and the department goals that serve none."""
    tree = Tree(opened_of(request).engine)
    if not node:
        return _document(await tree.top(caller, CycleId(cycle)))
    return _document(await tree.node(caller, CycleId(cycle), node, after=after, limit=limit))


def _document(branch: Branch) -> BranchDocument:
    return BranchDocument(
        node=branch.node and _node(branch.node),
        sections=tuple(_node(one) for one in branch.sections),
        goals=tuple(_node(one) for one in branch.goals),
        next=branch.next,
    )


def _node(one: TreeNode) -> NodeDocument:
    return NodeDocument(**one.document())
