"""`meguri cycle tree`: themes, department goals and goals, with the progress of the goals below each."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson
from cli.session.output import print_json, print_line
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from domain.results.alignment import Leaf, Node, Tree


def tree(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")],
    orphans: Annotated[bool, typer.Option("--orphans", help="help.option.orphans")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which goals serve which: each goal's own progress, and the progress of the goals below it."""

    async def work(session: Reading) -> None:
        from cli.session.callers import caller_for
        from domain.values import CycleId
        from service.results import Results

        page = await Results(session.engine).tree(caller_for(None), CycleId(cycle_id))
        if as_json:
            print_json(page.document)
            return
        for line in _lines(page.tree, page.names, session.terminal, one_by_one=orphans):
            print_line(line)

    run(terminal(as_json), reading, work)


def _lines(tree_of_goals: "Tree", names: dict[str, str], to: Terminal, *, one_by_one: bool) -> Iterator[str]:
    for node in tree_of_goals.roots:
        yield from _branch(node, names, to, "")
    beside: Iterable[tuple[tuple[Leaf, ...], str]] = (
        (tree_of_goals.missing_parent, "screen.tree.missing_parent"),
        (tree_of_goals.circles, "screen.tree.circles"),
        (tree_of_goals.orphans, "screen.tree.orphans"),
    )
    for leaves, key in beside:
        if leaves:
            yield to.text(key, goals=len(leaves))
            shown = leaves if one_by_one or leaves is not tree_of_goals.orphans else ()
            yield from (f"  {_label(leaf, names)}" for leaf in shown)


def _branch(node: "Node", names: dict[str, str], to: Terminal, indent: str) -> Iterator[str]:
    from cli.session.wording import percent

    leaf = node.leaf
    own = to.text("screen.tree.own", share=percent(leaf.own)) if leaf.own is not None else ""
    below = node.from_below
    under = to.text("screen.tree.below", share=percent(below)) if below is not None else ""
    shares = ", ".join(one for one in (own, under) if one) or "-"
    yield f"{indent}{_label(leaf, names)}  [{shares}]"
    for child in node.children:
        yield from _branch(child, names, to, indent + "  ")


def _label(leaf: "Leaf", names: dict[str, str]) -> str:
    from cli.session.wording import person, visible

    whose = person(leaf.owner, names) if leaf.owner else leaf.department or ""
    return "  ".join(part for part in (leaf.id, visible(leaf.title), whose) if part)
