"""Formats of cells, and the room that a text needs, in half-width characters, which are also the unit of column widths."""

import unicodedata
from math import ceil
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

FONT = "Yu Gothic"
BODY, SMALLEST = 10, 5  # points
TALLEST = 400.0  # points; Excel's limit for a row is 409
_LINE_HEIGHT = 1.55  # line height divided by font size
_USABLE = 0.86  # the share of a cell's width that text in a proportional font certainly fills
# Colours: headings, labels, cells to fill in, locked cells
HEAD, BAND, EDITABLE, LOCKED = "#1F3A5F", "#DCE6F1", "#FFFBE6", "#F5F5F5"


def width_of(text: str) -> int:
    """The width of the text in half-width characters: a kanji counts two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def lines_of(text: str, width: float, size: int = BODY) -> int:
    """The number of lines of the text in font size `size`, in a cell that is `width` characters of the body's size wide."""
    room = max(width * _USABLE * BODY / size, 2)
    return sum(max(1, ceil(width_of(line) / room)) for line in text.split("\n"))


def size_for(text: str, width: float) -> int:
    """The largest font size at which the text fits into the tallest row. A text is made smaller, never cut."""
    for size in range(BODY, SMALLEST, -1):
        if lines_of(text, width, size) * size * _LINE_HEIGHT <= TALLEST:
            return size
    return SMALLEST


def height_for(text: str, width: float) -> float:
    """The height of a row for this text, in points."""
    size = size_for(text, width)
    return min(max(lines_of(text, width, size) * size * _LINE_HEIGHT + 3, 18), 409)


class Formats:
    """The formats of a workbook; each is created once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            base = {"font_name": FONT, "font_size": BODY, "valign": "vcenter", "text_wrap": True}
            self._made[key] = self._book.add_format(base | properties)
        return self._made[key]
