"""Alarms of a goal: who is notified of what, on which business day, and the effects of outages and pauses."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.goal import commands, events
from domain.goal.alarms import AlarmKind, ring, spread
from domain.goal.evolve import evolve, evolve_all
from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    POLICY,
    PRESIDENT,
    active,
    after,
    approve,
    at,
    awaited,
    awaiting_verdict,
    closed,
    day,
    draft,
    fresh_id,
    pending,
    policy,
    reassign,
    rung,
    task_of,
)


def _walk(goal: Goal) -> list[tuple[date, str, tuple[str, ...]]]:
    """The alarms of a goal without commands: the day, the event, and who is notified or becomes an assignee."""
    seen: list[tuple[date, str, tuple[str, ...]]] = []
    while not goal.is_closed:
        alarm = awaited(goal)
        (event,) = ring(goal, alarm, alarm.at)
        told: tuple[str, ...] = goal.task.assignees if goal.task else ()
        match event.body:
            case events.Escalated(joined=joined, to_hr=to_hr):
                seen.append((alarm.day, "escalated to HR" if to_hr else "escalated", joined))
            case events.Reminded():
                seen.append((alarm.day, "reminded", told))
            case events.Lapsed(outcome=outcome):
                seen.append((alarm.day, outcome.value, ()))
            case body:
                seen.append((alarm.day, body.kind.value, ()))
        goal = evolve(goal, event)
    return seen


def test_an_untouched_draft_is_reminded_escalated_up_the_line_to_hr_and_lapses_around_the_october_holiday() -> None:
    assert _walk(draft()) == [
        (day(10, 13), "reminded", (OWNER,)),  # due on the 16th: Monday the 12th is スポーツの日
        (day(10, 19), "reminded", (OWNER,)),
        (day(10, 21), "escalated", (MANAGER,)),
        (day(10, 23), "escalated", (DIRECTOR,)),
        (day(10, 28), "escalated to HR", (HR, HR_TOO)),
        (day(1, 4, 2027), "lapsed", ()),  # closes on 28 December; the company is off until 3 January
    ]


def test_an_approval_that_nobody_gives_is_escalated_past_the_manager_around_the_third_of_november() -> None:
    line = (MANAGER, DIRECTOR, PRESIDENT)
    assert _walk(pending(on=day(10, 27), line=line))[:5] == [
        (day(11, 2), "reminded", (MANAGER,)),  # due on the 4th: the 3rd is 文化の日
        (day(11, 5), "reminded", (MANAGER,)),
        (day(11, 9), "escalated", (DIRECTOR,)),
        (day(11, 11), "escalated", (PRESIDENT,)),
        (day(11, 16), "escalated to HR", (HR, HR_TOO)),
    ]


def test_an_approval_that_nobody_gives_is_escalated_to_hr_where_the_line_ends_around_the_23rd_of_november() -> None:
    assert _walk(pending(on=day(11, 17))) == [
        (day(11, 24), "reminded", (MANAGER,)),  # due on the 25th: the 23rd is 勤労感謝の日
        (day(11, 26), "reminded", (MANAGER,)),
        (day(11, 30), "escalated", (DIRECTOR,)),
        (day(12, 2), "escalated to HR", (HR, HR_TOO)),
        (day(12, 7), "escalated to HR", ()),  # all of them have it already
        (day(1, 4, 2027), "lapsed", ()),
    ]


def test_an_approved_goal_that_nobody_touches_again_goes_through_its_quarter() -> None:
    assert _walk(active()) == [
        (day(10, 20), "reminded", (OWNER,)),  # the step of the 23rd
        (day(10, 26), "reminded", (OWNER,)),
        (day(10, 30), "review_opened", ()),  # at the same instant the step would have been escalated: it is over
        (day(11, 6), "reminded", (OWNER,)),  # the self-review, due on the 9th: five business days over the 3rd
        (day(11, 10), "reminded", (OWNER,)),
        (day(11, 12), "escalated", (MANAGER,)),
        (day(11, 17), "escalated to HR", (HR, HR_TOO)),
        (day(1, 4, 2027), "settled", ()),
    ]


def test_a_verdict_that_nobody_gives_is_escalated_and_the_goal_is_settled_at_the_end() -> None:
    assert _walk(awaiting_verdict(on=day(11, 17))) == [
        (day(11, 24), "reminded", (MANAGER,)),
        (day(11, 26), "reminded", (MANAGER,)),
        (day(11, 30), "escalated", (DIRECTOR,)),
        (day(12, 2), "escalated to HR", (HR, HR_TOO)),
        (day(12, 7), "escalated to HR", ()),
        (day(1, 4, 2027), "settled", ()),
    ]


@pytest.mark.parametrize(("review", "opens"), [(day(11, 3), day(11, 4)), (day(11, 21), day(11, 24))])
def test_a_review_on_a_day_off_opens_on_the_next_business_day(review: date, opens: date) -> None:
    goal = active(policy(reviews=(review,)))
    opened = [when for when, what, _ in _walk(goal) if what == "review_opened"]
    assert opened == [opens]


def test_a_manager_whom_hr_took_off_a_task_is_not_brought_back_by_the_next_escalation() -> None:
    goal = draft()
    while goal.task and MANAGER not in goal.task.assignees:
        goal = rung(goal)
    goal = after(goal, commands.Reassign(id=fresh_id(), actor=HR, assignees=(OWNER,), reason="休職"), at(day(10, 22)))
    while goal.task and goal.task.assignees == (OWNER,):
        goal = rung(goal)
    assert goal.task is not None
    assert goal.task.assignees == (OWNER, DIRECTOR)


LINE = (MANAGER, DIRECTOR, PRESIDENT)


def _second_approval() -> Goal:
    goal = pending(policy(approval_stages=2), line=LINE)
    return after(goal, approve(goal), at(day(10, 6)))


@pytest.mark.parametrize(
    ("goal", "above"),
    [
        pytest.param(pending(line=LINE), DIRECTOR, id="first approval"),
        pytest.param(_second_approval(), PRESIDENT, id="second approval"),
        pytest.param(awaiting_verdict(line=LINE), DIRECTOR, id="verdict"),
    ],
)
def test_the_first_escalation_goes_above_the_manager_whom_hr_replaced(goal: Goal, above: EmployeeId) -> None:
    (replaced,) = task_of(goal).assignees
    assert replaced in LINE
    goal = after(goal, reassign(DEPUTY), at(task_of(goal).opened))
    while task_of(goal).assignees == (DEPUTY,):
        goal = rung(goal)
    assert task_of(goal).assignees == (DEPUTY, above)


def test_the_top_of_the_company_escalates_to_hr_at_once() -> None:
    assert [what for _, what, _ in _walk(draft(line=()))][2:5] == ["escalated to HR"] * 3


def test_a_reminder_whose_day_is_the_day_on_which_the_task_came_is_left_out() -> None:
    goal = after(
        pending(), commands.Extend(id=fresh_id(), actor=HR, due=day(10, 9), reason="繁忙期"), at(day(10, 8), 8)
    )
    alarm = awaited(goal)
    assert (alarm.day, alarm.rung) == (day(10, 13), 1)  # not at nine the same day


# --- at what time ----------------------------------------------------------------------------------------------------


def test_all_alarms_of_a_goal_ring_at_its_own_minute() -> None:
    goal = draft()
    while not goal.is_closed:
        alarm = awaited(goal)
        assert alarm.at == at(alarm.day, 9) + spread(goal)
        goal = rung(goal)


def test_a_site_in_new_york_is_reminded_at_nine_by_its_own_clock_in_summer_and_in_winter() -> None:
    site = policy(calendar={"timezone": "America/New_York"})
    goal = draft(site, now=datetime(2026, 10, 21, 13, tzinfo=UTC))  # due on 4 November; the clock changes on the 1st
    first, second = awaited(goal), awaited(rung(goal))
    assert (first.at - spread(goal)).hour == 13
    assert (second.at - spread(goal)).hour == 14


# --- outages ---------------------------------------------------------------------------------------------------------


def test_alarms_that_fell_into_an_outage_ring_once_each_with_their_true_date_and_are_marked_late() -> None:
    goal, back = draft(), at(day(10, 22), 11)
    rang = []
    while (alarm := awaited(goal)).at <= back:
        (event,) = ring(goal, alarm, back)
        rang.append(event.body)
        assert event.at == back
        goal = evolve(goal, event)
        assert ring(goal, alarm, back) == ()  # no second time

    assert [body.kind for body in rang] == ["reminded", "reminded", "escalated"]
    assert [body.late for body in rang if isinstance(body, events.Reminded | events.Escalated)] == [True, True, True]
    due = [body.due for body in rang if isinstance(body, events.Reminded | events.Escalated)]
    assert due == [at(on, 9) + spread(goal) for on in (day(10, 13), day(10, 19), day(10, 21))]
    assert awaited(goal).day == day(10, 23)


@pytest.mark.parametrize(
    ("held_up", "late"), [(timedelta(0), False), (timedelta(hours=1), False), (timedelta(hours=1, seconds=1), True)]
)
def test_an_alarm_is_late_when_it_was_held_up_for_more_than_an_hour(held_up: timedelta, late: bool) -> None:
    goal = draft()
    alarm = awaited(goal)
    (event,) = ring(goal, alarm, alarm.at + held_up)
    assert isinstance(event.body, events.Reminded)
    assert event.body.late is late


def test_reviews_that_fell_into_an_outage_open_once_and_the_verdict_covers_both() -> None:
    goal, back = active(), at(day(12, 1))
    while (alarm := awaited(goal)).at <= back:
        goal = evolve_all(goal, ring(goal, alarm, back))
    assert goal.state is State.IN_REVIEW
    assert goal.reviewed_through == day(10, 30)
    assert goal.task is not None
    assert goal.task.due == day(12, 8)  # counted from the day it opened


def test_an_alarm_does_not_ring_before_its_time_nor_when_the_goal_no_longer_waits_for_it() -> None:
    goal = draft()
    alarm = awaited(goal)
    assert ring(goal, alarm, alarm.at - timedelta(seconds=1)) == ()
    submitted = after(goal, commands.Submit(id=fresh_id(), actor=OWNER), at(day(10, 9)))
    assert ring(submitted, alarm, alarm.at) == ()
    assert ring(closed(), alarm, alarm.at) == ()


def test_each_ringing_has_an_id_of_its_own_and_the_same_ringing_the_same() -> None:
    goal, ids = draft(), []
    while not goal.is_closed:
        alarm = awaited(goal)
        first, again = (ring(goal, alarm, now) for now in (alarm.at, alarm.at + timedelta(days=1)))
        assert first[0].command == again[0].command
        ids.append(first[0].command)
        goal = evolve_all(goal, first)
    assert len(set(ids)) == len(ids)


def test_a_goal_that_is_approved_on_a_review_day_before_the_review_opens_has_its_review_that_day() -> None:
    goal = pending(on=day(10, 29))
    early = after(goal, approve(goal), at(day(10, 30), 8))
    assert (awaited(early).kind, awaited(early).day) == (AlarmKind.REVIEW, day(10, 30))
    later = after(goal, approve(goal), at(day(10, 30), 10))
    assert awaited(_without_steps(later)).day == POLICY.reviews[1]


def _without_steps(goal: Goal) -> Goal:
    for step in range(len(goal.content.steps)):
        goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=step), at(day(10, 30), 11))
    return goal
