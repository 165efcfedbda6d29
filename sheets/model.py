"""What goes onto a sheet, and what comes back from one."""

from datetime import date
from typing import NamedTuple

from domain.goal.goal import Goal
from domain.values import GoalId
from sheets.fields import Fields

FORMAT = 1  # of the hidden page that says where everything stands


class Person(NamedTuple):
    id: str
    name: str
    department: str
    title: str | None = None
    manager: str | None = None


class Review(NamedTuple):
    """The latest look back, and what the reviewer said to it."""

    went_well: str = ""
    causes: str = ""
    to_improve: str = ""
    comment: str = ""


class SheetGoal(NamedTuple):
    goal: Goal
    review: Review = Review()


class GoalSheet(NamedTuple):
    """One person's goals in one cycle."""

    cycle_id: str
    cycle_name: str
    starts: date
    ends: date
    person: Person
    goals: tuple[SheetGoal, ...]


class ReadGoal(NamedTuple):
    """A goal as a sheet or a row says it. `places` tells where each field stands, as its reader finds it."""

    id: GoalId
    seq: int | None  # as the goal was when it was written out; none: the file does not say
    fields: Fields
    where: str
    places: dict[str, str]
