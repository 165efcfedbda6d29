"""Bodies of requests: JSON, read strictly (no `"5"` for 5, no key that is not known)."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, WrapValidator
from pydantic_core import PydanticKnownError
from starlette.exceptions import HTTPException

from domain.messages import message
from domain.refusals import Code, Refusal

Model = TypeVar("Model", bound=BaseModel)


def strict(model: type[Model]) -> Any:
    """The type of a body that is this model.

    FastAPI hands over what it parsed, as Python values, whose strict rules differ from those of JSON: they take no text as a date.
    """

    def read(value: Any, _: Any) -> Model:
        return model.model_validate_json(json.dumps(value), strict=True)

    return Annotated[model, WrapValidator(read)]


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


def _iso_day(value: object) -> object:
    """Pydantic takes a text of digits for seconds since 1970."""
    if isinstance(value, str) and not value.count("-") == 2:  # noqa: PLR2004 - year, month, day
        raise PydanticKnownError("date_parsing", {"error": "input is too short"})
    return value


QueryDay = Annotated[date, BeforeValidator(_iso_day)]
