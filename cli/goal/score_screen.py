"""A goal's score, term by term, each with how it came about."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

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
    return [*_banked(ledger, to), *_steps(goal, to), _measure(goal, to), *_bonuses(goal, ledger, to)]


def _banked(ledger: Sequence[dict[str, Any]], to: Terminal) -> Iterator[_Row]:
    """A reset says the sum of all revisions so far; what each brought is the difference."""
    before = Decimal(0)
    for event in ledger:
        if event["body"]["kind"] in _SETTLES:
            total = Decimal(str(event["body"]["banked"]))
            revision = event["revision"]
            yield (
                to.words(f"版 {revision}", f"revision {revision}"),
                to.words("再設定のときに確定", "settled when it was reset"),
                f"{total - before:f}",
            )
            before = total


def _steps(goal: Goal, to: Terminal) -> Iterator[_Row]:
    for n, step in enumerate(goal.content.steps):
        done = n in goal.done
        state = to.words("完了", "done") if done else to.words(f"未完了({step.points} 点)", f"open ({step.points})")
        title = visible(step.title, _LONGEST)
        yield (to.words(f"ステップ {n}", f"step {n}"), f"{title}: {state}", str(step.points if done else 0))


def _measure(goal: Goal, to: Terminal) -> _Row:
    name = to.words("指標", "measure")
    measure = goal.content.measure
    if measure is None:
        return (name, to.words("(未記入)", "(none yet)"), "0")
    confirmed = to.words(
        f"確認済み {percent(goal.attained)} × {measure.points} 点",
        f"confirmed {percent(goal.attained)} x {measure.points} points",
    )
    return (name, f"{_reached(goal, measure, to)}; {confirmed}", f"{scoring.terms(goal).measure:f}")


def _reached(goal: Goal, measure: NumericMeasure | QualitativeMeasure, to: Terminal) -> str:
    now = percent(scoring.attainment(goal))
    if isinstance(measure, QualitativeMeasure):
        met, of = len(goal.met), len(measure.criteria)
        return to.words(f"満たした基準 {met} / {of} = {now}", f"criteria met {met} / {of} = {now}")
    if goal.value is None or measure.baseline is None:
        return to.words("まだ報告がありません", "nothing reported yet")
    formula = f"({goal.value:f} - {measure.baseline:f}) / ({measure.target:f} - {measure.baseline:f}) = {now}"
    cap = percent(goal.policy.attainment_cap)
    return formula + to.words(f"(0 〜 {cap})", f" (from 0 to {cap})")


def _bonuses(goal: Goal, ledger: Sequence[dict[str, Any]], to: Terminal) -> Iterator[_Row]:
    for event in ledger:
        body = event["body"]
        if event["revision"] == goal.revision and body.get("bonus"):
            reason = visible(body.get("comment") or "", _LONGEST)
            yield (to.words("加点", "bonus"), reason, str(body["bonus"]))


def summary(goal: Goal, to: Terminal) -> Iterator[str]:
    """The sum, and what calibration adds beside it."""
    total = scoring.score(goal)
    yield to.words(f"得点 {total:f} = 上の合計(減点はありません)", f"score {total:f}: the sum; nothing is subtracted")
    if goal.adjusted:
        final = scoring.calibrated(goal)
        yield to.words(
            f"甘辛調整 {goal.adjusted:+f} → 調整後 {final:f}(得点は変わりません)",
            f"calibration {goal.adjusted:+f} -> {final:f} (the score itself stays)",
        )
