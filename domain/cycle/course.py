"""What happens when, to one participant of a cycle who leaves everything to the last day: for HR, before the launch.

The draft is submitted on its last day, each approver approves on the last day, and so on: so the days are the latest ones, and every
reminder and escalation of these tasks is there.
"""

from collections.abc import Generator, Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.goal.goal import Goal
from domain.policy.course import due_day, rung_days
from domain.policy.policy import Act, TaskKind
from domain.values import EmployeeId


class Occasion(StrEnum):
    """What happens on a day of the course."""

    OPENED = "opened"  # a task comes
    RUNG = "rung"  # of its ladder
    DUE = "due"
    STEP = "step"  # of the draft is due
    REVIEW = "review"  # opens
    STARTS = "starts"  # the first day of the period, where the launch is before it
    STEPS_END = "steps_end"  # the last day that a step may be dated
    CLOSES = "closes"  # the last day to act
    SETTLED = "settled"  # what is still open


class CourseDay(NamedTuple):
    """Something that happens on a day. `task` and `act` say of which kind; `people` have the task; `number` counts stages, steps and
    reviews from 1; `title` is that of a step; `late`: it happens only if the task is not done when it is due.
    """

    day: date
    occasion: Occasion
    task: TaskKind | None = None
    act: Act | None = None
    people: tuple[EmployeeId, ...] = ()
    number: int | None = None
    title: str | None = None
    late: bool = False


def course_of(goal: Goal, launched: date) -> tuple[CourseDay, ...]:
    """The course of a first draft that is launched on that day, in the order of the days. What comes after the cycle's end is left out."""
    end = goal.calendar.on_or_after(goal.policy.closes + timedelta(days=1))
    days = [*_until_approved(goal, launched), *_steps(goal), *_reviews(goal, launched), *_dates(goal, launched, end)]
    return tuple(sorted((one for one in days if one.day <= end), key=lambda one: one.day))


def _until_approved(goal: Goal, launched: date) -> Iterator[CourseDay]:
    at = yield from _task(goal, TaskKind.DRAFT, (goal.owner,), launched)
    for stage, people in enumerate(goal.approvers_in_order(), 1):
        at = yield from _task(goal, TaskKind.APPROVAL, people, at, stage)


def _reviews(goal: Goal, launched: date) -> Iterator[CourseDay]:
    for number, day in enumerate(goal.policy.reviews, 1):
        opens = goal.calendar.on_or_after(day)
        if opens <= launched:
            continue
        yield CourseDay(opens, Occasion.REVIEW, number=number)
        at = opens
        if goal.policy.self_review:
            at = yield from _task(goal, TaskKind.SELF_REVIEW, (goal.owner,), opens)
        yield from _task(goal, TaskKind.VERDICT, goal.review_deciders(), at)


def _task(
    goal: Goal, kind: TaskKind, people: tuple[EmployeeId, ...], opened: date, number: int | None = None
) -> Generator[CourseDay, None, date]:
    """The days of a task that is done on its last day, which is returned. They count where the first of its people is."""
    calendar = goal.policy.calendar_at(goal.sites.get(people[0]) if people else None)
    ladder = goal.policy.ladders[kind]
    due = due_day(calendar, opened, ladder)
    yield CourseDay(opened, Occasion.OPENED, kind, people=people, number=number)
    for rung in rung_days(calendar, due, ladder, opened):
        yield CourseDay(rung.day, Occasion.RUNG, kind, rung.act, people, number, late=rung.day > due)
    yield CourseDay(due, Occasion.DUE, kind, people=people, number=number)
    return due


def _steps(goal: Goal) -> Iterator[CourseDay]:
    for number, step in enumerate(goal.content.steps, 1):
        yield CourseDay(step.due, Occasion.STEP, people=(goal.owner,), number=number, title=step.title)


def _dates(goal: Goal, launched: date, end: date) -> Iterator[CourseDay]:
    if goal.policy.starts > launched:
        yield CourseDay(goal.policy.starts, Occasion.STARTS)
    yield CourseDay(goal.policy.ends, Occasion.STEPS_END)
    yield CourseDay(goal.policy.closes, Occasion.CLOSES)
    yield CourseDay(end, Occasion.SETTLED)
