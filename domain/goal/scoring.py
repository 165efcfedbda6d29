"""Additive scoring: points are added, never deducted (加点方式).

    score = banked + Σ points of completed steps + attained × points of the measure + bonus

`banked` are the points of earlier revisions. `attained` is the share of the measure that a review, or the end of the
cycle, confirmed; it only grows, so a value that is mistyped between reviews neither gives nor takes a point.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from domain.goal.goal import Goal
from domain.writing.content import NumericMeasure, QualitativeMeasure

_CENT = Decimal("0.01")
_SHARE = Decimal("0.0001")


def attainment(goal: Goal) -> Decimal:
    """How much of the measure is reached now, from 0 to the policy's cap.

    Numeric: `(current − baseline) / (target − baseline)`, which holds for targets below the baseline as well.
    Qualitative: criteria met / criteria.
    """
    match goal.content.measure:
        case NumericMeasure(baseline=baseline, target=target):
            if goal.value is None or baseline is None or baseline == target:
                return Decimal(0)
            share = (goal.value - baseline) / (target - baseline)
        case QualitativeMeasure(criteria=criteria) if criteria:
            share = Decimal(len(goal.met)) / len(criteria)
        case _:
            return Decimal(0)
    return min(max(share, Decimal(0)), goal.policy.attainment_cap).quantize(_SHARE, ROUND_HALF_UP)


def confirmed(goal: Goal) -> Decimal:
    """What a review or the end confirms: today's attainment, unless an earlier review confirmed more."""
    return max(goal.attained, attainment(goal))


def progress(goal: Goal) -> Decimal:
    """How far a goal is by its own measure, for lists and the tree; of a closed goal, what was confirmed."""
    return confirmed(goal) if goal.is_closed else attainment(goal)


def revision_score(goal: Goal, attained: Decimal | None = None, bonus: int | None = None) -> Decimal:
    """Points of the current revision; `attained` and `bonus` as they would be, where given."""
    measure = goal.content.measure
    share = goal.attained if attained is None else attained
    steps = sum(goal.content.steps[n].points for n in goal.done)
    points = share * (measure.points if measure else 0) + steps + (goal.bonus if bonus is None else bonus)
    return points.quantize(_CENT, ROUND_HALF_UP)


def score(goal: Goal) -> Decimal:
    """Points of the goal so far; never falls over its life."""
    return goal.banked + revision_score(goal)


class Terms(NamedTuple):
    """What a score is the sum of."""

    banked: Decimal
    steps: Decimal
    measure: Decimal
    bonus: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self, Decimal(0))


def terms(goal: Goal) -> Terms:
    """The score term by term; `terms(goal).total == score(goal)`."""
    steps = Decimal(sum(goal.content.steps[n].points for n in goal.done))
    measure = revision_score(goal) - steps - goal.bonus
    return Terms(goal.banked, steps, measure, Decimal(goal.bonus))


def calibrated(goal: Goal) -> Decimal:
    """The score with HR's adjustments (甘辛調整) beside it; never below nothing."""
    return max(score(goal) + goal.adjusted, Decimal(0))
