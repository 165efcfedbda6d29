"""The data that is written to a sheet, and the data that is read from one."""

from datetime import date
from typing import NamedTuple

from domain.goal.goal import Goal
from domain.values import GoalId, Locale
from sheets.fields import Fields
from texts.say import say

FORMAT = 2  # version of the hidden page, which holds the positions of the goals; the first one is still read


class LeftName(str):
    """The name of somebody who does not work here any more."""

    __slots__ = ()


def shown(name: str, locale: Locale) -> str:
    """The name, with a mark if the person has left."""
    return say("sheet.left", locale, name=str(name)) if isinstance(name, LeftName) else name


class Person(NamedTuple):
    """The owner of a sheet's goals; `manager` is a name, and so are the evaluators, in the order of their stages, if there are any.

    Each name may be a `LeftName`.
    """

    id: str
    name: str
    department: str
    title: str | None = None
    manager: str | None = None
    evaluators: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()  # departments of additional posts
    company: str | None = None
    seconded_from: str | None = None  # the employer, where it is another company


class Review(NamedTuple):
    """The latest self-review, and the comment of the reviewer."""

    went_well: str = ""
    causes: str = ""
    to_improve: str = ""
    comment: str = ""


class SheetGoal(NamedTuple):
    """A goal with its latest review."""

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
    """A goal as it was read from a sheet or a row. `where` and `places` say for people where the goal and its fields are."""

    id: GoalId
    seq: int | None  # number of the goal's last ledger entry when the file was written; None: the file does not say
    fields: Fields
    where: str
    places: dict[str, str]
