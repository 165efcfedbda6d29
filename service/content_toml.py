"""A goal's content as the TOML file that `goal submit` takes."""

from decimal import Decimal
from typing import Any

import tomli_w

from domain.writing.content import Content


def as_toml(content: Content) -> str:
    """Fields without a value are left out; whole numbers as numbers, others as text, which stays exact."""
    return tomli_w.dumps(_plain(content.model_dump(exclude_none=True)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one not in ((), "")}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else f"{value:f}"
    return value
