"""The keys of docs/json.md with their types, and what a document has that is not in the list."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.session.vocabulary import OPAQUE

_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|", re.MULTILINE)
KEYS = dict(_ROW.findall((Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT.*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")


def differences(value: Any, place: str = "") -> Iterator[str]:
    """Where the document has a key that the list does not have, or a value of another type."""
    if isinstance(value, list):
        for one in value:
            yield from differences(one, place)
    elif isinstance(value, dict) and set(value) != {"ja", "en"}:
        for name, one in value.items():
            if not _fits(KEYS.get(name, ""), one):
                yield f"{place}.{name}: {one!r:.60} is no {KEYS.get(name, 'key of the list')}"
            elif name not in OPAQUE:
                yield from differences(one, f"{place}.{name}")


def _fits(kind: str, value: Any) -> bool:
    if value is None:
        return bool(kind)
    match kind:
        case "number" | "boolean" | "list" | "object":
            return type(value) is {"number": int, "boolean": bool, "list": list, "object": dict}[kind]
        case "moment" | "date" | "decimal":
            pattern = {"moment": _MOMENT, "date": _DATE, "decimal": _DECIMAL}[kind]
            return isinstance(value, str) and pattern.fullmatch(value) is not None
    return kind == "string" and isinstance(value, str)
