"""The owner takes back a report or a step that was a mistake, until a verdict has been given on it."""

from decimal import Decimal

import pytest

from domain.goal import commands
from domain.goal.goal import REMEMBERED_REPORTS, Goal
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.policy.policy import TaskKind
from domain.refusals import Code
from tests.domain.builders import (
    OWNER,
    PICTURE,
    active,
    after,
    at,
    content,
    day,
    fresh_id,
    refusal,
    self_review,
    task_of,
    verdict,
)

NOW = at(day(11, 2))


def step(goal: Goal, number: int) -> Goal:
    return after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=number), NOW)


def report(goal: Goal, **said: object) -> Goal:
    return after(goal, commands.ReportProgress.model_validate({"id": fresh_id(), "actor": OWNER} | said), NOW)


def undo(number: int | None = None) -> commands.UndoReport:
    return commands.UndoReport(id=fresh_id(), actor=OWNER, step=number, reason="押し間違い")


def reviewed(goal: Goal) -> Goal:
    goal = after(goal, commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), NOW)
    goal = after(goal, self_review(), NOW)
    return after(goal, verdict(goal, "continue"), NOW)


def test_a_step_that_was_taken_for_another_is_open_again_and_its_points_are_gone() -> None:
    goal = step(active(), 1)
    undone = after(goal, undo(1), NOW)
    assert [score(goal), score(undone)] == [20, 0]
    assert after(undone, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), NOW).done == (0,)


def test_the_task_goes_back_to_the_step_that_is_open_again() -> None:
    goal = step(active(), 0)
    undone = after(goal, undo(0), NOW)
    assert task_of(undone).kind is TaskKind.STEP
    assert undone.next_step == 0
    everything = step(step(active(), 0), 1)
    assert everything.task is None
    assert task_of(after(everything, undo(1), NOW)).kind is TaskKind.STEP


def test_a_report_that_is_taken_back_leaves_what_was_reported_before_it() -> None:
    goal = report(report(active(), value="8"), value="80")
    undone = after(goal, undo(), NOW)
    assert undone.value == 8
    assert after(undone, undo(), NOW).value is None
    refusal(after(undone, undo(), NOW), undo(), NOW, Code.NOTHING_TO_UNDO)


def test_criteria_are_taken_back_as_values_are() -> None:
    goal = report(report(active(content=content(measure=PICTURE)), met=[0]), met=[0, 1, 2])
    assert after(goal, undo(), NOW).met == (0,)
    assert after(after(goal, undo(), NOW), undo(), NOW).met == ()


def test_what_a_verdict_has_confirmed_stays() -> None:
    goal = reviewed(report(step(active(), 0), value="8"))
    assert goal.state is State.ACTIVE
    assert refusal(goal, undo(0), NOW, Code.ALREADY_REVIEWED).fields == {"step": 0}
    refusal(goal, undo(), NOW, Code.NOTHING_TO_UNDO)
    later = after(step(goal, 1), undo(1), NOW)
    assert (later.done, later.attained) == ((0,), Decimal("0.5"))


def test_a_reviewer_who_saw_the_goal_before_it_was_taken_back_looks_again() -> None:
    goal = report(active(), value="6")
    goal = after(goal, commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), NOW)
    seen = after(goal, self_review(), NOW)
    undone = after(seen, undo(), NOW)
    refusal(undone, verdict(seen, "achieved"), NOW, Code.GOAL_CHANGED)


@pytest.mark.parametrize("number", [0, 1])
def test_a_step_that_is_not_done_cannot_be_taken_back(number: int) -> None:
    assert refusal(active(), undo(number), NOW, Code.STEP_NOT_DONE).fields == {"step": number}


def test_only_the_latest_reports_are_remembered() -> None:
    goal = active()
    for value in range(9):
        goal = report(goal, value=str(value))
    for _ in range(REMEMBERED_REPORTS):
        goal = after(goal, undo(), NOW)
    assert goal.value == 8 - REMEMBERED_REPORTS
    refusal(goal, undo(), NOW, Code.NOTHING_TO_UNDO)
