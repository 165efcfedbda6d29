"""How wide the columns of a table are. What commands take (ids, dates, codes) is never cut; text gives way and is wrapped."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from cli.session.layout import width, wrap

_GAPS = (2, 1)  # columns of the terminal between two columns of a table: the usual ones, and where there is no room
_LINES = 4  # of a cell that holds text
_LONGEST_WORD = 8  # a longer word of a text may be divided
_WORD = re.compile(r"[!-~]+")
_ID = re.compile(r"\d[!-~]|[!-~]\d")  # in a word: it is an id, a date or a number

Rows = Sequence[Sequence[str]]


class Fitted(NamedTuple):
    """The cells of a table with line breaks, and how far its columns are apart."""

    rows: list[list[str]]
    gap: int


def fitted(rows: Rows, available: int) -> Fitted:
    """The table at most `available` wide, if its ids allow it. The first row holds the headers."""
    for gap in _GAPS:
        widths = column_widths(rows, available, gap)
        if total(widths, gap) <= available:
            break
    return Fitted([[_cell(cell, most) for cell, most in zip(row, widths, strict=True)] for row in rows], gap)


def total(widths: Sequence[int], gap: int) -> int:
    """The width of the whole table."""
    return sum(widths) + gap * (len(widths) - 1)


def column_widths(rows: Rows, available: int, gap: int = _GAPS[0]) -> list[int]:
    """The width of each column: the widest ones are narrowed first, none below what it must show in one piece."""
    columns = list(zip(*rows, strict=True))
    widths = [max(width(cell) for cell in column) for column in columns]
    least = [_least(column) for column in columns]
    while total(widths, gap) > available:
        wider = [n for n in range(len(widths)) if widths[n] > least[n]]
        if not wider:
            break
        widths[max(wider, key=widths.__getitem__)] -= 1
    return widths


def _least(column: Sequence[str]) -> int:
    """The narrowest that the column may be; its first cell is the header."""
    _, *cells = column
    ids = [word for cell in cells for word in _WORD.findall(cell) if _ID.search(word)]
    words = [word for cell in column for word in _WORD.findall(cell)]
    return max(2, *(len(one) for one in ids), *(min(len(one), _LONGEST_WORD) for one in words), 2)


def _cell(cell: str, columns: int) -> str:
    """All lines of the cell if the rest has an id; else at most `_LINES`, the last with an ellipsis."""
    if width(cell) <= columns:
        return cell
    lines = [part for line in wrap(cell, columns) for part in _divided(line, columns)]
    if len(lines) <= _LINES or any(_ID.search(line) for line in lines[_LINES:]):
        return "\n".join(lines)
    return "\n".join([*lines[: _LINES - 1], _divided(lines[_LINES - 1], columns - 1)[0] + "…"])


def _divided(line: str, columns: int) -> list[str]:
    """A line that is one long word, in pieces; a line with an id stays whole."""
    if width(line) <= columns or _ID.search(line):
        return [line]
    end = len(line)
    while width(line[:end]) > columns:
        end -= 1
    return [line[:end], *_divided(line[end:], columns)]
