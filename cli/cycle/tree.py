"""`meguri cycle tree`: themes, department goals and goals, with the progress of the goals below each; whole, or one node by pages."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson
from cli.session.output import Exit, print_json, print_line
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from service.tree import Branch, Heading, Placed, TreeNode


def tree(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")],
    *,
    node: Annotated[str | None, typer.Option("--node", metavar="ID", help="help.option.node")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="help.option.node_limit")] = 50,
    after: Annotated[str, typer.Option("--after", metavar="GOAL", help="help.option.node_after")] = "",
    orphans: Annotated[bool, typer.Option("--orphans", help="help.option.orphans")] = False,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which goals serve which: each goal's own progress, and the progress of the goals below it."""
    to = terminal(as_json)
    if node is not None and department is not None:
        raise to.refuse(to.text("screen.tree.node_or_department"), kind="usage", code=Exit.USAGE)

    async def work(session: Reading) -> None:
        from cli.cycle.tree_json import print_tree_json
        from cli.session.callers import caller_for
        from domain.values import CycleId
        from service.tree import Tree

        trees, caller, cycle = Tree(session.engine), caller_for(None), CycleId(cycle_id)
        if node is not None:
            branch = await trees.node(caller, cycle, node, after=after, limit=limit)
            _print_branch(branch, session.terminal)
            return
        listed = orphans or as_json
        parts = (
            trees.stream(caller, cycle, list_orphans=listed)
            if department is None
            else trees.stream_department(caller, cycle, department, list_orphans=listed)
        )
        await (print_tree_json(parts) if as_json else _print_tree(parts, session.terminal))

    run(to, reading, work, (department,))


async def _print_tree(parts: "AsyncIterator[Placed | Heading]", to: Terminal) -> None:
    from service.tree import Heading, Part

    async for one in parts:
        if isinstance(one, Heading):
            if one.goals:
                to.tell(f"screen.tree.{one.part.value}", goals=one.goals)
        elif one.part is Part.TREE:
            print_line("  " * one.depth + _with_progress(one.node, to))
        else:
            print_line(f"  {_label(one.node)}")


def _print_branch(branch: "Branch", to: Terminal) -> None:
    below = [*branch.sections, *branch.goals]
    if to.as_json:
        node = branch.node and branch.node.document()
        print_json({"node": node, "children": [one.document() for one in below], "next": branch.next})
        return
    if branch.node:
        print_line(_with_progress(branch.node, to))
    for one in below:
        print_line(f"  {_with_progress(one, to)}")
    if branch.next:
        to.tell("screen.goal.more", after=branch.next)


def _with_progress(node: "TreeNode", to: Terminal) -> str:
    from domain.values import percent

    own = to.text("screen.tree.own", share=percent(node.own)) if node.own is not None else ""
    below = to.text("screen.tree.below", share=percent(node.from_below)) if node.from_below is not None else ""
    progress = ", ".join(one for one in (own, below) if one) or "-"
    return f"{_label(node)}  [{progress}]"


def _label(node: "TreeNode") -> str:
    from texts.wording import person, visible

    whose = person(node.owner, {node.owner: node.owner_name or ""}) if node.owner else node.department or ""
    return "  ".join(part for part in (node.id, visible(node.title), whose) if part)
