"""The notices of each event: recipients and facts. Facts are ids, dates, numbers and codes; names, and what people wrote, are looked up
when the message is written.
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import JsonValue

from domain.goal import events, scoring
from domain.goal.assignees import copied_to
from domain.goal.goal import Goal
from domain.goal.handing import owner_in
from domain.lifecycle import EventKind
from domain.policy.policy import TaskKind
from domain.values import CycleId, EmployeeId, Frozen, GoalId


class NoticeKind(StrEnum):
    DRAFT_OPENED = "draft_opened"
    DRAFT_REMINDER = "draft_reminder"
    APPROVAL_REQUESTED = "approval_requested"
    APPROVAL_REMINDER = "approval_reminder"
    STAGE_APPROVED = "stage_approved"
    APPROVED = "approved"
    RETURNED = "returned"
    RECALLED = "recalled"
    STEP_DUE = "step_due"
    STEP_OVERDUE = "step_overdue"
    REVIEW_OPENED = "review_opened"
    REVIEW_REMINDER = "review_reminder"
    VERDICT_REQUESTED = "verdict_requested"
    VERDICT_GIVEN = "verdict_given"
    GOAL_RESET = "goal_reset"
    GOAL_CLOSED = "goal_closed"
    GOAL_LAPSED = "goal_lapsed"
    WITHDRAWN = "withdrawn"
    ESCALATED = "escalated"  # to those who join
    ESCALATION_TOLD = "escalation_told"  # to those who were there
    COMMENTED = "commented"
    REASSIGNED = "reassigned"
    DELEGATED = "delegated"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"
    REOPENED = "reopened"
    SIGN_OFF_REFUSED = "sign_off_refused"
    POLICY_AMENDED = "policy_amended"
    REMINDER_COPIED = "reminder_copied"  # to the manager of the person who was reminded
    HANDLED = "handled"  # to the other assignees, when one of them ended the task
    LINE_CHANGED = "line_changed"  # to the owner: other managers, another department
    DELIVERY_TROUBLE = "delivery_trouble"  # to HR: notices that went another way, or nowhere
    DRAFT_CHANGED = "draft_changed"  # to the owner: HR took a sheet into the draft
    PARENT_CLOSED = "parent_closed"  # to the owners of the goals under one that ended
    CALENDAR_CHANGED = "calendar_changed"  # to somebody whose calendar has an entry that is wrong now
    MOVED = "moved"  # to the owner: the move settled this revision, the next one is a draft
    HANDED_OVER = "handed_over"  # to the owner and their manager: somebody else goes on with the goal
    TAKEN_OVER = "taken_over"  # to who goes on with it, and their manager
    PARENT_FOLLOWED = "parent_followed"  # to the owners of the goals under one that was handed over
    SHARED_RESET = "shared_reset"  # to the contributors: the owner writes the goal anew
    STEP_DONE = "step_done"  # to the owner: a contributor completed a step
    CONTRIBUTOR_LEFT = "contributor_left"  # to the owner, whose steps and share they are now
    DIRECTORY_CHANGED = "directory_changed"  # to HR: goals of their cycle followed a change by an administrator


# What cannot wait for the next morning's digest: an answer that stops or frees somebody's work, and work that is late.
# A task that is due on the very day is urgent as well, whatever its kind (`is_urgent`).
URGENT = frozenset(
    {
        NoticeKind.RETURNED, NoticeKind.VERDICT_GIVEN, NoticeKind.GOAL_RESET, NoticeKind.SIGN_OFF_REFUSED,
        NoticeKind.ESCALATED, NoticeKind.REASSIGNED, NoticeKind.HANDED_OVER,
    }
)  # fmt: skip


class Notice(Frozen):
    """A notice of one event to one person; `key` makes it unique, so a repeated recording adds no second one."""

    key: str
    recipient: EmployeeId
    cycle: CycleId
    goal: GoalId
    kind: NoticeKind
    facts: dict[str, JsonValue]
    urgent: bool = False  # goes out at once; the rest waits for the recipient's digest


_Told = Iterator[tuple[NoticeKind, EmployeeId]]

_REMINDERS = {
    TaskKind.DRAFT: NoticeKind.DRAFT_REMINDER,
    TaskKind.APPROVAL: NoticeKind.APPROVAL_REMINDER,
    TaskKind.STEP: NoticeKind.STEP_OVERDUE,
    TaskKind.SELF_REVIEW: NoticeKind.REVIEW_REMINDER,
    TaskKind.VERDICT: NoticeKind.REVIEW_REMINDER,
}
_REQUESTS = {
    TaskKind.DRAFT: NoticeKind.DRAFT_OPENED,
    TaskKind.APPROVAL: NoticeKind.APPROVAL_REQUESTED,
    TaskKind.STEP: NoticeKind.STEP_DUE,
    TaskKind.SELF_REVIEW: NoticeKind.REVIEW_OPENED,
    TaskKind.VERDICT: NoticeKind.VERDICT_REQUESTED,
}
# The owner is notified of what others decided.
_TASKS = frozenset({*_REMINDERS.values(), *_REQUESTS.values(), NoticeKind.ESCALATED})  # a task for you
_FOR_ASSIGNEES = _TASKS | {
    NoticeKind.ESCALATION_TOLD,
    NoticeKind.HANDLED,
}  # and what becomes of it: delegates hear it too
_TO_OWNER = {
    EventKind.STAGE_APPROVED: NoticeKind.STAGE_APPROVED,
    EventKind.APPROVED: NoticeKind.APPROVED,
    EventKind.RETURNED: NoticeKind.RETURNED,
    EventKind.CONTINUED: NoticeKind.VERDICT_GIVEN,
    EventKind.RESET: NoticeKind.GOAL_RESET,
    EventKind.CLOSED: NoticeKind.GOAL_CLOSED,
    EventKind.LAPSED: NoticeKind.GOAL_LAPSED,
    EventKind.PAUSED: NoticeKind.PAUSED,
    EventKind.RESUMED: NoticeKind.RESUMED,
    EventKind.EXTENDED: NoticeKind.EXTENDED,
    EventKind.REOPENED: NoticeKind.REOPENED,
    EventKind.POLICY_AMENDED: NoticeKind.POLICY_AMENDED,
    EventKind.LINE_CHANGED: NoticeKind.LINE_CHANGED,
    EventKind.MOVED: NoticeKind.MOVED,
    EventKind.HANDED_OVER: NoticeKind.HANDED_OVER,
    EventKind.PARENT_FOLLOWED: NoticeKind.PARENT_FOLLOWED,
}
# What contributors hear of it, beside the requests for their steps.
_TO_CONTRIBUTORS = {
    EventKind.APPROVED: NoticeKind.APPROVED,
    EventKind.RESET: NoticeKind.SHARED_RESET,
    EventKind.MOVED: NoticeKind.SHARED_RESET,
    EventKind.CLOSED: NoticeKind.GOAL_CLOSED,
    EventKind.LAPSED: NoticeKind.GOAL_LAPSED,
    EventKind.WITHDRAWN: NoticeKind.WITHDRAWN,
    EventKind.HANDED_OVER: NoticeKind.HANDED_OVER,
}
# These put a task before somebody who did not ask for it.
_OPENS_TASK = frozenset(
    {
        EventKind.CREATED, EventKind.SUBMITTED, EventKind.STAGE_APPROVED, EventKind.REVIEW_OPENED,
        EventKind.SELF_REVIEWED, EventKind.REOPENED,
    }
)  # fmt: skip


# These end the task that was open, unless it is somebody else's turn to do the same.
_ENDS_TASK = frozenset(
    {
        EventKind.SUBMITTED, EventKind.STAGE_APPROVED, EventKind.APPROVED, EventKind.RETURNED, EventKind.SELF_REVIEWED,
        EventKind.CONTINUED, EventKind.RESET, EventKind.CLOSED, EventKind.WITHDRAWN, EventKind.RECALLED,
        EventKind.STEP_COMPLETED, EventKind.MOVED, EventKind.HANDED_OVER,
    }
)  # fmt: skip


def notices_of(goal: Goal, event: events.Event, before: Goal | None = None) -> tuple[Notice, ...]:
    """The notices that `event` calls for.

    `goal` is as it was left by the recording that holds the event, `before` as it was just before the event (none for the
    first). Delegates hear what those hear in whose name they may act.
    """
    day = goal.calendar.day_of(event.at)
    told = dict.fromkeys(
        (kind, person)
        for kind, person in (
            *_told_to_owner(before, goal, event),
            *_told_of_sharing(before, goal, event),
            *_told(before, goal, event),
            *(_told_of_end(before, goal, event) if before else ()),
            *(_told_of_presence(before, goal) if before else ()),
        )
        if not (goal.gone and person == goal.owner)  # nothing is sent to an owner who has left
        if person != event.actor or _is_launched(event)  # who launches a cycle has a draft to write as well
    )
    for kind, person in tuple(told):
        if kind in _FOR_ASSIGNEES:
            told |= {(kind, one): None for one in goal.delegates([person], day) if one not in (event.actor, goal.owner)}
    facts = _facts(goal, event) if told else {}
    return tuple(
        Notice(
            key=f"{goal.id}#{event.seq}:{kind}:{person}",
            recipient=person,
            cycle=goal.cycle,
            goal=goal.id,
            kind=kind,
            facts=facts | _of_copy(goal, kind, person),
            urgent=kind in URGENT or (kind in _TASKS and _is_due_today(goal, event)),
        )
        for kind, person in told
    )


def _of_copy(goal: Goal, kind: NoticeKind, person: EmployeeId) -> dict[str, JsonValue]:
    """Whose reminder is copied: in a joint stage, that of the person below."""
    return {"to": copied_to(goal)[person]} if kind is NoticeKind.REMINDER_COPIED and person in copied_to(goal) else {}


def _is_launched(event: events.Event) -> bool:
    return isinstance(event.body, events.Created) and not event.body.begun


def _is_due_today(goal: Goal, event: events.Event) -> bool:
    return goal.task is not None and goal.task.due == goal.policy.calendar_at(goal.task.site).day_of(event.at)


def _told_of_end(before: Goal, goal: Goal, event: events.Event) -> _Told:
    """The first assignee who acts ends the task; the others are notified."""
    if event.kind in _ENDS_TASK and before.task and before.task != goal.task:
        still = goal.task.assignees if goal.task else ()
        for person in before.task.assignees:
            if person not in (goal.owner, *still):
                yield NoticeKind.HANDLED, person


def _told_of_presence(before: Goal, goal: Goal) -> _Told:
    """The owner has left, or is back: another task may be open."""
    if before.gone == goal.gone or goal.task is None or goal.is_paused:
        return
    if before.task is None or before.task.kind is not goal.task.kind:
        for person in goal.task.assignees:
            yield _REQUESTS[goal.task.kind], person


def _told_to_owner(before: Goal | None, goal: Goal, event: events.Event) -> _Told:
    """What the owner hears of what others decided. Of a change of the organisation, only what changed."""
    only_leave = before is not None and event.kind is EventKind.LINE_CHANGED and _placed(before) == _placed(goal)
    if not only_leave and (kind := _TO_OWNER.get(event.kind)):
        yield kind, goal.owner
    if before is not None and before.away != goal.away and not goal.is_closed and not goal.is_paused_by_hr:
        yield (NoticeKind.PAUSED if goal.away else NoticeKind.RESUMED), goal.owner


def _told_of_sharing(before: Goal | None, goal: Goal, event: events.Event) -> _Told:
    """What the contributors hear, and what the owner hears of them."""
    if before is None or not before.contributors:
        return
    if kind := _TO_CONTRIBUTORS.get(event.kind):
        for person in goal.contributors:
            yield kind, person
    if getattr(event.body, "released", None):
        yield NoticeKind.CONTRIBUTOR_LEFT, goal.owner
    if event.kind is EventKind.STEP_COMPLETED and (event.acting_for or event.actor) in before.contributors:
        yield NoticeKind.STEP_DONE, goal.owner
    asked = before.task.assignees if before.task and before.task.kind is TaskKind.STEP else ()
    if goal.task and goal.task.kind is TaskKind.STEP and not goal.is_paused:
        for person in goal.task.assignees:
            if person in goal.contributors and person not in asked:
                yield NoticeKind.STEP_DUE, person


def _placed(goal: Goal) -> tuple[object, ...]:
    """Where the goal stands in the organisation."""
    return goal.line, goal.stages, goal.reviewers, goal.joint, goal.department, goal.sites, goal.delegations


def _told(before: Goal | None, goal: Goal, event: events.Event) -> _Told:
    if event.kind in _OPENS_TASK and goal.task and not goal.is_paused:
        is_one_of_several = isinstance(event.body, events.StageApproved) and event.body.awaited
        asked = before.task.assignees if before and before.task and is_one_of_several else ()
        for person in goal.task.assignees:
            if person not in asked:
                yield _REQUESTS[goal.task.kind], person
    yield from _told_of_body(goal, event)


def _told_of_body(goal: Goal, event: events.Event) -> _Told:  # noqa: C901, PLR0912 - one case per kind of event
    task = goal.task
    match event.body:
        case events.Reminded(copied=copied) if task:
            for person in task.assignees:
                yield _REMINDERS[task.kind], person
            for person in copied or ():
                yield NoticeKind.REMINDER_COPIED, person
        case events.Escalated(joined=joined) if task:
            for person in task.assignees:
                yield (NoticeKind.ESCALATED if person in joined else NoticeKind.ESCALATION_TOLD), person
        case events.Reassigned(before=before, assignees=assignees):
            for person in (*before, *assignees):
                yield NoticeKind.REASSIGNED, person
        case (
            events.LineChanged(before=before, assignees=assignees)
            | events.PolicyAmended(before=before, assignees=assignees)
        ) if task and before and assignees:
            for person in assignees:
                if person not in before:
                    yield _REQUESTS[task.kind], person
        case events.Delegated(delegation=delegation):
            yield NoticeKind.DELEGATED, delegation.to
            yield NoticeKind.DELEGATED, delegation.delegator
        case events.Revised() if event.actor != goal.owner and event.acting_for is None:
            yield NoticeKind.DRAFT_CHANGED, goal.owner
        case events.Recalled() | events.Withdrawn():
            kind = NoticeKind.RECALLED if event.kind is EventKind.RECALLED else NoticeKind.WITHDRAWN
            stage = (goal.next_stage(-1) or 0) if event.kind is EventKind.RECALLED else goal.stage
            for person in goal.approvers(stage):
                yield kind, person
        case events.HandedOver():
            for person in goal.line[:1]:
                yield NoticeKind.HANDED_OVER, person
        case events.Created(handed_from=str()):
            for person in (goal.owner, *goal.line[:1]):
                yield NoticeKind.TAKEN_OVER, person
        case events.Commented():
            for person in (goal.owner, *goal.review_deciders()):
                yield NoticeKind.COMMENTED, person
        case events.SignOffRefused():
            for person in task.assignees if task else goal.hr_asked:
                yield NoticeKind.SIGN_OFF_REFUSED, person


def _facts(goal: Goal, event: events.Event) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {
        "owner": goal.owner,
        "actor": event.actor,
        "acting_for": event.acting_for if event.acting_for != event.actor else None,
        "seq": event.seq,
        "revision": goal.revision,
        "state": goal.state.value,
        "score": str(scoring.score(goal)),
        "unreviewed": str(scoring.unreviewed(goal)) if scoring.unreviewed(goal) else None,
        "due": goal.due_at.isoformat() if goal.due_at else None,
        "zone": goal.policy.calendar_at(goal.task.site if goal.task else None).timezone,
        "outcome": goal.outcome.value if goal.outcome else None,
        "verdict": getattr(event.body, "verdict", None),
        "step": goal.next_step,
        **_leaving(goal, event),
        **_of_parts(goal, event),
        **_of_body(event.body),
        **_of_handover(event.body),
        **_why(event.body),
        **({"to": goal.task.assignees[0]} if goal.task and getattr(event.body, "copied", None) else {}),
    }
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _leaving(goal: Goal, event: events.Event) -> dict[str, JsonValue]:
    """Whether the owner has left, or the last day before which the verdict is asked for."""
    if goal.gone:
        return {"gone": "1"}
    is_last = goal.ends_with_verdict(goal.calendar.day_of(event.at))
    return {"leaves": goal.leaves.isoformat()} if is_last and goal.leaves else {}


def _of_parts(goal: Goal, event: events.Event) -> dict[str, JsonValue]:
    """In a joint stage, how many people must agree; after a signature, that others are awaited."""
    parts = goal.task.parts if goal.task else ()
    awaited = isinstance(event.body, events.StageApproved) and event.body.awaited
    return {"signatures": str(len(parts)) if len(parts) > 1 else None, "awaited": "1" if awaited else None}


def _why(body: events.Body) -> dict[str, JsonValue]:
    """The reason in a notice: the owner left the cycle. Why a sign-off was refused can repeat what a person wrote, so it is read
    from the ledger when the message is written.
    """
    return {"removed": "1"} if isinstance(body, events.Closed) and body.removed else {}


def _of_body(body: events.Body) -> dict[str, JsonValue]:
    """Facts of the event's body: the previous and new assignees, the due time of a late reminder, a new weight."""
    match body:
        case events.Delegated(delegation=delegation):
            return {"from": delegation.delegator, "to": delegation.to}
        case (
            events.Reassigned(before=before, assignees=assignees)
            | events.LineChanged(before=before, assignees=assignees)
            | events.PolicyAmended(before=before, assignees=assignees)
        ) if before and assignees:
            return {"from": before[0], "to": assignees[0]}
        case events.Reminded(due=due, late=True) | events.Escalated(due=due, late=True):
            return {"late": "1", "rung_due": due.isoformat()}
        case events.Moved(content=content):
            return {"weight": str(content.weight)}
    return {}


def _of_handover(body: events.Body) -> dict[str, JsonValue]:
    """The people who had and who have the work, where somebody else goes on with a goal."""
    match body:
        case events.HandedOver(to=to):
            return {"to": to}
        case events.Created(handed_from=str() as source):
            return {"from": owner_in(GoalId(source))}
        case events.ParentFollowed(parent=parent):
            return {"to": owner_in(parent)}
    return {}
