"""Conditions of single commands, apart from the state and the permission."""

from typing import Any

import pytest
from pydantic import ValidationError

from domain.goal import commands, events
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.lifecycle import State
from domain.messages import Message, message
from domain.policy.policy import TaskKind
from domain.refusals import Code
from domain.values import EmployeeId, Locale
from domain.writing.content import Content
from tests.domain.builders import (
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    PICTURE,
    POLICY,
    SITUATIONS,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaiting_verdict,
    closed,
    content,
    day,
    delegate,
    draft,
    fresh_id,
    in_review,
    pause,
    pending,
    policy,
    refusal,
    rung,
    self_review,
    verdict,
)
from tests.domain.command_cases import CASES, NOW, OPEN
from texts.refusals import refusal_text


def test_a_draft_that_is_not_ready_is_refused_with_everything_that_is_missing() -> None:
    said = refusal(draft(content=Content()), commands.Submit(id=fresh_id(), actor=OWNER), NOW, Code.NOT_READY)
    assert said.fields["codes"] == ["no_theme", "no_measure", "too_few_steps"]
    assert "テーマ: 目標のテーマを書いてください。 / 指標: " in refusal_text(said, Locale.JA)
    assert "theme: write the goal's theme / measure: " in refusal_text(said, Locale.EN)
    assert "書いて" not in str(said)


def test_submitting_with_content_revises_first_under_the_same_command() -> None:
    command = commands.Submit(id=fresh_id(), actor=OWNER, content=content(weight=90))
    decided = decide(draft(content=Content()), command, NOW)
    assert [event.kind for event in decided] == ["revised", "submitted"]
    assert {event.command for event in decided} == {command.id}
    assert evolve_all(draft(content=Content()), decided).content.weight == 90


def test_revising_to_the_same_text_records_nothing() -> None:
    assert decide(draft(), commands.Revise(id=fresh_id(), actor=OWNER, content=content()), NOW) == ()


def test_every_stage_is_signed_by_the_next_manager_and_beyond_the_line_by_hr_once() -> None:
    goal = pending(policy(approval_stages=3), line=(MANAGER,))
    signers = []
    while goal.state is State.PENDING_APPROVAL:
        assert goal.task is not None
        signers.append(goal.task.assignees)
        goal = after(goal, approve(goal), at(day(10, 6)))
    assert signers == [(MANAGER,), POLICY.hr]  # HR is not asked for the third stage as well


def test_a_goal_that_comes_back_after_its_first_stage_starts_at_the_first_again() -> None:
    goal = pending(policy(approval_stages=2))
    goal = after(goal, approve(goal), at(day(10, 6)))
    goal = after(goal, commands.Recall(id=fresh_id(), actor=OWNER), at(day(10, 6)))
    goal = after(goal, commands.Submit(id=fresh_id(), actor=OWNER), at(day(10, 6)))
    assert goal.task is not None
    assert (goal.stage, goal.task.assignees) == (0, (MANAGER,))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"value": None}, Code.WRONG_MEASURE),
        ({"value": "8", "met": (0,)}, Code.WRONG_MEASURE),
        ({"met": (0,)}, Code.WRONG_MEASURE),
    ],
)
def test_progress_that_does_not_fit_a_number_is_refused(fields: dict[str, Any], code: Code) -> None:
    said = refusal(active(), commands.ReportProgress(id=fresh_id(), actor=OWNER, **fields), NOW, code)
    assert said.message.fields["needs"] == message("part.needs_value")


@pytest.mark.parametrize(("value", "why"), [("99999999999", "part.value_far"), ("-5", "part.value_negative")])
def test_progress_that_cannot_be_meant_is_refused_with_the_reason(value: str, why: str) -> None:
    command = commands.ReportProgress.model_validate({"id": fresh_id(), "actor": OWNER, "value": value})
    needs = refusal(active(), command, NOW, Code.WRONG_MEASURE).message.fields["needs"]
    assert isinstance(needs, Message)
    assert needs.key == why


@pytest.mark.parametrize("fields", [{}, {"value": "1"}, {"met": (4,)}])
def test_progress_that_does_not_fit_a_picture_of_success_is_refused(fields: dict[str, Any]) -> None:
    goal = active(content=content(measure=PICTURE))
    said = refusal(goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, **fields), NOW, Code.WRONG_MEASURE)
    assert said.message.fields["needs"] == message("part.needs_met", count=4)


def test_a_value_that_cannot_be_meant_is_refused_with_the_reason() -> None:
    slip = commands.ReportProgress(id=fresh_id(), actor=OWNER, value="-1")
    needs = refusal(active(), slip, NOW, Code.WRONG_MEASURE).message.fields["needs"]
    assert needs == message("part.value_negative", value="-1", unit="日")


def test_a_criterion_that_is_named_twice_is_met_once() -> None:
    report = commands.ReportProgress(id=fresh_id(), actor=OWNER, met=(2, 0, 2))
    assert after(active(content=content(measure=PICTURE)), report, NOW).met == (0, 2)


def test_a_step_is_completed_once_and_only_where_there_is_one() -> None:
    goal = after(active(), commands.CompleteStep(id=fresh_id(), actor=OWNER, step=1), NOW)
    refusal(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=1), NOW, Code.STEP_ALREADY_DONE)
    absent = refusal(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=2), NOW, Code.NO_SUCH_STEP)
    assert absent.message.fields == {"step": 2, "count": 2}
    goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), NOW)
    assert (goal.state, goal.task, goal.done) == (State.ACTIVE, None, (0, 1))
    for command in ("reassign", "extend"):
        refusal(goal, CASES[command].make(goal), NOW, Code.NO_TASK)


def test_a_step_completed_during_a_review_leaves_the_reviews_task_as_it_is() -> None:
    goal = in_review()
    done = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), NOW)
    assert done.task == goal.task


def test_without_self_reviews_the_verdict_is_awaited_at_once() -> None:
    goal = in_review(policy(self_review=False))
    assert goal.task is not None
    assert (goal.task.kind, goal.task.assignees) == (TaskKind.VERDICT, (MANAGER,))


@pytest.mark.parametrize(
    ("said", "then"),
    [("continue", "reset"), ("continue", "close"), ("achieved", "continue"), ("unrealistic", "continue")],
)
def test_a_verdict_that_what_follows_contradicts_is_refused(said: str, then: str) -> None:
    goal = awaiting_verdict()
    refusal(goal, verdict(goal, said, then=then), NOW, Code.VERDICT_CONTRADICTS)


@pytest.mark.parametrize("fields", [{"verdict": "continue", "bonus": 1}, {"verdict": "unrealistic"}])
def test_bonus_points_and_a_reset_need_a_comment(fields: dict[str, Any]) -> None:
    goal = awaiting_verdict()
    refusal(goal, verdict(goal, "continue", comment=None, **fields), NOW, Code.COMMENT_REQUIRED)
    assert decide(goal, verdict(goal, "continue", comment=None), NOW)


def test_bonus_points_stop_at_the_policys_most_over_all_reviews_of_a_revision() -> None:
    goal = awaiting_verdict()
    refusal(goal, verdict(goal, "continue", bonus=21), NOW, Code.BONUS_TOO_HIGH)
    goal = after(goal, verdict(goal, "continue", bonus=15), NOW)
    goal = after(goal, commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), NOW)
    goal = after(goal, self_review(), NOW)
    said = refusal(goal, verdict(goal, "continue", bonus=6), NOW, Code.BONUS_TOO_HIGH)
    assert said.fields == {"most": 20, "given": 15}
    assert after(goal, verdict(goal, "continue", bonus=5), NOW).bonus == 20


@pytest.mark.parametrize(
    ("said", "then", "outcome"),
    [("achieved", "close", "achieved"), ("unrealistic", "close", "unrealistic"), ("achieved", None, "achieved")],
)
def test_a_verdict_that_closes_says_how_the_goal_ended(said: str, then: str | None, outcome: str) -> None:
    goal = awaiting_verdict()
    assert after(goal, verdict(goal, said, then=then), NOW).outcome == outcome


@pytest.mark.parametrize(
    ("situation", "outcome"),
    [("draft", "lapsed"), ("pending_approval", "lapsed"), ("active", "settled"), ("awaiting_verdict", "settled")],
)
def test_hr_closing_settles_what_was_worked_on_and_lets_the_rest_lapse(situation: str, outcome: str) -> None:
    goal = SITUATIONS[situation]()
    assert after(goal, commands.Close(id=fresh_id(), actor=HR, reason="退職"), NOW).outcome == outcome
    assert after(goal, commands.Close(id=fresh_id(), actor=HR, reason="達成", achieved=True), NOW).outcome == "achieved"


@pytest.mark.parametrize("situation", OPEN)
def test_reopening_leads_back_to_the_state_before_with_a_task_that_has_a_fresh_date(situation: str) -> None:
    goal = SITUATIONS[situation]()
    shut = after(goal, commands.Close(id=fresh_id(), actor=HR, reason="誤操作"), NOW)
    back = after(shut, commands.Reopen(id=fresh_id(), actor=HR, reason="取り消し"), at(day(11, 5)))
    assert (back.state, back.outcome, back.closed_from) == (goal.state, None, None)
    assert back.task is not None
    assert goal.task is not None
    assert (back.task.kind, back.task.assignees) == (goal.task.kind, goal.task.assignees)
    assert back.task.due > day(11, 5)


def test_closing_a_paused_goal_ends_the_pause_too() -> None:
    goal = after(after(active(), pause(), NOW), commands.Close(id=fresh_id(), actor=HR, reason="退職"), NOW)
    assert (goal.is_closed, goal.is_paused, goal.pause_reason) == (True, False, None)
    assert not after(goal, commands.Reopen(id=fresh_id(), actor=HR, reason="復職"), NOW).is_paused


@pytest.mark.parametrize("due", [day(11, 3), day(12, 29), day(1, 4, 2027)])
def test_an_extension_goes_from_today_to_the_cycles_last_day(due: Any) -> None:
    said = refusal(
        pending(), commands.Extend(id=fresh_id(), actor=HR, due=due, reason="繁忙期"), NOW, Code.DATE_OUTSIDE
    )
    assert said.fields["first"] == "2026-11-04"
    assert "2026年12月28日(月)" in refusal_text(said, Locale.JA)


def test_an_extended_task_is_reminded_of_before_its_new_date_and_keeps_who_joined() -> None:
    goal = pending()
    for _ in range(3):
        goal = rung(goal)
    goal = after(goal, commands.Extend(id=fresh_id(), actor=HR, due=day(11, 3), reason="繁忙期"), at(day(10, 20)))
    assert goal.task is not None
    assert goal.task.due == day(11, 4)  # 3 November is a holiday
    assert goal.task.assignees == (MANAGER, DIRECTOR)
    assert goal.task.rung == 0


def test_amended_rules_hold_from_then_on_and_the_open_task_keeps_its_date() -> None:
    goal = pending()
    amended = after(goal, CASES["amend_policy"].make(goal), NOW)
    assert amended.task == goal.task
    assert amended.policy.max_bonus == 30
    refusal(amended, approve(amended, expected_seq=goal.seq), NOW, Code.GOAL_CHANGED)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400", "0.0000001", float("nan"), float("inf")])
def test_a_number_that_is_not_finite_or_not_exact_is_no_command(value: object) -> None:
    with pytest.raises(ValidationError, match="value"):
        commands.ReportProgress.model_validate({"id": "a", "actor": OWNER, "value": value})


@pytest.mark.parametrize(
    "wrong",
    [
        {"surprise": 1},
        {"text": "  "},
        {"text": "x" * 1_000_000},
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"actor": "a/b"},
        {"actor": "x" * 41},
        {"acting_for": ""},
        {"id": "a b"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_unknown_field_a_bad_text_and_a_bad_id_are_no_command(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        commands.Comment.model_validate({"id": "a", "actor": OWNER, "text": "ok"} | wrong)
    assert [error["loc"] for error in caught.value.errors()] == [(next(iter(wrong)),)]


def test_a_person_named_anywhere_in_a_command_has_a_valid_id() -> None:
    with pytest.raises(ValidationError):
        delegate(MANAGER, EmployeeId("a b"))
    with pytest.raises(ValidationError):
        commands.Reassign(id=fresh_id(), actor=HR, assignees=(EmployeeId("a\nb"),), reason="異動")


def test_a_closed_goal_says_that_it_is_closed_to_whoever_asks() -> None:
    said = refusal(closed(), commands.Comment(id=fresh_id(), actor=STRANGER, text="?"), NOW, Code.WRONG_STATE)
    assert said.fields["state"] == "closed"


@pytest.mark.parametrize(
    ("situation", "outcome"), [("draft", "removed"), ("pending_approval", "removed"), ("active", "settled")]
)
def test_a_goal_whose_owner_takes_no_part_any_more_has_not_lapsed_with_the_cycle(situation: str, outcome: str) -> None:
    goal = SITUATIONS[situation]()
    command = commands.Close(id=fresh_id(), actor=HR, reason="退職", removed=True)
    (closed,) = decide(goal, command, NOW)
    assert isinstance(closed.body, events.Closed)
    assert (closed.body.outcome, closed.body.removed) == (outcome, True)
