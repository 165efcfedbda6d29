"""The part of `decide` for the work on an active goal: progress and steps, and taking a report back. Contributors have steps of their own."""

from collections.abc import Callable
from datetime import date
from typing import Any

from domain.goal import commands, events
from domain.goal.authority import require_doer, require_owner, require_state
from domain.goal.goal import Goal
from domain.goal.steering import IN_PROGRESS, Bodies
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.writing.content import NumericMeasure, QualitativeMeasure
from domain.writing.reported import implausible


def _report_progress(goal: Goal, command: commands.ReportProgress, day: date) -> Bodies:
    require_owner(goal, command, day)
    require_state(goal, *IN_PROGRESS)
    measure = goal.content.measure
    if isinstance(measure, NumericMeasure):
        fits = command.value is not None and command.met is None
        needs = message("part.needs_value")
    elif isinstance(measure, QualitativeMeasure):
        most = len(measure.criteria) - 1
        fits = command.value is None and command.met is not None and all(n <= most for n in command.met)
        needs = message("part.needs_met", count=most + 1)
    else:
        fits, needs = False, message("part.needs_measure")
    if not fits:
        raise Refusal(Code.WRONG_MEASURE, needs=needs)
    if (
        isinstance(measure, NumericMeasure)
        and command.value is not None
        and (why := implausible(measure, command.value))
    ):
        raise Refusal(Code.WRONG_MEASURE, needs=why)
    met = None if command.met is None else tuple(sorted(set(command.met)))
    return (events.ProgressReported(value=command.value, met=met, evidence=command.evidence),)


def _complete_step(goal: Goal, command: commands.CompleteStep, day: date) -> Bodies:
    require_doer(goal, command, command.step, day)
    require_state(goal, *IN_PROGRESS)
    if command.step >= len(goal.content.steps):
        raise Refusal(Code.NO_SUCH_STEP, step=command.step, count=len(goal.content.steps))
    if command.step in goal.done:
        raise Refusal(Code.STEP_ALREADY_DONE, step=command.step)
    points = goal.content.steps[command.step].points
    return (events.StepCompleted(step=command.step, points=points, evidence=command.evidence),)


def _undo_report(goal: Goal, command: commands.UndoReport, day: date) -> Bodies:
    """A mistake is taken back by who made it, until a verdict was given on it."""
    if command.step is not None:
        require_doer(goal, command, command.step, day)
        require_state(goal, *IN_PROGRESS)
        return (_undone_step(goal, command.step, command.reason),)
    require_owner(goal, command, day)
    require_state(goal, *IN_PROGRESS)
    if not goal.earlier:
        raise Refusal(Code.NOTHING_TO_UNDO)
    before = goal.earlier[-1]
    return (events.ReportUndone(value=before.value, met=before.met or None, reason=command.reason),)


def _undone_step(goal: Goal, step: int, reason: str) -> events.ReportUndone:
    if step in goal.reviewed_steps:
        raise Refusal(Code.ALREADY_REVIEWED, step=step)
    if step not in goal.done:
        raise Refusal(Code.STEP_NOT_DONE, step=step)
    return events.ReportUndone(step=step, reason=reason)


WORKING: dict[type[commands.Command], Callable[[Goal, Any, date], Bodies]] = {
    commands.ReportProgress: _report_progress,
    commands.CompleteStep: _complete_step,
    commands.UndoReport: _undo_report,
}
