"""Calibration: adjustments do not change the score, and a person's result is the sum over goals and revisions."""

from decimal import Decimal

import pytest

from domain.goal import commands
from domain.goal.scoring import calibrated, score, terms
from domain.refusals import Code
from domain.results.calibration import BUCKETS, by_department, by_reviewer, overall, results_of
from domain.values import EmployeeId
from tests.domain.builders import HR, HR_TOO, MANAGER, OWNER, active, after, at, closed, day, fresh_id, policy, refusal

NOW = at(day(11, 4), 15)


def adjust(points: str, actor: EmployeeId = HR) -> commands.Adjust:
    return commands.Adjust(id=fresh_id(), actor=actor, points=Decimal(points), reason="部署間の甘辛")


def test_adjustments_add_up_beside_a_score_that_stays() -> None:
    before = closed()
    goal = after(after(before, adjust("5"), NOW), adjust("2.5", HR_TOO), NOW)
    assert score(goal) == score(before)
    assert (goal.adjusted, calibrated(goal)) == (Decimal("7.5"), score(before) + Decimal("7.5"))
    assert goal.is_closed
    assert terms(goal).total == score(goal)


def test_nothing_may_say_that_it_was_looked_at() -> None:
    goal = after(closed(), adjust("0"), NOW)
    assert calibrated(goal) == score(goal)
    assert goal.seq == closed().seq + 1


def test_a_score_is_lowered_only_where_the_policy_allows_it_and_never_below_nothing() -> None:
    said = refusal(closed(), adjust("-1"), NOW, Code.ADJUSTMENT_DOWN)
    assert said.fields == {"points": "-1"}
    strict = closed().model_copy(update={"policy": policy(adjust_down=True)})
    assert calibrated(after(strict, adjust("-1000"), NOW)) == 0


def test_a_goal_that_is_still_worked_on_is_not_calibrated() -> None:
    refusal(active(), adjust("5"), NOW, Code.WRONG_STATE)


def test_nobody_of_hr_calibrates_a_goal_of_their_own() -> None:
    own = closed().model_copy(update={"policy": policy(hr=(OWNER, HR))})
    refusal(own, adjust("5", OWNER), NOW, Code.SELF_APPROVAL)


@pytest.mark.parametrize("points", ["1001", "-1001"])
def test_more_than_a_thousand_points_are_no_calibration(points: str) -> None:
    with pytest.raises(ValueError, match="points"):
        adjust(points)


def test_a_result_is_the_sum_over_a_persons_goals_and_banked_revisions() -> None:
    one, other = closed(), active().model_copy(update={"banked": Decimal("12.5"), "done": (0,)})
    (result,) = results_of([one, other])
    assert result.person == OWNER
    assert result.goals == 2
    assert result.score == score(one) + score(other)
    assert result.final == result.score
    assert result.reviewer == MANAGER


def test_spreads_are_of_the_scores_as_they_were_calibrated() -> None:
    (result,) = results_of([after(closed(), adjust("7"), NOW)])
    (spread,) = by_department([result])
    assert spread.highest == result.score + 7


def test_spreads_count_people_by_reviewer_and_department() -> None:
    goals = [
        closed().model_copy(update={"owner": EmployeeId(name), "banked": Decimal(points), "department": where})
        for name, points, where in (("a", 0, "経理"), ("b", 39, "経理"), ("c", 500, "総務"))
    ]
    results = results_of(goals)
    accounting, general = by_department(results)
    least = results[0].final
    assert (accounting.name, accounting.people, accounting.lowest, accounting.highest) == (
        "経理", 2, least, least + 39,
    )  # fmt: skip
    assert accounting.median == accounting.mean == least + Decimal("19.5")
    assert general.counts == (*[0] * (BUCKETS - 1), 1)
    (manager,) = by_reviewer(results)
    assert (manager.name, manager.people) == (MANAGER, 3)
    everybody = overall(results)
    assert everybody
    assert sum(everybody.counts) == 3
    assert overall(()) is None
