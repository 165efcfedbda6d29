"""The rules of the design that even the best systems of this kind get wrong; each test is named by its rule."""

from datetime import date
from decimal import Decimal

import pytest

from domain.goal import commands, events
from domain.goal.alarms import AlarmKind, ring
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.goal.ledger import chain, genesis
from domain.goal.scoring import score
from domain.lifecycle import EventKind, State
from domain.messages import message
from domain.policy.policy import TaskKind
from domain.refusals import Code
from domain.values import Locale
from domain.writing.content import NumericMeasure
from tests.domain.builders import (
    CONTENT,
    DEPUTY,
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    POLICY,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaited,
    awaiting_verdict,
    content,
    created,
    day,
    draft,
    fresh_id,
    in_review,
    pending,
    refusal,
    rung,
    self_review,
    verdict,
)
from texts.refusals import refusal_text


def test_approve_what_you_saw_a_stale_expected_seq_is_refused_and_tells_what_changed() -> None:
    seen = pending()
    harder = content(theme="決算の早期化と標準化", weight=80)
    goal = after(seen, commands.Recall(id=fresh_id(), actor=OWNER), at(day(10, 5), 11))
    goal = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=harder), at(day(10, 5), 12))

    said = refusal(goal, approve(goal, expected_seq=seen.seq), at(day(10, 6)), Code.GOAL_CHANGED)

    assert said.fields == {
        "expected_seq": 2,
        "seq": 5,
        "changes": [
            {"key": "part.change", "fields": {"seq": 3, "kind": "recalled"}},
            {"key": "part.change_in", "fields": {"seq": 4, "kind": "revised", "fields": ["theme", "weight"]}},
            {"key": "part.change", "fields": {"seq": 5, "kind": "submitted"}},
        ],
    }
    assert "4 改訂(テーマ、ウェイト)" in refusal_text(said, Locale.JA)
    assert after(goal, approve(goal), at(day(10, 6))).state is State.ACTIVE


def test_a_verdict_on_what_was_seen_before_new_progress_is_refused() -> None:
    seen = awaiting_verdict()
    goal = after(seen, commands.ReportProgress(id=fresh_id(), actor=OWNER, value="8"), at(day(11, 3)))

    said = refusal(goal, verdict(seen, "continue"), at(day(11, 4)), Code.GOAL_CHANGED)

    assert said.message.fields["changes"] == (message("part.change", seq=goal.seq, kind="progress_reported"),)


def test_a_reminder_or_a_comment_makes_no_approval_stale() -> None:
    seen = pending()
    goal = rung(seen)
    goal = after(goal, commands.Comment(id=fresh_id(), actor=OWNER, text="よろしくお願いします"), at(day(10, 9)))

    assert after(goal, approve(goal, expected_seq=seen.seq), at(day(10, 9))).state is State.ACTIVE


def test_an_approval_of_a_version_that_does_not_exist_yet_is_refused() -> None:
    goal = pending()
    refusal(goal, approve(goal, expected_seq=goal.seq + 1), at(day(10, 6)), Code.NEWER_THAN_GOAL)


def _reviews_that_open(goal: Goal) -> list[tuple[date | None, date]]:
    """The reviews that alarms still open, with their days; every verdict is given on the same day."""
    opened = []
    while (alarm := awaited(goal)).kind is not AlarmKind.END:
        rung = ring(goal, alarm, alarm.at)
        goal = evolve_all(goal, rung)
        if isinstance(body := rung[0].body, events.ReviewOpened):
            opened.append((body.scheduled, alarm.day))
            goal = after(goal, self_review(), alarm.at)
            goal = after(goal, verdict(goal, "continue"), alarm.at)
    return opened


def test_an_early_or_late_review_never_moves_the_later_ones() -> None:
    calendar_has = [(day(10, 30), day(10, 30)), (day(11, 30), day(11, 30))]
    assert _reviews_that_open(active()) == calendar_has

    early = after(active(), commands.CallReview(id=fresh_id(), actor=OWNER, reason="早めに相談したい"), at(day(10, 14)))
    early = after(early, self_review(), at(day(10, 15)))
    early = after(early, verdict(early, "continue"), at(day(10, 16)))
    assert _reviews_that_open(early) == calendar_has

    late = awaiting_verdict()
    late = after(late, verdict(late, "continue"), at(day(11, 27)))  # four weeks after it opened
    assert _reviews_that_open(late) == calendar_has[1:]


def test_a_verdict_given_after_the_next_review_date_covers_that_review_and_opens_it_no_second_time() -> None:
    goal = awaiting_verdict()
    goal = after(goal, verdict(goal, "continue"), at(day(12, 1)))
    assert _reviews_that_open(goal) == []


def test_a_review_that_was_due_before_the_goal_was_approved_does_not_open() -> None:
    assert _reviews_that_open(active(on=day(11, 2))) == [(day(11, 30), day(11, 30))]


def test_a_task_that_is_sent_back_gets_a_fresh_due_date_in_business_days_no_escalation_loops_on_an_old_date() -> None:
    goal = pending()
    for _ in range(4):  # reminded twice, then the director and HR have joined: the approval is long overdue
        goal = rung(goal)
    assert goal.task is not None
    assert goal.task.assignees == (MANAGER, DIRECTOR, *POLICY.hr)

    goal = after(
        goal, commands.ReturnForChanges(id=fresh_id(), actor=MANAGER, comment="もう一歩具体的に"), at(day(10, 29))
    )

    assert goal.state is State.DRAFT
    assert goal.task is not None
    assert goal.task.assignees == (OWNER,)
    assert goal.task.due == day(11, 13)  # ten business days: 3 November is a holiday
    alarm = awaited(goal)
    assert (alarm.day, alarm.rung) == (day(11, 10), 0)
    assert rung(goal).seq == goal.seq + 1
    assert ring(goal, alarm, at(day(11, 9), 18)) == ()  # nothing rings before the fresh date's first rung


def test_a_step_that_is_past_when_the_goal_is_approved_gets_a_fresh_date_too() -> None:
    goal = active(on=day(11, 2))
    assert goal.task is not None
    assert goal.task.kind is TaskKind.STEP
    assert goal.task.due == day(11, 10)  # five business days, not 23 October


def _deputy(delegator: str = MANAGER, actor: str = MANAGER) -> commands.Delegate:
    fields = {"delegator": delegator, "to": DEPUTY, "first": day(10, 5), "last": day(10, 9), "reason": "出張"}
    return commands.Delegate.model_validate({"id": fresh_id(), "actor": actor} | fields)


@pytest.mark.parametrize("actor", [MANAGER, HR])
def test_a_delegation_readdresses_the_open_task_at_once_and_the_ledger_keeps_the_old_assignee(actor: str) -> None:
    goal = pending()  # the task was there before the delegation
    by_deputy = approve(goal, DEPUTY, acting_for=MANAGER)
    refusal(goal, by_deputy, at(day(10, 5), 11), Code.NOT_DELEGATED)

    goal = after(goal, _deputy(actor=actor), at(day(10, 5), 12))
    (event,) = decide(goal, by_deputy, at(day(10, 5), 12, 1))

    assert (event.actor, event.acting_for) == (DEPUTY, MANAGER)
    assert evolve_all(goal, [event]).state is State.ACTIVE
    assert goal.task is not None
    assert MANAGER in goal.task.assignees  # who may still sign: a delegation takes nothing away


def test_a_reassignment_readdresses_the_open_task_at_once_and_the_ledger_keeps_the_old_assignee() -> None:
    goal = pending()
    command = commands.Reassign(id=fresh_id(), actor=HR, assignees=(DEPUTY,), reason="上長の異動")

    (event,) = decide(goal, command, at(day(10, 6)))
    goal = evolve_all(goal, [event])

    assert isinstance(event.body, events.Reassigned)
    assert (event.body.before, event.body.assignees) == ((MANAGER,), (DEPUTY,))
    refusal(goal, approve(goal, MANAGER), at(day(10, 6)), Code.NOT_ALLOWED)
    assert after(goal, approve(goal, DEPUTY), at(day(10, 6))).state is State.ACTIVE


def test_a_delegation_holds_on_its_days_only() -> None:
    goal = after(pending(), _deputy(), at(day(10, 5), 11))
    command = approve(goal, DEPUTY, acting_for=MANAGER)

    assert decide(goal, command, at(day(10, 9), 23, 59))
    refusal(goal, command, at(day(10, 10), 0), Code.NOT_DELEGATED)


def test_the_past_is_never_rewritten_corrections_are_new_events() -> None:
    first = created()
    goal, ledger = draft(), [first]
    given = [
        commands.Revise(id=fresh_id(), actor=OWNER, content=content(theme="誤字のあるテマ")),
        commands.Revise(id=fresh_id(), actor=OWNER, content=CONTENT),
        commands.Withdraw(id=fresh_id(), actor=OWNER, reason="誤操作"),
        commands.Reopen(id=fresh_id(), actor=HR, reason="誤操作を取り消す"),
    ]
    for hour, command in enumerate(given, start=10):
        recorded = [event.model_dump_json() for event in ledger]
        ledger.extend(decided := decide(goal, command, at(day(10, 2), hour)))
        goal = evolve_all(goal, decided)
        assert [event.model_dump_json() for event in ledger[: len(recorded)]] == recorded

    assert [event.seq for event in ledger] == [1, 2, 3, 4, 5]
    assert [event.kind for event in ledger[1:]] == [
        EventKind.REVISED, EventKind.REVISED, EventKind.WITHDRAWN, EventKind.REOPENED,
    ]  # fmt: skip
    assert (goal.state, goal.outcome, goal.content) == (State.DRAFT, None, CONTENT)
    head = genesis(goal.id)
    for event in ledger:
        head = chain(head, event.json_form)
    assert goal.head == head  # a mistake and its correction both stand in the chain


def test_no_command_and_no_event_deletes_anything_but_the_texts_that_people_wrote() -> None:
    asked = " ".join(set(commands.COMMANDS) - {"erase_texts"})
    happened = " ".join(set(EventKind) - {EventKind.TEXTS_ERASED})
    assert not [word for word in ("delete", "remove", "purge", "erase") if word in asked or word in happened]


def test_a_reset_settles_the_old_revision_on_that_date_points_earned_stay_and_states_the_weight_of_the_new_one() -> (
    None
):
    goal = active()
    goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 20)))
    goal = after(goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, value="7"), at(day(10, 21)))
    while goal.state is State.ACTIVE:
        goal = rung(goal)
    goal = after(goal, self_review(), at(day(11, 2)))

    (event,) = decide(goal, verdict(goal, "unrealistic", bonus=5, new_weight=40), at(day(11, 4)))
    new = evolve_all(goal, [event])

    assert isinstance(event.body, events.Reset)
    assert (event.revision, event.at) == (1, at(day(11, 4)))  # the old revision's last entry
    assert event.body.banked == 70  # a step's 20, three quarters of the measure's 60, and the bonus
    assert event.body.content.weight == 40
    assert (new.state, new.revision, new.content.weight) == (State.DRAFT, 2, Decimal(40))
    assert score(new) == 70
    assert not any((new.done, new.bonus, new.attained, new.value))
    assert new.content.steps == goal.content.steps[1:]  # only what is left
    assert isinstance(new.content.measure, NumericMeasure)
    assert new.content.measure.baseline == 7  # what was reached is banked: the next revision starts from there
    assert new.task is not None
    assert new.task.due == day(11, 18)


def test_a_reset_that_states_no_weight_keeps_the_old_one() -> None:
    goal = awaiting_verdict()
    assert after(goal, verdict(goal, "achieved", then="reset"), at(day(11, 4))).content.weight == CONTENT.weight


def test_who_signed_the_first_stage_is_not_brought_back_to_the_second_by_escalation() -> None:
    from_two = pending(POLICY.model_copy(update={"approval_stages": 2}))
    goal = after(from_two, approve(from_two), at(day(10, 6)))
    assert goal.task is not None
    assert goal.task.assignees == (DIRECTOR,)
    while len(goal.task.assignees) == 1:
        goal = rung(goal)
        assert goal.task is not None
    assert goal.task.assignees == (DIRECTOR, *POLICY.hr)


def test_escalation_of_a_verdict_goes_up_the_line_and_removes_nobody() -> None:
    goal = awaiting_verdict()
    joined = [goal.task.assignees if goal.task else ()]
    while (alarm := awaited(goal)).kind is AlarmKind.RUNG:
        goal = rung(goal)
        assert goal.task is not None
        if goal.task.assignees != joined[-1]:
            joined.append(goal.task.assignees)
        assert alarm.rung + 1 == goal.task.rung
    assert joined == [(MANAGER,), (MANAGER, DIRECTOR), (MANAGER, DIRECTOR, *POLICY.hr)]


def test_a_second_self_review_gives_the_reviewer_no_new_date_and_removes_nobody_who_joined() -> None:
    goal = awaiting_verdict()
    while goal.task and len(goal.task.assignees) == 1:
        goal = rung(goal)
    again = after(goal, self_review(), at(day(11, 18)))
    assert again.task == goal.task


def test_who_joined_by_escalation_may_decide_without_the_self_review_and_nobody_else_may() -> None:
    goal = in_review()
    for early in (MANAGER, DIRECTOR, HR):
        refusal(goal, verdict(goal, "continue", early), at(day(11, 2)), Code.SELF_REVIEW_FIRST)
    while goal.task and len(goal.task.assignees) == 1:
        goal = rung(goal)
    refusal(goal, verdict(goal, "continue", DIRECTOR), at(day(11, 13)), Code.NOT_ALLOWED)
    refusal(goal, verdict(goal, "continue", STRANGER), at(day(11, 13)), Code.NOT_ALLOWED)
    refusal(goal, verdict(goal, "continue", OWNER), at(day(11, 13)), Code.SELF_APPROVAL)
    assert after(goal, verdict(goal, "continue", MANAGER), at(day(11, 13))).state is State.ACTIVE
