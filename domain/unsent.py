"""Forms that a person has filled in and not sent: what is kept of one, and the limits."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticKnownError

from domain.values import Frozen, invalid_value

MAX_FORMS = 100  # of a person
MAX_BYTES = 200_000  # of the texts of a form, as JSON in UTF-8
KEPT = timedelta(days=90)  # after the last change

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"  # as an id (domain/values.py)
PLACE_PATTERN = rf"^{_PART}(/{_PART}){{0,9}}$"
MAX_PLACE = 200
MAX_VERSION = 2**53 - 1  # what a number of JavaScript holds

# PostgreSQL stores no other text. Characters that a goal's content refuses are kept: the person sees them, and corrects them.
_LOST = re.compile(r"[\x00\ud800-\udfff]")


def _as_typed(value: object) -> str | tuple[str, ...]:
    """A text, or the texts of a field that was filled in several times, without any change."""
    if isinstance(value, str):
        return _storable(value)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise PydanticKnownError("string_type")
    return tuple(_storable(one) for one in value)


def _storable(text: str) -> str:
    if found := _LOST.search(text):
        raise invalid_value("not_storable", at=found.start() + 1, character=f"U+{ord(found[0]):04X}")
    return text


Place = Annotated[str, StringConstraints(pattern=PLACE_PATTERN, max_length=MAX_PLACE)]
"""The key of a form, such as `goal/2026-q4/M0031/1/content`: ids with slashes between them."""

_NAME_PATTERN = r"^[A-Za-z0-9_.:\[\]-]{1,100}$"
FieldName = Annotated[str, StringConstraints(pattern=_NAME_PATTERN)]

AsTyped = Annotated[str | tuple[str, ...], BeforeValidator(_as_typed)]
"""What a field holds, exactly as it was typed."""


def _named(fields: object) -> object:
    """Refuses a wrong name as a mistake of the whole: an error at a field repeats the name, however long it is."""
    names = fields if isinstance(fields, Mapping) else ()
    if not all(isinstance(one, str) and re.fullmatch(_NAME_PATTERN, one) for one in names):
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": _NAME_PATTERN})
    return fields


Fields = Annotated[dict[FieldName, AsTyped], BeforeValidator(_named)]
"""The fields of a form by their names."""


class Placed(Frozen):
    """Which form."""

    place: Place


class UnsentWish(Frozen):
    """What is to be kept.

    `seen`: the number of the goal's last ledger entry that the person saw, if the form is about a goal. `version`: which version
    of the kept form the person went on from; null: nothing was kept.
    """

    fields: Annotated[Fields, Field(repr=False, json_schema_extra={"additionalProperties": False})]
    seen: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None
    version: Annotated[int | None, Field(ge=1, le=MAX_VERSION)] = None


class PlacedWish(Placed, UnsentWish):
    """The same with its place, which is in the path of a request."""


def size_of(fields: Mapping[str, Any]) -> int:
    """The bytes of the fields, as JSON in UTF-8."""
    return len(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())
