"""The whole tree of a cycle as one JSON document, written node by node: only one node is in memory."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from cli.session.output import json_line, print_part

if TYPE_CHECKING:
    from service.tree import Heading, Placed, TreeNode


async def print_tree_json(parts: "AsyncIterator[Placed | Heading]") -> None:
    """`{"roots": [nodes with their children], "missing_parent": [ids], "circles": [ids], "orphans": [ids]}`.

    Prints nothing where the first part is refused: a refusal has a document of its own.
    """
    from service.tree import Heading, Part

    document = _Document()
    async for one in parts:
        if isinstance(one, Heading):
            document.begin(one.part.value)
        elif one.part is Part.TREE:
            document.place(one.depth, one.node)
        else:
            document.add(json_line(one.node.id))
    document.end()


class _Document:
    """The document as far as it is written: how many nodes are open, and whether the next value needs a comma."""

    def __init__(self) -> None:
        self._open = 0
        self._is_begun = False
        self._needs_comma = False

    def place(self, depth: int, node: "TreeNode") -> None:
        """Writes a node and leaves its list of children open."""
        self._close(depth)
        self.add(f'{json_line(node.document(), "roots")[:-1]}, "children": [')
        self._open, self._needs_comma = depth + 1, False

    def begin(self, part: str) -> None:
        """Ends the list before and begins the next one."""
        self._close(0)
        self._write(f'],\n"{part}": [')
        self._needs_comma = False

    def add(self, value: str) -> None:
        self._write((",\n" if self._needs_comma else "\n") + value)
        self._needs_comma = True

    def end(self) -> None:
        self._write("]}\n")

    def _close(self, depth: int) -> None:
        """Closes the nodes from this depth down."""
        if self._open > depth:
            self._write("]}" * (self._open - depth))
            self._open, self._needs_comma = depth, True

    def _write(self, value: str) -> None:
        if not self._is_begun:
            print_part('{"roots": [')
            self._is_begun = True
        print_part(value)
