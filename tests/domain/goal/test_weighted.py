"""Points that count times the weight of their revision, where the policy says `weighted`."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.scoring import calibrated, revision_score, score, terms, weight_factor
from domain.policy.policy import Policy
from domain.refusals import Code
from tests.domain.any_command import WEIGHTS
from tests.domain.builders import (
    HR,
    OWNER,
    active,
    after,
    at,
    content,
    day,
    fresh_id,
    policy,
    refusal,
    self_review,
    verdict,
)

WEIGHTED = policy(weighted=True)


def worked_on(weight: Any = 60, value: str = "8", rules: Policy = WEIGHTED) -> Goal:
    """A step of 20 points, half of the measure's 60, and a bonus of 5, confirmed by a review."""
    goal = active(rules, content=content(weight=weight))
    goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 20)))
    return reviewed(goal, value)


def reviewed(goal: Goal, value: str, said: str = "continue", **fields: Any) -> Goal:
    goal = after(goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, value=value), at(day(11, 2)))
    goal = after(goal, commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), at(day(11, 2)))
    goal = after(goal, self_review(), at(day(11, 2)))
    return after(goal, verdict(goal, said, bonus=5, **fields), at(day(11, 2)))


def test_the_points_of_a_goal_count_times_its_weight_only_where_the_policy_says_so() -> None:
    assert score(worked_on(rules=policy())) == 55
    assert score(worked_on()) == 33
    assert score(worked_on(100)) == 55
    assert list(terms(worked_on())) == [0, 20, 30, 5, Decimal("0.6")]
    assert terms(worked_on(rules=policy())).factor == 1


@pytest.mark.parametrize(
    ("weight", "points"), [("33.3", "18.32"), ("33.33", "18.33"), ("0.01", "0.01"), ("10", "5.50"), ("0.3", "0.17")]
)
def test_the_product_is_rounded_half_up_to_the_cent(weight: str, points: str) -> None:
    goal = worked_on(weight)
    assert score(goal) == terms(goal).total == Decimal(points)


def test_an_adjustment_is_added_as_it_is() -> None:
    goal = after(worked_on(), commands.Close(id=fresh_id(), actor=HR, reason="終了"), at(day(11, 4)))
    goal = after(goal, commands.Adjust(id=fresh_id(), actor=HR, points=Decimal(10), reason="調整"), at(day(11, 5)))
    assert [score(goal), calibrated(goal)] == [33, 43]


@pytest.mark.parametrize("weight", [1, 30, 100])
def test_another_weight_of_the_next_revision_changes_no_point_that_was_earned(weight: int) -> None:
    goal = reviewed(worked_on(), "7", "unrealistic", new_weight=weight)
    assert goal.banked == score(goal) == Decimal(45)  # (20 + 45 + 10) at 60 %
    assert [goal.content.weight, revision_score(goal)] == [weight, 0]


def test_whether_points_are_weighted_cannot_change_for_a_goal() -> None:
    for was, new in ((policy(), WEIGHTED), (WEIGHTED, policy())):
        amend = commands.AmendPolicy(id=fresh_id(), actor=HR, policy=new, reason="変更")
        refusal(worked_on(rules=was), amend, at(day(11, 4)), Code.WEIGHTED_FIXED)


@given(first=WEIGHTS, second=WEIGHTS, value=st.integers(0, 12), later=st.integers(0, 12))
def test_points_never_fall_whatever_the_weights_of_two_revisions_are(
    first: object, second: object, value: int, later: int
) -> None:
    points = [score(goal := worked_on(first))]
    goal = reviewed(goal, str(value), "continue")
    points += [score(goal)]
    goal = reviewed(goal, str(later), "unrealistic", new_weight=second)
    points += [score(goal)]
    assert points == sorted(points)
    assert terms(goal).total == score(goal)
    assert weight_factor(goal) == Decimal(str(second)) / 100
