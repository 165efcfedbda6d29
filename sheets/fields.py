"""A goal's content as flat fields, as a sheet's cells and a CSV's columns hold them; and back, with findings by field.

Lists stand in one field with an item per line. What a person left as it was comes back as it was: `merged` takes only those
parts that read differently from the goal's own fields.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.findings import Finding, refuse, refuse_with
from domain.problems import problem_of
from domain.values import Locale
from domain.writing.content import Content, Direction, NumericMeasure, QualitativeMeasure
from texts.words import word

MOST_STEPS = 12
STEP_FIELDS = tuple(f"step{n}_{part}" for n in range(1, MOST_STEPS + 1) for part in ("title", "due", "points"))
_MEASURE = ("measure", "unit", "direction", "baseline", "target", "points", "image", "criteria")
_PLAIN = ("theme", "challenge", "heard", "aligned_to", "parent", "answers", "weight")
FIELDS = (*_PLAIN, *_MEASURE, *STEP_FIELDS)

_DIRECTION_CODES = {
    said: one.value for one in Direction for said in (one.value, *(word("direction", one, locale) for locale in Locale))
}
Value = str | int | Decimal | date
Fields = Mapping[str, Value]


class Unreadable(Exception):
    """What stands in the fields makes no goal; `findings` name the fields by `where`."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(str(findings[0].message))


def fields_of(content: Content) -> dict[str, Value]:
    """The fields of the content; those that say nothing are left out."""
    said: dict[str, Value] = {
        "theme": content.theme,
        "challenge": content.challenge,
        "heard": "\n".join(content.heard),
        "aligned_to": content.aligned_to,
        "parent": content.parent or "",
        "answers": "\n".join(content.answers or ()),
        "weight": content.weight,
    }
    for n, step in enumerate(content.steps, start=1):
        said |= {f"step{n}_title": step.title, f"step{n}_due": step.due, f"step{n}_points": step.points}
    return {name: value for name, value in (said | _of_measure(content)).items() if value != ""}


def _of_measure(content: Content) -> dict[str, Value]:
    match content.measure:
        case NumericMeasure() as measure:
            said: dict[str, Value] = {"measure": measure.name, "unit": measure.unit, "target": measure.target}
            baseline = {} if measure.baseline is None else {"baseline": measure.baseline}
            return said | baseline | {"direction": measure.direction.value, "points": measure.points}
        case QualitativeMeasure() as measure:
            said = {"measure": measure.name, "image": measure.success_image, "criteria": "\n".join(measure.criteria)}
            return said | {"points": measure.points}
        case None:
            return {}


def merged(content: Content, fields: Fields, known: Collection[str] = FIELDS) -> Content:
    """The content with what the fields say otherwise; those that are not `known` stay. Raises `Unreadable`."""
    before = fields_of(content)
    said = {name: value for name, value in before.items() if name not in known or name == "weight"}
    said |= {name: value for name, value in fields.items() if _plain(value) != ""}
    if "direction" in said:
        said["direction"] = _DIRECTION_CODES.get(_plain(said["direction"]).casefold(), said["direction"])
    changed = {name for name in FIELDS if _plain(before.get(name, "")) != _plain(said.get(name, ""))}
    if not changed:
        return content
    tree: dict[str, Any] = content.model_dump()
    problems: list[Finding] = []
    for name in changed & set(_PLAIN):
        tree[name] = _of_plain(name, said.get(name, ""), problems)
    if changed & set(_MEASURE):
        tree["measure"] = _measure(said, problems)
    if changed & set(STEP_FIELDS):
        tree["steps"] = list(_steps(said, problems))
    if problems:
        raise Unreadable(tuple(problems))
    try:
        return Content.model_validate(tree)
    except ValidationError as error:
        raise Unreadable(tuple(_of_error(one) for one in error.errors(include_url=False))) from error


def shown(text: str) -> str:
    """A text as cells can hold it: one sign for line ends, no control signs, no spaces around lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c for c in line if unicodedata.category(c) != "Cc").strip() for line in lines).strip()


def _plain(value: Value) -> str:
    """As two spellings of one value are compared: spaces around, line ends and control signs make no difference."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return format(Decimal(value).normalize(), "f")
    return shown(value)


def _of_plain(name: str, value: Value, problems: list[Finding]) -> Any:
    if name == "weight":
        return _whole(name, value, problems)
    if name in ("heard", "answers"):
        items = _lines(value)
        return items if items or name == "heard" else None
    return _plain(value) or (None if name == "parent" else "")


def _lines(value: Value) -> list[str]:
    return [line.strip() for line in _plain(value).splitlines() if line.strip()]


def _measure(said: Fields, problems: list[Finding]) -> dict[str, Any] | None:
    """A number where there is a target, a picture where there is one; never both."""
    numeric = any(name in said for name in ("target", "baseline"))
    picture = any(name in said for name in ("image", "criteria"))
    if not numeric and not picture:
        if any(name in said for name in ("measure", "unit")):
            problems.append(refuse("no_measure", "target", text="finding.sheet_no_measure"))
        return None
    if numeric and picture:
        problems.append(refuse("two_measures", "image", text="finding.sheet_two_measures"))
        return None
    points = _whole("points", said.get("points", 60), problems)
    if picture:
        image, criteria = _plain(said.get("image", "")), _lines(said.get("criteria", ""))
        return {
            "kind": "qualitative",
            "name": said.get("measure", ""),
            "success_image": image,
            "criteria": criteria,
            "points": points,
        }
    return {
        "kind": "numeric",
        "name": said.get("measure", ""),
        "unit": _plain(said.get("unit", "")),
        "direction": _direction(said.get("direction", "up"), problems),
        "baseline": _number("baseline", said["baseline"], problems) if "baseline" in said else None,
        "target": _number("target", said.get("target", ""), problems),
        "points": points,
    }


def _direction(value: Value, problems: list[Finding]) -> str:
    said = _plain(value)
    if said in tuple(Direction):
        return said
    problems.append(refuse("bad_direction", "direction", known=Direction))
    return Direction.UP.value


def _steps(said: Fields, problems: list[Finding]) -> Iterator[dict[str, Any]]:
    for n in range(1, MOST_STEPS + 1):
        title, due, points = (f"step{n}_{part}" for part in ("title", "due", "points"))
        if title not in said and due not in said:
            continue
        yield {
            "title": _plain(said.get(title, "")),
            "due": _date(due, said.get(due, ""), problems),
            "points": _whole(points, said.get(points, 20), problems),
        }


def _number(name: str, value: Value, problems: list[Finding]) -> Decimal | None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    try:
        return Decimal(unicodedata.normalize("NFKC", _plain(value)).replace(",", ""))
    except InvalidOperation:
        problems.append(refuse("bad_number", name, value=_plain(value)[:40]))
        return None


def _whole(name: str, value: Value, problems: list[Finding]) -> int | None:
    number = _number(name, value, problems)
    if number is not None and (not number.is_finite() or number != number.to_integral_value()):
        problems.append(refuse("bad_number", name, text="finding.bad_number.whole", value=str(number)[:40]))
        return None
    return None if number is None else int(number)


_DATE_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")


def _date(name: str, value: Value, problems: list[Finding]) -> date | None:
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    said = unicodedata.normalize("NFKC", _plain(value))
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(said, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    if said:
        problems.append(refuse("bad_date", name, value=said[:40]))
    else:
        problems.append(refuse("bad_date", name, text="finding.bad_date.missing"))
    return None


_BY_PATH = {"success_image": "image", "name": "measure"}


def _of_error(problem: ErrorDetails) -> Finding:
    """A problem of the content by the field that it stands in."""
    path = [part for part in problem["loc"] if part not in ("numeric", "qualitative")]
    match path:
        case ["steps", int(n), part, *_]:
            where = f"step{n + 1}_{part}"
        case ["measure", part, *_]:
            where = _BY_PATH.get(str(part), str(part))
        case [part, *_]:
            where = str(part)
        case _:
            where = "theme"
    return refuse_with("invalid", where, problem_of(problem))
