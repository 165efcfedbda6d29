"""Bodies of requests: JSON, read strictly (no `"5"` for 5, no key that is not known)."""

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, BeforeValidator, WrapValidator
from pydantic_core import PydanticKnownError
from starlette.exceptions import HTTPException

from domain.characters import NOT_STORABLE
from domain.messages import message
from domain.refusals import Code, Refusal

Model = TypeVar("Model", bound=BaseModel)
RENAMING = r"^[^=]*[^=\s][^=]*=.*\S.*$"  # for the document; `changed_names` reads it
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:")


def strict(model: type[Model]) -> Any:
    """The type of a body that is this model.

    FastAPI hands over what it parsed, as Python values, whose strict rules differ from those of JSON: they take no text as a date.
    """

    def read(value: Any, _: Any) -> Model:
        return model.model_validate_json(json.dumps(_whole(value)), strict=True)

    return Annotated[model, WrapValidator(read)]


def _whole(value: Any) -> Any:
    """The value with whole numbers as integers: in JSON `7.0` and `7` are the same number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


def changed_names(where: str, given: Sequence[str]) -> dict[str, str]:
    """The new names by the old ones, of parameters like `総務部=管理部`. Raises a `Refusal` for one that is none."""
    found: dict[str, str] = {}
    for one in given:
        old, _, new = (part.strip() for part in one.partition("="))
        if not old or not new or old in found:
            problem = message("part.finding", where=where, finding=message("problem.not_a_renaming"))
            raise Refusal(Code.INVALID, problems=[problem], more="")
        found[old] = new
    return found


async def _must_be_json(request: Request) -> None:
    """FastAPI hands on a body of another kind as bytes."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415)


JSON_ONLY = Depends(_must_be_json)


def require_storable(source: str, text: str) -> None:
    """Raises `RequestValidationError` for a text with a character that is not stored: PostgreSQL takes no zero byte, in a search neither."""
    if found := NOT_STORABLE.search(text):
        where = {"at": found.start() + 1, "character": f"U+{ord(found[0]):04X}"}
        raise RequestValidationError(
            [{"type": "not_storable", "loc": (source,), "msg": "", "input": None, "ctx": where}]
        )


async def _file(request: Request) -> bytes:
    data = await request.body()
    if not data:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "", "input": None}])
    return data


FileBody = Annotated[bytes, Depends(_file)]
"""The bytes of the body, which are a file. An empty body is none."""


def file_of(media_type: str, example: str) -> dict[str, Any]:
    """The body of a route that takes a file, for the OpenAPI document."""
    content = {media_type: {"schema": {"type": "string", "minLength": 1}, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _iso_day(value: object) -> object:
    """Pydantic takes a text of digits for seconds since 1970."""
    if isinstance(value, str) and not value.count("-") == 2:  # noqa: PLR2004 - year, month, day
        raise PydanticKnownError("date_parsing", {"error": "input is too short"})
    return value


def _iso_moment(value: object) -> object:
    """Pydantic takes a text of digits for seconds since 1970, and a day for its midnight."""
    if isinstance(value, str) and not _RFC_3339.match(value):
        raise PydanticKnownError("datetime_parsing", {"error": "input is too short"})
    return value


QueryDay = Annotated[date, BeforeValidator(_iso_day)]
QueryMoment = Annotated[AwareDatetime, BeforeValidator(_iso_moment)]
