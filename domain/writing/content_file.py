"""A goal's content as a file: TOML, or JSON where it begins with a brace. Checked like what comes from anywhere else."""

import json

from pydantic import ValidationError

from domain.findings import Finding, refuse, refuse_with
from domain.messages import did_you_mean
from domain.problems import UNKNOWN_KEY, Problem, problems_of
from domain.toml_text import read_toml
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure, Step

_KEYS = sorted({name for model in (Content, NumericMeasure, QualitativeMeasure, Step) for name in model.model_fields})


def read_content(data: bytes) -> Content | tuple[Finding, ...]:
    """The content, or why it cannot be read: each finding names the key or the line."""
    json_text = data if data.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{") else _json_of(data)
    if isinstance(json_text, Finding):
        return (json_text,)
    try:
        return Content.model_validate_json(json_text, strict=True)
    except ValidationError as error:
        return tuple(_of_problem(problem) for problem in problems_of(error))


def _json_of(toml: bytes) -> str | Finding:
    """The same as JSON, which is checked strictly; numbers with a point stay exact, as texts."""
    tree = read_toml(toml, exact=True)
    try:
        return tree if isinstance(tree, Finding) else json.dumps(tree, default=str)
    except RecursionError:  # tables in tables in tables
        return refuse("not_toml", "file")


def _of_problem(problem: Problem) -> Finding:
    where = problem.where or "file"
    if problem.message.key != UNKNOWN_KEY:
        return refuse_with("invalid", where, problem.message)
    near = did_you_mean(where.rpartition(".")[2], _KEYS)
    if near:
        return refuse("unknown_key", where, near=near)
    return refuse("unknown_key", where, text="finding.unknown_key_of", known=_KEYS)
