"""The tasks that events open, each with a new due date in business days of the assignee's site."""

from collections.abc import Mapping
from datetime import date

from domain.goal.goal import Goal, Task
from domain.policy.policy import TaskKind
from domain.values import EmployeeId, Moment


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
    climbed = min(climbed, len(goal.line))
    task = Task(kind=kind, assignees=assignees, opened=day, due=due, climbed=climbed, site=site)
    return task.model_copy(update={"rung": next_rung(goal, task, day)})


def next_rung(goal: Goal, task: Task, day: date) -> int:
    """The index of the first rung whose day is after `day`; earlier rungs are skipped."""
    calendar, rungs = goal.policy.calendar_at(task.site), goal.policy.ladders[task.kind].rungs
    return next((n for n, rung in enumerate(rungs) if calendar.add(task.due, rung.days) > day), len(rungs))


def draft_task(goal: Goal, at: Moment) -> Task:
    return _task(goal, TaskKind.DRAFT, (goal.owner,), at)


def approval_task(goal: Goal, stage: int, at: Moment) -> Task:
    approvers = goal.approvers_left(stage)
    place = goal.line.index(approvers[0]) if approvers and approvers[0] in goal.line else stage
    return _task(goal, TaskKind.APPROVAL, approvers, at, climbed=place + 1)


def step_task(goal: Goal, at: Moment) -> Task | None:
    step = goal.next_step
    if step is None:
        return None
    return _task(goal, TaskKind.STEP, (goal.owner,), at, due=goal.content.steps[step].due)


def review_task(goal: Goal, self_reviewed: bool, at: Moment) -> Task:
    if goal.policy.self_review and not self_reviewed:
        return _task(goal, TaskKind.SELF_REVIEW, (goal.owner,), at)
    return _task(goal, TaskKind.VERDICT, goal.approvers(0), at, climbed=1)


def reassigned_task(goal: Goal, assignees: tuple[EmployeeId, ...], at: Moment) -> Task | None:
    """The open task with new assignees and a new due date. Escalation goes on where it was, so it adds no manager again."""
    if goal.task is None:
        return None
    task = _task(goal, goal.task.kind, assignees, at)
    return task.model_copy(update={"climbed": min(goal.task.climbed, len(goal.line))})


def task_due_on(goal: Goal, due: date, at: Moment) -> Task | None:
    """The open task with another due date, and the next rung for that date."""
    if goal.task is None:
        return None
    calendar = goal.policy.calendar_at(goal.task.site)
    moved = goal.task.model_copy(update={"due": calendar.on_or_after(due)})
    return moved.model_copy(update={"rung": next_rung(goal, moved, calendar.day_of(at))})


def assignees_after(
    goal: Goal, line: tuple[EmployeeId, ...], replaced: Mapping[EmployeeId, EmployeeId]
) -> tuple[EmployeeId, ...]:
    """The assignees of the open task after the line of managers changes to `line`.

    An assignee who is in the new line keeps the task. One who left the line is replaced by the manager at the same place of the
    new line, or by HR if it is shorter. An assignee whom HR appointed stays, or is replaced as `replaced` says. An owner's
    task stays with the owner.
    """
    if goal.task is None:
        return ()
    after = goal.model_copy(update={"line": line})
    decides = goal.task.kind in (TaskKind.APPROVAL, TaskKind.VERDICT)
    stage = goal.stage if goal.task.kind is TaskKind.APPROVAL else 0
    found: list[EmployeeId] = []
    stays = any(person in line for person in goal.task.assignees)
    if decides and not stays and after.approvers_left(stage) != goal.approvers_left(stage):
        found += after.approvers_left(stage)  # if they are equal, HR may have replaced them on purpose
    for person in goal.task.assignees:
        if person in line:
            found.append(person)
        elif person in goal.line:
            found += after.approvers_left(goal.line.index(person))
        else:
            found.append(replaced.get(person, person))
    if not decides:
        return tuple(dict.fromkeys(found))
    return (
        tuple(dict.fromkeys(one for one in found if one != goal.owner))
        or after.approvers_left(stage)
        or after.approvers(stage)
    )
