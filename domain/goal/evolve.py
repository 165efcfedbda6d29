"""`evolve(goal, event) -> goal`: the goal after an event. Makes no decisions and never refuses an event."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from domain.commitments import without_texts
from domain.goal.assignees import (
    DECISIONS,
    awaited,
    climbed_in,
    escalated_parts,
    is_joint,
    parts_after,
    reassigned_parts,
    signed_parts,
)
from domain.goal.events import (
    Adjusted,
    Approved,
    Body,
    Closed,
    Continued,
    Created,
    Delegated,
    DelegationEnded,
    Escalated,
    Event,
    ExemplarMarked,
    Extended,
    HandedOver,
    Lapsed,
    LineChanged,
    Moved,
    ParentFollowed,
    Paused,
    PolicyAmended,
    ProgressReported,
    Reassigned,
    Recalled,
    Reminded,
    Reopened,
    ReportUndone,
    Reset,
    Resumed,
    Returned,
    ReviewOpened,
    Revised,
    SelfReviewed,
    StageApproved,
    StepCompleted,
    Submitted,
    TextsErased,
    Withdrawn,
)  # fmt: skip
from domain.goal.goal import (
    REMEMBERED_CHANGES,
    REMEMBERED_COMMANDS,
    REMEMBERED_REPORTS,
    Credit,
    Delegation,
    Goal,
    MaterialChange,
    Outcome,
    Part,
    Report,
    Task,
)  # fmt: skip
from domain.goal.ledger import chain, genesis
from domain.goal.scoring import calibrated, divided
from domain.goal.tasks import (
    approval_task,
    draft_task,
    reassigned_task,
    review_task,
    step_task,
    task_due_on,
)
from domain.lifecycle import EventKind, State, next_state
from domain.policy.policy import Policy, TaskKind
from domain.values import GoalId, Moment
from domain.writing.content import Content

# A decision is refused if one of these came after the version that the decider saw. Others, as reminders and comments, do
# not matter to a decision.
MATERIAL = frozenset(
    {
        EventKind.REVISED, EventKind.SUBMITTED, EventKind.RECALLED, EventKind.RETURNED, EventKind.STAGE_APPROVED,
        EventKind.APPROVED, EventKind.PROGRESS_REPORTED, EventKind.STEP_COMPLETED, EventKind.REVIEW_OPENED,
        EventKind.SELF_REVIEWED, EventKind.CONTINUED, EventKind.RESET, EventKind.REOPENED, EventKind.POLICY_AMENDED,
        EventKind.MOVED, EventKind.REPORT_UNDONE,
    }
)  # fmt: skip


def created_goal(goal_id: GoalId, policy: Policy, created: Event) -> Goal:
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
        stages=body.stages or (),
        reviewers=body.reviewers or (),
        joint=body.joint or (),
        part_hr=body.part_hr or (),
        hr_left=body.hr_left or (),
        away=bool(body.away),
        leaves=body.leaves,
        additional=bool(body.additional),
        sites=body.sites or {},
        slot=body.slot,
        delegations=body.delegations or (),
        carried_from=body.carried_from,
        handed_from=body.handed_from,
    )
    paused_on = goal.calendar.day_of(created.at) if goal.away else None
    return _with_credits(goal.model_copy(update={"task": draft_task(goal, created.at), "paused_on": paused_on}))


def evolve(goal: Goal, event: Event) -> Goal:
    """The goal after `event`. Raises `ValueError` if the event is not the next one of the goal's ledger."""
    if event.seq != goal.seq + 1:
        raise ValueError(f"event {event.seq} does not follow {goal.seq} in {goal.id}")
    body = event.body
    changes: dict[str, Any] = {
        "seq": event.seq,
        "head": chain(goal.head, event.json_form),
        "commands": (*goal.commands, event.command)[-REMEMBERED_COMMANDS:]
        if event.command not in goal.commands
        else goal.commands,
    }
    if body.kind is not EventKind.REOPENED:
        changes["state"] = next_state(goal.state, body.kind)
    if (body.kind in MATERIAL and not _is_awaiting_others(body)) or _is_leaving(goal, body) or _releases(body):
        fields = ("contributors",) if _releases(body) else getattr(body, "fields", ())
        change = MaterialChange(seq=event.seq, kind=body.kind, fields=fields)
        changes["changes"] = (*goal.changes, change)[-REMEMBERED_CHANGES:]
    if effect := _EFFECTS.get(type(body)):
        changes |= effect(_with_signature(goal, event), body, event.at)
    if body.kind is EventKind.APPROVED:
        changes["active_since"] = event.at
    if "content" in changes and not isinstance(body, TextsErased | ParentFollowed | LineChanged):
        changes["written"] = event.seq
    return _with_credits(_with_earned(goal, goal.model_copy(update=changes)))


def _with_earned(before: Goal, after: Goal) -> Goal:
    """Where the shares change, what was earned until then stays as it was divided."""
    if before.content.contributors == after.content.contributors or before.shares == after.shares:
        return after
    earned = divided(before)
    return after.model_copy(update={"earned": earned}) if any(earned.values()) else after


def _with_credits(goal: Goal) -> Goal:
    """The goal with everybody's points, which lists and results read."""
    if not goal.contributors and not goal.earned:
        return goal if goal.credited is None else goal.model_copy(update={"credited": None})
    scored, final = divided(goal), divided(goal, calibrated(goal))
    people = {**scored, **final}
    credited = {one: Credit(score=scored.get(one, 0), final=final.get(one, 0)) for one in people}
    return goal.model_copy(update={"credited": credited})


def _releases(body: Body) -> bool:
    """Whether a contributor has left by this event: the plan is another one."""
    return isinstance(body, LineChanged) and bool(body.released)


def _is_leaving(goal: Goal, body: Body) -> bool:
    """Whether the owner has left by this event: what follows a verdict is another thing then."""
    return isinstance(body, LineChanged) and bool(body.gone) and not goal.gone


def _is_awaiting_others(body: Body) -> bool:
    """Whether it is the signature of one of several people. It changes nothing for the others, who sign at the same time."""
    return isinstance(body, StageApproved) and body.awaited is not None


def _with_signature(goal: Goal, event: Event) -> Goal:
    """The goal that the effect of an approval sees: the next stage goes to somebody who has not approved."""
    if event.body.kind is not EventKind.STAGE_APPROVED:
        return goal
    signed = (*goal.signed, event.actor, *((event.acting_for,) if event.acting_for else ()))
    return goal.model_copy(update={"signed": tuple(dict.fromkeys(signed))})


def evolve_all(goal: Goal, events: Iterable[Event]) -> Goal:
    for event in events:
        goal = evolve(goal, event)
    return goal


# --- effects: the fields that each kind of event changes, besides state, seq and head -------------------------------------


def _revised(goal: Goal, body: Revised, at: Moment) -> dict[str, Any]:
    return {"content": body.content}


def _submitted(goal: Goal, body: Submitted, at: Moment) -> dict[str, Any]:
    first = goal.next_stage(-1) or 0
    return {"stage": first, "signed": (), "task": approval_task(goal.model_copy(update={"signed": ()}), first, at)}


def _stage_approved(goal: Goal, body: StageApproved, at: Moment) -> dict[str, Any]:
    who = goal.signed[-1]  # the principal: the last of the signature
    if body.awaited is not None:
        return _of_parts(goal, signed_parts(goal, who)) | {"signed": goal.signed}
    following = goal.next_stage(body.stage)
    stage = body.stage + 1 if following is None else following
    agreed = {who, *(part.agreed for part in (goal.task.parts if goal.task else ()) if part.agreed)}
    return {"stage": stage, "signed": goal.signed, "task": approval_task(goal, stage, at, agreed)}


def _approved(goal: Goal, body: Approved, at: Moment) -> dict[str, Any]:
    return {"stage": body.stage + 1, "signed": (), "task": step_task(goal, at)}


def _back_to_draft(goal: Goal, body: Recalled | Returned, at: Moment) -> dict[str, Any]:
    return {"stage": 0, "signed": (), "task": draft_task(goal, at)}


def _progress_reported(goal: Goal, body: ProgressReported, at: Moment) -> dict[str, Any]:
    before = Report(value=goal.value, met=goal.met)
    now = {"value": body.value} if body.met is None else {"met": body.met}
    return now | {"earlier": (*goal.earlier, before)[-REMEMBERED_REPORTS:]}


def _report_undone(goal: Goal, body: ReportUndone, at: Moment) -> dict[str, Any]:
    if body.step is None:
        return {"value": body.value, "met": body.met or (), "earlier": goal.earlier[:-1]}
    left = goal.model_copy(update={"done": tuple(step for step in goal.done if step != body.step)})
    is_next = goal.state is State.ACTIVE and left.next_step != goal.next_step
    return {"done": left.done} | ({"task": step_task(left, at)} if is_next else {})


def _step_completed(goal: Goal, body: StepCompleted, at: Moment) -> dict[str, Any]:
    done = goal.model_copy(update={"done": tuple(sorted({*goal.done, body.step}))})
    if goal.task is None or goal.task.kind is not TaskKind.STEP or goal.next_step == done.next_step:
        return {"done": done.done}
    return {"done": done.done, "task": step_task(done, at)}


def _review_opened(goal: Goal, body: ReviewOpened, at: Moment) -> dict[str, Any]:
    review_date = {"reviewed_through": body.scheduled} if body.scheduled else {}
    return {"self_reviewed": False, "task": review_task(goal, False, at), **review_date}


def _self_reviewed(goal: Goal, body: SelfReviewed, at: Moment) -> dict[str, Any]:
    """A second self-review does not open a new task: the reviewer's due date and escalations stay."""
    return {} if goal.self_reviewed else {"self_reviewed": True, "task": review_task(goal, True, at)}


def _continued(goal: Goal, body: Continued, at: Moment) -> dict[str, Any]:
    return {
        "attained": body.attained,
        "bonus": goal.bonus + body.bonus,
        "earlier": (),
        "reviewed_steps": goal.done,
        "self_reviewed": False,
        "reviewed_through": _reviewed_through(goal, goal.calendar.day_of(at)),
        "task": step_task(goal, at),
    }


def _reviewed_through(goal: Goal, day: date) -> date | None:
    """The latest review date up to `day`: a verdict also counts for the reviews that became due while it was open."""
    past = [review for review in goal.policy.reviews if review <= day]
    return max(past[-1], goal.reviewed_through or past[-1]) if past else goal.reviewed_through


def _reset(goal: Goal, body: Reset, at: Moment) -> dict[str, Any]:
    return {
        "revision": goal.revision + 1,
        "content": body.content,
        "banked": body.banked,
        "task": draft_task(goal, at),
        **_NEW_REVISION,
    }


_NEW_REVISION: dict[str, Any] = {
    "stage": 0, "done": (), "value": None, "met": (), "attained": Decimal(0), "bonus": 0, "self_reviewed": False,
    "active_since": None, "earlier": (), "reviewed_steps": (),
}  # fmt: skip


def _closed(goal: Goal, body: Closed, at: Moment) -> dict[str, Any]:
    return _end(goal, body.outcome) | {"attained": body.attained, "bonus": goal.bonus + body.bonus}


def _withdrawn(goal: Goal, body: Withdrawn, at: Moment) -> dict[str, Any]:
    return _end(goal, Outcome.WITHDRAWN)


def _lapsed(goal: Goal, body: Lapsed, at: Moment) -> dict[str, Any]:
    return _end(goal, body.outcome) | {"attained": body.attained}


def _handed_over(goal: Goal, body: HandedOver, at: Moment) -> dict[str, Any]:
    return _end(goal, Outcome.HANDED_OVER) | {"handed_to": body.successor}


def _parent_followed(goal: Goal, body: ParentFollowed, at: Moment) -> dict[str, Any]:
    return {"content": goal.content.model_copy(update={"parent": body.parent})}


def _end(goal: Goal, outcome: Outcome) -> dict[str, Any]:
    not_paused = {"paused_on": None, "pause_reason": None, "away": False}
    return {"task": None, "outcome": outcome, "closed_from": goal.state, **not_paused}


def _reopened(goal: Goal, body: Reopened, at: Moment) -> dict[str, Any]:
    tasks: dict[State, Callable[[], Task | None]] = {
        State.DRAFT: lambda: draft_task(goal, at),
        State.PENDING_APPROVAL: lambda: approval_task(goal, goal.stage, at, goal.signed),
        State.ACTIVE: lambda: step_task(goal, at),
        State.IN_REVIEW: lambda: review_task(goal, goal.self_reviewed, at),
    }
    reopened = {"state": body.state, "outcome": None, "closed_from": None, "task": tasks[body.state]()}
    return reopened | _policy_closing_on(goal, body.closes)


def _of_task(goal: Goal, **changes: Any) -> dict[str, Any]:
    return {"task": goal.task and goal.task.model_copy(update=changes)}


def _of_parts(goal: Goal, parts: tuple[Part, ...], **changes: Any) -> dict[str, Any]:
    return _of_task(goal, parts=parts, assignees=awaited(parts), **changes)


def _reminded(goal: Goal, body: Reminded, at: Moment) -> dict[str, Any]:
    return _of_task(goal, rung=body.rung + 1)


def _escalated(goal: Goal, body: Escalated, at: Moment) -> dict[str, Any]:
    if goal.task and goal.task.parts:
        act = goal.policy.ladders[goal.task.kind].rungs[body.rung].act
        return _of_parts(goal, escalated_parts(goal, act), rung=body.rung + 1)
    assignees = (*goal.task.assignees, *body.joined) if goal.task else ()
    return _of_task(goal, rung=body.rung + 1, assignees=assignees, climbed=body.climbed)


def _reassigned(goal: Goal, body: Reassigned, at: Moment) -> dict[str, Any]:
    task = reassigned_task(goal, body.assignees, at)
    if task and body.replaced:
        task = task.model_copy(update={"parts": reassigned_parts(goal, body.replaced)})
    return {"task": task}


def _delegated(goal: Goal, body: Delegated, at: Moment) -> dict[str, Any]:
    return {"delegations": _delegations(goal, (body.delegation,), goal.calendar.day_of(at))}


def _delegation_ended(goal: Goal, body: DelegationEnded, at: Moment) -> dict[str, Any]:
    pair = (body.delegator, body.to)
    return {"delegations": tuple(one for one in goal.delegations if (one.delegator, one.to) != pair)}


def _delegations(goal: Goal, new: tuple[Delegation, ...], day: date) -> tuple[Delegation, ...]:
    """The goal's delegations and the new ones, without those that ended before `day`."""
    return (*(one for one in goal.delegations if one.last >= day), *new)


def _extended(goal: Goal, body: Extended, at: Moment) -> dict[str, Any]:
    return _policy_closing_on(goal, body.closes) | ({"task": task_due_on(goal, body.due, at)} if body.due else {})


def _policy_closing_on(goal: Goal, closes: date | None) -> dict[str, Any]:
    return {"policy": goal.policy.model_copy(update={"closes": closes})} if closes else {}


def _paused(goal: Goal, body: Paused, at: Moment) -> dict[str, Any]:
    return {"paused_on": goal.paused_on or goal.calendar.day_of(at), "pause_reason": body.reason}


def _resumed(goal: Goal, body: Resumed, at: Moment) -> dict[str, Any]:
    if goal.away:
        return {"pause_reason": None}
    return {"paused_on": None, "pause_reason": None, "task": _later(goal, goal.task, body.business_days)}


def _later(goal: Goal, task: Task | None, business_days: int) -> Task | None:
    """The task, due as many business days later as the pause lasted."""
    if task is None:
        return None
    due = goal.policy.calendar_at(task.site).add(task.due, business_days)
    return task.model_copy(update={"due": due})


def _policy_amended(goal: Goal, body: PolicyAmended, at: Moment) -> dict[str, Any]:
    """If the task's ladder or due date changes, rungs of the new ladder whose day has passed are skipped."""
    task = goal.task
    if task and (body.due or body.policy.ladders[task.kind] != goal.policy.ladders[task.kind]):
        task = task_due_on(goal.model_copy(update={"policy": body.policy}), body.due or task.due, at)
    part_hr = goal.part_hr if body.part_hr is None else body.part_hr
    if task and body.assignees:
        after = goal.model_copy(update={"policy": body.policy, "part_hr": part_hr, "task": task})
        if is_joint(goal, after):
            parts = parts_after(goal, after, {})
            task = reassigned_task(after, awaited(parts), at)
            task = task and task.model_copy(update={"parts": parts})
        elif task.kind in DECISIONS:  # new assignees get the full time, as after a change of managers
            task = reassigned_task(after, body.assignees, at)
        else:
            task = task.model_copy(update={"assignees": body.assignees})
    return {"policy": body.policy, "task": task, "part_hr": part_hr}


def _line_changed(goal: Goal, body: LineChanged, at: Moment) -> dict[str, Any]:
    """New assignees of an approval or verdict get the full time for it; an owner's task keeps its due date."""
    changes = _organisation_fields(goal, body, at)
    if body.released:
        changes["content"] = goal.content.without(body.released)
    after = goal.model_copy(update=changes)
    if after.gone != goal.gone and not (goal.task and goal.task.kind in DECISIONS):
        return changes | {"task": _task_of_presence(after, at)}
    if goal.task and is_joint(goal, after):
        return changes | {"task": _joint_task(goal, after, body, at)}
    if body.assignees is None or goal.task is None:
        return changes | ({"task": _later(goal, goal.task, body.paused_days)} if body.paused_days else {})
    climbed = climbed_in(after.above(goal.task.kind), body.assignees, goal.task.climbed)
    if goal.task.kind in (TaskKind.APPROVAL, TaskKind.VERDICT):
        task = reassigned_task(after, body.assignees, at)
        return changes | {"task": task and task.model_copy(update={"climbed": climbed})}
    due = _later(goal, goal.task, body.paused_days or 0)
    return changes | _of_task(goal, assignees=body.assignees, climbed=climbed, due=due and due.due)


def _task_of_presence(after: Goal, at: Moment) -> Task | None:
    """The task instead of an owner's task when the owner has left: no step, and the verdict without a self-review.

    The next step when the owner has come back.
    """
    return step_task(after, at) if after.state is State.ACTIVE else review_task(after, after.self_reviewed, at)


def _joint_task(goal: Goal, after: Goal, body: LineChanged, at: Moment) -> Task | None:
    """The task of a joint stage with the parts for the new chains. Its deadline is one for all of them."""
    parts = parts_after(goal, after, body.replaced or {})
    task = _later(goal, goal.task, body.paused_days or 0)
    if body.assignees is not None:
        task = reassigned_task(after, awaited(parts), at)
    return task and task.model_copy(update={"parts": parts, "assignees": awaited(parts), "climbed": 0})


def _organisation_fields(goal: Goal, body: LineChanged | Moved, at: Moment) -> dict[str, Any]:
    sites = body.sites or {}
    day = goal.policy.calendar_at(sites.get(goal.owner)).day_of(at)
    return {
        "line": body.line,
        "stages": body.stages or (),
        "reviewers": body.reviewers or (),
        "joint": body.joint or (),
        "part_hr": body.part_hr or (),
        "hr_left": body.hr_left or (),
        "department": body.department,
        "additional": bool(body.additional),
        "sites": sites,
        "leaves": body.leaves,
        "gone_on": (goal.gone_on or day) if isinstance(body, LineChanged) and body.gone else None,
        **_absence(goal, bool(body.away), day),
        "delegations": tuple(
            one
            for one in _delegations(goal, body.delegations or (), day)
            if not {one.delegator, one.to} & {*(body.left or ())}
        ),
    }


def _absence(goal: Goal, away: bool, day: date) -> dict[str, Any]:
    """The pause by the owner's leave. HR's own pause holds beside it."""
    if away == goal.away:
        return {}
    if away:
        return {"away": True, "paused_on": goal.paused_on or day}
    return {"away": False, "paused_on": goal.paused_on if goal.is_paused_by_hr else None}


def _moved(goal: Goal, body: Moved, at: Moment) -> dict[str, Any]:
    after = goal.model_copy(update=_organisation_fields(goal, body, at))
    return _organisation_fields(goal, body, at) | {
        "revision": goal.revision + 1,
        "content": body.content,
        "banked": body.banked,
        "task": draft_task(after, at),
        **_NEW_REVISION,
    }


def _adjusted(goal: Goal, body: Adjusted, at: Moment) -> dict[str, Any]:
    return {"adjusted": goal.adjusted + body.points}


def _exemplar_marked(goal: Goal, body: ExemplarMarked, at: Moment) -> dict[str, Any]:
    return {"exemplar": True}


def _texts_erased(goal: Goal, body: TextsErased, at: Moment) -> dict[str, Any]:
    """The goal loses the texts of its content if their entry was erased; numbers and dates stay."""
    if goal.written not in body.entries:
        return {}
    return {"content": Content.model_validate(without_texts(goal.content.model_dump(mode="json"), Content))}


_EFFECTS: dict[type[Body], Callable[[Goal, Any, Moment], dict[str, Any]]] = {
    Revised: _revised,
    Submitted: _submitted,
    StageApproved: _stage_approved,
    Approved: _approved,
    Recalled: _back_to_draft,
    Returned: _back_to_draft,
    ProgressReported: _progress_reported,
    StepCompleted: _step_completed,
    ReportUndone: _report_undone,
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
    LineChanged: _line_changed,
    Moved: _moved,
    Adjusted: _adjusted,
    ExemplarMarked: _exemplar_marked,
    DelegationEnded: _delegation_ended,
    TextsErased: _texts_erased,
    HandedOver: _handed_over,
    ParentFollowed: _parent_followed,
}
