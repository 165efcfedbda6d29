"""The catalogue: measures of back-office work by department, each with how to count it and a plan to reach it.

The entries are TOML files beside this one, a file for each department. Their source is the practice of Japanese HR
departments; numbers in them are examples to start from, not standards.
"""

import tomllib
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.messages import did_you_mean, message
from domain.refusals import Code, Refusal
from domain.values import Frozen, Locale, Number, Text
from domain.writing.content import Content, Direction, NumericMeasure, QualitativeMeasure, Step

COMMON = "common"
DEPARTMENTS = ("hr", "accounting", "finance", "general", "legal", COMMON)  # the files, in the order of the list
_MEASURE_POINTS = 60
_STEP_POINTS = (10, 15, 15)
_DEPARTMENT_ENDS = ("部", "課", "室")


class StepPlan(Frozen):
    """A step, `at` percent of the cycle's days after its start."""

    at: int = Field(ge=5, le=95)
    title: Text


class CatalogEntry(Frozen):
    """A measure. `baseline` and `target` are an example, in `unit`; a measure without a number has a picture instead."""

    id: str  # <department>/<name>
    department: Text
    name: Text
    kind: Literal["numeric", "qualitative"] = "numeric"
    unit: Text | None = None
    direction: Direction = Direction.UP
    tells: Text
    count: Text  # how: formula, source, period
    cadence: Literal["weekly", "monthly", "quarterly", "cycle"]
    theme: Text
    challenge: Text
    baseline: Number | None = None
    target: Number | None = None
    success_image: Text | None = None
    criteria: tuple[Text, ...] = Field(default=(), max_length=10)
    steps: Annotated[tuple[StepPlan, ...], Field(min_length=2, max_length=len(_STEP_POINTS))]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        numbers = (self.unit, self.baseline, self.target)
        picture = (self.success_image, self.criteria or None)
        has, lacks = (numbers, picture) if self.kind == "numeric" else (picture, numbers)
        if any(one is None for one in has) or any(one is not None for one in lacks):
            raise ValueError("a numeric entry has unit, baseline and target; any other a success image and criteria")
        places = [step.at for step in self.steps]
        if places != sorted(set(places)):
            raise ValueError("the steps of an entry go on: each later than the one before")
        return self


@cache
def entries() -> tuple[CatalogEntry, ...]:
    """Every entry, department by department; those for all come last."""
    return tuple(entry for department in DEPARTMENTS for entry in _read(department))


def _read(department: str) -> tuple[CatalogEntry, ...]:
    tree = tomllib.loads((resources.files(__name__) / f"{department}.toml").read_text("utf-8"), parse_float=Decimal)
    return tuple(
        CatalogEntry.model_validate({**entry, "id": f"{department}/{entry['id']}", "department": tree["department"]})
        for entry in tree["entries"]
    )


def find(entry_id: str) -> CatalogEntry:
    """The entry of that id; raises a `Refusal` that names the nearest."""
    by_id = {entry.id: entry for entry in entries()}
    if entry_id in by_id:
        return by_id[entry_id]
    raise Refusal(Code.UNKNOWN_ENTRY, entry=entry_id[:80], near=did_you_mean(entry_id, by_id, cutoff=0.4))


def search(text: str = "", department: str | None = None) -> tuple[CatalogEntry, ...]:
    """The entries that contain every word of `text`, in either language; those of the department and those for all departments.

    A department goes by its file, its Japanese or its English name: `accounting`, 経理, 経理部. Raises a `Refusal` for one
    that is not there.
    """
    files = set(DEPARTMENTS) if department is None else {_file_of(department), COMMON}
    words = _plain(text).split()
    return tuple(
        entry
        for entry in entries()
        if entry.id.partition("/")[0] in files and all(word in _said(entry) for word in words)
    )


def _file_of(department: str) -> str:
    names = {entry.id.partition("/")[0]: entry.department for entry in entries()}
    asked = _plain(department).strip()
    for end in ("", *_DEPARTMENT_ENDS):
        for file, name in names.items():
            if asked.removesuffix(end) in (file, _plain(name.ja), _plain(name.en)):
                return file
    known = [message("part.catalog_department", name=name.ja, file=file) for file, name in names.items()]
    raise Refusal(Code.UNKNOWN_CATALOG_DEPARTMENT, department=department[:80], known=known)


def _said(entry: CatalogEntry) -> str:
    texts = (entry.name, entry.unit, entry.tells, entry.count, entry.theme, entry.challenge)
    return _plain(" ".join((entry.id, *(f"{one.ja} {one.en}" for one in texts if one))))


def _plain(text: str) -> str:
    """As it is searched: full width and capitals make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()


def draft(
    entry: CatalogEntry,
    locale: Locale,
    starts: date,
    ends: date,
    *,
    baseline: Decimal | None = None,
    target: Decimal | None = None,
) -> Content:
    """A goal made from the entry, with steps dated between `starts` and `ends`; the owner's numbers where given."""
    days = (ends - starts).days
    steps = tuple(
        Step(title=step.title.in_(locale), due=starts + timedelta(days=days * step.at // 100), points=points)
        for step, points in zip(entry.steps, _STEP_POINTS, strict=False)
    )
    return Content(
        theme=entry.theme.in_(locale),
        challenge=entry.challenge.in_(locale),
        measure=_measure(entry, locale, baseline, target),
        steps=steps,
    )


def _measure(
    entry: CatalogEntry, locale: Locale, baseline: Decimal | None, target: Decimal | None
) -> NumericMeasure | QualitativeMeasure:
    name = entry.name.in_(locale)
    if entry.unit is None or entry.target is None:
        image = entry.success_image.in_(locale) if entry.success_image else ""
        criteria = tuple(one.in_(locale) for one in entry.criteria)
        return QualitativeMeasure(name=name, success_image=image, criteria=criteria, points=_MEASURE_POINTS)
    return NumericMeasure(
        name=name,
        unit=entry.unit.in_(locale),
        direction=entry.direction,
        baseline=entry.baseline if baseline is None else baseline,
        target=entry.target if target is None else target,
        points=_MEASURE_POINTS,
    )
