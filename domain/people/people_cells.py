"""The cells of a file of people as `Employee` reads them: widths, dates and words as people and systems write them."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from domain.people.people_columns import EVALUATORS, LEAVES, folded, words_by_name
from domain.typed_days import NotADay, read_day

_VALUES = words_by_name("""
ja:日本語 japanese jp jajp
en:英語 english enus engb
true:在籍 在籍中 在職 在職中 はい 有 ○ 〇 ◯ active
main:本務 主務 本職 primary
additional:兼務 兼任 secondary
false:退職 退職済 退職済み いいえ 無 × inactive
""")
_VALUE_OF = {word: value for value, words in _VALUES.items() for word in words}
_BLANKS = re.compile(r"\s+")  # whole runs: a pattern for a break with blanks around it takes the square of a long run
_BREAKS = frozenset("\t\r\n")

NO_DAY = "?"  # before a text that is not a day, so that pydantic, which takes digits for seconds, reads no day from it

Cells = dict[str, str | None]
"""One person's cells by field; None where the cell is empty."""


def clean_rows(rows: Iterable[Sequence[str]], columns: Mapping[str, int]) -> list[Cells]:
    """The cells of these rows, which are all as long as the header. Works by column: most words repeat down a column."""
    by_column = list(zip(*rows, strict=True))
    if not by_column:
        return []
    cleaned = [map(_CLEAN[name], by_column[at]) for name, at in columns.items()]
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*cleaned, strict=True)]


def clean_line(cell: str) -> str | None:
    """Without the line breaks that people type into the cells of a spreadsheet."""
    line = cell.strip()
    return (line if _BREAKS.isdisjoint(line) else _BLANKS.sub(_one_blank, line)) or None


def _one_blank(run: re.Match[str]) -> str:
    return run[0] if _BREAKS.isdisjoint(run[0]) else " "


def clean_id(cell: str) -> str | None:
    return (cell if cell.isascii() else unicodedata.normalize("NFKC", cell)).strip() or None


def _mail(cell: str) -> str | None:
    return cell.strip() or None


def _day(cell: str) -> str | None:
    """ISO. A text that is not a day stays as it is: it is refused with the other cells of its row."""
    if not cell.strip():
        return None
    try:
        return read_day(cell).isoformat()
    except NotADay:
        return NO_DAY + cell.strip()


def _percent(cell: str) -> str | None:
    return unicodedata.normalize("NFKC", cell).strip().removesuffix("%").strip() or None


def _word(cell: str) -> str | None:
    word = folded(cell)
    return _VALUE_OF.get(word, word) or None


def _remembered(clean: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """For columns that have few words in many rows."""
    return lru_cache(10_000)(clean)


_CLEAN: dict[str, Callable[[str], str | None]] = {
    "id": clean_id,
    "name": clean_line,
    "kana": clean_line,
    "mail": _mail,
    "department": _remembered(clean_line),
    "title": _remembered(clean_line),
    "manager_id": clean_id,
    "locale": _remembered(_word),
    "active": _remembered(_word),
    "site": _remembered(clean_id),
    "leaves": _remembered(_day),
    "joined_on": _remembered(_day),
    "away_from": _remembered(_day),
    "away_until": _remembered(_day),
    "deputy_id": clean_id,
    "post": _remembered(_word),
    "share": _remembered(_percent),
    "company": _remembered(clean_line),
    "seconded_from": _remembered(clean_line),
    **dict.fromkeys(EVALUATORS, clean_id),
    **dict.fromkeys((name for pair in LEAVES for name in pair), _remembered(_day)),
}
