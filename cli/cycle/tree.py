"""`meguri cycle tree`: themes, department goals and goals, with the progress that rolls up."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.options import AsJson
from cli.session.output import print_json, print_line
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from domain.results.alignment import Leaf, Node, Tree


def tree(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE")],
    orphans: Annotated[bool, typer.Option("--orphans", help="list the goals that serve nothing, one by one")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what serves what: a goal's own progress, and beside it what comes from below."""

    async def work(session: Reading) -> None:
        from domain.results.alignment import grow, leaves_of
        from domain.values import CycleId
        from service.projection import goals_of_cycle
        from storage.database import read_transaction

        row = await session.cycles.require(CycleId(cycle_id))
        async with read_transaction(session.engine) as connection:
            goals = await goals_of_cycle(connection, CycleId(cycle_id))
        grown = grow(leaves_of(row.file, goals))
        if as_json:
            print_json(_document(grown))
            return
        names = await session.names({goal.owner for goal in goals})
        for line in _lines(grown, names, session.terminal, one_by_one=orphans):
            print_line(line)

    run(terminal(as_json), reading, work)


def _lines(grown: "Tree", names: dict[str, str], to: Terminal, *, one_by_one: bool) -> Iterator[str]:
    for node in grown.roots:
        yield from _branch(node, names, to, "")
    beside: Iterable[tuple[tuple[Leaf, ...], str]] = (
        (grown.astray, "screen.tree.astray"),
        (grown.circles, "screen.tree.circles"),
        (grown.orphans, "screen.tree.orphans"),
    )
    for leaves, key in beside:
        if leaves:
            yield to.text(key, goals=len(leaves))
            shown = leaves if one_by_one or leaves is not grown.orphans else ()
            yield from (f"  {_label(leaf, names)}" for leaf in shown)


def _branch(node: "Node", names: dict[str, str], to: Terminal, indent: str) -> Iterator[str]:
    from cli.session.wording import percent

    leaf = node.leaf
    own = to.text("screen.tree.own", share=percent(leaf.own)) if leaf.own is not None else ""
    below = node.from_below
    under = to.text("screen.tree.below", share=percent(below)) if below is not None else ""
    said = ", ".join(one for one in (own, under) if one) or "-"
    yield f"{indent}{_label(leaf, names)}  [{said}]"
    for child in node.children:
        yield from _branch(child, names, to, indent + "  ")


def _label(leaf: "Leaf", names: dict[str, str]) -> str:
    from cli.session.wording import person, visible

    whose = person(leaf.owner, names) if leaf.owner else leaf.department or ""
    return "  ".join(part for part in (leaf.id, visible(leaf.title), whose) if part)


def _document(grown: "Tree") -> dict[str, Any]:
    return {
        "roots": [_node(node) for node in grown.roots],
        "orphans": [leaf.id for leaf in grown.orphans],
        "astray": [leaf.id for leaf in grown.astray],
        "circles": [leaf.id for leaf in grown.circles],
    }


def _node(node: "Node") -> dict[str, Any]:
    return {
        **node.leaf._asdict(),
        "from_below": node.from_below,
        "children": [_node(child) for child in node.children],
    }
