"""Who may do what. Each function raises a `Refusal` or returns."""

from datetime import date

from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import EmployeeId


def principal(goal: Goal, command: Command, day: date) -> EmployeeId:
    """In whose name the command is given; the delegation that it claims must hold on that day."""
    if command.acting_for is None or command.acting_for == command.actor:
        return command.actor
    held = any(
        one.delegator == command.acting_for and one.to == command.actor and one.first <= day <= one.last
        for one in goal.delegations
    )
    if not held:
        raise Refusal(Code.NOT_DELEGATED, actor=command.actor, acting_for=command.acting_for)
    return command.acting_for


def _require(allowed: tuple[EmployeeId, ...], command: Command, who: EmployeeId) -> None:
    if who not in allowed:
        raise Refusal(Code.NOT_ALLOWED, actor=command.actor, allowed=dict.fromkeys(allowed))


def require_owner(goal: Goal, command: Command, day: date) -> None:
    _require((goal.owner,), command, principal(goal, command, day))


def require_hr(goal: Goal, command: Command, day: date) -> None:
    _require(goal.policy.hr, command, principal(goal, command, day))


def require_decider(goal: Goal, command: Command, day: date) -> None:
    """One of the open task's assignees, or who acts for one; never the goal's owner, in whosever name."""
    who = principal(goal, command, day)
    if goal.owner in (command.actor, who):
        raise Refusal(Code.SELF_APPROVAL)
    _require(goal.task.assignees if goal.task else (), command, who)


def require_concerned(goal: Goal, command: Command, day: date) -> None:
    """The owner, a manager of the line, HR, or an assignee of the open task."""
    assignees = goal.task.assignees if goal.task else ()
    _require((goal.owner, *goal.line, *goal.policy.hr, *assignees), command, principal(goal, command, day))


def require_reviewer_or_hr(goal: Goal, command: Command, day: date) -> None:
    """A manager of the line, or HR; never the owner, in whosever name."""
    who = principal(goal, command, day)
    if goal.owner in (command.actor, who):
        raise Refusal(Code.SELF_APPROVAL)
    _require((*goal.line, *goal.policy.hr), command, who)
