"""Bytes that people hand in, as the tree of a TOML file."""

import re
import tomllib
from decimal import Decimal
from typing import Any

from domain.findings import Finding, refuse

_LINE = re.compile(r"at line (\d+)")


def read_toml(data: bytes, *, exact: bool = False) -> dict[str, Any] | Finding:
    """The tree of a TOML file in UTF-8, or why it cannot be read. `exact`: numbers with a point are `Decimal`."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"), parse_float=Decimal if exact else float)
    except UnicodeDecodeError as error:
        return refuse("not_utf8", f"byte {error.start}")
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        line = _LINE.search(str(error))
        return refuse("not_toml", f"line {line[1]}" if line else "file")
