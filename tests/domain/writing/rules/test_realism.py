"""Rules on realism: stretch upwards and downwards, shares between 0 and 100 %, steps within the cycle, points."""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.findings import Finding, Level
from domain.values import Locale
from domain.writing.content import Content, NumericMeasure, Step
from domain.writing.rules.realism import has_points, percent_is_possible, steps_leave_time, stretch_is_reachable
from tests.domain.builders import content, policy
from texts.say import say, say_both

POLICY = policy(edition=2)


def numbers(baseline: object, target: object, direction: str = "up", unit: str = "件", name: str = "件数") -> Content:
    measure = {"name": name, "unit": unit, "direction": direction, "baseline": str(baseline), "target": str(target)}
    return content(measure=NumericMeasure.model_validate(measure))


def only(found: Iterator[Finding]) -> Finding:
    (finding,) = found
    assert say_both(finding.message).ja
    assert say_both(finding.message).en
    return finding


@pytest.mark.parametrize(
    ("baseline", "target", "direction", "unit", "farthest"),
    [
        (20, 61, "up", "件", "60"),
        ("2.5", "8", "up", "回", "7.5"),
        (30, 9, "down", "日", "10"),
        (10, 3, "down", "日", "4"),  # a third is 3.33…: rounded towards what can be reached
        (40, 81, "up", "%", "80"),  # 60 are missing; a third of them is 20
        (40, 81, "up", "％", "80"),
        (95, 99, "up", "percent", "98"),
        (18, 5, "down", "%", "6"),
    ],
)
def test_too_far_a_stretch_is_refused_with_the_farthest_value_that_is_not(
    baseline: object, target: object, direction: str, unit: str, farthest: str
) -> None:
    finding = only(stretch_is_reachable(numbers(baseline, target, direction, unit), POLICY))
    assert (finding.level, finding.code, finding.where) == (Level.REFUSE, "stretch_too_far", "measure.target")
    for locale in Locale:
        assert farthest in say(finding.message, locale)
        assert finding.suggestion
        assert farthest in say(finding.suggestion, locale)
    assert not list(stretch_is_reachable(numbers(baseline, farthest, direction, unit), POLICY))


@pytest.mark.parametrize(
    "goal",
    [
        numbers(0, 50), numbers(-3, 50), numbers(100, 130, unit="%", name="前年比"), numbers(0, 0, "down"),
        content(measure=None),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_compare_with_nothing_is_found(goal: Content) -> None:
    assert not list(stretch_is_reachable(goal, POLICY))


@given(
    st.decimals("0.01", "10000", places=2), st.decimals("0.01", "10000", places=2), st.sampled_from(["up", "down"]),
    st.integers(10, 500),
)  # fmt: skip
def test_a_target_is_refused_exactly_where_it_is_behind_the_value_that_the_refusal_names(
    baseline: Decimal, target: Decimal, direction: str, most: int
) -> None:
    found = list(stretch_is_reachable(numbers(baseline, target, direction), policy(edition=2, max_stretch=most)))
    exact = 1 + Decimal(most) / 100
    farthest = baseline * exact if direction == "up" else baseline / exact
    digits = min(int(one.normalize().as_tuple().exponent) for one in (baseline, target, Decimal(1)))
    rounding = ROUND_FLOOR if direction == "up" else ROUND_CEILING
    named = farthest.quantize(Decimal(1).scaleb(digits), rounding)
    assert bool(found) is (target > named if direction == "up" else target < named)
    for finding in found:
        assert f"{named:f}" in say_both(finding.message).en


@pytest.mark.parametrize(("target", "name"), [(101, "有給取得率"), (-1, "離職率"), (120, "attendance rate")])
def test_a_share_beyond_all_or_below_nothing_is_refused(target: int, name: str) -> None:
    finding = only(percent_is_possible(numbers(60, target, unit="%", name=name), POLICY))
    assert (finding.level, finding.code) == (Level.REFUSE, "percent_impossible")


@pytest.mark.parametrize(
    ("target", "unit", "name"),
    [
        (100, "%", "取得率"),
        (120, "%", "売上の伸び率"),
        (110, "%", "計画達成率"),
        (130, "%", "growth rate"),
        (500, "件", "処理率の件数"),
    ],
)
def test_all_of_it_growth_and_achievement_are_possible(target: int, unit: str, name: str) -> None:
    assert not list(percent_is_possible(numbers(60, target, unit=unit, name=name), POLICY))


def test_steps_that_all_come_at_the_end_are_pointed_out() -> None:
    late = tuple(Step(title="まとめる", due=date(2026, 12, day)) for day in (10, 20))
    finding = only(steps_leave_time(content(steps=late), POLICY))
    assert (finding.level, finding.code) == (Level.ADVISE, "steps_bunched")
    early = (Step(title="始める", due=date(2026, 10, 20)), *late)
    assert not list(steps_leave_time(content(steps=early), POLICY))
    assert not list(steps_leave_time(content(steps=()), POLICY))
    last_quarter = POLICY.ends - (POLICY.ends - POLICY.starts) / 4
    assert list(steps_leave_time(content(steps=(Step(title="まとめる", due=last_quarter),)), POLICY))


def test_a_goal_that_can_earn_nothing_is_pointed_out() -> None:
    none: dict[str, Any] = {"points": 0}
    steps = tuple(step.model_copy(update=none) for step in content().steps)
    measure = numbers(10, 20).measure
    assert measure
    worthless = content(measure=measure.model_copy(update=none), steps=steps)
    assert only(has_points(worthless, POLICY)).code == "no_points"
    assert not list(has_points(content(measure=measure, steps=steps), POLICY))
    assert not list(has_points(content(measure=None, steps=steps), POLICY))  # that has no measure at all: another rule
