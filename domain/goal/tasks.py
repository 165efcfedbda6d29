"""What a goal waits for: the task that each event opens, with a fresh due date in the assignee's business days."""

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
    # Escalation begins above who has the task: a manager below has signed already, or was replaced.
    passed = min(climbed, len(goal.line))
    task = Task(kind=kind, assignees=assignees, opened=day, due=due, climbed=passed, site=site)
    return task.model_copy(update={"rung": next_rung(goal, task, day)})


def next_rung(goal: Goal, task: Task, day: date) -> int:
    """The first rung that is still to come; those before belong to nobody."""
    calendar, rungs = goal.policy.calendar_at(task.site), goal.policy.ladders[task.kind].rungs
    return next((n for n, rung in enumerate(rungs) if calendar.add(task.due, rung.days) > day), len(rungs))


def draft_task(goal: Goal, at: Moment) -> Task:
    return _task(goal, TaskKind.DRAFT, (goal.owner,), at)


def approval_task(goal: Goal, stage: int, at: Moment) -> Task:
    return _task(goal, TaskKind.APPROVAL, goal.approvers(stage), at, climbed=stage + 1)


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
    """The open task in other hands: whoever gets it gets the full time for it; who was taken off is not brought back."""
    if goal.task is None:
        return None
    fresh = _task(goal, goal.task.kind, assignees, at)
    return fresh.model_copy(update={"climbed": min(goal.task.climbed, len(goal.line))})


def task_due_on(goal: Goal, due: date, at: Moment) -> Task | None:
    """The open task with another due date, and the rungs that belong to it."""
    if goal.task is None:
        return None
    calendar = goal.policy.calendar_at(goal.task.site)
    moved = goal.task.model_copy(update={"due": calendar.on_or_after(due)})
    return moved.model_copy(update={"rung": next_rung(goal, moved, calendar.day_of(at))})


def assignees_after(
    goal: Goal, line: tuple[EmployeeId, ...], replaced: Mapping[EmployeeId, EmployeeId]
) -> tuple[EmployeeId, ...]:
    """Who has the open task under another line of managers.

    Everybody's place in the line passes to who has that place now, beyond its top to HR; whoever was put there by HR stays,
    or is replaced by who stands in for them. The owner's own tasks stay with the owner.
    """
    if goal.task is None:
        return ()
    after = goal.model_copy(update={"line": line})
    decides = goal.task.kind in (TaskKind.APPROVAL, TaskKind.VERDICT)
    place = goal.stage if goal.task.kind is TaskKind.APPROVAL else 0
    found: list[EmployeeId] = []
    if decides and after.approvers(place) != goal.approvers(place):  # else HR took the task off that manager on purpose
        found += after.approvers(place)
    for person in goal.task.assignees:
        if person in goal.line:
            found += after.approvers(goal.line.index(person))
        else:
            found.append(replaced.get(person, person))
    if not decides:
        return tuple(dict.fromkeys(found))
    return tuple(dict.fromkeys(one for one in found if one != goal.owner)) or after.approvers(place)
