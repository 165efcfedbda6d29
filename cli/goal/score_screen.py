"""A goal's score, term by term, each with how it came about."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from cli.goal.goal_screen import sharing_lines
from cli.session.session import Terminal
from cli.session.wording import percent, visible
from domain.goal import scoring
from domain.goal.goal import Goal
from domain.lifecycle import EventKind
from domain.writing.content import NumericMeasure, QualitativeMeasure
from service.goal_documents import ScoreSheet

_Row = tuple[str, str, str]
_SETTLES = (EventKind.RESET, EventKind.MOVED)
_LONGEST = 60


def rows(sheet: ScoreSheet, to: Terminal) -> list[_Row]:
    """What was added, in the order of a goal's life."""
    goal, ledger = sheet.goal, sheet.events
    revision = [*_steps(goal, to), _measure(goal, to), *_bonuses(goal, ledger, to)]
    if goal.policy.weighted:
        revision = [
            *((term, how, f"{points} x {goal.content.weight} %") for term, how, points in revision),
            _weight(goal, to),
        ]
    return [*_banked(ledger, to), *revision]


def _weight(goal: Goal, to: Terminal) -> _Row:
    """What the revision's points come to with its weight."""
    terms, weight = scoring.terms(goal), goal.content.weight
    how = to.text("screen.score.weighted", points=f"{terms.revision:f}", weight=weight)
    return (to.text("screen.score.weight"), how, f"{terms.counted:f}")


def _banked(ledger: Sequence[dict[str, Any]], to: Terminal) -> Iterator[_Row]:
    """A reset says the sum of all revisions so far; what each brought is the difference."""
    before = Decimal(0)
    for event in ledger:
        if event["body"]["kind"] in _SETTLES:
            total = Decimal(str(event["body"]["banked"]))
            revision = event["revision"]
            yield (
                to.text("screen.score.revision", revision=revision),
                to.text("screen.score.settled"),
                f"{total - before:f}",
            )
            before = total


def _steps(goal: Goal, to: Terminal) -> Iterator[_Row]:
    for n, step in enumerate(goal.content.steps):
        done = n in goal.done
        state = to.text("screen.score.step_done") if done else to.text("screen.score.step_open", points=step.points)
        title = visible(step.title, _LONGEST)
        yield (to.text("screen.score.step", n=n + 1), f"{title}: {state}", str(step.points if done else 0))


def _measure(goal: Goal, to: Terminal) -> _Row:
    name = to.text("screen.score.measure")
    measure = goal.content.measure
    if measure is None:
        return (name, to.text("screen.score.no_measure"), "0")
    confirmed = to.text("screen.score.confirmed", confirmed=percent(goal.attained), points=measure.points)
    return (name, f"{_reached(goal, measure, to)}; {confirmed}", f"{scoring.terms(goal).measure:f}")


def _reached(goal: Goal, measure: NumericMeasure | QualitativeMeasure, to: Terminal) -> str:
    now = percent(scoring.attainment(goal))
    if isinstance(measure, QualitativeMeasure):
        met, of = len(goal.met), len(measure.criteria)
        return to.text("screen.score.criteria", met=met, of=of, now=now)
    if goal.value is None or measure.baseline is None:
        return to.text("screen.score.not_reported")
    formula = f"({goal.value:f} - {measure.baseline:f}) / ({measure.target:f} - {measure.baseline:f}) = {now}"
    cap = percent(goal.policy.attainment_cap)
    return formula + to.text("screen.score.bounds", cap=cap)


def _bonuses(goal: Goal, ledger: Sequence[dict[str, Any]], to: Terminal) -> Iterator[_Row]:
    for event in ledger:
        body = event["body"]
        if event["revision"] == goal.revision and body.get("bonus"):
            reason = visible(body.get("comment") or "", _LONGEST)
            yield (to.text("screen.score.bonus"), reason, str(body["bonus"]))


def summary(sheet: ScoreSheet, to: Terminal) -> Iterator[str]:
    """The sum, what calibration adds beside it, and how it is divided."""
    goal = sheet.goal
    total = scoring.score(goal)
    yield to.text("screen.score.total", total=f"{total:f}")
    if points := scoring.unreviewed(goal):
        yield to.text("screen.score.unreviewed", points=f"{points:f}")
    if goal.adjusted:
        final = scoring.calibrated(goal)
        yield to.text("screen.score.adjusted", adjusted=f"{goal.adjusted:+f}", final=f"{final:f}")
    yield from sharing_lines(goal, sheet.names, to)
