"""What is read of one goal or a list of goals: the documents that `--json` and the API print, and what screens need beside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import Field, computed_field

from domain.goal import scoring
from domain.goal.goal import Goal
from domain.policy.policy import Policy
from domain.values import CommandId, EmployeeId, Frozen, GoalId, Moment
from storage.goals import LedgerLine

Names = Mapping[str, str]
"""People's names by employee id; of those who are not in the directory, none."""


class GoalFilter(NamedTuple):
    """Which goals to list; None: all. At most `limit` of them, by id, behind the goal `after`."""

    cycle: str | None = None
    owner: str | None = None
    state: str | None = None
    department: str | None = None
    limit: int = 100
    after: str = ""


class ListedGoal(Frozen):
    """A goal as a list shows it. `time_zone` is the one in which its cycle counts days."""

    id: GoalId
    owner_id: EmployeeId
    owner: str
    department: str
    state: str
    revision: int
    task: str | None
    assignees: tuple[EmployeeId, ...]
    due_at: datetime | None
    score: Decimal
    outcome: str | None
    theme: str
    seq: int
    time_zone: str = Field(exclude=True)


class GoalList(Frozen):
    """One page of goals. `next` is the id behind which the next page begins; None on the last one."""

    goals: tuple[ListedGoal, ...]
    next: GoalId | None


class ScoreTerms(Frozen):
    """What a score is the sum of, in points."""

    banked: Decimal
    steps: Decimal
    measure: Decimal
    bonus: Decimal


class GoalDocument(Goal):
    """The goal without its policy, which is the cycle's, and without the ids of past commands; with what follows from it."""

    policy: Policy = Field(exclude=True)
    commands: tuple[CommandId, ...] = Field(default=(), exclude=True)
    ledger: tuple[dict[str, Any], ...]  # the last entries, each as its event's JSON

    @computed_field  # type: ignore[prop-decorator]  # pydantic's way to print a property
    @property
    def due_at(self) -> Moment | None:
        """The open task's deadline."""
        return super().due_at

    @computed_field  # type: ignore[prop-decorator]
    @property
    def attainment(self) -> Decimal:
        return scoring.attainment(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def score(self) -> Decimal:
        return scoring.score(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def score_terms(self) -> ScoreTerms:
        return ScoreTerms(**scoring.terms(self)._asdict())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def calibrated(self) -> Decimal:
        return scoring.calibrated(self)


class GoalPage(NamedTuple):
    """A goal with the last entries of its ledger, and the names of the people on it."""

    goal: Goal
    ledger: Sequence[LedgerLine]
    names: Names

    def document(self) -> GoalDocument:
        return GoalDocument(**dict(self.goal), ledger=tuple(line.event for line in self.ledger))


class ScoreDocument(Frozen):
    """How a goal's score is made, in points; `attainment` and `confirmed` are shares of the measure."""

    goal: GoalId
    terms: ScoreTerms
    attainment: Decimal
    confirmed: Decimal
    score: Decimal
    adjusted: Decimal
    final: Decimal


class ScoreSheet(NamedTuple):
    """A goal with its whole ledger's events, of which its score is made."""

    goal: Goal
    events: Sequence[dict[str, Any]]

    def document(self) -> ScoreDocument:
        goal = self.goal
        return ScoreDocument(
            goal=goal.id,
            terms=ScoreTerms(**scoring.terms(goal)._asdict()),
            attainment=scoring.attainment(goal),
            confirmed=goal.attained,
            score=scoring.score(goal),
            adjusted=goal.adjusted,
            final=scoring.calibrated(goal),
        )
