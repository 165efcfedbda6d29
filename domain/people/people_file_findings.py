"""The parts of findings about a file of people: places, values and names of columns, as the sentences repeat them."""

from collections.abc import Sequence

from domain.messages import Message, message
from domain.people.leave import MAX_LEAVES

_MAX_SHOWN = 40  # characters of a value, and names of columns, that a finding repeats
_SAME_RULE = {
    "kana": "name",
    "department": "name",
    "department_id": "name",
    "parent_id": "name",
    "head_id": "id",
    "title": "name",
    "manager_id": "id",
    "site": "id",
    "deputy_id": "id",
    "joined_on": "leaves",
    **{
        name: "leaves"
        for first in ("away_from", "away_until")
        for name in (first, *(f"{first}_{n}" for n in range(2, MAX_LEAVES + 1)))
    },
    "company": "name",
    "seconded_from": "name",
    **{f"evaluator_{n}": "id" for n in range(1, 6)},
}


def rule_of(field: str) -> Message:
    """What a cell of the field must be."""
    return message(f"part.rule_{_SAME_RULE.get(field, field)}")


def row(number: int) -> str:
    """A row as a spreadsheet numbers it: the first is 1."""
    return f"row {number}"


def row_of_byte(data: bytes, at: int) -> str:
    """The row that holds the byte at `at`, counted from 0; line breaks inside quotation marks count too."""
    return row(data.count(b"\n", 0, at) + 1)


def shown(value: str) -> str:
    """The beginning of a value, without characters that do not print."""
    printable = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in value[:_MAX_SHOWN])
    return printable + ("…" if len(value) > _MAX_SHOWN else "")


def listed(names: Sequence[str]) -> list[str]:
    """The first names; an ellipsis where there are more."""
    return [*(shown(name) for name in names[:_MAX_SHOWN]), *(["…"] if len(names) > _MAX_SHOWN else [])]
