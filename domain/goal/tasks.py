"""The tasks that events open, each with a new due date in business days of the assignee's site."""

from collections.abc import Collection
from datetime import date

from domain.goal.assignees import awaited, opened_parts
from domain.goal.goal import Goal, Task
from domain.policy.policy import Act, TaskKind
from domain.values import EmployeeId, Moment

ESCALATIONS = (Act.ESCALATE, Act.ESCALATE_TO_HR)


def _task(
    goal: Goal,
    kind: TaskKind,
    assignees: tuple[EmployeeId, ...],
    at: Moment,
    *,
    due: date | None = None,
    climbed: int = 0,
) -> Task:
    site = goal.sites.get(assignees[0]) if assignees else None
    calendar, ladder = goal.policy.calendar_at(site), goal.policy.ladders[kind]
    day = calendar.day_of(at)
    if due is None or due < day:
        due = calendar.add(day, ladder.due_in)
    due = calendar.on_or_after(due)
    # Escalation begins above the assignee: managers below have approved already, or were replaced.
    climbed = min(climbed, len(goal.above(kind)))
    task = Task(kind=kind, assignees=assignees, opened=day, due=due, climbed=climbed, site=site)
    return task.model_copy(update={"rung": next_rung(goal, task, day)})


def next_rung(goal: Goal, task: Task, day: date) -> int:
    """The index of the first rung whose day is after `day`; earlier rungs are skipped."""
    calendar, rungs = goal.policy.calendar_at(task.site), goal.policy.ladders[task.kind].rungs
    return next((n for n, rung in enumerate(rungs) if calendar.add(task.due, rung.days) > day), len(rungs))


def is_escalated(goal: Goal) -> bool:
    """Whether the ladder of the open task has climbed: a rung that asks somebody else is behind it."""
    if goal.task is None:
        return False
    behind = goal.policy.ladders[goal.task.kind].rungs[: goal.task.rung]
    return any(rung.act in ESCALATIONS for rung in behind)


def draft_task(goal: Goal, at: Moment) -> Task:
    return _task(goal, TaskKind.DRAFT, (goal.owner,), at)


def approval_task(goal: Goal, stage: int, at: Moment, agreed: Collection[EmployeeId] = ()) -> Task:
    """The task of that stage. In a joint stage, who has `agreed` in the stage before is not asked again."""
    goal = goal.model_copy(update={"stage": stage})
    if parts := opened_parts(goal, stage, agreed):
        return _task(goal, TaskKind.APPROVAL, awaited(parts), at).model_copy(update={"parts": parts})
    approvers, chain = goal.approvers_left(stage), goal.above(TaskKind.APPROVAL)
    place = chain.index(approvers[0]) if approvers and approvers[0] in chain else stage
    return _task(goal, TaskKind.APPROVAL, approvers, at, climbed=place + 1)


def step_task(goal: Goal, at: Moment) -> Task | None:
    step = goal.next_step
    if step is None or goal.gone:
        return None
    by = goal.content.steps[step].by  # a contributor; the owner is responsible for their steps too
    return _task(goal, TaskKind.STEP, (goal.owner, by) if by else (goal.owner,), at, due=goal.content.steps[step].due)


def review_task(goal: Goal, self_reviewed: bool, at: Moment) -> Task:
    if goal.policy.self_review and not self_reviewed and not goal.gone:
        return _task(goal, TaskKind.SELF_REVIEW, (goal.owner,), at)
    return _task(goal, TaskKind.VERDICT, goal.review_deciders(), at, climbed=1)


def reassigned_task(goal: Goal, assignees: tuple[EmployeeId, ...], at: Moment) -> Task | None:
    """The open task with new assignees and a new due date. Escalation goes on where it was, so it adds no manager again."""
    if goal.task is None:
        return None
    task = _task(goal, goal.task.kind, assignees, at)
    return task.model_copy(update={"climbed": min(goal.task.climbed, len(goal.above(task.kind)))})


def task_due_on(goal: Goal, due: date, at: Moment) -> Task | None:
    """The open task with another due date, and the next rung for that date."""
    if goal.task is None:
        return None
    calendar = goal.policy.calendar_at(goal.task.site)
    moved = goal.task.model_copy(update={"due": calendar.on_or_after(due)})
    return moved.model_copy(update={"rung": next_rung(goal, moved, calendar.day_of(at))})
