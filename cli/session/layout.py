"""Text laid out for a terminal: a Japanese character takes two columns, and a Japanese line may break at most characters."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_MAX_FIRST_COLUMN = 30
_GAP = 2
# A piece that no line break divides: a run of Latin letters or one other character, with the brackets before it and
# the punctuation after it.
_PIECE = re.compile(r"\s+|[「『(〔[]*(?:[!-~]+|.)[、。,.;:」』)〕\]ー]*", re.DOTALL)


def width(text: str) -> int:
    """How many columns a terminal needs for the text."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def wrap(text: str, columns: int) -> list[str]:
    """The lines of the text, each at most so many columns wide; a word that is wider has a line of its own."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if width(lines[-1] + piece.rstrip()) > columns and lines[-1]:
            lines.append("")
        if lines[-1] or not piece.isspace():
            lines[-1] += " " if piece.isspace() else piece
    return [line.rstrip() for line in lines if line.strip()]


def indented(text: str, indent: str, columns: int) -> Iterator[str]:
    """The paragraphs of the text, wrapped, with an empty line between two."""
    for n, paragraph in enumerate(text.split("\n\n")):
        if n:
            yield ""
        yield from (indent + line for line in wrap(" ".join(paragraph.split("\n")), columns - len(indent)))


def in_two_columns(rows: Iterable[tuple[str, str]], indent: str, columns: int) -> Iterator[str]:
    """Each row's first text, and its second beside it; below it, where the first is too long."""
    rows = list(rows)
    first = min(max((width(name) for name, _ in rows), default=0), _MAX_FIRST_COLUMN) + _GAP
    left = len(indent) + first
    for name, text in rows:
        lines = wrap(text, columns - left)
        if width(name) + _GAP <= first and lines:
            yield indent + name + " " * (first - width(name)) + lines.pop(0)
        else:
            yield indent + name
        yield from (" " * left + line for line in lines)
