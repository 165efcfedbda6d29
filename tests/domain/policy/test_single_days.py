"""Working Saturdays and short days, as a goal's deadlines and alarms count them."""

from datetime import time
from typing import Any

from domain.goal import commands
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from tests.domain.builders import (
    BERLIN,
    HR,
    MANAGER,
    TOKYO,
    after,
    at,
    awaited,
    day,
    fresh_id,
    pending,
    policy,
    rung,
    task_of,
)

ASKED, SATURDAY, LAST = day(12, 21), day(12, 26), day(12, 28)


def calendar(base: BusinessCalendar, **days: Any) -> BusinessCalendar:
    return BusinessCalendar.model_validate(base.model_dump() | days)


def rules(**days: Any) -> Policy:
    return policy(closes=day(3, 26, 2027), calendar=calendar(TOKYO, **days))


def test_an_approval_counts_a_working_saturday_and_may_be_due_on_it() -> None:
    assert task_of(pending(rules(), ASKED)).due == LAST
    goal = pending(rules(working_days=[SATURDAY]), ASKED)
    assert (task_of(goal).due, goal.due_at) == (SATURDAY, at(SATURDAY, 18))


def test_an_approval_that_is_due_on_a_short_day_is_due_when_the_office_closes_early() -> None:
    goal = pending(rules(short_days={LAST: time(12)}), ASKED)
    assert (task_of(goal).due, goal.due_at) == (LAST, at(LAST, 12))


def test_a_short_day_of_a_site_is_the_deadline_of_who_sits_there_alone() -> None:
    berlin = calendar(BERLIN, short_days={day(12, 30): time(11)}, working_days=[])
    abroad = policy(sites={"berlin": berlin}, closes=day(3, 26, 2027))
    assert pending(abroad, ASKED, sites={MANAGER: "berlin"}).due_at == at(day(12, 30), 19)  # 11:00 in Berlin
    assert pending(abroad, ASKED).due_at == at(LAST, 18)


def test_a_reminder_rings_on_a_working_saturday() -> None:
    goal = pending(rules(working_days=[SATURDAY], short_days={SATURDAY: time(12)}), day(12, 22))
    assert task_of(goal).due == LAST
    assert awaited(goal).day == SATURDAY  # one business day before
    assert awaited(rung(goal)).day == day(1, 4, 2027)


def test_a_running_goal_gets_a_short_day_by_an_amendment() -> None:
    goal = pending(rules(), ASKED)
    amend = commands.AmendPolicy(id=fresh_id(), actor=HR, policy=rules(short_days={LAST: time(12)}), reason="短縮")
    goal = after(goal, amend, at(day(12, 22)))
    assert goal.due_at == at(LAST, 12)
