"""The part of `decide` for HR's commands: other assignees, dates, rules or managers; pausing, reopening and closing."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from domain.goal import commands, events, scoring
from domain.goal.assignees import DECISIONS, assignees_after
from domain.goal.authority import (
    principal,
    require_concerned,
    require_hr,
    require_hr_or_system,
    require_no_contributor,
    require_no_share,
    require_reviewer_or_hr,
    require_seen,
    require_sharing,
    require_state,
)
from domain.goal.goal import MAX_DELEGATIONS, Delegation, Goal, Outcome, Task
from domain.lifecycle import State
from domain.messages import message
from domain.policy.policy import Policy, TaskKind
from domain.problems import invalid
from domain.reasons import AWAY
from domain.refusals import Code, Refusal, wrong_state
from domain.values import EmployeeId
from domain.writing.content import Content, NumericMeasure

Bodies = tuple[events.Body, ...]

IN_PROGRESS = (State.ACTIVE, State.IN_REVIEW)
_MAX_EXTENSION = timedelta(days=366)


def _comment(goal: Goal, command: commands.Comment, day: date) -> Bodies:
    require_concerned(goal, command, day)
    return (events.Commented(text=command.text),)


def _reassign(goal: Goal, command: commands.Reassign, day: date) -> Bodies:
    require_hr(goal, command, day)
    if goal.task is None:
        raise Refusal(Code.NO_TASK)
    if command.expected_seq is not None:
        require_seen(goal, command.expected_seq)
    if goal.task.parts and command.person is None:
        raise Refusal(Code.REASSIGN_ONE, assignees=goal.task.assignees)
    assignees = _new_assignees(goal.task, command)
    if goal.task.kind in DECISIONS:
        if goal.owner in assignees:
            raise Refusal(Code.SELF_APPROVAL)
        if has_share := next((one for one in assignees if one in goal.contributors), None):
            raise Refusal(Code.CONTRIBUTOR_DECIDES, contributor=has_share)
        new = (command.to,) if goal.task.parts else assignees  # the others of a joint stage stay as they are
        if again := next((one for one in new if one in goal.signed), None):
            raise Refusal(Code.ALREADY_SIGNED, who=again)
    elif goal.owner not in assignees:
        raise Refusal(Code.OWNERS_TASK)
    replaced = {command.person: command.to} if goal.task.parts and command.person and command.to else None
    before = goal.task.assignees
    return (events.Reassigned(before=before, assignees=assignees, replaced=replaced, reason=command.reason),)


def _new_assignees(task: Task, command: commands.Reassign) -> tuple[EmployeeId, ...]:
    """The assignees after the command, each once. Raises a `Refusal` if the task no longer waits for `command.person`."""
    if command.person is None or command.to is None:
        return tuple(dict.fromkeys(command.assignees or ()))
    if command.person not in task.assignees:
        raise Refusal(Code.NOT_ASSIGNED, person=command.person, assignees=task.assignees)
    return tuple(dict.fromkeys(command.to if one == command.person else one for one in task.assignees))


def _delegate(goal: Goal, command: commands.Delegate, day: date) -> Bodies:
    if command.actor == command.delegator:
        require_concerned(goal, command, day)
    else:
        require_hr(goal, command, day)
    for is_invalid, why in (
        (command.to == command.delegator, "part.delegate_self"),
        (command.to == goal.owner, "part.delegate_owner"),
        (command.last < command.first, "part.delegate_order"),
        (command.last < day, "part.delegate_past"),
        (_makes_chain(goal, command), "part.delegate_chain"),
        (len(_running(goal, day)) >= MAX_DELEGATIONS, "part.delegate_many"),
    ):
        if is_invalid:
            raise Refusal(Code.DELEGATION, why=message(why))
    delegation = Delegation(
        delegator=command.delegator,
        to=command.to,
        first=command.first,
        last=command.last,
        own_goals=command.own_goals,
    )
    if delegation in goal.delegations:
        return ()
    return (events.Delegated(delegation=delegation, reason=command.reason),)


def _running(goal: Goal, day: date) -> tuple[Delegation, ...]:
    """The goal's delegations that have not ended."""
    return tuple(one for one in goal.delegations if one.last >= day)


def _end_delegation(goal: Goal, command: commands.EndDelegation, day: date) -> Bodies:
    if principal(goal, command, day) not in (command.delegator, command.to):
        require_hr(goal, command, day)
    if not any((one.delegator, one.to) == (command.delegator, command.to) for one in goal.delegations):
        return ()
    return (events.DelegationEnded(delegator=command.delegator, to=command.to, reason=command.reason),)


def _makes_chain(goal: Goal, command: commands.Delegate) -> bool:
    """Whether the delegate would have a delegate, or the delegator is one, on a common day."""
    return any(
        one.first <= command.last
        and command.first <= one.last
        and (one.delegator == command.to or one.to == command.delegator)
        for one in goal.delegations
    )


def _extend(goal: Goal, command: commands.Extend, day: date) -> Bodies:
    require_hr(goal, command, day)
    closes = goal.policy.closes if command.closes is None else command.closes
    if command.closes is not None:
        _require_between(goal.policy.closes, command.closes, goal.policy.closes + _MAX_EXTENSION)
    before = None
    if command.due is not None:
        if goal.task is None:
            raise Refusal(Code.NO_TASK)
        before = goal.task.due
        _require_between(day, command.due, min(closes, day + _MAX_EXTENSION))
    return (events.Extended(before=before, due=command.due, closes=command.closes, reason=command.reason),)


def _require_between(first: date, day: date, last: date) -> None:
    if not first <= day <= last:
        raise Refusal(Code.DATE_OUTSIDE, day=day, first=first, last=last)


def _pause(goal: Goal, command: commands.Pause, day: date) -> Bodies:
    require_hr(goal, command, day)
    return (events.Paused(reason=command.reason),)


def _paused_days(goal: Goal, day: date) -> int:
    """The business days since the goal was paused, where its task is."""
    calendar = goal.policy.calendar_at(goal.task.site) if goal.task else goal.calendar
    return calendar.between(goal.paused_on or day, day)


def _resume(goal: Goal, command: commands.Resume, day: date) -> Bodies:
    require_hr(goal, command, day)
    if not goal.is_paused_by_hr:
        raise Refusal(Code.PAUSED, reason=AWAY) if goal.away else Refusal(Code.NOT_PAUSED)
    lasted = 0 if goal.away else _paused_days(goal, day)  # it stays paused while the owner is on leave
    return (events.Resumed(business_days=lasted, reason=command.reason),)


def _reopen(goal: Goal, command: commands.Reopen, day: date) -> Bodies:
    require_hr_or_system(goal, command, day)
    if goal.closed_from is None:
        raise wrong_state(goal.state, State.CLOSED)
    if goal.handed_to is not None:
        raise Refusal(Code.HANDED_OVER, goal=goal.id, to=goal.handed_to)
    if command.closes is not None:
        _require_between(max(goal.policy.closes, day), command.closes, day + _MAX_EXTENSION)
    elif day > goal.policy.closes:
        raise Refusal(Code.CYCLE_OVER, closes=goal.policy.closes)
    return (events.Reopened(state=goal.closed_from, reason=command.reason, closes=command.closes),)


def _close(goal: Goal, command: commands.Close, day: date) -> Bodies:
    require_hr_or_system(goal, command, day)
    if command.achieved and command.actor in (goal.owner, commands.SYSTEM, commands.ORGANISATION):
        raise Refusal(Code.SELF_APPROVAL)
    if command.achieved:
        require_no_contributor(goal, command)
    attained = scoring.confirmed(goal) if command.achieved else goal.attained
    total = goal.banked + scoring.revision_score(goal, attained)
    return (
        events.Closed(
            outcome=_outcome(goal, command),
            attained=attained,
            score=total,
            comment=command.reason,
            removed=command.removed or None,
        ),
    )


def _outcome(goal: Goal, command: commands.Close) -> Outcome:
    if command.achieved:
        return Outcome.ACHIEVED
    if command.cancelled:
        return Outcome.CANCELLED
    outcome = end_outcome(goal)
    return Outcome.REMOVED if command.removed and outcome is Outcome.LAPSED else outcome


def end_outcome(goal: Goal) -> Outcome:
    """The outcome without a verdict: an active or reviewed goal is settled; one that was not approved yet has lapsed."""
    return Outcome.SETTLED if goal.state in IN_PROGRESS else Outcome.LAPSED


def _amend_policy(goal: Goal, command: commands.AmendPolicy, day: date) -> Bodies:
    require_hr(goal, command, day)
    policy = command.policy if command.rules is None else _with_rules(goal.policy, command)
    part_hr = goal.part_hr if command.part_hr is None else command.part_hr
    if policy == goal.policy and part_hr == goal.part_hr:
        return ()
    if goal.owner in part_hr:
        raise Refusal(Code.SELF_APPROVAL)
    if policy.weighted != goal.policy.weighted:
        raise Refusal(Code.WEIGHTED_FIXED)  # points that were earned would count otherwise
    after = goal.model_copy(update={"policy": policy, "part_hr": part_hr})
    require_sharing(goal.owner, goal.content, policy.hr)
    assignees = assignees_after(goal, after, {}) if part_hr != goal.part_hr else ()
    changed = goal.task is not None and bool(assignees) and assignees != goal.task.assignees
    return (
        events.PolicyAmended(
            policy=policy,
            reason=command.reason,
            due=due_after(goal, policy, day),
            part_hr=command.part_hr,
            before=goal.task.assignees if goal.task and changed else None,
            assignees=assignees if changed else None,
        ),
    )


def _with_rules(policy: Policy, command: commands.AmendPolicy) -> Policy:
    """The goal's policy with the named rules of the command. Raises a `Refusal` if they do not fit the others."""
    try:
        return policy.with_rules(command.policy, command.rules or ())
    except ValidationError as error:
        raise invalid(error) from error


def due_after(goal: Goal, policy: Policy, day: date) -> date | None:
    """The open task's new due date under `policy`; None if it does not change.

    It moves by the difference in business days between the old and the new ladder, but not before `day`. An extension
    therefore stays in effect. A step keeps the date that its owner wrote.
    """
    task = goal.task
    if task is None or task.kind is TaskKind.STEP:
        return None
    more = policy.ladders[task.kind].due_in - goal.policy.ladders[task.kind].due_in
    if not more:
        return None
    calendar = policy.calendar_at(task.site)
    return max(calendar.add(task.due, more), calendar.on_or_after(day))


def _change_line(goal: Goal, command: commands.ChangeLine, day: date) -> Bodies:
    require_hr_or_system(goal, command, day)
    chains = (*command.stages, command.reviewers, *(chain for chains in command.joint for chain in chains))
    if goal.owner in (*command.line, *command.part_hr, *(one for chain in chains for one in chain)):
        raise Refusal(Code.SELF_APPROVAL)
    if command.gone and not goal.gone:
        require_state(goal, *IN_PROGRESS)
    moved = command.department != goal.department
    known = set(goal.delegations)
    gone = {*command.left}
    left = tuple(sorted(gone & {person for one in known for person in (one.delegator, one.to)}))
    new = tuple(
        one
        for one in command.delegations
        if one not in known and goal.owner != one.to and one.last >= day and not {one.delegator, one.to} & gone
    )[: MAX_DELEGATIONS - len(_running(goal, day))]
    released = tuple(one for one in goal.contributors if one in gone)
    people = {name: getattr(command, name) for name in ("line", "stages", "reviewers", "joint", "part_hr", "hr_left")}
    placed = people | {"sites": command.sites, "away": command.away, "leaves": command.leaves, "gone": command.gone}
    placed["additional"] = command.additional
    same = all(getattr(goal, name) == value for name, value in placed.items())
    if same and not moved and not new and not left and not released and not command.replaced:
        return ()
    fields: dict[str, Any] = {
        "line": command.line,
        "stages": command.stages or None,
        "reviewers": command.reviewers or None,
        "joint": command.joint or None,
        "part_hr": command.part_hr or None,
        "hr_left": command.hr_left or None,
        "department": command.department,
        "additional": command.additional or None,
        "sites": command.sites or None,
        "away": command.away or None,
        "paused_days": _paused_days(goal, day) if goal.away and not command.away and not goal.is_paused_by_hr else None,
        "delegations": new or None,
        "left": left or None,
        "released": released or None,
        "leaves": command.leaves,
        "reason": command.reason,
    }
    if moved and command.settle and goal.state in IN_PROGRESS and not command.gone:
        content = next_revision(goal, scoring.confirmed_value(goal), command.new_weight).without(released)
        return (events.Moved(**fields, attained=goal.attained, banked=scoring.score(goal), content=content),)
    fields["gone"] = command.gone or None
    if released:
        people["content"] = goal.content.without(released)
    assignees = _assignees_after(goal, people, command)
    changed = goal.task is not None and assignees != goal.task.assignees
    if not changed and same and not moved and not new and not left and not released:
        return ()
    if changed and goal.task:
        replaced = {one: by for one, by in command.replaced.items() if one in goal.task.assignees}
        fields |= {"before": goal.task.assignees, "assignees": assignees, "replaced": replaced or None}
    return (events.LineChanged(**fields),)


def _assignees_after(goal: Goal, people: dict[str, Any], command: commands.ChangeLine) -> tuple[EmployeeId, ...]:
    """The assignees of the open task. An owner's task ends when its owner leaves, so its assignees do not change before."""
    if goal.task and goal.task.kind not in DECISIONS and command.gone != goal.gone:
        return goal.task.assignees
    return assignees_after(goal, goal.model_copy(update=people), command.replaced)


def _adjust(goal: Goal, command: commands.Adjust, day: date) -> Bodies:
    require_hr(goal, command, day)
    _require_closed(goal)
    require_no_share(goal, command)
    if command.points < 0 and not goal.policy.adjust_down:
        raise Refusal(Code.ADJUSTMENT_DOWN, points=command.points)
    return (events.Adjusted(points=command.points, reason=command.reason),)


def _mark_exemplar(goal: Goal, command: commands.MarkExemplar, day: date) -> Bodies:
    require_reviewer_or_hr(goal, command, day)
    _require_closed(goal)
    if goal.outcome not in (Outcome.ACHIEVED, Outcome.SETTLED) or not goal.attained:
        raise Refusal(Code.NOT_WORKED_ON)
    return () if goal.exemplar else (events.ExemplarMarked(reason=command.reason),)


def _note_repair(goal: Goal, command: commands.NoteRepair, day: date) -> Bodies:
    require_hr(goal, command, day)
    return (events.Repaired(how=command.how, saw=command.expected_seq),)


def _erase_texts(goal: Goal, command: commands.EraseTexts, day: date) -> Bodies:
    require_hr(goal, command, day)
    if {*goal.sharers} & {command.actor, command.acting_for}:
        others = [one for one in goal.hr if one not in goal.sharers]
        raise Refusal(Code.NOT_ALLOWED, actor=command.actor, allowed=others or "-")
    entries = tuple(sorted(set(command.entries)))
    if entries[-1] > goal.seq:
        raise Refusal(Code.NO_SUCH_ENTRY, entry=entries[-1], seq=goal.seq)
    if not goal.is_closed and goal.written in entries:
        raise Refusal(Code.TEXTS_IN_USE, entry=goal.written)
    return (events.TextsErased(entries=entries, reason=command.reason),)


def _require_closed(goal: Goal) -> None:
    if not goal.is_closed:
        raise wrong_state(goal.state, State.CLOSED)


def next_revision(
    goal: Goal, baseline: Decimal | None, new_weight: Decimal | None, new_target: Decimal | None = None
) -> Content:
    """The content of the next revision: its measure begins at `baseline`, and steps that are done are left out."""
    content = goal.content
    measure = content.measure
    if isinstance(measure, NumericMeasure) and baseline is not None:
        measure = measure.model_copy(update={"baseline": baseline})
    if isinstance(measure, NumericMeasure) and new_target is not None:
        measure = measure.model_copy(update={"target": new_target})
    return content.model_copy(
        update={
            "measure": measure,
            "steps": tuple(step for n, step in enumerate(content.steps) if n not in goal.done),
            "weight": new_weight or content.weight,
        }
    )


STEERING: dict[type[commands.Command], Callable[[Goal, Any, date], Bodies]] = {
    commands.Comment: _comment,
    commands.Reassign: _reassign,
    commands.Delegate: _delegate,
    commands.EndDelegation: _end_delegation,
    commands.Extend: _extend,
    commands.Pause: _pause,
    commands.Resume: _resume,
    commands.Reopen: _reopen,
    commands.ReopenBySystem: _reopen,
    commands.Close: _close,
    commands.CloseBySystem: _close,
    commands.AmendPolicy: _amend_policy,
    commands.ChangeLine: _change_line,
    commands.ChangeLineBySystem: _change_line,
    commands.Adjust: _adjust,
    commands.MarkExemplar: _mark_exemplar,
    commands.NoteRepair: _note_repair,
    commands.EraseTexts: _erase_texts,
}
