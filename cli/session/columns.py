"""How wide the columns of a table are. What commands take (ids, dates, codes) is never cut; text gives way and is wrapped."""

import re
from collections.abc import Sequence

from cli.session.layout import width, wrap

GAP = 2  # columns of the terminal between two columns of a table
_LONGEST_WORD = (
    40  # a longer word in a text, such as an address of a page, may be divided; an id in a column of ids never
)
_LINES = 4  # of a cell that holds text
_WORD = re.compile(r"[!-~]+")
_ID = re.compile(r"\d[!-~]|[!-~]\d")

Rows = Sequence[Sequence[str]]


def fitted(rows: Rows, available: int) -> list[list[str]]:
    """The cells with line breaks, so that the table is at most `available` wide where its ids allow it."""
    widths = column_widths(rows, available)
    return [
        [cell if width(cell) <= most else "\n".join(_lines(cell, most)) for cell, most in zip(row, widths, strict=True)]
        for row in rows
    ]


def _lines(cell: str, columns: int) -> list[str]:
    """The lines of a cell: all of them if the rest has an id; else at most `_LINES`, the last with an ellipsis."""
    lines = wrap(cell, columns)
    if len(lines) <= _LINES or any(_ID.search(line) for line in lines[_LINES:]):
        return lines
    return [*lines[: _LINES - 1], wrap(lines[_LINES - 1], columns - 1)[0] + "…"]


def column_widths(rows: Rows, available: int) -> list[int]:
    """The width of each column: the widest ones are narrowed first, none below what it must show in one piece."""
    columns = list(zip(*rows, strict=True))
    widths = [max(width(cell) for cell in column) for column in columns]
    least = [_least(column) for column in columns]
    while sum(widths) + GAP * (len(widths) - 1) > available:
        wider = [n for n in range(len(widths)) if widths[n] > least[n]]
        if not wider:
            break
        widths[max(wider, key=widths.__getitem__)] -= 1
    return widths


def _least(column: Sequence[str]) -> int:
    """The narrowest that the column may be; its first cell is the header."""
    header, *cells = column
    if cells and all(_is_one_word(cell) for cell in cells):
        return max(width(cell) for cell in (*cells, *header.split()))
    words = [word for cell in column for word in _WORD.findall(cell)]
    return max((min(len(word), _LONGEST_WORD) for word in words), default=2)


def _is_one_word(cell: str) -> bool:
    """An id, a date, a number; empty where there is none."""
    return not cell or (" " not in cell and cell.isascii())
