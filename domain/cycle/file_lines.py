"""Where a key stands in the text of a cycle file, so that HR finds what a finding is about."""

import re
from collections.abc import Mapping

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*(?:\.\s*([A-Za-z0-9_-]+)\s*)?=")
_LINE = re.compile(r"line (\d+)")
_LAST_PART = re.compile(r"(\[\d+\]|\.?[^.\[\]]+)$")


class FileLines:
    """The lines of a text. What it cannot place has no line: the text may be no TOML at all."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._of_key = _lines_by_key(self._lines)

    def line_of(self, where: str) -> int | None:
        """The number, from 1, of the line that a finding's place names: `line 3`, `cycle.reviews[1]`, `drafts[0].steps[2].due`.

        It is the line of the key, or of the nearest table or list that holds it.
        """
        if numbered := _LINE.fullmatch(where):
            return int(numbered[1]) if 0 < int(numbered[1]) <= len(self._lines) else None
        at = where
        while at:
            if found := self._of_key.get(at):
                return found
            at = _LAST_PART.sub("", at, count=1)
        return None

    def text_of(self, line: int) -> str:
        return self._lines[line - 1].strip()


def _lines_by_key(lines: list[str]) -> Mapping[str, int]:
    """The first line of each table and key, by its path as findings write it."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}  # tables of each list so far
    table = ""
    for number, line in enumerate(lines, 1):
        if header := _TABLE.match(line):
            table = _path(header[2], counts, is_list=header[1] == "[[")
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            path = ".".join(filter(None, (table, _plain(key[1]))))
            found.setdefault(path, number)
            if key[2]:
                found.setdefault(f"{path}.{key[2]}", number)
    return found


def _path(name: str, counts: dict[str, int], *, is_list: bool) -> str:
    """The path of a table, with the index of each list in it; `[[drafts]]` begins the next of its list."""
    *above, last = (_plain(part.strip()) for part in name.split("."))
    path = ""
    for part in above:
        path = f"{path}.{part}" if path else part
        if path in counts:
            path += f"[{counts[path]}]"
    path = f"{path}.{last}" if path else last
    if is_list:
        counts[path] = counts.get(path, -1) + 1
        return f"{path}[{counts[path]}]"
    return path


def _plain(key: str) -> str:
    return key.strip("\"'")
