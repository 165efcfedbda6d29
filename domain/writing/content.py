"""What a person writes into a goal: theme, challenge, measure, steps."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.commitments import FREE_TEXT
from domain.values import (
    ID_PATTERN,
    MAX_LINE,
    MAX_TEXT,
    Day,
    Frozen,
    Id,
    Line,
    Number,
    OneLine,
    Prose,
    Storable,
    Weight,
)

# A draft may be unfinished: empty is allowed here, and refused by domain.rules when it is submitted.
_OpenLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_LINE), Storable, OneLine, FREE_TEXT]
_OpenProse = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT), Storable, FREE_TEXT]
_Line = Annotated[Line, FREE_TEXT]
_Prose = Annotated[Prose, FREE_TEXT]
_Points = Annotated[int, Field(ge=0, le=1000)]
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

    def changed_fields(self, other: "Content") -> tuple[str, ...]:
        """The names of the fields in which the two differ."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) != getattr(other, name))
