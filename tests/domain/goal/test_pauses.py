"""A pause stops the clock: due dates move by the business days that it lasted."""

from datetime import date

import pytest

from domain.goal import events
from domain.goal.alarms import AlarmKind, next_alarm, ring
from domain.goal.decide import decide
from domain.goal.evolve import evolve
from tests.domain.builders import (
    SITUATIONS,
    active,
    after,
    at,
    awaited,
    day,
    pause,
    pending,
    resume,
    rung,
)


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name != "closed"])
def test_a_paused_goal_has_no_alarm_and_nothing_rings(situation: str) -> None:
    goal = SITUATIONS[situation]()
    alarm = awaited(goal)
    paused = after(goal, pause(), at(day(11, 4)))
    assert next_alarm(paused) is None
    assert ring(paused, alarm, at(day(12, 24))) == ()


@pytest.mark.parametrize(
    ("paused", "resumed", "business_days", "due"),
    [
        (day(10, 6), day(10, 6), 0, day(10, 13)),
        (day(10, 9), day(10, 13), 1, day(10, 14)),  # over a weekend and a holiday: one business day
        (day(10, 10), day(10, 11), 0, day(10, 13)),  # a weekend costs nothing
        (day(10, 30), day(11, 4), 2, day(10, 15)),
        (day(10, 7), day(12, 25), 54, day(1, 5, 2027)),
    ],
)
def test_a_resumed_goal_has_its_date_moved_by_the_business_days_of_the_pause(
    paused: date, resumed: date, business_days: int, due: date
) -> None:
    goal = after(pending(), pause(), at(paused))
    (event,) = decide(goal, resume(), at(resumed))
    assert isinstance(event.body, events.Resumed)
    assert event.body.business_days == business_days
    goal = evolve(goal, event)
    assert goal.task is not None
    assert goal.task.due == due
    assert not goal.is_paused


def test_reminders_move_with_the_date_and_none_is_repeated_after_a_pause() -> None:
    goal = rung(pending())  # the first reminder, on 9 October
    goal = after(goal, pause(), at(day(10, 9), 12))
    goal = after(goal, resume(), at(day(10, 16), 12))
    alarm = awaited(goal)
    assert (alarm.day, alarm.rung) == (day(10, 20), 1)  # was the 14th; four business days of pause


def test_a_review_whose_day_fell_into_the_pause_opens_when_the_goal_is_resumed() -> None:
    goal = after(active(), pause(), at(day(10, 16)))
    goal = after(goal, resume(), at(day(11, 4)))
    alarm = awaited(goal)
    assert (alarm.kind, alarm.day) == (AlarmKind.REVIEW, day(10, 30))
    (event,) = ring(goal, alarm, at(day(11, 4)))
    assert isinstance(event.body, events.ReviewOpened)
    assert event.body.scheduled == day(10, 30)
