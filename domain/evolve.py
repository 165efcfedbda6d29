"""`evolve(goal, event) -> goal`: what each event does to the goal. Decides nothing, refuses nothing."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from domain.events import (
    Approved,
    Body,
    Closed,
    Continued,
    Created,
    Delegated,
    Escalated,
    Event,
    Extended,
    Lapsed,
    Paused,
    PolicyAmended,
    ProgressReported,
    Reassigned,
    Recalled,
    Reminded,
    Reopened,
    Reset,
    Resumed,
    Returned,
    ReviewOpened,
    Revised,
    SelfReviewed,
    StageApproved,
    StepCompleted,
    Submitted,
    Withdrawn,
)  # fmt: skip
from domain.goal import REMEMBERED_CHANGES, REMEMBERED_COMMANDS, Change, Goal, Outcome, Task
from domain.ledger import chain, genesis
from domain.lifecycle import EventKind, State, next_state
from domain.policy import Policy, TaskKind
from domain.values import EmployeeId, GoalId

# What a person who approves or decides must have seen; the rest (a reminder, a comment) makes nothing stale.
MATERIAL = frozenset(
    {
        EventKind.REVISED, EventKind.SUBMITTED, EventKind.RECALLED, EventKind.RETURNED, EventKind.STAGE_APPROVED,
        EventKind.APPROVED, EventKind.PROGRESS_REPORTED, EventKind.STEP_COMPLETED, EventKind.REVIEW_OPENED,
        EventKind.SELF_REVIEWED, EventKind.CONTINUED, EventKind.RESET, EventKind.REOPENED, EventKind.POLICY_AMENDED,
    }
)  # fmt: skip


def begin(goal_id: GoalId, policy: Policy, created: Event) -> Goal:
    """The goal after its first event, `Created`."""
    body = created.body
    if not isinstance(body, Created):
        raise TypeError(f"a ledger begins with `created`, not with `{body.kind}`")
    goal = Goal(
        id=goal_id,
        cycle=body.cycle,
        owner=body.owner,
        department=body.department,
        line=body.line,
        policy=policy,
        seq=created.seq,
        head=chain(genesis(goal_id), created.json_form),
        state=State.DRAFT,
        content=body.content,
        task=None,
    )
    return goal.model_copy(update={"task": draft_task(goal, policy.calendar.day_of(created.at))})


def evolve(goal: Goal, event: Event) -> Goal:
    """The goal after `event`, which must be the next of its ledger."""
    if event.seq != goal.seq + 1:
        raise ValueError(f"event {event.seq} does not follow {goal.seq} in {goal.id}")
    body = event.body
    day = goal.policy.calendar.day_of(event.at)
    changes: dict[str, Any] = {
        "seq": event.seq,
        "head": chain(goal.head, event.json_form),
        "commands": (*goal.commands, event.command)[-REMEMBERED_COMMANDS:]
        if event.command not in goal.commands
        else goal.commands,
    }
    if body.kind is not EventKind.REOPENED:
        changes["state"] = next_state(goal.state, body.kind)
    if body.kind in MATERIAL:
        change = Change(seq=event.seq, kind=body.kind, fields=getattr(body, "fields", ()))
        changes["changes"] = (*goal.changes, change)[-REMEMBERED_CHANGES:]
    if effect := _EFFECTS.get(type(body)):
        changes |= effect(goal, body, day)
    if body.kind is EventKind.APPROVED:
        changes["active_since"] = event.at
    return goal.model_copy(update=changes)


def evolve_all(goal: Goal, events: Iterable[Event]) -> Goal:
    for event in events:
        goal = evolve(goal, event)
    return goal


# --- tasks: what the goal waits for, with a fresh due date in business days -----------------------------------------


def _task(
    goal: Goal,
    kind: TaskKind,
    assignees: tuple[EmployeeId, ...],
    day: date,
    *,
    due: date | None = None,
    climbed: int = 0,
) -> Task:
    calendar, ladder = goal.policy.calendar, goal.policy.ladders[kind]
    if due is None or due < day:
        due = calendar.add(day, ladder.due_in)
    due = calendar.on_or_after(due)
    # Rungs that would have rung before the task was there belong to nobody.
    first = next((n for n, rung in enumerate(ladder.rungs) if calendar.add(due, rung.days) > day), len(ladder.rungs))
    # Escalation begins above who has the task: a manager below has signed already, or was replaced.
    passed = min(climbed, len(goal.line))
    return Task(kind=kind, assignees=assignees, opened=day, due=due, rung=first, climbed=passed)


def draft_task(goal: Goal, day: date) -> Task:
    return _task(goal, TaskKind.DRAFT, (goal.owner,), day)


def _approval_task(goal: Goal, stage: int, day: date) -> Task:
    return _task(goal, TaskKind.APPROVAL, goal.approver(stage), day, climbed=stage + 1)


def _step_task(goal: Goal, day: date) -> Task | None:
    step = goal.next_step
    if step is None:
        return None
    return _task(goal, TaskKind.STEP, (goal.owner,), day, due=goal.content.steps[step].due)


def _review_task(goal: Goal, self_reviewed: bool, day: date) -> Task:
    if goal.policy.self_review and not self_reviewed:
        return _task(goal, TaskKind.SELF_REVIEW, (goal.owner,), day)
    return _task(goal, TaskKind.VERDICT, goal.approver(0), day, climbed=1)


# --- effects: the fields that a kind of event changes beside state, seq and head -------------------------------------


def _revised(goal: Goal, body: Revised, day: date) -> dict[str, Any]:
    return {"content": body.content}


def _submitted(goal: Goal, body: Submitted, day: date) -> dict[str, Any]:
    return {"stage": 0, "task": _approval_task(goal, 0, day)}


def _stage_approved(goal: Goal, body: StageApproved, day: date) -> dict[str, Any]:
    return {"stage": body.stage + 1, "task": _approval_task(goal, body.stage + 1, day)}


def _approved(goal: Goal, body: Approved, day: date) -> dict[str, Any]:
    return {"stage": body.stage + 1, "task": _step_task(goal, day)}


def _back_to_draft(goal: Goal, body: Recalled | Returned, day: date) -> dict[str, Any]:
    return {"stage": 0, "task": draft_task(goal, day)}


def _progress_reported(goal: Goal, body: ProgressReported, day: date) -> dict[str, Any]:
    return {"value": body.value} if body.met is None else {"met": body.met}


def _step_completed(goal: Goal, body: StepCompleted, day: date) -> dict[str, Any]:
    done = goal.model_copy(update={"done": tuple(sorted({*goal.done, body.step}))})
    if goal.task is None or goal.task.kind is not TaskKind.STEP or goal.next_step == done.next_step:
        return {"done": done.done}
    return {"done": done.done, "task": _step_task(done, day)}


def _review_opened(goal: Goal, body: ReviewOpened, day: date) -> dict[str, Any]:
    taken = {"reviewed_through": body.scheduled} if body.scheduled else {}
    return {"self_reviewed": False, "task": _review_task(goal, False, day), **taken}


def _self_reviewed(goal: Goal, body: SelfReviewed, day: date) -> dict[str, Any]:
    """A second self-review adds to the first; the reviewer's date and who joined by escalation stay."""
    return {} if goal.self_reviewed else {"self_reviewed": True, "task": _review_task(goal, True, day)}


def _continued(goal: Goal, body: Continued, day: date) -> dict[str, Any]:
    return {
        "attained": body.attained,
        "bonus": goal.bonus + body.bonus,
        "self_reviewed": False,
        "reviewed_through": _reviewed_through(goal, day),
        "task": _step_task(goal, day),
    }


def _reviewed_through(goal: Goal, day: date) -> date | None:
    """A verdict covers the reviews that fell due while it was awaited; later ones stay where the calendar has them."""
    past = [review for review in goal.policy.reviews if review <= day]
    return max(past[-1], goal.reviewed_through or past[-1]) if past else goal.reviewed_through


def _reset(goal: Goal, body: Reset, day: date) -> dict[str, Any]:
    return {
        "revision": goal.revision + 1,
        "content": body.content,
        "banked": body.banked,
        "task": draft_task(goal, day),
        **_NEW_REVISION,
    }


_NEW_REVISION: dict[str, Any] = {
    "stage": 0, "done": (), "value": None, "met": (), "attained": Decimal(0), "bonus": 0, "self_reviewed": False,
    "active_since": None,
}  # fmt: skip


def _closed(goal: Goal, body: Closed, day: date) -> dict[str, Any]:
    return _end(goal, body.outcome) | {"attained": body.attained, "bonus": goal.bonus + body.bonus}


def _withdrawn(goal: Goal, body: Withdrawn, day: date) -> dict[str, Any]:
    return _end(goal, Outcome.WITHDRAWN)


def _lapsed(goal: Goal, body: Lapsed, day: date) -> dict[str, Any]:
    return _end(goal, body.outcome) | {"attained": body.attained}


def _end(goal: Goal, outcome: Outcome) -> dict[str, Any]:
    return {"task": None, "outcome": outcome, "closed_from": goal.state, "paused_on": None, "pause_reason": None}


def _reopened(goal: Goal, body: Reopened, day: date) -> dict[str, Any]:
    tasks: dict[State, Callable[[], Task | None]] = {
        State.DRAFT: lambda: draft_task(goal, day),
        State.PENDING_APPROVAL: lambda: _approval_task(goal, goal.stage, day),
        State.ACTIVE: lambda: _step_task(goal, day),
        State.IN_REVIEW: lambda: _review_task(goal, goal.self_reviewed, day),
    }
    return {"state": body.state, "outcome": None, "closed_from": None, "task": tasks[body.state]()}


def _of_task(goal: Goal, **changes: Any) -> dict[str, Any]:
    return {"task": goal.task and goal.task.model_copy(update=changes)}


def _reminded(goal: Goal, body: Reminded, day: date) -> dict[str, Any]:
    return _of_task(goal, rung=body.rung + 1)


def _escalated(goal: Goal, body: Escalated, day: date) -> dict[str, Any]:
    assignees = (*goal.task.assignees, *body.joined) if goal.task else ()
    return _of_task(goal, rung=body.rung + 1, assignees=assignees, climbed=body.climbed)


def _reassigned(goal: Goal, body: Reassigned, day: date) -> dict[str, Any]:
    """Whoever gets the task gets the full time for it."""
    if goal.task is None:
        return {}
    fresh = _task(goal, goal.task.kind, body.assignees, day)
    return {"task": fresh.model_copy(update={"climbed": goal.task.climbed})}  # who was taken off is not brought back


def _delegated(goal: Goal, body: Delegated, day: date) -> dict[str, Any]:
    current = tuple(one for one in goal.delegations if one.last >= day)  # what has ended needs no place
    return {"delegations": (*current, body.delegation)}


def _extended(goal: Goal, body: Extended, day: date) -> dict[str, Any]:
    if goal.task is None:
        return {}
    moved = _task(goal, goal.task.kind, goal.task.assignees, day, due=body.due)
    return {"task": moved.model_copy(update={"opened": goal.task.opened, "climbed": goal.task.climbed})}


def _paused(goal: Goal, body: Paused, day: date) -> dict[str, Any]:
    return {"paused_on": day, "pause_reason": body.reason}


def _resumed(goal: Goal, body: Resumed, day: date) -> dict[str, Any]:
    task = goal.task and goal.task.model_copy(
        update={"due": goal.policy.calendar.add(goal.task.due, body.business_days)}
    )
    return {"paused_on": None, "pause_reason": None, "task": task}


def _policy_amended(goal: Goal, body: PolicyAmended, day: date) -> dict[str, Any]:
    return {"policy": body.policy}


_EFFECTS: dict[type[Body], Callable[[Goal, Any, date], dict[str, Any]]] = {
    Revised: _revised,
    Submitted: _submitted,
    StageApproved: _stage_approved,
    Approved: _approved,
    Recalled: _back_to_draft,
    Returned: _back_to_draft,
    ProgressReported: _progress_reported,
    StepCompleted: _step_completed,
    ReviewOpened: _review_opened,
    SelfReviewed: _self_reviewed,
    Continued: _continued,
    Reset: _reset,
    Closed: _closed,
    Withdrawn: _withdrawn,
    Lapsed: _lapsed,
    Reopened: _reopened,
    Reminded: _reminded,
    Escalated: _escalated,
    Reassigned: _reassigned,
    Delegated: _delegated,
    Extended: _extended,
    Paused: _paused,
    Resumed: _resumed,
    PolicyAmended: _policy_amended,
}
