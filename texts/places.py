"""Where a finding is, in words: 「8行目」「ステップ2の期日」; row 8, step 2: due date.

A place is a row or column of a table (`row 8`), a line or byte of a file (`line 3`), the whole `file`, a path of keys
(`steps[1].due`), a field of a sheet (`step2_due`), or an employee's id. Parts of one place are separated by ` / `, several
places by `, `.
"""

import re

from domain.locale import Locale
from texts import translations

_NUMBERED = re.compile(r"(row|column|byte|line) (\d+)")
_SEGMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)((?:\[\d+\])?)")
_STEP_FIELD = re.compile(r"step(\d+)_([a-z]+)")
_SILENT = frozenset({"measure", "cycle", "policy"})  # say nothing before a key of theirs


def place_text(where: str, locale: Locale) -> str:
    """The place in words; ids, file names, cells, and paths with an unknown first key, as they are."""
    return translations.template("join.list", locale).join(_one(place, locale) for place in where.split(", "))


def _one(where: str, locale: Locale) -> str:
    """A place of one part may be a path of keys; of several parts, the others are names of files and goals, and cells."""
    parts = where.split(" / ")
    if len(parts) == 1:
        return _part(where, locale) or _path(where, locale)
    return " / ".join(_part(part, locale) or part for part in parts)


def field_of_sheet(field: str, locale: Locale) -> str:
    """What a sheet calls a field: `target`, `step2_due`."""
    step = _STEP_FIELD.fullmatch(field)
    if step:
        return translations.template(f"cell.step_{step[2]}.n", locale).format(n=step[1])
    return translations.template(f"cell.{field}", locale)


def _part(where: str, locale: Locale) -> str | None:
    """A row, column, line or byte, or a field of a sheet; none for anything else."""
    if numbered := _NUMBERED.fullmatch(where):
        return translations.template(f"place.{numbered[1]}", locale).format(n=numbered[2])
    if _STEP_FIELD.fullmatch(where) or translations.has(f"cell.{where}", locale):
        return field_of_sheet(where, locale)
    return None


def _path(where: str, locale: Locale) -> str:
    """A path of keys; keys without a word (names that somebody gave) stay."""
    segments = [_SEGMENT.fullmatch(one) for one in where.split(".")]
    if not all(segments) or _word(segments[0], locale) is None:
        return where
    last = len(segments) - 1
    words = [
        _word(one, locale) or (one[0] if one else "")
        for at, one in enumerate(segments)
        if at == last or one is None or one[0] not in _SILENT
    ]
    return translations.template("join.path", locale).join(words)


def _word(segment: re.Match[str] | None, locale: Locale) -> str | None:
    """`steps[1]` is a step with its number, from 1; `steps` all of them."""
    if segment is None:
        return None
    key, index = segment[1], segment[2]
    for name in (f"place.{key}.n",) if index else (f"place.{key}", f"field.{key}"):
        if translations.has(name, locale):
            return translations.template(name, locale).format(n=int(index[1:-1]) + 1 if index else "")
    return None
