"""The tasks that events open, each with a new due date in business days of the assignee's site."""

from collections.abc import Mapping
from datetime import date

from domain.goal.goal import Goal, Task
from domain.policy.policy import TaskKind
from domain.values import EmployeeId, Moment

DECISIONS = (TaskKind.APPROVAL, TaskKind.VERDICT)  # owners never make these for their own goals


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


def draft_task(goal: Goal, at: Moment) -> Task:
    return _task(goal, TaskKind.DRAFT, (goal.owner,), at)


def approval_task(goal: Goal, stage: int, at: Moment) -> Task:
    goal = goal.model_copy(update={"stage": stage})
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


def assignees_after(goal: Goal, after: Goal, replaced: Mapping[EmployeeId, EmployeeId]) -> tuple[EmployeeId, ...]:
    """The assignees of the open task where `after` is the goal with its new managers and evaluators.

    An assignee who may still be asked for the task keeps it. One who may not is replaced by who has the same place now, or by
    HR if nobody has. Somebody of HR whom the goal asks no more is replaced by HR whom it asks now. An assignee whom HR appointed
    stays, or is replaced as `replaced` says. An owner's task stays with the owner.
    """
    if goal.task is None:
        return ()
    kind, decides = goal.task.kind, goal.task.kind in DECISIONS
    before, chain = goal.above(kind), after.above(kind)
    places, now_places = _places(goal, kind), _places(after, kind)
    asked, now_asked = _asked(goal, kind), _asked(after, kind)
    found: list[EmployeeId] = []
    stays = any(person in chain for person in goal.task.assignees)
    if decides and not stays and now_asked != asked:  # if they are equal, HR may have replaced them on purpose
        found += now_asked
    for person in goal.task.assignees:
        if person in chain or person in after.contributors:  # whose step it is, wherever they are in the organisation
            found.append(person)
        elif person in places:
            found += after.first_left(now_places[places.index(person) :])
        elif person in before:
            found += after.first_left(chain[before.index(person) :])
        elif person not in replaced and person in goal.hr_asked and person not in after.hr_asked:
            found += after.first_left(())  # the goal belongs to another part of the company, or somebody of HR has left
        elif person not in goal.contributors:  # who is one no more has left
            found.append(replaced.get(person, person))
    if not decides:
        return tuple(dict.fromkeys(found))
    without_share = tuple(dict.fromkeys(one for one in found if one not in after.sharers))
    return without_share or now_asked or after.approvers(after.stage)


def _places(goal: Goal, kind: TaskKind) -> tuple[EmployeeId, ...]:
    """The people who can be asked for the task, from the first who is asked on.

    Places are counted from there: the line of managers begins below a later stage, and the chain of an evaluator does not.
    """
    return goal.chain_of_stage(goal.stage) if kind is TaskKind.APPROVAL else goal.above(kind)


def _asked(goal: Goal, kind: TaskKind) -> tuple[EmployeeId, ...]:
    """Who is asked for a decision of that kind; for tasks of owners, nobody but the owner."""
    match kind:
        case TaskKind.APPROVAL:
            return goal.approvers_left(goal.stage)
        case TaskKind.VERDICT:
            return goal.review_deciders()
        case _:
            return (goal.owner,)
