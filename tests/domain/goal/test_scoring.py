"""Additive scoring: all ways to gain points, and that none are ever lost."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.scoring import attainment, confirmed, confirmed_value, revision_score, score, terms, unreviewed
from domain.lifecycle import State
from domain.writing.content import Content, NumericMeasure
from tests.domain.builders import (
    HR,
    OWNER,
    PICTURE,
    active,
    after,
    at,
    content,
    day,
    draft,
    fresh_id,
    policy,
    rung,
    self_review,
    verdict,
)

NUMBERS = st.decimals(-1_000_000, 1_000_000, places=3)


def _measured(value: Any, baseline: Any = "10", target: Any = "6", direction: str = "down") -> Goal:
    """A goal whose numeric measure has the current value `value`."""
    measure = {"kind": "numeric", "name": "所要日数", "baseline": baseline, "target": target, "direction": direction}
    goal = draft(content=content(measure=measure))
    return goal.model_copy(update={"value": None if value is None else Decimal(value)})


@pytest.mark.parametrize(
    ("value", "share"),
    [(None, 0), ("10", 0), ("9", "0.25"), ("8", "0.5"), ("6", 1), ("5", "1.25"), ("4", "1.5"), ("0", "1.5"), ("12", 0)],
)
def test_less_is_better_counts_downwards_from_nothing_to_the_cap(value: str | None, share: Any) -> None:
    assert attainment(_measured(value)) == Decimal(share)


@pytest.mark.parametrize(
    ("value", "share"),
    [("-5", 0), ("0", 0), ("50", "0.5"), ("100", 1), ("120", "1.2"), ("1000", "1.5"), ("33.333", "0.33333")],
)
def test_more_is_better_counts_upwards_from_nothing_to_the_cap(value: str, share: Any) -> None:
    assert attainment(_measured(value, 0, 100, "up")) == Decimal(share)


@pytest.mark.parametrize(("cap", "share"), [("1", 1), ("1.5", "1.5"), ("2", 2)])
def test_the_cap_is_the_policys(cap: str, share: Any) -> None:
    goal = _measured("0").model_copy(update={"policy": policy(attainment_cap=cap)})
    assert attainment(goal) == Decimal(share)


@pytest.mark.parametrize(("met", "share"), [((), 0), ((2,), "0.25"), ((0, 1, 3), "0.75"), ((0, 1, 2, 3), 1)])
def test_a_picture_of_success_counts_the_criteria_that_are_met(met: tuple[int, ...], share: Any) -> None:
    goal = active(content=content(measure=PICTURE))
    goal = after(goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, met=met), at(day(10, 20)))
    assert attainment(goal) == Decimal(share)


@pytest.mark.parametrize("unfinished", [Content(), Content(measure=NumericMeasure(name="売上", target=Decimal(5)))])
def test_a_draft_without_a_measure_or_a_baseline_has_no_points(unfinished: Content) -> None:
    goal = draft(content=unfinished).model_copy(update={"value": Decimal(5)})
    assert attainment(goal) == score(goal) == 0


def _report(goal: Goal, value: str) -> Goal:
    return after(goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, value=value), at(day(11, 2)))


def _reviewed(goal: Goal, said: str, **fields: Any) -> Goal:
    goal = after(goal, commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), at(day(11, 2)))
    goal = after(goal, self_review(), at(day(11, 2)))
    return after(goal, verdict(goal, said, **fields), at(day(11, 2)))


def test_reported_progress_counts_when_a_review_confirms_it() -> None:
    goal = _report(active(), "8")
    assert score(goal) == 0
    assert score(_reviewed(goal, "continue")) == 30


def test_what_a_review_confirmed_stays_when_the_number_falls_back() -> None:
    goal = _reviewed(_report(active(), "7"), "continue")
    assert score(goal) == 45
    goal = _reviewed(_report(goal, "12"), "continue")
    assert attainment(goal) == 0
    assert confirmed(goal) == Decimal("0.75")
    assert score(goal) == 45
    assert score(_reviewed(_report(goal, "6"), "continue")) == 60


def test_a_value_that_was_mistyped_and_mended_between_reviews_gives_nothing() -> None:
    goal = _report(_report(active(), "1"), "9")
    assert score(_reviewed(goal, "continue")) == 15


def test_steps_count_when_they_are_done_and_bonus_points_when_they_are_given() -> None:
    goal = after(active(), commands.CompleteStep(id=fresh_id(), actor=OWNER, step=1), at(day(10, 20)))
    assert score(goal) == 20
    goal = _reviewed(goal, "continue", bonus=7)
    goal = _reviewed(goal, "continue", bonus=6)
    assert score(goal) == 33


def test_points_of_earlier_revisions_stay_banked_and_the_next_ones_come_on_top() -> None:
    goal = after(active(), commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 20)))
    goal = _reviewed(_report(goal, "7"), "unrealistic", bonus=5)
    assert goal.banked == score(goal) == 70
    assert revision_score(goal) == 0

    easier = content(measure={"kind": "numeric", "name": "所要日数", "baseline": 7, "target": 5, "direction": "down"})
    goal = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=easier), at(day(11, 4)))
    goal = after(goal, _approve(goal), at(day(11, 5)))
    goal = _reviewed(_report(goal, "6"), "achieved")
    assert goal.is_closed
    assert score(goal) == 100


def _approve(goal: Goal) -> commands.Approve:
    assert goal.task is not None
    return commands.Approve(id=fresh_id(), actor=goal.task.assignees[0], expected_seq=goal.seq)


def test_what_no_verdict_confirmed_is_not_in_the_score_of_a_closing_and_is_shown_beside_it() -> None:
    goal = after(_report(active(), "8"), commands.Close(id=fresh_id(), actor=HR, reason="退職"), at(day(11, 4)))
    assert [score(goal), unreviewed(goal)] == [0, 30]
    reopened = after(goal, commands.Reopen(id=fresh_id(), actor=HR, reason="復職"), at(day(11, 5)))
    assert [score(reopened), unreviewed(reopened)] == [0, 0]  # a review can confirm it now


def test_hr_that_closes_a_goal_as_achieved_confirms_what_was_reached() -> None:
    closing = commands.Close(id=fresh_id(), actor=HR, reason="本人の代わりに判定", achieved=True)
    goal = after(_report(active(), "8"), closing, at(day(11, 4)))
    assert [score(goal), unreviewed(goal)] == [30, 0]


def test_the_end_of_the_cycle_confirms_nothing_that_no_review_has_confirmed() -> None:
    goal = _report(active(), "8")
    while not goal.is_closed:
        goal = rung(goal)
    assert [score(goal), unreviewed(goal)] == [0, 30]


def test_what_a_review_confirmed_stays_when_the_goal_is_closed_without_another_one() -> None:
    goal = _report(_reviewed(_report(active(), "9"), "continue"), "4")
    closed = after(goal, commands.Close(id=fresh_id(), actor=HR, reason="退職"), at(day(11, 9)))
    assert [score(closed), unreviewed(closed)] == [15, 75]


@pytest.mark.parametrize(("target", "attained", "value"), [("6", "0.5", "8"), ("7", "0.333333333333", "9")])
def test_a_confirmed_value_is_exact_and_has_one_spelling_since_it_becomes_the_baseline_in_the_ledger(
    target: str, attained: str, value: str
) -> None:
    goal = _measured(None, target=target).model_copy(update={"attained": Decimal(attained)})
    assert str(confirmed_value(goal)) == value


@pytest.mark.parametrize(
    "measure",
    [None, PICTURE, NumericMeasure(name="売上", target=Decimal(5))],
    ids=["none", "qualitative", "no baseline"],
)
def test_a_goal_without_a_number_to_start_from_has_no_confirmed_value(measure: Any) -> None:
    assert confirmed_value(draft(content=Content(measure=measure))) is None


def test_points_are_rounded_to_two_places_half_up() -> None:
    goal = draft(content=content(measure={"kind": "numeric", "name": "n", "baseline": 0, "target": 3, "points": 10}))
    third = goal.model_copy(update={"value": Decimal(1)})
    assert attainment(third) == Decimal("0.333333333333")
    assert revision_score(third, attainment(third)) == Decimal("3.33")
    assert revision_score(goal, Decimal("0.0005")) == Decimal("0.01")


@given(baseline=NUMBERS, target=NUMBERS, one=NUMBERS, other=NUMBERS)
def test_who_is_nearer_to_the_target_never_has_the_smaller_share(
    baseline: Decimal, target: Decimal, one: Decimal, other: Decimal
) -> None:
    worse, better = sorted((one, other), reverse=target < baseline)
    shares = [attainment(_measured(value, baseline, target)) for value in (worse, better)]
    assert 0 <= shares[0] <= shares[1] <= Decimal("1.5")


@given(baseline=NUMBERS, target=NUMBERS)
def test_the_baseline_is_nothing_and_the_target_all_of_it(baseline: Decimal, target: Decimal) -> None:
    assert attainment(_measured(baseline, baseline, target)) == 0
    assert attainment(_measured(target, baseline, target)) == (0 if target == baseline else 1)


@given(
    reports=st.lists(
        st.tuples(st.integers(0, 14), st.sampled_from(["nothing", "review", "reset", "step"]), st.integers(0, 4)),
        max_size=8,
    )
)
def test_the_score_never_falls_whatever_is_reported_reviewed_or_reset(reports: list[tuple[int, str, int]]) -> None:
    goal, before = active(), Decimal(0)
    for value, what, bonus in reports:
        if goal.state is State.DRAFT:
            goal = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=content()), at(day(11, 2)))
            goal = after(goal, _approve(goal), at(day(11, 2)))
        goal = _report(goal, str(value))
        if what == "step" and goal.next_step is not None:
            goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=goal.next_step), at(day(11, 2)))
        elif what == "review" and goal.bonus + bonus <= 20:
            goal = _reviewed(goal, "continue", bonus=bonus)
        elif what == "reset":
            goal = _reviewed(goal, "unrealistic")
        assert score(goal) >= before
        before = score(goal)


@given(
    steps=st.sets(st.integers(0, 1)),
    attained=st.decimals(0, "1.5", places=4),
    bonus=st.integers(0, 20),
    banked=st.decimals(0, 500, places=2),
)
def test_the_terms_add_up_to_the_score_and_none_is_less_than_nothing(
    steps: set[int], attained: Decimal, bonus: int, banked: Decimal
) -> None:
    changes = {"done": tuple(sorted(steps)), "attained": attained, "bonus": bonus, "banked": banked}
    goal = active().model_copy(update=changes)
    assert terms(goal).total == score(goal)
    assert all(term >= 0 for term in terms(goal))


@given(baseline=NUMBERS, target=NUMBERS, value=NUMBERS)
def test_less_is_better_mirrors_more_is_better(baseline: Decimal, target: Decimal, value: Decimal) -> None:
    up, down = (_measured(sign * value, sign * baseline, sign * target) for sign in (1, -1))
    assert attainment(up) == attainment(down)


@given(met=st.sets(st.integers(0, 9)), of=st.integers(1, 10))
def test_a_picture_is_the_share_of_its_criteria(met: set[int], of: int) -> None:
    criteria = tuple(f"基準 {n}" for n in range(of))
    picture = PICTURE.model_copy(update={"criteria": criteria})
    seen = tuple(sorted(n for n in met if n < of))
    goal = active(content=content(measure=picture)).model_copy(update={"met": seen})
    assert attainment(goal) == (Decimal(len(seen)) / of).quantize(Decimal("1e-12"), "ROUND_HALF_UP")


@pytest.mark.parametrize(
    ("points", "value", "target", "expected"),
    [
        (80, 1, 6, "13.33"),
        (150, 2, 3, "100"),
        (100, 1, 3, "33.33"),
        (3, 1, 600, "0.01"),
        (6, 1, 1200, "0.01"),  # the share in 12 digits is less than 1/1200, and half a cent is rounded up all the same
        (1000, 1, 7, "142.86"),
        (30, 1, 6, "5"),
    ],
)
def test_points_are_multiplied_first_and_rounded_once(points: int, value: int, target: int, expected: str) -> None:
    goal = _measured(value, 0, target, "up")
    measure = goal.content.measure
    assert measure
    worth = goal.content.model_copy(update={"measure": measure.model_copy(update={"points": points}), "steps": ()})
    goal = goal.model_copy(update={"content": worth})
    assert revision_score(goal, confirmed(goal)) == Decimal(expected)
