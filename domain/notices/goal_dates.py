"""The dates of a goal that a person has in their calendar, beside the open tasks: steps that are not done, and reviews to come."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from domain.goal.goal import Goal
from domain.policy.policy import TaskKind
from domain.values import EmployeeId


class GoalDate(NamedTuple):
    """A day of a goal. `id` names it within the goal; `title` is the step's, None for a review."""

    goal: Goal
    id: str
    day: date
    title: str | None


def dates_for(person: EmployeeId, goal: Goal, today: date) -> Iterator[GoalDate]:
    """The dates of the goal for its owner; for a contributor, their own steps. A step that is their open task already is left out."""
    is_owner = person == goal.owner
    waits = goal.task is not None and goal.task.kind is TaskKind.STEP and person in goal.task.assignees
    for number, step in enumerate(goal.content.steps):
        if number in goal.done or (waits and number == goal.next_step):
            continue
        if is_owner or step.by == person:
            yield GoalDate(goal, f"step-{goal.revision}-{number + 1}", step.due, step.title)
    for day in goal.policy.reviews if is_owner else ():
        if day > max(goal.reviewed_through or today, today):
            yield GoalDate(goal, f"review-{day.isoformat()}", day, None)
