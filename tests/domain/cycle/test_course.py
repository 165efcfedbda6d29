"""The course that HR sees before a launch has the days on which a real goal is reminded and due."""

from datetime import date, timedelta

import pytest

from domain.cycle.course import CourseDay, Occasion, course_of
from domain.goal.goal import Goal
from domain.policy.policy import Act, TaskKind
from tests.domain.builders import at, awaited, draft, policy, rung


def _first(kind: TaskKind, course: tuple[CourseDay, ...], occasion: Occasion) -> date:
    return next(one.day for one in course if (one.task, one.occasion) == (kind, occasion))


@pytest.fixture
def goal() -> Goal:
    rules = policy(reviews=(date(2026, 11, 16),))
    return draft(rules, now=at(rules.starts))


def test_the_rungs_of_the_draft_are_those_that_ring(goal: Goal) -> None:
    course = course_of(goal, goal.policy.starts)
    shown = [(one.day, one.act) for one in course if (one.task, one.occasion) == (TaskKind.DRAFT, Occasion.RUNG)]
    rings, ladder = [], goal.policy.ladders[TaskKind.DRAFT].rungs
    one = goal
    for _ in ladder:
        alarm = awaited(one)
        rings.append((alarm.day, ladder[alarm.rung].act))
        one = rung(one)
    assert shown == rings
    assert goal.task
    assert _first(TaskKind.DRAFT, course, Occasion.DUE) == goal.task.due
    assert Act.ESCALATE_TO_HR in dict(shown).values()


def test_each_task_comes_on_the_last_day_of_the_one_before(goal: Goal) -> None:
    course = course_of(goal, goal.policy.starts)
    assert _first(TaskKind.APPROVAL, course, Occasion.OPENED) == _first(TaskKind.DRAFT, course, Occasion.DUE)
    assert _first(TaskKind.VERDICT, course, Occasion.OPENED) == _first(TaskKind.SELF_REVIEW, course, Occasion.DUE)
    assert _first(TaskKind.SELF_REVIEW, course, Occasion.OPENED) == date(2026, 11, 16)
    approvers = [one.people for one in course if (one.task, one.occasion) == (TaskKind.APPROVAL, Occasion.OPENED)]
    assert approvers == list(goal.approvers_in_order())


def test_the_days_are_in_order_and_none_is_after_the_end(goal: Goal) -> None:
    course = course_of(goal, goal.policy.starts)
    days = [one.day for one in course]
    assert days == sorted(days)
    assert course[-1].occasion is Occasion.SETTLED
    assert course[-1].day == goal.calendar.on_or_after(goal.policy.closes + timedelta(days=1))


def test_a_review_that_is_over_at_the_launch_is_left_out(goal: Goal) -> None:
    course = course_of(goal, date(2026, 11, 16))
    assert Occasion.REVIEW not in {one.occasion for one in course}


def test_a_launch_before_the_period_shows_its_first_day(goal: Goal) -> None:
    first = goal.policy.starts
    [starts] = [one.day for one in course_of(goal, first - timedelta(days=7)) if one.occasion is Occasion.STARTS]
    assert starts == first
    assert Occasion.STARTS not in {one.occasion for one in course_of(goal, first)}
