"""Documents about goals and lists of goals: `--json` and the API print them; screens also use names and time zones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from pydantic import Field, PlainSerializer, SerializerFunctionWrapHandler, computed_field, model_serializer

from domain.goal import scoring
from domain.goal.goal import Credit, Goal
from domain.policy.policy import Policy, TaskKind
from domain.values import CommandId, CycleId, EmployeeId, Frozen, GoalId, Moment, Share, plain
from storage.cycles import TimeZones
from storage.goals import GoalLine, LedgerLine
from storage.person_log import Names as NamesThen

Names = Mapping[str, str]
"""Names by employee id; people who are not in the directory are left out."""


def _digits(share: Decimal) -> str:
    return f"{plain(share):f}"


ShareInDigits = Annotated[Share, PlainSerializer(_digits, return_type=str, when_used="json")]
"""A share as documents print it: digits also where it is small, never `0E-12` or `1E-7`."""


class GoalFilter(NamedTuple):
    """The filters of a list of goals; None and False: all. The list has at most `limit` goals, by id, after the id `after`.

    `overdue`: the open task is, and the goal is not paused. `escalated`: the ladder of the open task has asked somebody else.
    `returned`: a draft that was returned for changes and not submitted again. `task`: the kind of the open task; `waits_for`:
    one of its assignees. `words`: the beginning of the owner's name, or their whole id or employee number.
    """

    cycle: str | None = None
    owner: str | None = None
    state: str | None = None
    department: str | None = None
    limit: int = 100
    after: str = ""
    contributor: str | None = None
    overdue: bool = False
    escalated: bool = False
    paused: bool = False
    returned: bool = False
    task: TaskKind | None = None
    waits_for: str | None = None
    words: str | None = None


def is_overdue(due_at: datetime | None, now: datetime, *, paused: bool) -> bool:
    """Whether the deadline has passed. Nothing is due while a goal is paused."""
    return due_at is not None and due_at < now and not paused


def zone_of(line: GoalLine, zones: Mapping[str, TimeZones]) -> str:
    """The time zone of the site whose business days count for the goal's task; of its rules' calendar if it has no task."""
    return line.own_zone or zones[line.cycle].at(line.site)


class ListedTask(Frozen):
    """The open task of a goal."""

    kind: str
    assignees: tuple[EmployeeId, ...]
    due_at: datetime | None


class ListedGoal(Frozen):
    """A goal as a list shows it. `time_zone` is that of the site whose business days count for its task."""

    goal: GoalId
    cycle: CycleId
    owner: EmployeeId
    owner_name: str
    department: str
    state: str
    revision: int
    task: ListedTask | None
    due_at: datetime | None
    score: Decimal
    outcome: str | None
    theme: str
    seq: int
    paused: bool
    overdue: bool
    time_zone: str
    gone: bool  # the owner has left the company
    shared_with: tuple[EmployeeId, ...]  # the contributors


def listed_goal(line: GoalLine, zones: Mapping[str, TimeZones], now: datetime) -> ListedGoal:
    """The goal of a line of a list, as it is at `now`."""
    own = {name: value for name, value in line._asdict().items() if name in ListedGoal.model_fields}
    named = {"goal": line.id, "owner": line.owner_id, "owner_name": line.owner}
    task = line.task and ListedTask(
        kind=line.task, assignees=tuple(EmployeeId(one) for one in line.assignees), due_at=line.due_at
    )
    overdue = is_overdue(line.due_at, now, paused=line.paused)
    return ListedGoal.model_validate(
        {**own, **named, "task": task, "overdue": overdue, "time_zone": zone_of(line, zones)}
    )


class GoalList(Frozen):
    """A page of goals. `next` is the value of `after` for the next page; None on the last page."""

    goals: tuple[ListedGoal, ...]
    next: GoalId | None


class ScoreTerms(Frozen):
    """The terms of the score, in points: banked + (steps + measure + bonus) × `weight_factor`."""

    banked: Decimal
    steps: Decimal
    measure: Decimal
    bonus: Decimal


def _terms(goal: Goal) -> ScoreTerms:
    banked, steps, measure, bonus, _ = scoring.terms(goal)
    return ScoreTerms(banked=banked, steps=steps, measure=measure, bonus=bonus)


class GoalDocument(Goal):
    """The goal with computed values and the last ledger entries, without its policy and the ids of past commands."""

    policy: Policy = Field(exclude=True)
    owner_name: str | None  # None: not in the directory
    commands: tuple[CommandId, ...] = Field(default=(), exclude=True)
    attained: ShareInDigits = Decimal(0)
    ledger: tuple[dict[str, Any], ...]  # the last entries, each as its event's JSON

    @model_serializer(mode="wrap")
    def _keys(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Its id is called `goal`, as in every document, and the task has its deadline."""
        form = written(self)
        task = form.pop("task")
        return {"goal": form.pop("id"), **form, "task": task and {**task, "due_at": form["due_at"]}}

    @computed_field  # type: ignore[prop-decorator]  # how pydantic includes a property in the JSON
    @property
    def due_at(self) -> Moment | None:
        """The due date of the open task."""
        return super().due_at

    @computed_field  # type: ignore[prop-decorator]
    @property
    def attainment(self) -> ShareInDigits:
        return scoring.attainment(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def score(self) -> Decimal:
        return scoring.score(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def score_terms(self) -> ScoreTerms:
        return _terms(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def weight_factor(self) -> ShareInDigits:
        return scoring.weight_factor(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def calibrated(self) -> Decimal:
        return scoring.calibrated(self)


class GoalPage(NamedTuple):
    """A goal with the last entries of its ledger, and the names of its owner and its task's assignees.

    `names_then`: the names that people had at the times of the entries.
    """

    goal: Goal
    ledger: Sequence[LedgerLine]
    names: Names
    names_then: NamesThen

    def document(self) -> GoalDocument:
        ledger = tuple(_without_salts(line.event) for line in self.ledger)
        return GoalDocument(**dict(self.goal), owner_name=self.names.get(self.goal.owner), ledger=ledger)


def _without_salts(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "salts"}


class ScoreDocument(Frozen):
    """The terms of a goal's score, in points; `attainment` and `confirmed` are shares of the measure, 1 is the target.

    `weight_factor`: how often the points of the current revision count; 1 unless the policy says `weighted`.
    """

    goal: GoalId
    terms: ScoreTerms
    weight_factor: ShareInDigits
    attainment: ShareInDigits
    confirmed: ShareInDigits
    score: Decimal
    adjusted: Decimal
    final: Decimal
    credited: dict[EmployeeId, Credit] | None


class ScoreSheet(NamedTuple):
    """A goal with all events of its ledger, which explain its score; and the names of the people who share it."""

    goal: Goal
    events: Sequence[dict[str, Any]]
    names: Names = MappingProxyType({})

    def document(self) -> ScoreDocument:
        goal = self.goal
        return ScoreDocument(
            goal=goal.id,
            terms=_terms(goal),
            weight_factor=scoring.weight_factor(goal),
            attainment=scoring.attainment(goal),
            confirmed=goal.attained,
            score=scoring.score(goal),
            adjusted=goal.adjusted,
            final=scoring.calibrated(goal),
            credited=goal.credited,
        )
