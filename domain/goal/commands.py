"""What a person, a program or the cycle can ask of a goal: one model per command, named in the imperative.

A command's `name` is the name of its Temporal update; its fields, but `id`, are the update's JSON. `id` makes a retry safe:
whoever sends gives it as the update id, and the workflow copies it here.

A docstring says first who may give the command, then what it does: docs/lifecycle.md is printed from them.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self, Union, get_args

from pydantic import Field, StringConstraints, model_validator

from domain.goal.goal import Delegation
from domain.policy.policy import Policy
from domain.values import ID_PATTERN, CommandId, EmployeeId, Frozen, Id, Line, Number, Prose, invalid_value
from domain.writing.content import Content

SYSTEM = EmployeeId("@clock")  # the actor of what time does; no employee and no caller can have this id

_Person = Annotated[EmployeeId, StringConstraints(pattern=ID_PATTERN)]
_CommandId = Annotated[CommandId, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")]


UNSTAMPED = CommandId("-")  # not given yet: nothing is decided about a command that a retry could not name


class Command(Frozen):
    """Who asks, and in whose name."""

    name: ClassVar[str]

    id: _CommandId = UNSTAMPED
    actor: _Person
    acting_for: _Person | None = None


class Revise(Command):
    """Owner; HR, from a sheet that was handed in: replace the draft's content."""

    name: ClassVar[str] = "revise"
    content: Content


class Submit(Command):
    """Owner: hand the draft to its approver; with `content`, revise it first."""

    name: ClassVar[str] = "submit"
    content: Content | None = None


class Recall(Command):
    """Owner: take a submitted goal back before it is approved."""

    name: ClassVar[str] = "recall"


class Approve(Command):
    """Assignee: sign off what was seen: the goal as it was at `expected_seq`."""

    name: ClassVar[str] = "approve"
    expected_seq: int = Field(ge=1)
    comment: Prose | None = None


class ReturnForChanges(Command):
    """Assignee: give the goal back to its owner, with what to change."""

    name: ClassVar[str] = "return_for_changes"
    comment: Prose
    expected_seq: int | None = Field(default=None, ge=1)


class ReportProgress(Command):
    """Owner: say where the measure stands: its value, or the numbers (from 0) of the criteria that are met."""

    name: ClassVar[str] = "report_progress"
    value: Number | None = None
    met: tuple[Annotated[int, Field(ge=0, le=9)], ...] | None = Field(default=None, max_length=10)
    evidence: Prose | None = None


class CompleteStep(Command):
    """Owner: say that a step (number from 0) is done, with the evidence."""

    name: ClassVar[str] = "complete_step"
    step: int = Field(ge=0, le=11)
    evidence: Prose | None = None


class CallReview(Command):
    """Concerned: ask for a review before its date; the later ones stay where they are."""

    name: ClassVar[str] = "call_review"
    reason: Prose


class SubmitSelfReview(Command):
    """Owner: look back, for the reviewer."""

    name: ClassVar[str] = "submit_self_review"
    progress: Prose | None = None  # how far it is, in words; the numbers are `report_progress`
    went_well: Prose
    cause_kinds: tuple[Line, ...] | None = Field(
        default=None, max_length=10
    )  # of domain/writing/causes.py or the policy
    causes: Prose | None = None
    to_improve: Prose | None = None
    proposed: Literal["continue", "achieved", "unrealistic"] = "continue"


class DecideReview(Command):
    """Assignee: give the verdict on what was seen at `expected_seq`.

    `then` says what follows: by default a goal that is achieved closes and one that is unrealistic is reset.
    """

    name: ClassVar[str] = "decide_review"
    verdict: Literal["continue", "achieved", "unrealistic"]
    expected_seq: int = Field(ge=1)
    then: Literal["continue", "reset", "close"] | None = None
    comment: Prose | None = None
    praise: Prose | None = None  # what the reviewer saw go well
    bonus: int = Field(default=0, ge=0, le=1000)  # points for extra initiatives; needs a comment
    new_weight: int | None = Field(default=None, ge=1, le=100)  # of the next revision
    new_target: Number | None = None  # of the next revision's measure, where it is a number

    @property
    def next(self) -> Literal["continue", "reset", "close"]:
        return self.then or _FOLLOWS[self.verdict]


_FOLLOWS: dict[str, Literal["continue", "reset", "close"]] = {
    "continue": "continue",
    "achieved": "close",
    "unrealistic": "reset",
}


class Withdraw(Command):
    """Owner: give the goal up before it is approved."""

    name: ClassVar[str] = "withdraw"
    reason: Prose


class Comment(Command):
    """Concerned: say something; it makes nobody's decision stale."""

    name: ClassVar[str] = "comment"
    text: Prose


class Reassign(Command):
    """HR: put other people in place of the open task's assignees."""

    name: ClassVar[str] = "reassign"
    assignees: tuple[_Person, ...] = Field(min_length=1, max_length=100)  # HR and a line of managers
    reason: Prose


class Delegate(Command):
    """Concerned, for themselves; HR, for all: let `to` act in `delegator`'s name from one day to another, both included."""

    name: ClassVar[str] = "delegate"
    delegator: _Person
    to: _Person
    first: date
    last: date
    reason: Prose | None = None


class Extend(Command):
    """HR: move the open task's due date, the last day of the goal's cycle, or both."""

    name: ClassVar[str] = "extend"
    due: date | None = None
    closes: date | None = None  # a later one than now
    reason: Prose

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        if self.due is None and self.closes is None:
            raise invalid_value("nothing_to_extend")
        return self


class Pause(Command):
    """HR: stop the clock."""

    name: ClassVar[str] = "pause"
    reason: Prose


class Resume(Command):
    """HR: let the clock run again; due dates move by the business days that the pause lasted."""

    name: ClassVar[str] = "resume"
    reason: Prose | None = None


class Reopen(Command):
    """HR: bring a closed goal back to the state it was in; with `closes`, into a cycle that ends later."""

    name: ClassVar[str] = "reopen"
    reason: Prose
    closes: date | None = None


class Close(Command):
    """HR; the cycle, at its end: settle the goal as it stands, as achieved, or as called off.

    `removed`: its owner left the company, or takes no part in the cycle any more.
    """

    name: ClassVar[str] = "close"
    reason: Prose
    achieved: bool = False
    cancelled: bool = False
    removed: bool = False

    @model_validator(mode="after")
    def _ends_in_one_way(self) -> Self:
        if self.achieved + self.cancelled + self.removed > 1:
            raise invalid_value("two_endings")
        return self


class AmendPolicy(Command):
    """HR: other rules from now on. Where a kind of task gets more or fewer days, the open one's due date moves by them."""

    name: ClassVar[str] = "amend_policy"
    policy: Policy
    reason: Prose


class ChangeLine(Command):
    """HR, as the organisation changes: other managers, another department or site; open tasks go to who has them now.

    With `settle`, a goal that is being worked on and changes its department starts a new revision there, of `new_weight`.
    """

    name: ClassVar[str] = "change_line"
    line: tuple[_Person, ...] = Field(max_length=50)
    department: Line
    sites: dict[_Person, Id] = Field(default_factory=dict, max_length=100)
    replaced: dict[_Person, _Person] = Field(default_factory=dict, max_length=100)  # who left, and who stands in
    delegations: tuple[Delegation, ...] = Field(default=(), max_length=100)  # of the managers who are new
    settle: bool = False
    new_weight: int | None = Field(default=None, ge=1, le=100)
    reason: Prose


class Adjust(Command):
    """HR, of a closed goal of somebody else: calibrate its score by points, with the reason. The score itself stays.

    0 says that it was looked at; less than 0 needs the policy's leave (`adjust_down`).
    """

    name: ClassVar[str] = "adjust"
    points: Annotated[Number, Field(ge=-1000, le=1000)]
    reason: Prose


class MarkExemplar(Command):
    """Manager of the line; HR: show a closed goal to the company, without names, as one to follow."""

    name: ClassVar[str] = "mark_exemplar"
    reason: Prose


AnyCommand = Union[  # noqa: UP007 - get_args below needs the alias to stay a Union at run time
    Revise, Submit, Recall, Approve, ReturnForChanges, ReportProgress, CompleteStep, CallReview, SubmitSelfReview,
    DecideReview, Withdraw, Comment, Reassign, Delegate, Extend, Pause, Resume, Reopen, Close, AmendPolicy,
    ChangeLine, Adjust, MarkExemplar,
]  # fmt: skip

COMMANDS: dict[str, type[Command]] = {command.name: command for command in get_args(AnyCommand)}


class SignOff(Frozen):
    """A fact from another system: `actor` signed the goal off there. Fire and forget; a refusal is recorded."""

    id: _CommandId
    actor: _Person
    expected_seq: int = Field(ge=1)
    comment: Line | None = None
