"""A goal's content as a file: TOML, or JSON where it begins with a brace. Checked like what comes from anywhere else."""

import json
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from domain.findings import Finding, refuse
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure, Step

_KEYS = sorted({name for model in (Content, NumericMeasure, QualitativeMeasure, Step) for name in model.model_fields})
_KINDS = ("numeric", "qualitative")  # pydantic puts the kind of measure into the path; the file has no such key


def read_content(data: bytes) -> Content | tuple[Finding, ...]:
    """The content, or why it cannot be taken: each finding names the key, or the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return (refuse("not_utf8", f"byte {error.start}", "UTF-8 で保存してください。", "save the file as UTF-8"),)
    try:
        return Content.model_validate_json(text if text.lstrip().startswith("{") else _json_of(text), strict=True)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return (refuse("not_toml", "file", f"TOML として読めません: {error}", f"this is not TOML: {error}"),)
    except ValidationError as error:
        return tuple(_of_problem(problem) for problem in error.errors(include_url=False, include_input=False))


def _json_of(toml: str) -> str:
    """The same as JSON, which is checked strictly; numbers with a point stay exact, as texts."""
    return json.dumps(tomllib.loads(toml, parse_float=Decimal), default=str)


def _of_problem(problem: Any) -> Finding:
    where, said = _place(problem["loc"]), problem["msg"]
    if problem["type"] == "extra_forbidden":
        close = get_close_matches(str(problem["loc"][-1]), _KEYS, n=1)
        hint_ja, hint_en = (f"「{close[0]}」のことですか。", f"; did you mean {close[0]}?") if close else ("", "")
        known = f"使えるキーは {', '.join(_KEYS)} です。"
        return refuse("unknown_key", where, f"知らないキーです。{hint_ja or known}", f"unknown key{hint_en}")
    return refuse("invalid", where, f"値が正しくありません: {said}", said)


def _place(path: Sequence[str | int]) -> str:
    """As people write it: `steps[0].due`."""
    keys = [key for n, key in enumerate(path) if not (key in _KINDS and n and path[n - 1] == "measure")]
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".") or "file"
