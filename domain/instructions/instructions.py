"""Instructions to many goals, and the command for each goal: one, or none if there is nothing to do."""

from datetime import date
from typing import Annotated, Literal, Self, Union, get_args

from pydantic import Field, TypeAdapter, model_validator

from domain.cycle.part_hr import part_hr
from domain.goal import commands
from domain.goal.goal import Delegation, Goal, Task
from domain.lifecycle import State
from domain.people.departments import Department, DepartmentChange
from domain.people.organisation import Organisation
from domain.policy.policy import Policy, TaskKind
from domain.refusals import Code, Refusal
from domain.values import ID_FORM, SILENT, Day, EmployeeId, Frozen, Line, Prose, invalid_value

Person = Annotated[EmployeeId, ID_FORM]


class Selection(Frozen):
    """The goals of these departments and these people; of everybody in the cycle if neither is given."""

    departments: tuple[Line, ...] = Field(default=(), max_length=500)
    people: tuple[Person, ...] = Field(default=(), max_length=100_000)

    @property
    def is_everybody(self) -> bool:
        return not self.departments and not self.people


class _Instruction(Frozen):
    selection: Selection = Selection()
    reason: Prose


class Extend(_Instruction):
    """Open tasks (of one kind, where given) that are due before `due` are due on it; the cycle ends on `closes`."""

    kind: Literal["extend"] = "extend"
    due: Day | None = None
    task: TaskKind | None = None
    closes: Day | None = None

    @model_validator(mode="after")
    def _moves_something(self) -> Self:
        if self.due is None and self.closes is None:
            raise invalid_value("nothing_to_extend")
        return self


class Pause(_Instruction):
    kind: Literal["pause"] = "pause"


class Resume(_Instruction):
    kind: Literal["resume"] = "resume"


class Amend(_Instruction):
    """The cycle's rules change from `before` to `after`."""

    kind: Literal["amend"] = "amend"
    before: Policy
    after: Policy


class Add(_Instruction):
    """These people take part from now on. Their drafts are launched; people who were removed get their goals back."""

    kind: Literal["add"] = "add"


class Remove(_Instruction):
    """These people no longer take part: their goals are closed as they are."""

    kind: Literal["remove"] = "remove"


class Cancel(_Instruction):
    """The goals are cancelled; notices about them that were not sent are withdrawn."""

    kind: Literal["cancel"] = "cancel"


class Reopen(_Instruction):
    kind: Literal["reopen"] = "reopen"
    closes: Day | None = None


class Close(_Instruction):
    kind: Literal["close"] = "close"


class Reassign(_Instruction):
    """The open tasks of `person` are given to `to`."""

    kind: Literal["reassign"] = "reassign"
    person: Person
    to: Person


class Delegate(_Instruction):
    """`delegation.to` may act for `delegation.delegator` wherever they are concerned."""

    kind: Literal["delegate"] = "delegate"
    delegation: Delegation


class EndDelegation(_Instruction):
    """The delegations from `delegator` to `to` end at once."""

    kind: Literal["end_delegation"] = "end_delegation"
    delegator: Person
    to: Person


class Sync(_Instruction):
    """The organisation changed. `stands_in` names for each who left the manager who takes over what they had to decide."""

    kind: Literal["sync"] = "sync"
    stands_in: dict[Person, Person | None] = Field(default_factory=dict)
    moved: tuple[Person, ...] = ()  # who changed the department
    joined: tuple[Person, ...] = ()
    departments: tuple[Department, ...] = ()  # records that differ or are new
    merged: dict[str, str] = Field(default_factory=dict)  # ids of departments that end: what they are part of

    @property
    def department_change(self) -> DepartmentChange:
        return DepartmentChange(self.departments, self.merged)


AnyInstruction = Annotated[
    Union[Extend, Pause, Resume, Amend, Add, Remove, Cancel, Reopen, Close, Reassign, Delegate, EndDelegation, Sync],  # noqa: UP007 - one list, as in commands.py
    Field(discriminator="kind"),
]


INSTRUCTION: TypeAdapter[AnyInstruction] = TypeAdapter(AnyInstruction, config=SILENT)
KINDS: tuple[type[_Instruction], ...] = get_args(get_args(AnyInstruction)[0])


class Skipped(Frozen):
    """Nothing to do for this goal; `code` says why."""

    code: Literal[
        "closed",
        "not_closed",
        "not_paused",
        "paused",
        "no_task",
        "other_task",
        "unconcerned",
        "unchanged",
        "owner",
        "later",
    ]


# What a goal answers if it changed after it was read: it is not concerned any more.
_NO_LONGER_CONCERNED: dict[Code, Literal["unconcerned", "no_task"]] = {
    Code.NOT_ASSIGNED: "unconcerned",
    Code.NO_TASK: "no_task",
}


def skipped_by(asked: AnyInstruction, refusal: Refusal) -> Skipped | None:
    """The reason to skip the goal, if the goal's refusal only says that it no longer is concerned; else None."""
    if not isinstance(asked, Reassign) or refusal.code not in _NO_LONGER_CONCERNED:
        return None
    return Skipped(code=_NO_LONGER_CONCERNED[refusal.code])


def command_for(  # noqa: C901, PLR0911, PLR0912 - one case per kind
    asked: AnyInstruction, goal: Goal, actor: EmployeeId, organisation: Organisation | None = None
) -> commands.Command | Skipped:
    """The command of the instruction for this goal. Not for `Sync` (domain/instructions/reorganisation.py), and for `Add` only
    at goals of people who were removed before; new people are launched. `organisation` is needed by an amendment of the HR of parts.
    """
    if isinstance(asked, Reopen):
        if goal.state is not State.CLOSED:
            return Skipped(code="not_closed")
        return commands.Reopen(actor=actor, reason=asked.reason, closes=asked.closes)
    if isinstance(asked, Add) and goal.is_closed:  # of a person who was removed from the cycle before
        return commands.Reopen(actor=actor, reason=asked.reason)
    if goal.is_closed:
        return Skipped(code="closed")
    match asked:
        case Extend():
            return _extended(asked, goal, actor)
        case Pause():
            return Skipped(code="paused") if goal.is_paused_by_hr else commands.Pause(actor=actor, reason=asked.reason)
        case Resume():
            return (
                commands.Resume(actor=actor, reason=asked.reason)
                if goal.is_paused_by_hr
                else Skipped(code="not_paused")
            )
        case Amend():
            policy = amended(goal.policy, asked.before, asked.after)
            hr = part_hr_after(goal, policy, organisation)
            if policy == goal.policy and hr in (None, goal.part_hr):
                return Skipped(code="unchanged")
            rules = changed_rules(asked.before, asked.after)
            return commands.AmendPolicy(actor=actor, policy=asked.after, rules=rules, part_hr=hr, reason=asked.reason)
        case Close() | Remove() | Cancel():
            removed, cancelled = isinstance(asked, Remove), isinstance(asked, Cancel)
            return commands.Close(actor=actor, reason=asked.reason, removed=removed, cancelled=cancelled)
        case Reassign():
            return _reassigned(asked, goal, actor)
        case Delegate(delegation=one):
            return _delegated(asked, one, goal, actor)
        case EndDelegation(delegator=delegator, to=to):
            if any((one.delegator, one.to) == (delegator, to) for one in goal.delegations):
                return commands.EndDelegation(actor=actor, delegator=delegator, to=to, reason=asked.reason)
            return Skipped(code="unconcerned")
    return Skipped(code="unchanged")


def _extended(asked: Extend, goal: Goal, actor: EmployeeId) -> commands.Command | Skipped:
    task = goal.task
    due = asked.due if task and asked.task in (None, task.kind) and _days_later(goal, task, asked.due) > 0 else None
    closes = asked.closes if asked.closes and asked.closes > goal.policy.closes else None
    if due or closes:
        return commands.Extend(actor=actor, due=due, closes=closes, reason=asked.reason)
    if asked.due and task is None:
        return Skipped(code="no_task")
    other = asked.due and task and asked.task not in (None, task.kind)
    if other:
        return Skipped(code="other_task")
    return Skipped(code="later" if task and _days_later(goal, task, asked.due) < 0 else "unchanged")


def _days_later(goal: Goal, task: Task, due: date | None) -> int:
    """By how many days the task would be due later; negative: earlier. A day off counts as the business day after it."""
    return 0 if due is None else (goal.policy.calendar_at(task.site).on_or_after(due) - task.due).days


def _reassigned(asked: Reassign, goal: Goal, actor: EmployeeId) -> commands.Command | Skipped:
    if goal.task is None or asked.person not in goal.task.assignees or goal.owner == asked.person:
        return Skipped(code="unconcerned")
    if goal.owner == asked.to:
        return Skipped(code="owner")
    return commands.Reassign(actor=actor, person=asked.person, to=asked.to, reason=asked.reason)


def _delegated(asked: Delegate, one: Delegation, goal: Goal, actor: EmployeeId) -> commands.Command | Skipped:
    assignees = goal.task.assignees if goal.task else ()
    if one.delegator not in (*goal.asked_of, *goal.contributors, *assignees):
        return Skipped(code="unconcerned")
    if one.to == goal.owner:
        return Skipped(code="owner")
    if one in goal.delegations:
        return Skipped(code="unchanged")
    return commands.Delegate(
        actor=actor, delegator=one.delegator, to=one.to, first=one.first, last=one.last, reason=asked.reason,
        own_goals=one.own_goals,
    )  # fmt: skip


def amended(policy: Policy, before: Policy, after: Policy) -> Policy:
    """`policy` with those rules that differ between `before` and `after`; what was changed for one goal alone stays."""
    return policy.with_rules(after, changed_rules(before, after))


def part_hr_after(goal: Goal, policy: Policy, organisation: Organisation | None) -> tuple[EmployeeId, ...] | None:
    """HR of the owner's part under the new rules; None where these say the same about parts as before."""
    if organisation is None or policy.hr_of == goal.policy.hr_of or goal.owner not in organisation.employees:
        return None
    post = organisation.post_of(goal.owner, goal.department, additional=goal.additional).post
    return part_hr(goal.owner, organisation, policy.hr_of, post)


def changed_rules(before: Policy, after: Policy) -> tuple[str, ...]:
    """The names of the rules that differ."""
    return tuple(name for name in Policy.model_fields if getattr(before, name) != getattr(after, name))
