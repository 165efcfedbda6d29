"""Salted commitments: the hashed form of a ledger entry holds `sha256(salt ‖ text)` where a person wrote a text.

So a text can be erased later while the hash chain still verifies. And nobody can confirm a guess about a text from its hash,
because the salt is not known. Text and salt are stored beside the hashed form.

A commitment is the JSON object `{"sha256": "<64 hexadecimal digits>"}` in the place of the text. A place is named by its JSON
pointer (RFC 6901), for example `/content/steps/0/title`.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import count
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

SEED_BYTES = 16
SEED_PATTERN = r"^[0-9a-f]{32}$"
ERASED = "[消去済み / erased]"  # shown in the place of an erased text

_SALT_DIGITS = 32  # 128 bits
_MESSAGE_FIELDS = {"key", "fields"}  # of domain.messages.Message
_TEXT_KEYS = {"salt", "text"}
_DIGEST = re.compile(r"[0-9a-f]{64}")

Texts = Mapping[str, Mapping[str, str]]
"""Texts by place: `{"/comment": {"salt": …, "text": …}}`."""


class _FreeText:
    """Marks a field of a model: a person writes its text."""


FREE_TEXT = _FreeText()

_Places = Mapping[str, Any] | _FreeText
"""The fields of a model that hold free text, by name; `FREE_TEXT`: every string below is free text."""


def commit(salt: str, text: str) -> str:
    """The commitment to `text`: `sha256(salt ‖ text)`, both as UTF-8, hexadecimal."""
    return hashlib.sha256(salt.encode() + text.encode()).hexdigest()


def salts_from(seed: str) -> Iterator[str]:
    """An endless sequence of salts of 128 bits. Without the secret `seed` (128 random bits) none of them can be guessed."""
    for n in count():
        yield hashlib.sha256(f"{seed}:{n}".encode()).hexdigest()[:_SALT_DIGITS]


def commit_texts(
    body: dict[str, Any], model: type[BaseModel], salts: Mapping[str, str], erased: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """The hashed form of `body` (JSON of `model`), and the texts that stand beside it.

    `salts` are by place. `erased` holds the commitments of texts that were erased, by place.
    """
    texts: dict[str, dict[str, str]] = {}

    def put(place: str, text: str) -> dict[str, str]:
        if place in erased:
            return {"sha256": erased[place]}
        salt = salts.get(place, "")
        texts[place] = {"salt": salt, "text": text}
        return {"sha256": commit(salt, text)}

    return _replaced(body, places_in(model), "", put), texts


def places_of(body: dict[str, Any], model: type[BaseModel]) -> list[str]:
    """The places of all free texts in `body` (JSON of `model`)."""
    found: list[str] = []
    _replaced(body, places_in(model), "", lambda place, _: found.append(place))
    return found


def without_texts(form: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The JSON of `model` with `ERASED` in the place of every free text."""
    erased: dict[str, Any] = _replaced(form, places_in(model), "", lambda *_: ERASED)
    return erased


def well_formed(texts: object) -> Texts:
    """The texts of a stored cell that have a salt and a text. Others were altered, and are left out."""
    if not isinstance(texts, dict):
        return {}
    return {place: one for place, one in texts.items() if _is_salted_text(one)}


def commitments_to(texts: object) -> dict[str, str] | None:
    """The commitments to the texts of a stored cell, by place; None if the cell does not have the form of `Texts`."""
    if not isinstance(texts, dict) or not all(map(_is_salted_text, texts.values())):
        return None
    return {place: commit(one["salt"], one["text"]) for place, one in texts.items()}


def _is_salted_text(one: object) -> bool:
    return isinstance(one, dict) and one.keys() == _TEXT_KEYS and all(isinstance(part, str) for part in one.values())


def open_texts(body: dict[str, Any], texts: Texts) -> tuple[dict[str, Any], dict[str, str]]:
    """The body as people read it, made from its hashed form and the texts; and the commitments without a text, by place."""
    known, erased = well_formed(texts), dict[str, str]()

    def put(place: str, digest: str) -> str:
        if place in known:
            return known[place]["text"]
        erased[place] = digest
        return ERASED

    return _each_commitment(body, "", put), erased


def commitments_in(body: dict[str, Any]) -> dict[str, str]:
    """The commitments in a hashed form, by place."""
    found: dict[str, str] = {}
    _each_commitment(body, "", found.__setitem__)
    return found


def _replaced(value: Any, places: _Places, path: str, put: Callable[[str, str], Any]) -> Any:
    """`value` with each free text replaced by what `put` returns for its place and text."""
    if isinstance(value, list):
        return [_replaced(one, places, f"{path}/{n}", put) for n, one in enumerate(value)]
    if isinstance(places, _FreeText):
        if isinstance(value, dict):
            is_message = value.keys() == _MESSAGE_FIELDS  # then `key` is a code
            return {
                key: one if is_message and key == "key" else _replaced(one, places, f"{path}/{_escaped(key)}", put)
                for key, one in value.items()
            }
        return put(path, value) if isinstance(value, str) else value
    if not isinstance(value, dict):
        return value
    return {
        key: _replaced(one, places[key], f"{path}/{key}", put) if key in places else one for key, one in value.items()
    }


def _each_commitment(value: Any, path: str, put: Callable[[str, str], Any]) -> Any:
    """`value` with each commitment replaced by what `put` returns for its place and digest."""
    if isinstance(value, list):
        return [_each_commitment(one, f"{path}/{n}", put) for n, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(digest := value.get("sha256"), str) and _DIGEST.fullmatch(digest):
        return put(path, digest)
    return {key: _each_commitment(one, f"{path}/{_escaped(key)}", put) for key, one in value.items()}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@cache
def places_in(model: type[BaseModel]) -> Mapping[str, Any]:
    """The fields of `model`, and of the models in it, that are marked as `FREE_TEXT`."""
    found = {
        name: FREE_TEXT if FREE_TEXT in field.metadata else _places_in_type(field.annotation)
        for name, field in model.model_fields.items()
    }
    return {name: places for name, places in found.items() if places}


def _places_in_type(annotation: Any) -> _Places | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return places_in(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return FREE_TEXT if FREE_TEXT in arguments[1:] else _places_in_type(arguments[0])
    if origin in (Union, UnionType, tuple, list, dict):
        return _merged([places for one in arguments if (places := _places_in_type(one))])
    return None


def _merged(found: list[_Places]) -> _Places | None:
    merged: dict[str, Any] = {}
    for places in found:
        if isinstance(places, _FreeText):
            return places
        merged |= places
    return merged or None
