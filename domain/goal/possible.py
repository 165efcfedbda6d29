"""What a person may do with a goal now. Pages offer this, and nothing else.

Each command is tried with content that the rules take. A refusal because of the content does not count: with other content the
command may be given.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from domain.errors import Status
from domain.goal import commands
from domain.goal.commands import Command
from domain.goal.decide import decide
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import CommandId, EmployeeId, Frozen, Moment
from domain.writing.content import NumericMeasure

_TRIED = CommandId("tried")
_TEXT = "-"


class Possible(Frozen):
    """A command that the person may give. `acting_for`: only in this person's name. `step`: of which step (from 0)."""

    name: str
    acting_for: EmployeeId | None = None
    step: int | None = None


def possible(goal: Goal, person: EmployeeId, now: Moment) -> tuple[Possible, ...]:
    """Every command that the person may give at `now`, in their own name where they may."""
    names = (None, *_delegators(goal, person, goal.calendar.day_of(now)))
    found = []
    for kind, fields in _tries(goal, goal.calendar.day_of(now)):
        for acting_for in names:
            command = kind.model_validate({"id": _TRIED, "actor": person, "acting_for": acting_for, **fields})
            if _is_possible(goal, command, now):
                found.append(Possible(name=kind.name, acting_for=acting_for, step=fields.get("step")))
                break
    return tuple(found)


def _delegators(goal: Goal, person: EmployeeId, day: date) -> Iterator[EmployeeId]:
    held = (one.delegator for one in goal.delegations if one.to == person and one.first <= day <= one.last)
    yield from dict.fromkeys(held)


def _is_possible(goal: Goal, command: Command, now: Moment) -> bool:
    try:
        decide(goal, command, now)
    except Refusal as refusal:
        return refusal.status is Status.UNPROCESSABLE or refusal.code is Code.CYCLE_OVER
    return True


def _tries(goal: Goal, day: date) -> Iterator[tuple[type[Command], dict[str, Any]]]:
    """The commands with content that fits the goal. HR's instructions and what the system does are not among them."""
    yield commands.Revise, {"content": goal.content}
    yield commands.Submit, {}
    yield commands.Recall, {}
    yield commands.Approve, {"expected_seq": goal.seq}
    yield commands.ReturnForChanges, {"comment": _TEXT}
    yield commands.ReportProgress, _report(goal)
    for number in range(len(goal.content.steps)):
        yield commands.CompleteStep, {"step": number}
        yield commands.UndoReport, {"step": number, "reason": _TEXT}
    yield commands.UndoReport, {"reason": _TEXT}
    yield commands.CallReview, {"reason": _TEXT}
    yield commands.SubmitSelfReview, {"went_well": _TEXT}
    yield commands.DecideReview, {"verdict": "continue", "expected_seq": goal.seq}
    yield commands.Withdraw, {"reason": _TEXT}
    yield commands.Comment, {"text": _TEXT}
    if goal.task and goal.task.assignees:
        yield commands.Reassign, {"assignees": goal.task.assignees, "reason": _TEXT}
    if not goal.is_closed:
        yield commands.Extend, {"due": day, "reason": _TEXT}
    yield commands.Pause, {"reason": _TEXT}
    yield commands.Resume, {}
    yield commands.Reopen, {"reason": _TEXT}
    yield commands.Close, {"reason": _TEXT}
    yield commands.Adjust, {"points": Decimal(0), "reason": _TEXT}
    yield commands.MarkExemplar, {"reason": _TEXT}


def _report(goal: Goal) -> dict[str, Any]:
    return {"value": goal.content.measure.target} if isinstance(goal.content.measure, NumericMeasure) else {"met": ()}
