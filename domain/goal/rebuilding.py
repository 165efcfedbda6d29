"""Commands rebuilt from the ledger entries that they made.

An entry holds what its command asked for, except for the few fields that only steered how it was decided (`_NOT_KEPT`).
A rebuilt command therefore brings the same events when it is decided again on the goal as it was.
"""

from collections.abc import Callable, Sequence
from typing import Any

from domain.goal import commands, events
from domain.goal.commands import Command
from domain.goal.goal import Outcome
from domain.writing.content import NumericMeasure

# Fields of commands that their entries do not hold: two commands that differ in nothing else count as the same.
_NOT_KEPT: dict[type[Command], frozenset[str]] = {
    commands.Revise: frozenset({"expected_seq"}),
    commands.Submit: frozenset({"expected_seq"}),
    commands.ReturnForChanges: frozenset({"expected_seq"}),
    commands.Reassign: frozenset({"expected_seq"}),
    commands.DecideReview: frozenset({"new_weight", "new_target"}),
    commands.HandOver: frozenset({"successor"}),  # a retry chooses the next number anew
    commands.ChangeLine: frozenset({"replaced", "left", "delegations", "settle", "new_weight"}),
    commands.ChangeLineBySystem: frozenset({"replaced", "left", "delegations", "settle", "new_weight"}),
}
_BY_SYSTEM: dict[type[Command], type[Command]] = {
    commands.Close: commands.CloseBySystem,
    commands.ChangeLine: commands.ChangeLineBySystem,
    commands.Reopen: commands.ReopenBySystem,
}


def rebuild(entries: Sequence[events.Event]) -> Command | None:
    """The command that made these entries; None if no command of a person made them (alarms, refused sign-offs).

    `entries` are all entries of one command, in order. Raises `ValueError` if no command could ask for what they say.
    """
    first, last = entries[0], entries[-1]
    maker = REBUILT.get(type(last.body))
    if maker is None:
        return None
    kind, fields = maker(last.body)
    if last.actor in (commands.SYSTEM, commands.ORGANISATION):
        kind = _BY_SYSTEM.get(kind, kind)
    if isinstance(last.body, events.Submitted) and isinstance(first.body, events.Revised):
        fields = {"content": first.body.content}
    who = {"id": last.command, "actor": last.actor, "acting_for": last.acting_for}
    return kind.model_validate(fields | who)


def is_same(command: Command, entries: Sequence[events.Event]) -> bool:
    """Whether the entries were made by this command: same kind, actor and content. Ids are not compared."""
    try:
        made = rebuild(entries)
    except ValueError:
        return False
    if made is None or type(made) is not type(command):
        return False
    return _kept(made, entries) == _kept(_completed(command, made), entries)


def _completed(command: Command, made: Command) -> Command:
    """The command with what the goal itself filled in: other assignees who kept the task, other rules of the policy, and what
    follows a verdict.
    """
    match command, made:
        case commands.Reassign(to=str() as to), commands.Reassign(assignees=tuple() as assignees) if to in assignees:
            return command.model_copy(update={"assignees": assignees, "person": None, "to": None})
        case commands.AmendPolicy(rules=tuple() as rules), commands.AmendPolicy(policy=policy):
            if all(getattr(command.policy, rule) == getattr(policy, rule) for rule in rules):
                return command.model_copy(update={"policy": policy, "rules": None})
        case commands.DecideReview(then=None), commands.DecideReview(then=then):
            return command.model_copy(update={"then": then})
    return command


def _kept(command: Command, entries: Sequence[events.Event]) -> dict[str, Any]:
    """The command's fields as far as its entries hold them, in one form."""
    fields = {name: getattr(command, name) for name in type(command).model_fields if name not in _left_out(command)}
    match command:
        case commands.Submit() if len(entries) == 1:
            del fields["content"]  # it changed nothing
        case commands.ReportProgress(met=met) if met is not None:
            fields["met"] = tuple(sorted(set(met)))
        case commands.Reassign(assignees=assignees):
            fields["assignees"] = tuple(dict.fromkeys(assignees or ()))
        case commands.EraseTexts(entries=numbers):
            fields["entries"] = tuple(sorted(set(numbers)))
        case commands.SubmitSelfReview(cause_kinds=causes):
            fields["cause_kinds"] = causes or None
        case commands.DecideReview():
            fields["then"] = command.next
    return fields


def _left_out(command: Command) -> frozenset[str]:
    return _NOT_KEPT.get(type(command), frozenset()) | {"id"}


_Made = tuple[type[Command], dict[str, Any]]


def _as(kind: type[Command], *names: str) -> Callable[[Any], _Made]:
    """The command with fields of the same names as the body's."""
    return lambda body: (kind, {name: getattr(body, name) for name in names})


def _approve(body: events.Approved | events.StageApproved) -> _Made:
    return commands.Approve, {"expected_seq": body.saw, "comment": body.comment}


def _call_review(body: events.ReviewOpened) -> _Made:
    return commands.CallReview, {"reason": body.reason}


def _verdict(body: events.Continued | events.Reset | events.Closed, then: str) -> _Made:
    fields = {name: getattr(body, name) for name in ("verdict", "comment", "praise", "bonus")}
    return commands.DecideReview, fields | {"expected_seq": body.saw, "then": then}


def _reset(body: events.Reset) -> _Made:
    kind, fields = _verdict(body, "reset")
    measure = body.content.measure
    target = measure.target if isinstance(measure, NumericMeasure) else None
    return kind, fields | {"new_weight": body.content.weight, "new_target": target}


def _closed(body: events.Closed) -> _Made:
    if body.verdict is not None:
        return _verdict(body, "close")
    return commands.Close, {
        "reason": body.comment,
        "achieved": body.outcome is Outcome.ACHIEVED,
        "cancelled": body.outcome is Outcome.CANCELLED,
        "removed": bool(body.removed),
    }


def _reassigned(body: events.Reassigned) -> _Made:
    if not body.replaced:
        return commands.Reassign, {"assignees": body.assignees, "reason": body.reason}
    ((person, to),) = body.replaced.items()
    return commands.Reassign, {"person": person, "to": to, "reason": body.reason}


def _delegate(body: events.Delegated) -> _Made:
    one = body.delegation
    return commands.Delegate, one.model_dump() | {"reason": body.reason}


def _line(body: events.LineChanged | events.Moved) -> dict[str, Any]:
    return {
        "line": body.line,
        "stages": body.stages or (),
        "reviewers": body.reviewers or (),
        "joint": body.joint or (),
        "part_hr": body.part_hr or (),
        "hr_left": body.hr_left or (),
        "department": body.department,
        "away": bool(body.away),
        "additional": bool(body.additional),
        "sites": body.sites or {},
        "delegations": body.delegations or (),
        "left": (*(body.left or ()), *(body.released or ())),
        "leaves": body.leaves,
        "reason": body.reason,
    }


def _change_line(body: events.LineChanged) -> _Made:
    return commands.ChangeLine, _line(body) | {"replaced": body.replaced or {}, "gone": bool(body.gone)}


def _moved(body: events.Moved) -> _Made:
    return commands.ChangeLine, _line(body) | {"settle": True, "new_weight": body.content.weight}


REBUILT: dict[type[events.Body], Callable[[Any], _Made]] = {
    events.Revised: _as(commands.Revise, "content"),
    events.Submitted: _as(commands.Submit),
    events.Recalled: _as(commands.Recall),
    events.StageApproved: _approve,
    events.Approved: _approve,
    events.Returned: _as(commands.ReturnForChanges, "comment"),
    events.ProgressReported: _as(commands.ReportProgress, "value", "met", "evidence"),
    events.StepCompleted: _as(commands.CompleteStep, "step", "evidence"),
    events.ReportUndone: _as(commands.UndoReport, "step", "reason"),
    events.ReviewOpened: _call_review,
    events.SelfReviewed: _as(
        commands.SubmitSelfReview, "progress", "went_well", "cause_kinds", "causes", "to_improve", "proposed"
    ),
    events.Continued: lambda body: _verdict(body, "continue"),
    events.Reset: _reset,
    events.Closed: _closed,
    events.Withdrawn: _as(commands.Withdraw, "reason"),
    events.Reopened: _as(commands.Reopen, "reason", "closes"),
    events.Reassigned: _reassigned,
    events.Delegated: _delegate,
    events.DelegationEnded: _as(commands.EndDelegation, "delegator", "to", "reason"),
    events.Extended: _as(commands.Extend, "due", "closes", "reason"),
    events.Paused: _as(commands.Pause, "reason"),
    events.Resumed: _as(commands.Resume, "reason"),
    events.Commented: _as(commands.Comment, "text"),
    events.PolicyAmended: _as(commands.AmendPolicy, "policy", "part_hr", "reason"),
    events.LineChanged: _change_line,
    events.Moved: _moved,
    events.Adjusted: _as(commands.Adjust, "points", "reason"),
    events.ExemplarMarked: _as(commands.MarkExemplar, "reason"),
    events.TextsErased: _as(commands.EraseTexts, "entries", "reason"),
    events.HandedOver: _as(commands.HandOver, "to", "successor", "weight", "reason"),
    events.ParentFollowed: _as(commands.FollowParent, "before", "parent"),
    events.Repaired: lambda body: (commands.NoteRepair, {"how": body.how, "expected_seq": body.saw}),
}
