"""Before a launch: whose last day lies before the end of the cycle, and what its rules say about their goals."""

from collections.abc import Callable
from datetime import date

import pytest

from domain.cycle.leavers import last_day_for_goals, leaver_findings, stays_open
from domain.goal.goal import Goal
from domain.people.organisation import Employee
from domain.policy.policy import Leavers
from domain.values import EmployeeId
from tests.domain.builders import active, closed, draft, in_review, pending, policy
from texts.say import say_both

A = EmployeeId("a")
CLOSES, EARLY = date(2027, 3, 26), date(2027, 3, 25)


def one(employee: EmployeeId, leaves: date | None) -> Employee:
    return Employee(id=employee, name=employee, department="経理部", leaves=leaves)


@pytest.mark.parametrize(
    ("leavers", "says"),
    [(Leavers.SETTLE, "評価が確定"), (Leavers.VERDICT, "判定を依頼"), (Leavers.KEEP, "評価者に残り")],
)
def test_a_launch_says_who_leaves_before_its_end_and_what_happens_to_their_goals(leavers: Leavers, says: str) -> None:
    people = [one(A, EARLY), one(EmployeeId("b"), CLOSES), one(EmployeeId("c"), None)]
    [finding] = leaver_findings(people, CLOSES, leavers)
    assert (finding.level, finding.concerned) == ("advise", (A,))
    assert says in say_both(finding.message).ja
    assert list(leaver_findings(people[1:], CLOSES, leavers)) == []


def test_goals_know_a_last_day_only_where_a_verdict_is_asked_for() -> None:
    assert [last_day_for_goals(one(A, EARLY), leavers) for leavers in Leavers] == [None, EARLY, None]


@pytest.mark.parametrize(
    ("goal", "stays"), [(draft, False), (pending, False), (active, True), (in_review, True), (closed, False)]
)
def test_a_goal_that_is_worked_on_stays_open_where_the_rules_say_so(goal: Callable[..., Goal], stays: bool) -> None:
    assert [stays_open(goal(policy(leavers=leavers))) for leavers in Leavers] == [False, stays, stays]
