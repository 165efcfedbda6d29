"""A goal's content as the TOML file that `goal submit` takes."""

from decimal import Decimal
from typing import Any

import tomli_w

from domain.writing.content import Content


def as_toml(content: Content) -> str:
    """The content as TOML, without empty fields. Whole numbers are numbers; other numbers are text, which is exact."""
    return tomli_w.dumps(_toml_value(content.model_dump(exclude_none=True)))


def _toml_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _toml_value(one) for key, one in value.items() if one not in ((), "")}
    if isinstance(value, tuple):
        return [_toml_value(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else f"{value:f}"
    return value
