"""The aggregate: one person's goal in one cycle, with everything that decides what may happen to it next."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from domain.lifecycle import EventKind, State
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy, TaskKind
from domain.values import CommandId, CycleId, EmployeeId, Frozen, GoalId, Moment, Number
from domain.writing.content import Content

REMEMBERED_COMMANDS = 16  # a retry comes within a few commands; the ledger's unique key guards the rest
REMEMBERED_CHANGES = 6


class Outcome(StrEnum):
    """How a goal ended."""

    ACHIEVED = "achieved"
    UNREALISTIC = "unrealistic"  # closed without a successor
    SETTLED = "settled"  # worked on until it was closed; its points count
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # the end came while it still waited to be written or approved
    REMOVED = "removed"  # its owner left or was taken out of the cycle while it still waited to be written or approved
    CANCELLED = "cancelled"  # HR called the cycle off


class Task(Frozen):
    """The one thing that the goal waits for now."""

    kind: TaskKind
    assignees: tuple[EmployeeId, ...]
    opened: date
    due: date  # a business day; the deadline is its closing hour
    rung: int = 0  # the next rung of the ladder
    climbed: int = 0  # how many managers of the line escalation has passed
    site: str | None = None  # whose business days count: the first assignee's


class Delegation(Frozen):
    """`to` may act for `delegator` from `first` to `last`, both included."""

    delegator: EmployeeId
    to: EmployeeId
    first: date
    last: date


class MaterialChange(Frozen):
    """Something happened that a person who decides must have seen."""

    seq: int
    kind: EventKind
    fields: tuple[str, ...] = ()


class Goal(Frozen):
    """A goal at one point of its ledger; made by `evolve` only."""

    id: GoalId
    cycle: CycleId
    owner: EmployeeId
    department: str
    line: tuple[EmployeeId, ...]  # managers, nearest first
    policy: Policy
    seq: int  # of the last event
    head: str  # its hash
    state: State
    revision: int = 1
    content: Content
    task: Task | None = None
    stage: int = 0  # approvals given in this round
    done: tuple[int, ...] = ()  # steps of this revision
    value: Number | None = None  # of a numeric measure, as last reported
    met: tuple[int, ...] = ()  # criteria of a qualitative one
    attained: Number = Decimal(0)  # share of the measure that a review or the end confirmed; never falls
    bonus: int = 0  # of this revision
    banked: Number = Decimal(0)  # points of earlier revisions
    active_since: Moment | None = None  # reviews due before this are past
    reviewed_through: date | None = None  # the last review date that was taken up
    self_reviewed: bool = False  # in the review that is open
    pause_reason: str | None = None
    paused_on: date | None = None
    delegations: tuple[Delegation, ...] = ()
    outcome: Outcome | None = None
    closed_from: State | None = None  # where HR's reopening leads back to
    commands: tuple[CommandId, ...] = Field(default=(), max_length=REMEMBERED_COMMANDS)
    changes: tuple[MaterialChange, ...] = Field(default=(), max_length=REMEMBERED_CHANGES)
    sites: dict[EmployeeId, str] = Field(default_factory=dict)  # of those concerned who have one
    adjusted: Number = Decimal(0)  # points of calibration; beside the score, never in it
    exemplar: bool = False  # shown to the company, without names
    slot: int | None = None  # place in the spread of the cycle's alarms; none: by the goal's id

    @property
    def is_closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def is_paused(self) -> bool:
        return self.paused_on is not None

    @property
    def next_step(self) -> int | None:
        """The first step that is not done."""
        return next((n for n in range(len(self.content.steps)) if n not in self.done), None)

    @property
    def due_at(self) -> Moment | None:
        """The open task's deadline."""
        return self.policy.calendar_at(self.task.site).closing(self.task.due) if self.task else None

    @property
    def calendar(self) -> BusinessCalendar:
        """The owner's: what day it is for this goal."""
        return self.calendar_of(self.owner)

    def calendar_of(self, person: EmployeeId) -> BusinessCalendar:
        return self.policy.calendar_at(self.sites.get(person))

    def delegates(self, people: Iterable[EmployeeId], day: date) -> tuple[EmployeeId, ...]:
        """Who may act for one of these on that day."""
        asked = set(people)
        return tuple(one.to for one in self.delegations if one.delegator in asked and one.first <= day <= one.last)

    def approvers(self, stage: int) -> tuple[EmployeeId, ...]:
        """Who signs stage `stage` (from 0): that manager of the line; beyond its top, HR. Never the owner."""
        if stage < len(self.line):
            return (self.line[stage],)
        return tuple(member for member in self.policy.hr if member != self.owner)
