"""What a person writes into a goal: theme, challenge, measure, steps."""

from collections.abc import Collection
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from domain.commitments import FREE_TEXT
from domain.values import (
    ID_FORM,
    ID_PATTERN,
    MAX_LINE,
    MAX_TEXT,
    Day,
    EmployeeId,
    Frozen,
    Id,
    Line,
    Number,
    OneLine,
    Prose,
    Storable,
    Weight,
    invalid_value,
)

# A draft may be unfinished: empty is allowed here, and refused by domain.rules when it is submitted.
_OpenLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_LINE), Storable, OneLine, FREE_TEXT]
_OpenProse = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT), Storable, FREE_TEXT]
_Line = Annotated[Line, FREE_TEXT]
_Prose = Annotated[Prose, FREE_TEXT]
_Points = Annotated[int, Field(ge=0, le=1000)]
_Person = Annotated[EmployeeId, ID_FORM]
# A theme or department goal of the cycle file, by its id there, or somebody's goal: 2026-q4/M0005/1.
_Parent = Annotated[str, StringConstraints(pattern=rf"{ID_PATTERN[:-1]}(/{ID_PATTERN[1:-1]}/[0-9]{{1,3}})?$")]


class Direction(StrEnum):
    UP = "up"  # more is better
    DOWN = "down"  # less is better


class NumericMeasure(Frozen):
    """A number that moves from `baseline` (today) to `target`, in `unit`."""

    kind: Literal["numeric"] = "numeric"
    name: _Line
    unit: _OpenLine = ""
    direction: Direction = Direction.UP
    baseline: Number | None = None
    target: Number
    points: _Points = 60


class QualitativeMeasure(Frozen):
    """Where no number fits: a concrete picture of success, and criteria that anybody can see to be met or not."""

    kind: Literal["qualitative"] = "qualitative"
    name: _Line
    success_image: _Prose
    criteria: tuple[_Line, ...] = Field(max_length=10)
    points: _Points = 60


Measure = Annotated[NumericMeasure | QualitativeMeasure, Field(discriminator="kind")]


class Step(Frozen):
    """A dated milestone with its points."""

    title: _Line
    due: Day
    points: _Points = 20
    by: _Person | None = None  # the contributor who does it; None: the owner


class Contributor(Frozen):
    """Somebody who works on the goal with its owner, and their share of the points in percent. The rest is the owner's."""

    person: _Person
    share: int = Field(ge=1, le=99)


MAX_SHARES = 99  # percent of all contributors together: the owner keeps a share


def _contributors(found: tuple[Contributor, ...] | None) -> tuple[Contributor, ...] | None:
    people = [one.person for one in found or ()]
    if twice := next((one for one in people if people.count(one) > 1), None):
        raise invalid_value("contributor_twice", person=twice)
    total = sum(one.share for one in found or ())
    if total > MAX_SHARES:
        raise invalid_value("shares_too_large", total=total, most=MAX_SHARES)
    return found or None


class Content(Frozen):
    """A goal as its owner wrote it; the default is a blank draft."""

    theme: _OpenLine = ""
    challenge: _OpenProse = ""  # today's problem that the goal answers
    heard: tuple[_Line, ...] = Field(default=(), max_length=20)  # who was heard about it: roles or departments
    aligned_to: _OpenLine = ""  # the department goal or company theme that it serves, in the owner's words …
    measure: Measure | None = None
    steps: tuple[Step, ...] = Field(default=(), max_length=12)
    weight: Weight = Decimal(100)  # percent of the owner's goals
    parent: _Parent | None = None  # … and by its id: its place in the tree (domain/results/alignment.py)
    answers: tuple[Id, ...] | None = Field(default=None, max_length=20)  # ids of problems that were heard
    contributors: Annotated[tuple[Contributor, ...] | None, AfterValidator(_contributors)] = Field(
        default=None, max_length=10
    )

    @model_validator(mode="after")
    def _steps_name_contributors(self) -> Self:
        people = {one.person for one in self.contributors or ()}
        for number, step in enumerate(self.steps, start=1):
            if step.by is not None and step.by not in people:
                raise invalid_value("step_by_nobody", step=number, person=step.by)
        return self

    def without(self, people: Collection[EmployeeId]) -> "Content":
        """The content without these contributors: their share and their steps are the owner's."""
        left = tuple(one for one in self.contributors or () if one.person not in people)
        steps = tuple(one.model_copy(update={"by": None}) if one.by in people else one for one in self.steps)
        return self.model_copy(update={"contributors": left or None, "steps": steps})

    def changed_fields(self, other: "Content") -> tuple[str, ...]:
        """The names of the fields in which the two differ."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) != getattr(other, name))
