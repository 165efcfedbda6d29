"""People at different sites: deadlines in the assignee's business days, which end when the assignee's office closes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.goal import commands, events
from domain.goal.alarms import AlarmKind, spread
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from domain.refusals import Code
from domain.writing.content import Step
from tests.domain.builders import (
    BERLIN,
    DEPUTY,
    MANAGER,
    OWNER,
    TOKYO,
    active,
    after,
    approve,
    at,
    awaited,
    awaiting_verdict,
    content,
    day,
    delegate,
    draft,
    extend,
    fresh_id,
    in_review,
    pause,
    pending,
    policy,
    reassign,
    refusal,
    resume,
    rung,
    task_of,
)

ABROAD = policy(sites={"berlin": BERLIN})
MANAGER_ABROAD: dict[str, Any] = {"sites": {MANAGER: "berlin"}}
OWNER_ABROAD: dict[str, Any] = {"sites": {OWNER: "berlin"}}


def utc(on: date, hour: int) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=UTC)


def spring(**changes: Any) -> Policy:
    """A cycle of April to June 2027, with Golden Week: 昭和の日, then 憲法記念日, みどりの日, こどもの日."""
    golden = (day(4, 29, 2027), day(5, 3, 2027), day(5, 4, 2027), day(5, 5, 2027))
    dates = {"starts": day(3, 1, 2027), "ends": day(6, 25, 2027), "closes": day(6, 28, 2027), "reviews": ()}
    return policy(calendar=BusinessCalendar(days_off=golden), **dates, **changes)


def submitted_in_spring(on: date, **first: Any) -> Goal:
    steps = (Step(title="洗い出す", due=day(6, 1, 2027)), Step(title="締める", due=day(6, 22, 2027)))
    return pending(spring(sites={"berlin": BERLIN}), on, content=content(steps=steps), **first)


def test_an_approval_before_the_new_year_is_due_in_tokyo_on_the_fifth_business_day_at_six_in_the_evening() -> None:
    goal = pending(policy(closes=day(3, 26, 2027)), day(12, 24))
    assert task_of(goal).due == day(1, 6, 2027)  # 25, 28 December; 4, 5, 6 January
    assert goal.due_at == at(day(1, 6, 2027), 18)


def test_the_same_approval_is_due_in_berlin_between_the_years_at_five_in_the_afternoon_there() -> None:
    goal = pending(ABROAD, day(12, 21), **MANAGER_ABROAD)
    assert (task_of(goal).site, task_of(goal).due) == ("berlin", day(12, 30))  # the 24th and 25th are off, not the 29th
    assert goal.due_at == utc(day(12, 30), 16)
    assert task_of(pending(ABROAD, day(12, 21))).due == day(12, 28)


def test_an_approval_before_golden_week_waits_for_it_in_tokyo_and_not_in_berlin() -> None:
    asked = day(4, 27, 2027)
    assert task_of(submitted_in_spring(asked)).due == day(5, 10, 2027)  # 28, 30 April; 6, 7, 10 May
    assert task_of(submitted_in_spring(asked, **MANAGER_ABROAD)).due == day(5, 4, 2027)


def test_reminders_around_golden_week_ring_on_working_days_only() -> None:
    goal = submitted_in_spring(day(4, 22, 2027))
    rang: list[date] = []
    while len(rang) < 4:
        rang.append(awaited(goal).day)
        goal = rung(goal)
    assert rang == [day(4, 28, 2027), day(5, 6, 2027), day(5, 10, 2027), day(5, 12, 2027)]  # due on 30 April


@pytest.mark.parametrize(
    ("submitted", "due", "closing", "opening_before"),
    [
        (day(10, 13), day(10, 20), 15, 7),  # summer time
        (day(10, 16), day(10, 23), 15, 7),  # the Friday before the change
        (
            day(10, 19),
            day(10, 26),
            16,
            7,
        ),  # the reminder on Friday in summer time, the deadline on Monday in winter time
        (day(10, 20), day(10, 27), 16, 8),
    ],
)
def test_the_office_in_berlin_closes_and_opens_by_its_own_clock_when_summer_time_ends(
    submitted: date, due: date, closing: int, opening_before: int
) -> None:
    goal = pending(ABROAD, submitted, **MANAGER_ABROAD)
    assert (task_of(goal).due, goal.due_at) == (due, utc(due, closing))
    reminder = awaited(goal)
    assert reminder.at - spread(goal) == utc(reminder.day, opening_before)


def test_the_office_in_berlin_opens_an_hour_earlier_by_the_worlds_clock_when_summer_time_begins() -> None:
    goal = submitted_in_spring(day(3, 22, 2027), **MANAGER_ABROAD)
    assert goal.due_at == utc(day(3, 29, 2027), 15)  # the clock changed on the 28th
    before, following = awaited(goal), awaited(rung(goal))
    assert before.at - spread(goal) == utc(day(3, 26, 2027), 8)
    assert following.at - spread(goal) == utc(day(3, 30, 2027), 7)


def test_an_owner_abroad_writes_by_their_own_calendar_and_the_manager_at_home_signs_by_theirs() -> None:
    goal = draft(ABROAD, now=at(day(12, 14)), **OWNER_ABROAD)
    assert (task_of(goal).due, task_of(goal).site) == (day(12, 30), "berlin")  # the 24th and 25th are off there
    submitted = pending(ABROAD, day(12, 21), **OWNER_ABROAD)
    assert (task_of(submitted).due, task_of(submitted).site) == (day(12, 28), None)
    assert submitted.due_at == at(day(12, 28), 18)


def test_a_review_opens_by_the_owners_clock_and_its_verdict_is_due_by_the_reviewers() -> None:
    goal = active(ABROAD, **OWNER_ABROAD)
    while (alarm := awaited(goal)).kind is not AlarmKind.REVIEW:
        goal = rung(goal)
    assert alarm.at - spread(goal) == utc(day(10, 30), 8)

    verdict = awaiting_verdict(ABROAD, on=day(12, 21), **MANAGER_ABROAD)
    assert (task_of(verdict).due, task_of(verdict).site) == (day(12, 30), "berlin")
    assert task_of(in_review(ABROAD, **MANAGER_ABROAD)).site is None  # the self-review is the owner's


def test_the_end_of_the_cycle_comes_by_the_owners_calendar() -> None:
    at_home = active(policy(sites={"berlin": BERLIN}, closes=day(12, 31), reviews=()))
    abroad = active(policy(sites={"berlin": BERLIN}, closes=day(12, 31), reviews=()), **OWNER_ABROAD)
    ends = []
    for goal in (at_home, abroad):
        here = goal
        while (alarm := awaited(here)).kind is not AlarmKind.END:
            here = rung(here)
        ends.append(alarm.at - spread(goal))
    assert ends == [at(day(1, 4, 2027), 9), utc(day(1, 4, 2027), 8)]


def test_a_task_is_opened_on_the_day_that_it_is_where_the_assignee_sits() -> None:
    goal = draft(ABROAD, **MANAGER_ABROAD)
    submit = decide(goal, commands.Submit(id=fresh_id(), actor=OWNER), at(day(10, 6), 6))  # 23:00 on the 5th in Berlin
    task = task_of(evolve_all(goal, submit))
    assert (task.opened, task.due) == (day(10, 5), day(10, 12))


def test_a_delegation_holds_on_the_days_of_the_goals_owner() -> None:
    for first, held in ((OWNER_ABROAD, True), (MANAGER_ABROAD, False)):
        goal = after(pending(ABROAD, **first), delegate(MANAGER, DEPUTY, last=day(10, 6)), at(day(10, 5)))
        night = at(day(10, 7), 3)  # still the 6th in Berlin
        signed = approve(goal, DEPUTY, acting_for=MANAGER)
        if held:
            assert decide(goal, signed, night)
        else:
            refusal(goal, signed, night, Code.NOT_DELEGATED)


def test_a_pause_moves_a_date_by_the_business_days_of_whoever_has_the_task() -> None:
    lasted = []
    for first in ({}, MANAGER_ABROAD):
        goal = after(pending(ABROAD, day(12, 21), **first), pause(), at(day(12, 23)))
        (event,) = decide(goal, resume(), at(day(12, 29)))
        assert isinstance(event.body, events.Resumed)
        lasted.append((event.body.business_days, task_of(evolve_all(goal, (event,))).due))
    assert lasted == [(3, day(1, 6, 2027)), (2, day(1, 4, 2027))]  # Tokyo: 24, 25, 28; Berlin: 28, 29


def test_a_pause_is_counted_where_the_owner_sits_when_nobody_has_a_task() -> None:
    goal = active(ABROAD, **OWNER_ABROAD)
    for step in range(len(goal.content.steps)):
        goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=step), at(day(10, 7)))
    assert goal.task is None
    goal = after(goal, pause(), at(day(12, 23)))
    (event,) = decide(goal, resume(), at(day(12, 29)))
    assert isinstance(event.body, events.Resumed)
    assert event.body.business_days == 2


def test_a_date_that_is_extended_to_a_day_off_of_the_assignees_site_moves_to_its_next_working_day() -> None:
    goal = after(pending(ABROAD, day(12, 14), **MANAGER_ABROAD), extend(day(12, 24)), at(day(12, 15)))
    assert task_of(goal).due == day(12, 28)
    assert task_of(after(pending(ABROAD, day(12, 14)), extend(day(12, 24)), at(day(12, 15)))).due == day(12, 24)


def test_a_rung_that_is_past_at_the_site_is_left_out_though_it_would_be_to_come_at_home() -> None:
    extended = extend(day(12, 28))
    abroad = after(pending(ABROAD, day(12, 14), **MANAGER_ABROAD), extended, at(day(12, 23)))
    assert (task_of(abroad).rung, awaited(abroad).day) == (1, day(12, 29))  # the business day before is the 23rd itself
    at_home = after(pending(ABROAD, day(12, 14)), extended, at(day(12, 23)))
    assert (task_of(at_home).rung, awaited(at_home).day) == (0, day(12, 25))


def test_a_task_that_is_given_to_somebody_at_another_site_is_counted_there_from_now_on() -> None:
    goal = after(pending(ABROAD, day(12, 14), sites={DEPUTY: "berlin"}), reassign(DEPUTY), at(day(12, 21)))
    assert (task_of(goal).site, task_of(goal).due) == ("berlin", day(12, 30))


def test_a_site_that_the_policy_does_not_know_counts_as_the_cycles_own_calendar() -> None:
    goal = pending(policy(), day(12, 21), sites={MANAGER: "atlantis"})
    assert (task_of(goal).due, goal.due_at) == (day(12, 28), at(day(12, 28), 18))
    assert ABROAD.calendar_at(None) == ABROAD.calendar_at("atlantis") == TOKYO
    assert ABROAD.calendar_at("berlin") == BERLIN
