"""Rules on what can be reached (現実的な目標): a step ahead, not a leap, on numbers that can be, in time to see them move."""

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from domain.findings import Finding, advise, refuse
from domain.messages import message
from domain.policy.policy import Policy
from domain.writing.content import Content, Direction, NumericMeasure
from domain.writing.rules.matching import is_percent, normal

_WHOLE = Decimal(100)
_SHARE = re.compile(r"率|割合|比率|\b(?:share|rate|ratio|percentage)\b")
_MAY_EXCEED = re.compile(r"伸び|増加|成長|前年|対前|達成|進捗|growth|change|increase|achieve|against plan")
_QUARTER = 4


def stretch_is_reachable(content: Content, policy: Policy) -> Iterator[Finding]:
    """The policy's `max_stretch`, alike upwards and downwards: triple, or a third, by default.

    A percentage that is to rise is measured by what is missing to 100: from 40 to 80 leaves a third of the gap.
    """
    measure = content.measure
    if not isinstance(measure, NumericMeasure) or measure.baseline is None:
        return
    most = 1 + Decimal(policy.max_stretch) / 100
    farthest = _farthest(measure, measure.baseline, most)
    up = measure.direction is Direction.UP
    if farthest is None or (measure.target <= farthest if up else measure.target >= farthest):
        return
    target = message("suggestion.target", target=farthest, unit=measure.unit) if measure.unit else None
    yield refuse(
        "stretch_too_far",
        "measure.target",
        target=measure.target,
        baseline=measure.baseline,
        stretch=policy.max_stretch,
        farthest=farthest,
        suggestion=target or message("suggestion.target_plain", target=farthest),
    )


def _farthest(measure: NumericMeasure, baseline: Decimal, most: Decimal) -> Decimal | None:
    """The farthest value that is allowed, in as many digits as were written; none where there is nothing to compare with."""
    if measure.direction is Direction.UP and is_percent(measure.unit):
        value = _WHOLE - (_WHOLE - baseline) / most if baseline < _WHOLE else None
    elif baseline <= 0:
        value = None
    else:
        value = baseline * most if measure.direction is Direction.UP else baseline / most
    if value is None:
        return None
    digits = min(_exponent(baseline), _exponent(measure.target), 0)
    inward = ROUND_FLOOR if measure.direction is Direction.UP else ROUND_CEILING
    return value.quantize(Decimal(1).scaleb(digits), inward)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def percent_is_possible(content: Content, policy: Policy) -> Iterator[Finding]:
    """A share lies between nothing and all; growth and achievement may go beyond."""
    measure = content.measure
    if not isinstance(measure, NumericMeasure) or not is_percent(measure.unit):
        return
    if 0 <= measure.target <= _WHOLE or may_exceed_the_whole(measure):
        return
    yield refuse("percent_impossible", "measure.target", target=measure.target)


def may_exceed_the_whole(measure: NumericMeasure) -> bool:
    """Whether a percentage of this name can lie outside 0 to 100."""
    name = normal(measure.name)
    return bool(_MAY_EXCEED.search(name)) or not _SHARE.search(name)


def steps_leave_time(content: Content, policy: Policy) -> Iterator[Finding]:
    """Steps show progress on the way; all of them near the end show it too late to help."""
    late = policy.ends - (policy.ends - policy.starts) / _QUARTER
    if content.steps and all(step.due >= late for step in content.steps):
        yield advise("steps_bunched", "steps")


def has_points(content: Content, policy: Policy) -> Iterator[Finding]:
    """Points are what is added (加点); without any, nothing can be."""
    points = sum(step.points for step in content.steps) + (content.measure.points if content.measure else 0)
    if content.measure and not points:
        yield advise("no_points", "measure.points")
