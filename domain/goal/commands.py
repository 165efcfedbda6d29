"""The commands to a goal, from a person, a program or the cycle: one model per command, named in the imperative.

`name` is the name of the command's Temporal update; the fields without `id` are the update's JSON. `id` makes a retry safe:
the sender uses it as the update id, and the workflow copies it into the command.

A docstring says who may give the command, a colon, and what the command does. docs/lifecycle.md is printed from them.
"""

from typing import Annotated, ClassVar, Literal, Self, Union, get_args

from pydantic import Field, StringConstraints, model_validator

from domain.goal.goal import Delegation, RepairStep
from domain.policy.policy import Policy
from domain.values import (
    ID_FORM,
    CommandId,
    Day,
    EmployeeId,
    Frozen,
    GoalId,
    Id,
    Line,
    Number,
    Prose,
    Weight,
    invalid_value,
    number_form,
)
from domain.writing.content import Content

# Actors that are no person. No employee and no caller can have these ids.
SYSTEM = EmployeeId("@clock")  # of alarms, and of a cycle's end
ORGANISATION = EmployeeId("@organisation")  # of changes that follow when somebody's last day is over

_System = Annotated[EmployeeId, StringConstraints(pattern=rf"^({SYSTEM}|{ORGANISATION})$")]
_Person = Annotated[EmployeeId, ID_FORM]
_GoalId = Annotated[GoalId, StringConstraints(pattern=r"^[^/]{1,100}/[^/]{1,100}/[0-9]{1,4}$")]
CommandIdText = Annotated[CommandId, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")]


MAX_COMMAND_BYTES = 1_000_000  # of a command's JSON; Temporal refuses payloads of 2 MB
UNSTAMPED = CommandId("-")  # no id yet; `decide` takes no such command, since a retry of it could not be recognised


class Command(Frozen):
    """`actor` gives the command; `acting_for` is the person in whose name, if `actor` is a delegate."""

    name: ClassVar[str]

    id: CommandIdText = UNSTAMPED
    actor: _Person
    acting_for: _Person | None = None


class Revise(Command):
    """Owner; HR, from a sheet: replace the draft's content, which was written from the version `expected_seq`."""

    name: ClassVar[str] = "revise"
    content: Content
    expected_seq: int | None = Field(default=None, ge=1)


class Submit(Command):
    """Owner: send the draft to its approver; with `content`, revise it first."""

    name: ClassVar[str] = "submit"
    content: Content | None = None
    expected_seq: int | None = Field(default=None, ge=1)


class Recall(Command):
    """Owner: take a submitted goal back before it is approved."""

    name: ClassVar[str] = "recall"


class Approve(Command):
    """Assignee: approve the goal as it was at `expected_seq`, the version that the assignee saw."""

    name: ClassVar[str] = "approve"
    expected_seq: int = Field(ge=1)
    comment: Prose | None = None


class ReturnForChanges(Command):
    """Assignee: return the goal to its owner, with a comment on what to change."""

    name: ClassVar[str] = "return_for_changes"
    comment: Prose
    expected_seq: int | None = Field(default=None, ge=1)


class ReportProgress(Command):
    """Owner: report the measure's value, or the numbers (from 0) of the criteria that are met."""

    name: ClassVar[str] = "report_progress"
    value: Number | None = None
    met: tuple[Annotated[int, Field(ge=0, le=9)], ...] | None = Field(default=None, max_length=10)
    evidence: Prose | None = None


class CompleteStep(Command):
    """Owner; the contributor who does it: complete a step (numbered from 0), with evidence."""

    name: ClassVar[str] = "complete_step"
    step: int = Field(ge=0, le=11)
    evidence: Prose | None = None


class UndoReport(Command):
    """Owner; of a step, the contributor who does it; until a verdict was given on it: take back a completed step (numbered from 0), or the last report of progress."""

    name: ClassVar[str] = "undo_report"
    step: int | None = Field(default=None, ge=0, le=11)
    reason: Prose


class CallReview(Command):
    """Concerned: open a review before its date; later review dates do not move."""

    name: ClassVar[str] = "call_review"
    reason: Prose


class SubmitSelfReview(Command):
    """Owner: review one's own work, for the reviewer."""

    name: ClassVar[str] = "submit_self_review"
    progress: Prose | None = None  # in words; numbers are reported by `report_progress`
    went_well: Prose
    cause_kinds: tuple[Line, ...] | None = Field(
        default=None, max_length=10
    )  # of domain/writing/causes.py or the policy
    causes: Prose | None = None
    to_improve: Prose | None = None
    proposed: Literal["continue", "achieved", "unrealistic"] = "continue"


Next = Literal["continue", "reset", "close"]
"""What follows a verdict."""


class DecideReview(Command):
    """Assignee: give the verdict on the goal as it was at `expected_seq`.

    `then` is what happens next. By default an achieved goal is closed and an unrealistic goal is reset. The goal of an owner
    who has left is never reset.
    """

    name: ClassVar[str] = "decide_review"
    verdict: Literal["continue", "achieved", "unrealistic"]
    expected_seq: int = Field(ge=1)
    then: Next | None = None
    comment: Prose | None = None
    praise: Prose | None = None  # what the reviewer saw go well
    bonus: int = Field(default=0, ge=0, le=1000)  # points for extra initiatives; needs a comment
    new_weight: Weight | None = None  # of the next revision
    new_target: Number | None = None  # of the next revision's measure, if it is numeric

    @property
    def next(self) -> Next:
        return self.then or _FOLLOWS[self.verdict]


_FOLLOWS: dict[str, Next] = {
    "continue": "continue",
    "achieved": "close",
    "unrealistic": "reset",
}


class Withdraw(Command):
    """Owner: withdraw the goal before it is approved."""

    name: ClassVar[str] = "withdraw"
    reason: Prose


class Comment(Command):
    """Concerned: add a comment. Decisions that were made without having seen it stay valid."""

    name: ClassVar[str] = "comment"
    text: Prose


class Reassign(Command):
    """HR: in the open task, replace the assignee `person` by `to`; or replace all assignees by `assignees`.

    With `person` and `to`, the goal decides on the assignees that it has when the command arrives: other assignees keep the
    task. `assignees` replaces whatever assignees there are; `expected_seq` makes sure that they are those that HR saw.
    """

    name: ClassVar[str] = "reassign"
    assignees: tuple[_Person, ...] | None = Field(
        default=None, min_length=1, max_length=100
    )  # HR and a line of managers
    person: _Person | None = None
    to: _Person | None = None
    expected_seq: int | None = Field(default=None, ge=1)
    reason: Prose

    @model_validator(mode="after")
    def _names_people_in_one_way(self) -> Self:
        if (self.person is None) != (self.to is None) or (self.person is None) == (self.assignees is None):
            raise invalid_value("reassigned_in_one_way")
        return self


class Delegate(Command):
    """Concerned, for themselves; HR, for everybody: let `to` act for `delegator` from `first` to `last`, both included."""

    name: ClassVar[str] = "delegate"
    delegator: _Person
    to: _Person
    first: Day
    last: Day
    own_goals: bool = False  # also for the delegator's own goals
    reason: Prose | None = None


class EndDelegation(Command):
    """Delegator; delegate; HR: end the delegation from `delegator` to `to` at once."""

    name: ClassVar[str] = "end_delegation"
    delegator: _Person
    to: _Person
    reason: Prose | None = None


class Extend(Command):
    """HR: move the open task's due date, the last day of the goal's cycle, or both."""

    name: ClassVar[str] = "extend"
    due: Day | None = None
    closes: Day | None = None  # later than the current one
    reason: Prose

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        if self.due is None and self.closes is None:
            raise invalid_value("nothing_to_extend")
        return self


class Pause(Command):
    """HR: stop the clock of the goal: no alarm rings, no task becomes due."""

    name: ClassVar[str] = "pause"
    reason: Prose


class Resume(Command):
    """HR: end the pause; the due date moves by the business days that the pause lasted."""

    name: ClassVar[str] = "resume"
    reason: Prose | None = None


class Reopen(Command):
    """HR: reopen a closed goal in the state that it had before; `closes` is a later last day of its cycle."""

    name: ClassVar[str] = "reopen"
    reason: Prose
    closes: Day | None = None


class Close(Command):
    """HR; the cycle, at its end: close the goal as settled, achieved or cancelled.

    `removed`: its owner left the company or was removed from the cycle.
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
    """HR: replace the goal's policy. If the open task's kind gets more or fewer days, its due date moves by the difference.

    With `rules`, only these fields of `policy` are taken; the goal keeps the others as it has them when the command arrives.
    """

    name: ClassVar[str] = "amend_policy"
    policy: Policy
    rules: tuple[Line, ...] | None = Field(default=None, min_length=1, max_length=100)
    part_hr: tuple[_Person, ...] | None = Field(default=None, max_length=100)  # of the owner's part; None: as it is
    reason: Prose

    @model_validator(mode="after")
    def _names_rules(self) -> Self:
        if unknown := [one for one in self.rules or () if one not in Policy.model_fields]:
            raise invalid_value("unknown_rule", rule=unknown[0][:40])
        return self


_Chains = Annotated[tuple[Annotated[tuple[_Person, ...], Field(max_length=50)], ...], Field(max_length=5)]
"""Of one joint stage."""


class ChangeLine(Command):
    """HR, when the organisation changes: replace managers, evaluators, department and sites; open tasks go to the new people.

    With `settle`, a goal in state active or in_review whose department changes begins a new revision with `new_weight`.
    With `gone`, a goal in one of these states stays open for its reviewers, until a `change_line` without it.
    """

    name: ClassVar[str] = "change_line"
    line: tuple[_Person, ...] = Field(max_length=50)
    stages: tuple[Annotated[tuple[_Person, ...], Field(max_length=50)], ...] = Field(default=(), max_length=5)
    reviewers: tuple[_Person, ...] = Field(default=(), max_length=50)
    joint: tuple[_Chains, ...] = Field(default=(), max_length=5)
    part_hr: tuple[_Person, ...] = Field(default=(), max_length=100)  # HR of the owner's part of the company
    hr_left: tuple[_Person, ...] = Field(default=(), max_length=100)  # HR of the cycle who do not work here any more
    department: Line
    additional: bool = False  # the department is that of an additional post (兼務) of the owner
    away: bool = False  # the owner is on leave: the goal is paused until a `change_line` without it
    sites: dict[_Person, Id] = Field(default_factory=dict, max_length=100)
    replaced: dict[_Person, _Person] = Field(
        default_factory=dict, max_length=100
    )  # people who left, and the person who takes over their tasks
    delegations: tuple[Delegation, ...] = Field(default=(), max_length=100)  # of the new managers
    left: tuple[_Person, ...] = Field(default=(), max_length=100)  # people who are not active: their delegations end
    settle: bool = False
    new_weight: Weight | None = None
    leaves: Day | None = None  # the owner's last day, where the rules ask for a verdict before it
    gone: bool = False  # the owner has left: nothing is asked of them
    reason: Prose


class CloseBySystem(Close):
    """The system, when the cycle ends or the owner has left: close the goal."""

    name: ClassVar[str] = "close_by_system"
    actor: _System


class ChangeLineBySystem(ChangeLine):
    """The system, when a manager has left, or an administrator of the directory changed the organisation: as `change_line`."""

    name: ClassVar[str] = "change_line_by_system"
    actor: _System


class ReopenBySystem(Reopen):
    """The system, when an owner who had left is in the directory again: as `reopen`."""

    name: ClassVar[str] = "reopen_by_system"
    actor: _System


class Adjust(Command):
    """HR, except for their own goals: calibrate the score of a closed goal, with a reason. The score itself does not change.

    0 records that HR looked at the goal. Fewer than 0 points are allowed only if the policy says `adjust_down`.
    """

    name: ClassVar[str] = "adjust"
    points: Annotated[Number, Field(ge=-1000, le=1000), number_form("[0-9]{1,3}", 6, minimum=-1000, maximum=1000)]
    reason: Prose


class MarkExemplar(Command):
    """Manager of the line; HR: show a closed goal to the company as an example, without names."""

    name: ClassVar[str] = "mark_exemplar"
    reason: Prose


class NoteRepair(Command):
    """HR, by `meguri repair`: record how the goal was repaired after a server was lost or restored.

    `expected_seq` is the last entry of the repaired ledger.
    """

    name: ClassVar[str] = "note_repair"
    how: tuple[RepairStep, ...] = Field(min_length=1, max_length=3)
    expected_seq: int = Field(ge=1)


class EraseTexts(Command):
    """HR, except for their own goals: erase what people wrote in these entries of the ledger.

    The entries stay, with their commitments. Of an open goal, the entry that holds its content cannot be erased.
    """

    name: ClassVar[str] = "erase_texts"
    entries: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1, max_length=1000)  # numbers in the ledger
    reason: Prose


class HandOver(Command):
    """HR; manager of the line, except for their own goals: close the goal, and let `to` go on in the new goal `successor`.

    `weight` is the weight of the successor, if it is another one. The transaction that records the command writes the successor too.
    """

    name: ClassVar[str] = "hand_over"
    to: _Person
    successor: _GoalId
    weight: Weight | None = None
    reason: Prose


class FollowParent(Command):
    """The system, when the goal above was handed over: put the goal `parent`, in which somebody else goes on, in the place of `before`."""

    name: ClassVar[str] = "follow_parent"
    actor: _System
    before: _GoalId
    parent: _GoalId


AnyCommand = Union[  # noqa: UP007 - get_args below needs the alias to stay a Union at run time
    Revise, Submit, Recall, Approve, ReturnForChanges, ReportProgress, CompleteStep, UndoReport, CallReview, SubmitSelfReview,
    DecideReview, Withdraw, Comment, Reassign, Delegate, EndDelegation, Extend, Pause, Resume, Reopen, Close, AmendPolicy,
    ChangeLine, Adjust, MarkExemplar, EraseTexts, NoteRepair,
]  # fmt: skip

COMMANDS: dict[str, type[Command]] = {command.name: command for command in get_args(AnyCommand)}
FROM_WITHIN: dict[str, type[Command]] = {
    command.name: command for command in (CloseBySystem, ChangeLineBySystem, ReopenBySystem, HandOver, FollowParent)
}
"""Commands of the program itself: activities send them, and no door offers them to people."""


class SignOff(Frozen):
    """An approval by `actor` in another system, sent as a signal. The sender gets no answer; a refusal is recorded."""

    id: CommandIdText
    actor: _Person
    expected_seq: int = Field(ge=1)
    comment: Line | None = None
