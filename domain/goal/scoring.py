"""Additive scoring: points are added, never deducted (加点方式).

    score = banked + Σ points of completed steps + attained × points of the measure + bonus

Where the policy says `weighted`, the points of a revision count times its weight, and a person's result is the sum over goals:

    score = banked + (Σ points of completed steps + attained × points of the measure + bonus) × weight ÷ 100

Both products are rounded half up to a cent. The weight of a revision cannot change once it has points, and a reset banks what the
revision brought at its own weight: so another weight in the next revision changes no point that was earned. Adjustments are not
multiplied.

The points of a shared goal are divided among its owner and its contributors by their shares (`divided`).

`banked` are the points of earlier revisions. `attained` is the share of the measure that a verdict confirmed. It never decreases.
A value that was reported and not reviewed does not count, whether the goal is open or was closed without a verdict; HR
may add its points by an adjustment.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from domain.goal.goal import Goal
from domain.values import EmployeeId, plain
from domain.writing.content import NumericMeasure, QualitativeMeasure

_CENT = Decimal("0.01")
_SHARE = Decimal("0.000000000001")
_EXACT = Decimal("0.000001")  # takes the error of a share away, so that half a cent is rounded up
_SHOWN = Decimal("0.0001")


def attainment(goal: Goal) -> Decimal:
    """The share of the measure that is reached now, from 0 to the policy's cap.

    Numeric: `(current − baseline) / (target − baseline)`, also for targets below the baseline.
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
    """The share that a verdict confirms: the attainment now, or an earlier confirmed share if larger."""
    return max(goal.attained, attainment(goal))


def progress(goal: Goal) -> Decimal:
    """The attainment for lists and the tree, in four digits; for a closed goal, the confirmed share."""
    share = goal.attained if goal.is_closed else attainment(goal)
    return share.quantize(_SHOWN, ROUND_HALF_UP)


def weight_factor(goal: Goal) -> Decimal:
    """How often the points of the current revision count: its weight ÷ 100 where the policy says `weighted`, else once."""
    return Decimal(goal.content.weight) / 100 if goal.policy.weighted else Decimal(1)


def revision_score(goal: Goal, attained: Decimal | None = None, bonus: int | None = None) -> Decimal:
    """What the current revision adds to the score; `attained` and `bonus` replace the goal's values if they are given."""
    points = _revision_points(goal, attained, bonus)
    return (points * weight_factor(goal)).quantize(_CENT, ROUND_HALF_UP)


def _revision_points(goal: Goal, attained: Decimal | None = None, bonus: int | None = None) -> Decimal:
    """The points of the current revision before its weight."""
    measure = goal.content.measure
    share = goal.attained if attained is None else attained
    steps = sum(goal.content.steps[n].points for n in goal.done)
    points = share * (measure.points if measure else 0) + steps + (goal.bonus if bonus is None else bonus)
    return points.quantize(_EXACT, ROUND_HALF_UP).quantize(_CENT, ROUND_HALF_UP)


def score(goal: Goal) -> Decimal:
    """The points of the goal so far. The score of a goal never decreases."""
    return goal.banked + revision_score(goal)


def unreviewed(goal: Goal) -> Decimal:
    """The points of a closed goal's measure that were reported and never reviewed: not in the score, for HR to decide."""
    return revision_score(goal, confirmed(goal)) - revision_score(goal) if goal.is_closed else Decimal(0)


def confirmed_value(goal: Goal) -> Decimal | None:
    """The value of a numeric measure at the confirmed share; None for other measures."""
    measure = goal.content.measure
    if not isinstance(measure, NumericMeasure) or measure.baseline is None:
        return None
    value = measure.baseline + goal.attained * (measure.target - measure.baseline)
    return plain(value.quantize(_EXACT, ROUND_HALF_UP))


class Terms(NamedTuple):
    """The terms of the score; those of the current revision (steps, measure, bonus) before its weight."""

    banked: Decimal
    steps: Decimal
    measure: Decimal
    bonus: Decimal
    factor: Decimal = Decimal(1)

    @property
    def revision(self) -> Decimal:
        """The points of the current revision before its weight."""
        return self.steps + self.measure + self.bonus

    @property
    def counted(self) -> Decimal:
        """The points of the current revision times its weight, where the policy says `weighted`."""
        return (self.revision * self.factor).quantize(_CENT, ROUND_HALF_UP)

    @property
    def total(self) -> Decimal:
        return self.banked + self.counted


def terms(goal: Goal) -> Terms:
    """The score term by term; `terms(goal).total == score(goal)`."""
    steps = Decimal(sum(goal.content.steps[n].points for n in goal.done))
    measure = _revision_points(goal) - steps - goal.bonus
    return Terms(goal.banked, steps, measure, Decimal(goal.bonus), weight_factor(goal))


def calibrated(goal: Goal) -> Decimal:
    """The score plus HR's adjustments (甘辛調整), at least 0."""
    return max(score(goal) + goal.adjusted, Decimal(0))


def divided(goal: Goal, points: Decimal | None = None) -> dict[EmployeeId, Decimal]:
    """The part of the goal's points (its score, if none are given) that is each person's, the owner first; they add up to them.

    What was earned before the shares last changed stays as it was divided then; what came later is divided by the shares now.
    Where a report was taken back, or HR adjusted downwards, and less is left than was earned then, everybody has less of it.
    """
    points = score(goal) if points is None else points
    earned = goal.earned or {}
    before = sum(earned.values(), Decimal(0))
    if points < before:
        return apportioned(points, earned)
    added = apportioned(points - before, goal.shares)
    return {one: earned.get(one, Decimal(0)) + added.get(one, Decimal(0)) for one in {**added, **earned}}


def apportioned(points: Decimal, shares: Mapping[EmployeeId, int | Decimal]) -> dict[EmployeeId, Decimal]:
    """The points, divided by the shares to a hundredth; the parts add up to the points.

    Webster's method (Sainte-Laguë): hundredth by hundredth, the next one goes to the largest share ÷ (2 × hundredths so far + 1),
    at a tie to whom is named first. With more points nobody has less, which the method of the largest remainder does not
    guarantee (the Alabama paradox; Balinski and Young, Fair Representation, 1982).
    """
    cents = int(points / _CENT)
    whole = {one: int(share / _CENT) for one, share in shares.items()}
    total, people = sum(whole.values()), len(whole)
    # Nearest whole parts of slightly fewer hundredths (half: downwards) are a beginning of the same sequence.
    few = max(cents - people, 0)
    parts = {one: max(0, -((total - 2 * share * few) // (2 * total))) for one, share in whole.items()} if total else {}
    for _ in range(cents - sum(parts.values()) if total else 0):
        following = max(whole, key=lambda one: Decimal(whole[one]) / (2 * parts[one] + 1))
        parts[following] += 1
    return {one: part * _CENT for one, part in parts.items()}
