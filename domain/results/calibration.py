"""Scores of people, and how they are spread over reviewers and departments: what HR looks at to calibrate (甘辛調整)."""

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from types import MappingProxyType
from typing import NamedTuple

from domain.goal.goal import Credit, Goal
from domain.goal.scoring import calibrated, score
from domain.results.time_at_work import TimeAtWork, weighted_mean
from domain.values import EmployeeId

BUCKET = 20  # points
BUCKETS = 8  # the last one is open above
_CENT = Decimal("0.01")


class PersonResult(NamedTuple):
    """A person's result in a cycle: the sum over their goals, revisions that were banked included, and over their shares of others'."""

    person: EmployeeId
    department: str
    reviewer: EmployeeId | None  # the nearest manager; none: HR
    goals: int
    score: Decimal
    adjusted: Decimal  # points of calibration, as far as they count
    share: Decimal = Decimal(1)  # the time at work, where the policy counts it: the weight of the result in a mean

    @property
    def final(self) -> Decimal:
        return self.score + self.adjusted


class Spread(NamedTuple):
    """How the results of some people are spread; `counts` by 20 points from 0, the last one open above.

    The mean is weighted by the time at work where the policy counts it, and the plain mean where nobody was at work.
    """

    name: str
    people: int
    lowest: Decimal
    median: Decimal
    mean: Decimal
    highest: Decimal
    counts: tuple[int, ...]


class _Part(NamedTuple):
    """What a goal brings to a person."""

    goal: Goal
    own: bool
    credit: Credit


def results_of(
    goals: Iterable[Goal], times: Mapping[EmployeeId, TimeAtWork] = MappingProxyType({})
) -> tuple[PersonResult, ...]:
    """One per person, by id; department and reviewer are those of the last goal of their own, else of the last one they contribute to.

    `times`: of people who were not always at work.
    """
    by_person: dict[EmployeeId, list[_Part]] = {}
    for goal in goals:
        alone = {goal.owner: Credit(score=score(goal), final=calibrated(goal))}
        for person, credit in (goal.credited or alone).items():
            by_person.setdefault(person, []).append(_Part(goal, person == goal.owner, credit))
    whole = TimeAtWork(0, 0)
    return tuple(
        _result(person, theirs)._replace(share=times.get(person, whole).share)
        for person, theirs in sorted(by_person.items())
    )


def _result(person: EmployeeId, parts: list[_Part]) -> PersonResult:
    own = [one for one in parts if one.own]
    last = (own or parts)[-1].goal
    total = sum((one.credit.score for one in parts), Decimal(0))
    final = sum((one.credit.final for one in parts), Decimal(0))
    return PersonResult(
        person, last.department, next(iter(last.reviewers or last.line), None), len(own), total, final - total
    )


def by_reviewer(results: Iterable[PersonResult]) -> tuple[Spread, ...]:
    """Per nearest manager; the last name is `-`, for those whose reviewer is HR."""
    return _spreads(results, lambda one: one.reviewer or "-")


def by_department(results: Iterable[PersonResult]) -> tuple[Spread, ...]:
    return _spreads(results, lambda one: one.department)


def overall(results: Iterable[PersonResult]) -> Spread | None:
    return next(iter(_spreads(results, lambda _: "*")), None)


def _spreads(results: Iterable[PersonResult], key: Callable[[PersonResult], str]) -> tuple[Spread, ...]:
    groups: dict[str, list[PersonResult]] = {}
    for one in results:
        groups.setdefault(key(one), []).append(one)
    return tuple(_spread(name, found) for name, found in sorted(groups.items()))


def _spread(name: str, results: list[PersonResult]) -> Spread:
    points = [one.final for one in results]
    counts = [0] * BUCKETS
    for one in points:
        counts[min(int(one // BUCKET), BUCKETS - 1)] += 1
    weighted = weighted_mean((one.final, one.share) for one in results)
    mean = sum(points, Decimal(0)) / len(points) if weighted is None else weighted
    middle = Decimal(median(points)).quantize(_CENT, ROUND_HALF_UP)
    return Spread(
        name, len(points), min(points), middle, mean.quantize(_CENT, ROUND_HALF_UP), max(points), tuple(counts)
    )
