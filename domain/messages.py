"""A sentence as data: the key of a text and the values in it. `texts/` makes the sentence, in its reader's language."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.close_match import close_match
from domain.values import Frozen

_Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[A-Za-z0-9_]+)*$")]


class Message(Frozen):
    """A text's key, and the values that the sentence needs; a value may be a message itself, or several."""

    key: _Key
    fields: "dict[str, FieldValue]" = Field(default_factory=dict)

    def __str__(self) -> str:
        """Key and values, for logs and for programs in other languages."""
        return f"{self.key}{self.values}"

    @property
    def values(self) -> str:
        """The values in brackets; empty without any."""
        named = [f"{name}: {_listed(value)}" for name, value in self.fields.items() if value != ""]
        return f" ({'; '.join(named)})" if named else ""


_One = str | int | Message
FieldValue = _One | tuple[_One, ...]
"""A field's value. Days are ISO dates and exact numbers plain digits, both as strings, so that fields travel as JSON."""

_OneInput = str | int | Decimal | date | Message
FieldInput = _OneInput | Iterable[_OneInput]


def _listed(value: FieldValue) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)


def message(key: str, /, **fields: FieldInput) -> Message:
    """The message with its values in the form in which they travel."""
    return Message(key=key, fields={name: _plain(value) for name, value in fields.items()})


def did_you_mean(written: str, known: Iterable[str], cutoff: float = 0.6) -> Message | Literal[""]:
    """What ends a sentence about an unknown name: the nearest known one as a question; nothing where none is near.

    `cutoff` is difflib's: how alike two names must be, from 0 to 1.
    """
    close = close_match(written, known, cutoff)
    return message("part.did_you_mean", near=close) if close else ""


def _plain(value: FieldInput) -> FieldValue:
    if isinstance(value, str | int | Decimal | date | Message):
        return _plain_one(value)
    return tuple(_plain_one(one) for one in value)


def _plain_one(value: _OneInput) -> _One:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, str) else value  # a StrEnum's member becomes its value
