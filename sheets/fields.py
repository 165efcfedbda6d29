"""A goal's content as flat fields, one per cell of a sheet or column of a CSV file; and back, with findings by field.

A list is one field with an item per line. Only fields that a person changed change the goal: `merged` compares each field with
the goal's own.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.findings import Finding, refuse, refuse_with
from domain.problems import day_problem, problem_of
from domain.typed_days import NotADay, read_day
from domain.values import Locale, shown
from domain.writing.content import Content, Direction, NumericMeasure, QualitativeMeasure
from texts.words import word

MAX_STEPS = 12
STEP_FIELDS = tuple(f"step{n}_{part}" for n in range(1, MAX_STEPS + 1) for part in ("title", "by", "due", "points"))
_MEASURE = ("measure", "unit", "direction", "baseline", "target", "points", "image", "criteria")
_SIMPLE = ("theme", "challenge", "heard", "aligned_to", "parent", "answers", "weight", "contributors")
FIELDS = (*_SIMPLE, *_MEASURE, *STEP_FIELDS)

_DIRECTION_CODES = {
    name: one.value for one in Direction for name in (one.value, *(word("direction", one, locale) for locale in Locale))
}
Value = str | int | Decimal | date
Fields = Mapping[str, Value]


class InvalidFields(Exception):
    """The fields are not a valid goal; each finding names its field in `where`."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(str(findings[0].message))


def fields_of(content: Content) -> dict[str, Value]:
    """The fields of the content; empty ones are left out."""
    fields: dict[str, Value] = {
        "theme": content.theme,
        "challenge": content.challenge,
        "heard": "\n".join(content.heard),
        "aligned_to": content.aligned_to,
        "parent": content.parent or "",
        "answers": "\n".join(content.answers or ()),
        "weight": content.weight,
        "contributors": "\n".join(f"{one.person} {one.share}" for one in content.contributors or ()),
    }
    for n, step in enumerate(content.steps, start=1):
        fields |= {f"step{n}_title": step.title, f"step{n}_due": step.due, f"step{n}_points": step.points}
        fields[f"step{n}_by"] = step.by or ""
    return {name: value for name, value in (fields | _measure_fields(content)).items() if value != ""}


def _measure_fields(content: Content) -> dict[str, Value]:
    match content.measure:
        case NumericMeasure() as measure:
            fields: dict[str, Value] = {"measure": measure.name, "unit": measure.unit, "target": measure.target}
            baseline = {} if measure.baseline is None else {"baseline": measure.baseline}
            return fields | baseline | {"direction": measure.direction.value, "points": measure.points}
        case QualitativeMeasure() as measure:
            fields = {"measure": measure.name, "image": measure.success_image, "criteria": "\n".join(measure.criteria)}
            return fields | {"points": measure.points}
        case None:
            return {}


def merged(content: Content, fields: Fields, known: Collection[str] = FIELDS) -> Content:
    """The content with the changed fields replaced. Fields that are not `known` (in no column of a file) keep their value.

    Raises `InvalidFields`.
    """
    before = fields_of(content)
    after = {name: value for name, value in before.items() if name not in known or name == "weight"}
    after |= {name: value for name, value in fields.items() if _normalized(value) != ""}
    if "direction" in after:
        after["direction"] = _DIRECTION_CODES.get(_normalized(after["direction"]).casefold(), after["direction"])
    changed = {name for name in FIELDS if _normalized(before.get(name, "")) != _normalized(after.get(name, ""))}
    if not changed:
        return content
    tree: dict[str, Any] = content.model_dump()
    findings: list[Finding] = []
    for name in changed & set(_SIMPLE):
        tree[name] = _simple_value(name, after.get(name, ""), findings)
    if changed & set(_MEASURE):
        tree["measure"] = _measure(after, findings)
    if changed & set(STEP_FIELDS):
        tree["steps"] = list(_steps(after, findings))
    if findings:
        raise InvalidFields(tuple(findings))
    try:
        return Content.model_validate(tree)
    except ValidationError as error:
        raise InvalidFields(tuple(_finding_of(one) for one in error.errors(include_url=False))) from error


def cell_text(text: str) -> str:
    """The text for a cell: with LF line ends, without control characters and without spaces around lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c for c in line if unicodedata.category(c) != "Cc").strip() for line in lines).strip()


def _normalized(value: Value) -> str:
    """The value as text for comparisons: spaces around lines, kinds of line ends and control characters make no difference."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return format(Decimal(value).normalize(), "f")
    return cell_text(value)


def _simple_value(name: str, value: Value, findings: list[Finding]) -> Any:
    if name == "weight":
        return _weight(value, findings)
    if name == "contributors":
        return [_contributor(line, findings) for line in _lines(value)] or None
    if name in ("heard", "answers"):
        items = _lines(value)
        return items if items or name == "heard" else None
    return _normalized(value) or (None if name == "parent" else "")


def _contributor(line: str, findings: list[Finding]) -> dict[str, Any]:
    """An employee id, and a share in percent: `E102 30`, also `E102 30 %`."""
    person, _, share = unicodedata.normalize("NFKC", line).removesuffix("%").strip().partition(" ")
    if not share.strip().isdecimal():
        findings.append(refuse("bad_contributor", "contributors", value=line[:40]))
        return {}
    return {"person": person, "share": int(share)}


def _lines(value: Value) -> list[str]:
    return [line.strip() for line in _normalized(value).splitlines() if line.strip()]


def _measure(fields: Fields, findings: list[Finding]) -> dict[str, Any] | None:
    """A numeric measure if there is a target or a baseline; a qualitative one if there is a success image or criteria.

    Both together are a finding.
    """
    numeric = any(name in fields for name in ("target", "baseline"))
    qualitative = any(name in fields for name in ("image", "criteria"))
    if not numeric and not qualitative:
        if any(name in fields for name in ("measure", "unit")):
            findings.append(refuse("no_measure", "target", text="finding.sheet_no_measure"))
        return None
    if numeric and qualitative:
        findings.append(refuse("two_measures", "image", text="finding.sheet_two_measures"))
        return None
    points = _whole("points", fields.get("points", 60), findings)
    if qualitative:
        image, criteria = _normalized(fields.get("image", "")), _lines(fields.get("criteria", ""))
        return {
            "kind": "qualitative",
            "name": fields.get("measure", ""),
            "success_image": image,
            "criteria": criteria,
            "points": points,
        }
    return {
        "kind": "numeric",
        "name": fields.get("measure", ""),
        "unit": _normalized(fields.get("unit", "")),
        "direction": _direction(fields.get("direction", "up"), findings),
        "baseline": _number("baseline", fields["baseline"], findings) if "baseline" in fields else None,
        "target": _number("target", fields.get("target", ""), findings),
        "points": points,
    }


def _direction(value: Value, findings: list[Finding]) -> str:
    code = _normalized(value)
    if code in tuple(Direction):
        return code
    findings.append(refuse("bad_direction", "direction", known=Direction))
    return Direction.UP.value


def _steps(fields: Fields, findings: list[Finding]) -> Iterator[dict[str, Any]]:
    for n in range(1, MAX_STEPS + 1):
        title, by, due, points = (f"step{n}_{part}" for part in ("title", "by", "due", "points"))
        if title not in fields and due not in fields:
            continue
        yield {
            "title": _normalized(fields.get(title, "")),
            "due": _date(due, fields.get(due, ""), findings),
            "points": _whole(points, fields.get(points, 20), findings),
            "by": _normalized(fields.get(by, "")) or None,
        }


def _number(name: str, value: Value, findings: list[Finding]) -> Decimal | None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    try:
        return Decimal(unicodedata.normalize("NFKC", _normalized(value)).replace(",", ""))
    except InvalidOperation:
        findings.append(refuse("bad_number", name, value=_normalized(value)[:40]))
        return None


def _weight(value: Value, findings: list[Finding]) -> Decimal | None:
    """A weight in percent. A spreadsheet program makes 0.3 of a cell that shows 30 %, so less than 1 is not taken."""
    number = _number("weight", value, findings)
    if number is not None and not number.is_finite():
        findings.append(refuse("bad_number", "weight", value=str(number)[:40]))
    elif number is not None and 0 < number < 1:
        findings.append(refuse("bad_number", "weight", text="finding.bad_number.share", value=shown(number)))
    return number


def _whole(name: str, value: Value, findings: list[Finding]) -> int | None:
    number = _number(name, value, findings)
    if number is not None and (not number.is_finite() or number != number.to_integral_value()):
        findings.append(refuse("bad_number", name, text="finding.bad_number.whole", value=str(number)[:40]))
        return None
    return None if number is None else int(number)


def _date(name: str, value: Value, findings: list[Finding]) -> date | None:
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    if not (text := _normalized(value)):
        findings.append(refuse("bad_date", name, text="finding.bad_date.missing"))
        return None
    try:
        return read_day(text)
    except NotADay as error:
        findings.append(refuse("bad_date", name, value=text[:40], why=day_problem(error)))
        return None


_FIELD_OF = {"success_image": "image", "name": "measure"}


def _finding_of(problem: ErrorDetails) -> Finding:
    """A validation error of the content as a finding of the field."""
    path = [part for part in problem["loc"] if part not in ("numeric", "qualitative")]
    match path:
        case ["steps", int(n), part, *_]:
            where = f"step{n + 1}_{part}"
        case ["measure", part, *_]:
            where = _FIELD_OF.get(str(part), str(part))
        case [part, *_]:
            where = str(part)
        case _ if problem["type"] == "step_by_nobody":
            where = f"step{problem['ctx']['step']}_by"
        case _:
            where = "theme"
    return refuse_with("invalid", where, problem_of(problem))
