"""A goal's content as a file: TOML, or JSON where it begins with a brace. Checked like what comes from anywhere else."""

import json
import tomllib
from decimal import Decimal

from pydantic import ValidationError

from domain.findings import Finding, refuse, refuse_with
from domain.messages import did_you_mean
from domain.problems import UNKNOWN_KEY, Problem, problems_of, toml_place
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure, Step

_KEYS = sorted({name for model in (Content, NumericMeasure, QualitativeMeasure, Step) for name in model.model_fields})


def read_content(data: bytes) -> Content | tuple[Finding, ...]:
    """The content, or why it cannot be read: each finding names the key or the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return (refuse("not_utf8", f"byte {error.start}"),)
    try:
        return Content.model_validate_json(text if text.lstrip().startswith("{") else _json_of(text), strict=True)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return (refuse("not_toml", toml_place(error)),)
    except ValidationError as error:
        return tuple(_of_problem(problem) for problem in problems_of(error))


def _json_of(toml: str) -> str:
    """The same as JSON, which is checked strictly; numbers with a point stay exact, as texts."""
    return json.dumps(tomllib.loads(toml, parse_float=Decimal), default=str)


def _of_problem(problem: Problem) -> Finding:
    where = problem.where or "file"
    if problem.message.key != UNKNOWN_KEY:
        return refuse_with("invalid", where, problem.message)
    near = did_you_mean(where.rpartition(".")[2], _KEYS)
    if near:
        return refuse("unknown_key", where, near=near)
    return refuse("unknown_key", where, text="finding.unknown_key_of", known=_KEYS)
