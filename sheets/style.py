"""Formats, widths and heights: how much room a text needs, counted in half-width characters as cells are."""

import unicodedata
from math import ceil
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

FONT = "Yu Gothic"
BODY, SMALLEST = 10, 5  # points
TALLEST = 400.0  # points; Excel's limit for a row is 409
_LEADING = 1.55  # line height by font size
_AIR = 0.86  # of a width, that a proportional font can be relied on to fill
HEAD, BAND, OPEN, CALM = "#1F3A5F", "#DCE6F1", "#FFFBE6", "#F5F5F5"


def width_of(text: str) -> int:
    """In half-width characters: a kanji takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def lines_of(text: str, width: float, size: int = BODY) -> int:
    """How many lines a text takes in a cell that is `width` characters wide at the body's size."""
    room = max(width * _AIR * BODY / size, 2)
    return sum(max(1, ceil(width_of(line) / room)) for line in text.split("\n"))


def size_for(text: str, width: float) -> int:
    """The largest size at which the text fits into the tallest row; a text is made smaller, never cut."""
    for size in range(BODY, SMALLEST, -1):
        if lines_of(text, width, size) * size * _LEADING <= TALLEST:
            return size
    return SMALLEST


def height_for(text: str, width: float) -> float:
    size = size_for(text, width)
    return min(max(lines_of(text, width, size) * size * _LEADING + 3, 18), 409)


class Formats:
    """The workbook's formats, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            base = {"font_name": FONT, "font_size": BODY, "valign": "vcenter", "text_wrap": True}
            self._made[key] = self._book.add_format(base | properties)
        return self._made[key]
