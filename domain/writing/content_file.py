"""A goal's content as a file: TOML, or JSON where it begins with a brace. Checked like what comes from anywhere else."""

import json
from typing import NamedTuple

from pydantic import Field, ValidationError

from domain.findings import Finding, refuse, refuse_with
from domain.messages import did_you_mean
from domain.problems import UNKNOWN_KEY, Problem, problems_of
from domain.toml_text import read_toml
from domain.values import Line
from domain.writing.content import Content, Contributor, NumericMeasure, QualitativeMeasure, Step


class _File(Content):
    """The keys of a file: those of the content, and the goal and its number from which the text was written."""

    goal: Line | None = None
    seen: int | None = Field(default=None, ge=1)


_KEYS = sorted(
    {name for model in (_File, NumericMeasure, QualitativeMeasure, Step, Contributor) for name in model.model_fields}
)


class WrittenContent(NamedTuple):
    """A file's content. `seen` is the number of the goal `goal` from which the text was written, as `goal draft` prints both."""

    content: Content
    goal: str | None = None
    seen: int | None = None

    def seen_of(self, goal: str) -> int | None:
        """The number, if the text was written for this goal: a file may serve another one as well."""
        return self.seen if goal == self.goal else None


def read_content(data: bytes) -> Content | tuple[Finding, ...]:
    """The content, or why it cannot be read: each finding names the key or the line."""
    found = read_written(data)
    return found.content if isinstance(found, WrittenContent) else found


def read_written(data: bytes) -> WrittenContent | tuple[Finding, ...]:
    """The content and from which version it was written, or why the file cannot be read."""
    json_text = data if data.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{") else _json_of(data)
    if isinstance(json_text, Finding):
        return (json_text,)
    try:
        file = _File.model_validate_json(json_text, strict=True)
    except ValidationError as error:
        return tuple(_of_problem(problem) for problem in problems_of(error))
    content = Content.model_construct(**{name: getattr(file, name) for name in Content.model_fields})
    return WrittenContent(content, file.goal, file.seen)


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
