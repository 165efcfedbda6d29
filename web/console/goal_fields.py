"""The fields in which somebody writes a goal: those of a sheet. From the texts of a form to a content, and where a finding belongs."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.findings import Finding
from domain.goal.goal import Goal
from domain.values import Locale
from domain.writing.content import Content, NumericMeasure, Step
from sheets.fields import FIELDS, MAX_STEPS, fields_of, merged
from texts.words import word
from web.console.forms import Typed

_STEP = re.compile(r"steps\[(\d+)\](?:\.(\w+))?")
_CRITERION = re.compile(r"measure\.criteria\[(\d+)\]")
_PLACES = {
    "measure": "target", "measure.name": "measure", "measure.success_image": "image", "measure.criteria": "criteria",
    "steps": "step1_title", "goals": "weight",
}  # fmt: skip
SPARE_STEPS = 2  # empty rows behind those that are filled in


class Rewrite(NamedTuple):
    """A text that a finding suggests for a field."""

    field: str
    value: str


def as_typed(content: Content) -> dict[str, str]:
    """The content as the form shows it: days as the browser's date fields have them."""
    return {name: str(value) for name, value in fields_of(content).items()}


def of_form(typed: Typed) -> dict[str, str]:
    """What was typed into the fields of the goal. Of problems that are chosen, one a line, as in a sheet."""
    found = {name: typed[name] for name in FIELDS if name in typed}
    if answers := [one for one in typed.all("answers") if one]:
        found["answers"] = "\n".join(answers)
    return found


def content_of(goal: Goal, fields: Mapping[str, str]) -> Content:
    """The content that the fields describe; fields that the form does not have keep their value. Raises `InvalidFields`."""
    filled = {name: value for name, value in fields.items() if value.strip()}
    is_numeric = fields.get("kind", "numeric") == "numeric"
    left_out = ("image", "criteria") if is_numeric else ("unit", "baseline", "target", "direction")
    return merged(
        goal.content, {name: value for name, value in filled.items() if name in FIELDS and name not in left_out}
    )


def kind_of(typed: Mapping[str, str]) -> str:
    """Which measure the form shows: as chosen, else as it is filled in."""
    if (chosen := typed.get("kind", "")) in ("numeric", "qualitative"):
        return chosen
    return "qualitative" if typed.get("image") or typed.get("criteria") else "numeric"


def rows_of_steps(typed: Mapping[str, str], more: int = 0) -> int:
    """How many rows of steps the form shows."""
    filled = [n for n in range(1, MAX_STEPS + 1) if any(typed.get(f"step{n}_{part}") for part in ("title", "due"))]
    return min(max(filled, default=0) + SPARE_STEPS + more, MAX_STEPS)


def points_in(typed: Mapping[str, str]) -> int:
    """The points of the measure and the steps as the form would save them; what is no number counts nothing."""
    measure, step = NumericMeasure.model_fields["points"].default, Step.model_fields["points"].default
    written = [typed.get("points") or str(measure)]
    rows = (n for n in range(1, MAX_STEPS + 1) if typed.get(f"step{n}_title"))
    written += [typed.get(f"step{n}_points") or str(step) for n in rows]
    return sum(int(one) for one in written if one.isascii() and one.isdigit() and len(one) < 6)  # noqa: PLR2004 - digits


def field_of(finding: Finding) -> str:
    """The field of the form at which a finding is shown."""
    if step := _STEP.fullmatch(finding.where):
        return f"step{int(step[1]) + 1}_{step[2] or 'title'}"
    if _CRITERION.fullmatch(finding.where):
        return "criteria"
    return _PLACES.get(finding.where, finding.where.rpartition(".")[2].partition("[")[0])


def rewrite_of(finding: Finding, typed: Mapping[str, str]) -> Rewrite | None:
    """What can be taken over by one click: a text that is written as it should stand, or a target that can be reached."""
    suggested, field = finding.suggestion, field_of(finding)
    if suggested is None:
        return None
    if suggested.key in ("suggestion.target", "suggestion.target_plain"):
        return Rewrite("target", str(suggested.fields["target"]))
    if suggested.key != "suggestion.as_written":
        return None
    text = str(suggested.fields["text"])
    if criterion := _CRITERION.fullmatch(finding.where):
        lines = typed.get("criteria", "").split("\n")
        at = int(criterion[1])
        return Rewrite("criteria", "\n".join([*lines[:at], text, *lines[at + 1 :]])) if at < len(lines) else None
    return Rewrite(field, text) if field in FIELDS else None


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The fields in which the two differ, with both values, in the order of the form."""
    return [
        (name, before.get(name, ""), after.get(name, ""))
        for name in FIELDS
        if before.get(name, "").strip() != after.get(name, "").strip()
    ]


def directions(locale: Locale) -> list[tuple[str, str]]:
    return [(one, word("direction", one, locale)) for one in ("up", "down")]


def by_field(findings: Iterable[Finding]) -> dict[str, Finding]:
    """The first finding of each field."""
    return {field_of(one): one for one in reversed(tuple(findings))}
