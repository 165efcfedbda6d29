"""A goal's content as the TOML file that `goal submit` takes."""

from decimal import Decimal
from typing import Any

import tomli_w

from domain.values import GoalId
from domain.writing.content import Content


def as_toml(content: Content, goal: GoalId | None = None, seen: int | None = None) -> str:
    """The content as TOML, without empty fields, with the goal and its number from which it was written.

    Whole numbers are numbers; other numbers are text, which is exact.
    """
    written_from = {"goal": goal, "seen": seen} if goal else {}
    return tomli_w.dumps(written_from | _toml_value(content.model_dump(exclude_none=True)))


def _toml_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _toml_value(one) for key, one in value.items() if one not in ((), "")}
    if isinstance(value, tuple):
        return [_toml_value(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else f"{value:f}"
    return value
