"""How a goal's score came about: what was added, term by term, in the order of the goal's life."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from domain.goal import scoring
from domain.goal.goal import Goal
from domain.lifecycle import EventKind
from domain.messages import Message, message
from domain.values import percent
from domain.writing.content import NumericMeasure, QualitativeMeasure

_SETTLES = (EventKind.RESET, EventKind.MOVED)

Entry = Mapping[str, Any]
"""An entry of the ledger, as its event's JSON."""


class Added(NamedTuple):
    """A term of the score. `wrote`: what a person wrote about it, such as the title of a step. `weight`: the percent that it counts."""

    term: Message
    wrote: str
    how: Message | None
    points: Decimal
    weight: Decimal | None = None


def explained(goal: Goal, ledger: Sequence[Entry]) -> list[Added]:
    """What was added. The points of the current revision are before its weight; where it counts, the last row is their sum after it."""
    revision = [*_steps(goal), _measure(goal), *_bonuses(goal, ledger)]
    if goal.policy.weighted:
        revision = [*(one._replace(weight=goal.content.weight) for one in revision), _weighted(goal)]
    return [*_banked(ledger), *revision]


class StillPossible(NamedTuple):
    """Points that the revision can still add, before its weight: by its open steps, and by the measure up to its target."""

    steps: Decimal
    measure: Decimal


def still_possible(goal: Goal) -> StillPossible:
    measure = goal.content.measure
    steps = sum(step.points for number, step in enumerate(goal.content.steps) if number not in goal.done)
    rest = max(1 - goal.attained, Decimal(0)) * (measure.points if measure else 0)
    return StillPossible(Decimal(steps), rest.quantize(Decimal("0.01")))


def _weighted(goal: Goal) -> Added:
    terms, weight = scoring.terms(goal), goal.content.weight
    how = message("screen.score.weighted", points=terms.revision, weight=weight)
    return Added(message("screen.score.weight"), "", how, terms.counted)


def _banked(ledger: Sequence[Entry]) -> Iterator[Added]:
    """A reset says the sum of all revisions so far; what each brought is the difference."""
    before = Decimal(0)
    for event in ledger:
        if event["body"]["kind"] in _SETTLES:
            total = Decimal(str(event["body"]["banked"]))
            term = message("screen.score.revision", revision=event["revision"])
            yield Added(term, "", message("screen.score.settled"), total - before)
            before = total


def _steps(goal: Goal) -> Iterator[Added]:
    for number, step in enumerate(goal.content.steps):
        is_done = number in goal.done
        how = message("screen.score.step_done") if is_done else message("screen.score.step_open", points=step.points)
        term = message("screen.score.step", n=number + 1)
        yield Added(term, step.title, how, Decimal(step.points if is_done else 0))


def _measure(goal: Goal) -> Added:
    term, measure = message("screen.score.measure"), goal.content.measure
    if measure is None:
        return Added(term, "", message("screen.score.no_measure"), Decimal(0))
    confirmed = message("screen.score.confirmed", confirmed=percent(goal.attained), points=measure.points)
    how = message("screen.score.reached", reached=_reached(goal, measure), confirmed=confirmed)
    return Added(term, "", how, scoring.terms(goal).measure)


def _reached(goal: Goal, measure: NumericMeasure | QualitativeMeasure) -> Message:
    now = percent(scoring.attainment(goal))
    if isinstance(measure, QualitativeMeasure):
        return message("screen.score.criteria", met=len(goal.met), of=len(measure.criteria), now=now)
    if goal.value is None or measure.baseline is None:
        return message("screen.score.not_reported")
    start, cap = measure.baseline, percent(goal.policy.attainment_cap)
    return message("screen.score.formula", value=goal.value, start=start, target=measure.target, now=now, cap=cap)


def _bonuses(goal: Goal, ledger: Sequence[Entry]) -> Iterator[Added]:
    for event in ledger:
        body = event["body"]
        if event["revision"] == goal.revision and body.get("bonus"):
            yield Added(message("screen.score.bonus"), body.get("comment") or "", None, Decimal(body["bonus"]))
