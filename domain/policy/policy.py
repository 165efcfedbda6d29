"""The rules of one cycle, frozen at launch: due dates, reminders and escalations, points and limits."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from domain.policy.calendar import BusinessCalendar
from domain.values import EmployeeId, Frozen, Line, Number, Weight, invalid_value


class TaskKind(StrEnum):
    """The kinds of tasks; a goal has at most one task."""

    DRAFT = "draft"  # owner: write and submit
    APPROVAL = "approval"  # approver of the stage: sign off or return
    STEP = "step"  # owner: the next step
    SELF_REVIEW = "self_review"  # owner: look back
    VERDICT = "verdict"  # reviewer: decide


class Leavers(StrEnum):
    """What happens to the goals that somebody is working on when they leave the company."""

    SETTLE = "settle"  # the goal is settled after the last day
    VERDICT = "verdict"  # a last review opens before the last day, and its verdict closes the goal
    KEEP = "keep"  # the goal stays open for its reviewers until the cycle ends


class Act(StrEnum):
    """What a rung of a ladder does about a task. Assignees are never removed."""

    REMIND = "remind"  # tells the assignees
    REMIND_AND_COPY = "remind_and_copy"  # tells them, and the next manager up the line, who need not act
    ESCALATE = "escalate"  # the next manager up the line joins; at the top, HR
    ESCALATE_TO_HR = "escalate_to_hr"  # HR joins


class Rung(NamedTuple):
    """`days` are business days from the due date; negative ones come before it."""

    days: Annotated[int, Field(ge=-60, le=60)]
    act: Act


class Ladder(Frozen):
    """How long a kind of task may take (business days), and what happens around its due date."""

    due_in: int = Field(ge=0, le=120)
    rungs: tuple[Rung, ...] = Field(max_length=12)

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        days = [rung.days for rung in self.rungs]
        if days != sorted(set(days)):
            raise invalid_value("ladder_order")
        return self


def _ladder(due_in: int, *rungs: tuple[int, Act]) -> Ladder:
    return Ladder(due_in=due_in, rungs=tuple(Rung(*rung) for rung in rungs))


_R, _C, _E, _HR = Act.REMIND, Act.REMIND_AND_COPY, Act.ESCALATE, Act.ESCALATE_TO_HR

# What a Japanese HR department would expect: a word before the day, a word after it with the manager in copy, then the line,
# and HR in the second week; every ladder ends at HR. docs/policy.md shows them on a calendar.
DEFAULT_LADDERS: dict[TaskKind, Ladder] = {
    TaskKind.DRAFT: _ladder(10, (-3, _R), (1, _C), (3, _E), (5, _E), (8, _HR)),
    TaskKind.APPROVAL: _ladder(5, (-1, _R), (1, _C), (3, _E), (5, _E), (8, _HR)),
    TaskKind.STEP: _ladder(5, (-3, _R), (1, _C), (5, _E), (10, _HR)),
    TaskKind.SELF_REVIEW: _ladder(5, (-1, _R), (1, _C), (3, _E), (6, _HR)),
    TaskKind.VERDICT: _ladder(5, (-1, _R), (1, _C), (3, _E), (5, _E), (8, _HR)),
}


class StageRule(Frozen):
    """A stage of the approval: when it is asked for, and whom it asks.

    It is asked for where all conditions that are given hold, so without one for every goal. It asks the evaluator of the people
    file; without one, who has the `title` (in the `department`) or is the `head` of the owner's department; without either, the
    manager at its place.
    """

    weight_over: Weight | None = Field(default=None, lt=100)
    target_over: Number | None = None  # of a numeric measure
    measure: Literal["numeric", "qualitative"] | None = None
    title: Line | None = None
    department: Line | None = None
    head: bool = False

    @model_validator(mode="after")
    def _a_department_has_a_title(self) -> Self:
        if self.department is not None and self.title is None:
            raise invalid_value("department_without_title")
        if self.head and self.title is not None:
            raise invalid_value("head_and_title")
        return self

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """`head` came later: rules without it keep the hash that they had."""
        form: dict[str, Any] = dump(self)
        return form if self.head else {name: value for name, value in form.items() if name != "head"}

    @property
    def is_always(self) -> bool:
        return (self.weight_over, self.target_over, self.measure) == (None, None, None)


class HrOfPart(Frozen):
    """HR for one company, or for one department and all departments below it."""

    company: Line | None = None
    department: Line | None = None
    people: tuple[EmployeeId, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _names_one_part(self) -> Self:
        if (self.company is None) is (self.department is None):
            raise invalid_value("company_or_department")
        return self

    @property
    def name(self) -> str:
        return self.company or self.department or ""


MAX_DAYS_OFF = 20_000  # of all calendars together; every goal carries them, and Temporal refuses payloads of 2 MB


class Policy(Frozen):
    """All rules that apply to a goal and are not its own data."""

    calendar: BusinessCalendar
    starts: date  # first day of the cycle
    ends: date  # last day that a step may be dated
    closes: date  # last day to act; on the next business day what is still open is settled
    reviews: tuple[date, ...] = Field(max_length=24)  # days on which reviews open
    hr: tuple[EmployeeId, ...] = Field(min_length=1, max_length=100)  # the pool that gets what nobody above can take
    hr_of: tuple[HrOfPart, ...] = Field(default=(), max_length=200)  # who is asked before `hr`, by part of the company
    # 1: the first evaluator, who is the manager where none is named; 2: and the second, else the manager's manager; …
    approval_stages: int = Field(default=1, ge=1, le=5)
    review_stage: int = Field(default=1, ge=1, le=5)  # whose evaluator gives the verdict
    stages: tuple[StageRule, ...] = Field(
        default=(), max_length=5
    )  # one for each stage of the approval; empty: all are asked for
    self_review: bool = True
    max_goals: int = Field(default=5, ge=1, le=20)  # of one person in the cycle
    attainment_cap: Number = Field(default="1.5", ge=1, le=10, validate_default=True)
    max_bonus: int = Field(default=20, ge=0, le=1000)  # points for extra initiatives, per revision
    ladders: dict[TaskKind, Ladder] = Field(default_factory=lambda: dict(DEFAULT_LADDERS))
    sites: dict[str, BusinessCalendar] = Field(
        default_factory=dict, max_length=200
    )  # of those who are not where `calendar` is
    spread_minutes: int = Field(default=15, ge=1, le=480)  # after the opening hour, in which a day's alarms ring
    joiners_get_drafts: bool = True  # who joins the company while the cycle runs takes part
    moves_settle: bool = False  # who changes the department starts a new revision there; the old one is settled
    edition: int = Field(default=1, ge=1, le=2)  # of the rules for writing; 1: structure only (domain/writing/rules/)
    max_stretch: int = Field(default=200, ge=10, le=10_000)  # percent; 200: a target is at most triple, or a third
    causes: tuple[Line, ...] = Field(default=(), max_length=30)  # to choose from in a review, beside CAUSES
    adjust_down: bool = False  # whether a calibration may lower a score
    leavers: Leavers = Leavers.SETTLE  # what happens to the goals of somebody who leaves
    owners_begin_goals: bool = False  # owners begin goals while the cycle runs; HR always may
    weighted: bool = False  # whether the points of a revision count times its weight (domain/goal/scoring.py)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.starts < self.ends <= self.closes:
            raise invalid_value("dates_order")
        if self.stages and len(self.stages) != self.approval_stages:
            raise invalid_value("stages_count", stages=len(self.stages), approval_stages=self.approval_stages)
        if self.stages and not any(one.is_always for one in self.stages):
            raise invalid_value("no_stage_always")
        if list(self.reviews) != sorted(set(self.reviews)):
            raise invalid_value("reviews_order")
        if any(not self.starts < day <= self.closes for day in self.reviews):
            raise invalid_value("review_outside")
        if (days := sum(one.days for one in (self.calendar, *self.sites.values()))) > MAX_DAYS_OFF:
            raise invalid_value("too_many_days_off", days=days, most=MAX_DAYS_OFF)
        if missing := set(TaskKind) - set(self.ladders):
            raise invalid_value("no_ladder", kinds=sorted(missing))
        return self

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Rules that came after the first release are left out where they say nothing: old ledgers keep their hashes."""
        form: dict[str, Any] = dump(self)
        return {
            name: value for name, value in form.items() if name not in _LATER or getattr(self, name) != _LATER[name]
        }

    def with_rules(self, other: "Policy", rules: Iterable[str]) -> "Policy":
        """This policy with these rules (names of fields) of `other`. Raises `ValidationError` if they do not fit together."""
        taken = {name: getattr(other, name) for name in rules}
        return Policy.model_validate({name: getattr(self, name) for name in Policy.model_fields} | taken)

    @property
    def everybody_of_hr(self) -> tuple[EmployeeId, ...]:
        """HR of the cycle and of all parts, each once."""
        return tuple(dict.fromkeys((*self.hr, *(person for part in self.hr_of for person in part.people))))

    def calendar_at(self, site: str | None) -> BusinessCalendar:
        """The site's calendar; the cycle's own where the policy does not know the site."""
        return self.sites.get(site or "", self.calendar)


_LATER: dict[str, Any] = {
    "sites": {}, "review_stage": 1, "stages": (), "spread_minutes": 15, "joiners_get_drafts": True, "moves_settle": False, "edition": 1, "max_stretch": 200,
    "causes": (), "adjust_down": False, "leavers": Leavers.SETTLE, "owners_begin_goals": False, "weighted": False,
    "hr_of": (),
}  # fmt: skip
