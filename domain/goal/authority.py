"""Who may give which command, in which state, and on which version of the goal. Each function returns, or raises a `Refusal`."""

from datetime import date

from domain.goal.commands import ChangeLineBySystem, CloseBySystem, Command, FollowParent, ReopenBySystem
from domain.goal.goal import Goal, MaterialChange
from domain.lifecycle import State
from domain.messages import Message, message
from domain.refusals import Code, Refusal, wrong_state
from domain.values import EmployeeId
from domain.writing.content import Content


def principal(goal: Goal, command: Command, day: date) -> EmployeeId:
    """The person in whose name the command is given.

    Raises a `Refusal` if `acting_for` has no delegation to the actor on that day, or has one that does not cover this goal.
    """
    if command.acting_for is None or command.acting_for == command.actor:
        return command.actor
    held = [
        one
        for one in goal.delegations
        if one.delegator == command.acting_for and one.to == command.actor and one.first <= day <= one.last
    ]
    if not held:
        raise Refusal(Code.NOT_DELEGATED, actor=command.actor, acting_for=command.acting_for)
    if command.acting_for in goal.sharers and not any(one.own_goals for one in held):
        raise Refusal(Code.OWN_GOALS_NOT_COVERED, actor=command.actor, acting_for=command.acting_for)
    return command.acting_for


def _require(allowed: tuple[EmployeeId, ...], command: Command, who: EmployeeId) -> None:
    if who not in allowed:
        raise Refusal(Code.NOT_ALLOWED, actor=command.actor, allowed=dict.fromkeys(allowed))


def require_owner(goal: Goal, command: Command, day: date) -> None:
    _require((goal.owner,), command, principal(goal, command, day))
    if goal.gone:
        raise Refusal(Code.OWNER_LEFT)


def require_doer(goal: Goal, command: Command, step: int, day: date) -> None:
    """The owner, or the contributor who does the step."""
    steps = goal.content.steps
    by = steps[step].by if step < len(steps) else None
    if by is None:
        require_owner(goal, command, day)
    elif principal(goal, command, day) != by:
        _require((goal.owner, by), command, principal(goal, command, day))
        require_owner(goal, command, day)


def require_hr(goal: Goal, command: Command, day: date) -> None:
    _require(goal.hr, command, principal(goal, command, day))


def require_hr_or_system(goal: Goal, command: Command, day: date) -> None:
    """HR, or the program itself by one of its own commands."""
    if not isinstance(command, CloseBySystem | ChangeLineBySystem | ReopenBySystem | FollowParent):
        require_hr(goal, command, day)
    elif command.acting_for is not None:
        raise Refusal(Code.NOT_DELEGATED, actor=command.actor, acting_for=command.acting_for)


def require_decider(goal: Goal, command: Command, day: date) -> None:
    """An assignee of the open task, or an assignee's delegate; never the owner or a contributor, not even as a delegate."""
    who = _principal_who_decides(goal, command, day)
    _require(goal.task.assignees if goal.task else (), command, who)


def require_concerned(goal: Goal, command: Command, day: date) -> None:
    """The owner, a contributor, a manager, an evaluator, HR, an assignee of the open task, or a delegate of one of them."""
    assignees = goal.task.assignees if goal.task else ()
    _require((*goal.asked_of, *goal.contributors, *assignees), command, principal(goal, command, day))


def require_concerned_with_all(goal: Goal, command: Command, day: date) -> None:
    """The same without contributors, who work on parts of the goal only, and have the task of a step of theirs."""
    assignees = tuple(one for one in (goal.task.assignees if goal.task else ()) if one not in goal.contributors)
    _require((*goal.asked_of, *assignees), command, principal(goal, command, day))


def require_reviewer_or_hr(goal: Goal, command: Command, day: date) -> None:
    """A manager, an evaluator, HR, or a delegate of one of them; never the owner or a contributor, not even as a delegate."""
    who = _principal_who_decides(goal, command, day)
    _require((*goal.line, *goal.evaluators, *goal.hr), command, who)


def require_manager_or_hr(goal: Goal, command: Command, day: date) -> None:
    """A manager of the line, HR, or a delegate of one of them; never the owner or a contributor, not even as a delegate."""
    allowed = tuple(one for one in (*goal.line, *goal.hr) if one not in goal.sharers)
    _require(allowed, command, principal(goal, command, day))
    require_no_contributor(goal, command)


def _principal_who_decides(goal: Goal, command: Command, day: date) -> EmployeeId:
    """The principal, who has no share of the goal. An owner who acts for somebody hears this first, whether they may act for them or not."""
    require_no_share(goal, command)
    return principal(goal, command, day)


def require_no_share(goal: Goal, command: Command) -> None:
    """Neither who gives the command nor in whose name is the owner or a contributor."""
    if goal.owner in (command.actor, command.acting_for):
        raise Refusal(Code.SELF_APPROVAL)
    require_no_contributor(goal, command)


def require_no_contributor(goal: Goal, command: Command) -> None:
    for one in (command.actor, command.acting_for):
        if one in goal.contributors:
            raise Refusal(Code.CONTRIBUTOR_DECIDES, contributor=one)


def require_sharing(owner: EmployeeId, content: Content, hr: tuple[EmployeeId, ...]) -> None:
    """The owner has a share anyway, and somebody of the cycle's HR has none: they decide where nobody of the line is left."""
    contributors = [one.person for one in content.contributors or ()]
    if owner in contributors:
        raise Refusal(Code.OWNER_CONTRIBUTES, owner=owner)
    if contributors and not set(hr) - {owner, *contributors}:
        raise Refusal(Code.NOBODY_DECIDES, hr=hr)


def require_state(goal: Goal, *possible: State) -> None:
    if goal.state not in possible:
        raise wrong_state(goal.state, *possible)


def require_seen(goal: Goal, expected_seq: int) -> None:
    """Raises a `Refusal` if the goal changed after `expected_seq` in a way that matters to the decision."""
    if expected_seq > goal.seq:
        raise Refusal(Code.NEWER_THAN_GOAL, expected_seq=expected_seq, seq=goal.seq)
    missed = [change for change in goal.changes if change.seq > expected_seq]
    if missed:
        changes = [_as_message(change) for change in missed]
        raise Refusal(Code.GOAL_CHANGED, expected_seq=expected_seq, seq=goal.seq, changes=changes)


def _as_message(change: MaterialChange) -> Message:
    if change.fields:
        return message("part.change_in", seq=change.seq, kind=change.kind, fields=change.fields)
    return message("part.change", seq=change.seq, kind=change.kind)
