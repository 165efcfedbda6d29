"""An owner who leaves the company: the goal is reviewed before the last day, or stays open for its reviewers."""

from datetime import date

import pytest

from domain.goal.adoption import adopt
from domain.goal.alarms import AlarmKind, due_alarms, next_alarm, ring
from domain.goal.commands import CallReview, Comment, CompleteStep, Reopen, ReportProgress
from domain.goal.decide import decide
from domain.goal.events import Event, LineChanged, ReviewOpened
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal, Outcome
from domain.goal.rebuilding import is_same
from domain.goal.scoring import score
from domain.lifecycle import EventKind, State
from domain.notices.notices import Notice, NoticeKind, notices_of
from domain.policy.policy import Leavers, Policy, TaskKind
from domain.refusals import Code
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    active,
    after,
    at,
    awaited,
    awaiting_verdict,
    change_line,
    day,
    delegate,
    draft,
    fresh_id,
    in_review,
    pause,
    pending,
    policy,
    refusal,
    resume,
    rung,
    self_review,
    task_of,
    verdict,
)

VERDICT, KEEP = policy(leavers="verdict"), policy(leavers="keep")
LAST_DAY, THE_DAY_AFTER = day(11, 20), day(11, 21)  # a Friday and a Saturday
BEFORE = day(10, 7)
OPENS = day(11, 6)  # ten business days before the last day


def gone(goal: Goal, on: date = THE_DAY_AFTER) -> Goal:
    return after(goal, change_line(goal, gone=True), at(on, 0, 5))


def leaving(goal: Goal, last_day: date | None = LAST_DAY, on: date = BEFORE) -> Goal:
    return after(goal, change_line(goal, leaves=last_day), at(on))


def until(goal: Goal, state: State) -> Goal:
    """The goal after its alarms, up to that state."""
    while goal.state is not state:
        goal = rung(goal)
    return goal


def without_reviews(leavers: Leavers, **rules: object) -> Policy:
    return policy(leavers=leavers, reviews=(), **rules)


def told(goal: Goal, event: Event) -> set[tuple[NoticeKind, str]]:
    return {(one.kind, one.recipient) for one in notices(goal, event)}


def notices(goal: Goal, event: Event) -> tuple[Notice, ...]:
    return notices_of(evolve_all(goal, [event]), event, goal)


# --- before the last day ---------------------------------------------------------------------------------------------


def test_the_last_review_opens_as_long_before_the_last_day_as_self_review_and_verdict_may_take() -> None:
    goal = leaving(active(without_reviews(Leavers.VERDICT)))
    assert (goal.leaves, goal.gone, goal.last_review_on) == (LAST_DAY, False, OPENS)
    assert [one.day for one in due_alarms(goal, at(day(12, 31))) if one.kind is AlarmKind.LEAVING] == [OPENS]
    reviewed = until(goal, State.IN_REVIEW)
    assert task_of(reviewed).kind is TaskKind.SELF_REVIEW
    at_the_end = after(reviewed, self_review(), at(task_of(reviewed).due))
    assert (task_of(at_the_end).kind, task_of(at_the_end).due) == (TaskKind.VERDICT, LAST_DAY)


def test_without_self_reviews_it_opens_later() -> None:
    goal = leaving(active(without_reviews(Leavers.VERDICT, self_review=False)))
    assert goal.last_review_on == day(11, 13)


def test_the_entry_of_the_last_review_says_when_the_owner_leaves() -> None:
    goal = leaving(active(without_reviews(Leavers.VERDICT)))
    while awaited(goal).kind is not AlarmKind.LEAVING:
        goal = rung(goal)
    [event] = ring(goal, awaited(goal), awaited(goal).at)
    assert event.body == ReviewOpened(leaves=LAST_DAY)


def test_a_last_day_that_is_near_opens_the_review_at_once() -> None:
    goal = leaving(active(VERDICT), day(10, 9), on=day(10, 7))
    alarm = awaited(goal)
    assert (alarm.kind, alarm.at < at(day(10, 7))) == (AlarmKind.LEAVING, True)
    assert rung(goal, at(day(10, 7))).state is State.IN_REVIEW


@pytest.mark.parametrize("last_day", [day(12, 28), day(12, 31), None])
def test_who_works_until_the_cycle_closes_has_no_last_review(last_day: date | None) -> None:
    goal = active(VERDICT)
    goal = leaving(goal, last_day) if last_day else goal
    assert goal.last_review_on is None
    assert not goal.ends_with_verdict(day(12, 28))


@pytest.mark.parametrize("leavers", [Leavers.SETTLE, Leavers.KEEP])
def test_other_rules_open_no_last_review(leavers: Leavers) -> None:
    assert leaving(active(policy(leavers=leavers))).last_review_on is None


@pytest.mark.parametrize(
    ("says", "outcome"),
    [("continue", Outcome.SETTLED), ("achieved", Outcome.ACHIEVED), ("unrealistic", Outcome.UNREALISTIC)],
)
def test_every_verdict_of_the_last_review_closes_the_goal_and_counts(says: str, outcome: Outcome) -> None:
    goal = leaving(awaiting_verdict(VERDICT, on=OPENS), on=OPENS)
    reported = after(goal, ReportProgress(id=fresh_id(), actor=OWNER, value="8"), at(OPENS))
    ended = after(reported, verdict(reported, says, bonus=5), at(OPENS, 11))
    assert (ended.state, ended.outcome) == (State.CLOSED, outcome)
    assert score(ended) == 35, "half of the measure's 60 points, and the bonus"


@pytest.mark.parametrize("then", ["continue", "reset"])
def test_nothing_else_can_follow_the_last_verdict(then: str) -> None:
    goal = leaving(awaiting_verdict(VERDICT), on=OPENS)
    says = "continue" if then == "continue" else "unrealistic"
    said = refusal(goal, verdict(goal, says, then=then), at(OPENS), Code.OWNER_LEAVES)
    assert said.fields == {"then": then}
    assert after(goal, verdict(goal, says, then="close"), at(OPENS)).is_closed


def test_a_verdict_before_that_day_lets_the_goal_go_on_and_the_last_review_opens_later() -> None:
    goal = leaving(awaiting_verdict(VERDICT), on=day(11, 2))
    goes_on = after(goal, verdict(goal, "continue"), at(day(11, 5)))
    assert goes_on.state is State.ACTIVE
    assert awaited(goes_on).kind is AlarmKind.LEAVING


def test_who_stays_after_all_goes_on() -> None:
    goal = leaving(leaving(awaiting_verdict(VERDICT), on=OPENS), None, on=OPENS)
    assert goal.leaves is None
    assert after(goal, verdict(goal, "continue"), at(OPENS)).state is State.ACTIVE


def test_only_a_last_day_is_no_news_to_the_owner_and_comes_once() -> None:
    goal = active(VERDICT)
    [event] = decide(goal, change_line(goal, leaves=LAST_DAY), at(day(10, 7)))
    assert told(goal, event) == set()
    known = leaving(goal)
    assert decide(known, change_line(known), at(day(10, 8))) == ()


def test_a_draft_of_somebody_whose_last_day_is_known_at_the_launch_knows_it() -> None:
    assert draft(VERDICT, leaves=LAST_DAY).last_review_on == OPENS


# --- after the last day ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [VERDICT, KEEP])
def test_a_step_is_no_longer_asked_for(rules: Policy) -> None:
    goal = gone(active(rules), day(10, 7))
    assert (goal.state, goal.task, goal.gone, goal.gone_on) == (State.ACTIVE, None, True, day(10, 7))
    assert next_alarm(goal) is not None


@pytest.mark.parametrize("rules", [VERDICT, KEEP])
def test_a_self_review_becomes_the_verdict_of_the_reviewer_with_its_full_time(rules: Policy) -> None:
    goal = in_review(rules)
    escalated = rung(rung(rung(goal)))
    assert task_of(escalated).assignees == (OWNER, MANAGER)
    for before in (goal, escalated):
        left = gone(before, day(11, 13))
        task = task_of(left)
        assert (task.kind, task.assignees, task.due) == (TaskKind.VERDICT, (MANAGER,), day(11, 20))
        assert after(left, verdict(left, "achieved"), at(day(11, 16))).outcome is Outcome.ACHIEVED


def test_a_verdict_that_is_awaited_stays_with_the_reviewer_and_keeps_its_date() -> None:
    goal = awaiting_verdict(KEEP)
    assert task_of(gone(goal, day(11, 4))) == task_of(goal)


def test_a_self_review_and_other_managers_end_in_one_entry_and_the_new_manager_gives_the_verdict() -> None:
    goal = rung(rung(rung(in_review(KEEP))))
    [event] = decide(goal, change_line(goal, gone=True, line=(DIRECTOR,)), at(day(11, 13)))
    assert isinstance(event.body, LineChanged)
    assert (event.body.before, event.body.assignees) == (None, None)
    assert task_of(evolve_all(goal, [event])).assignees == (DIRECTOR,)


def test_a_goal_is_not_settled_into_a_draft_by_a_department_that_changes_with_the_leaving() -> None:
    goal = active(policy(leavers="keep", moves_settle=True))
    left = after(goal, change_line(goal, gone=True, department="財務", settle=True), at(BEFORE))
    assert (left.state, left.revision, left.department) == (State.ACTIVE, 1, "財務")


def test_later_changes_of_the_organisation_leave_the_day_and_prepared_verdicts_as_they_are() -> None:
    goal = gone(awaiting_verdict(KEEP), day(11, 4))
    prepared = verdict(goal, "achieved")
    moved = after(goal, change_line(goal, department="財務"), at(day(11, 6)))
    assert moved.gone_on == day(11, 4)
    assert after(moved, prepared, at(day(11, 6))).outcome is Outcome.ACHIEVED


def test_without_a_manager_hr_gives_the_verdict_and_never_the_owner() -> None:
    goal = gone(in_review(policy(leavers="keep", hr=(OWNER, HR)), line=()))
    assert task_of(goal).assignees == (HR,)
    while task_of(goal).rung < len(goal.policy.ladders[TaskKind.VERDICT].rungs):
        goal = rung(goal)
    assert OWNER not in task_of(goal).assignees


def test_the_task_climbs_to_hr_and_the_goal_is_settled_when_the_cycle_closes() -> None:
    goal = until(gone(active(VERDICT), day(10, 7)), State.IN_REVIEW)
    while awaited(goal).kind is AlarmKind.RUNG:
        goal = rung(goal)
    assert task_of(goal).assignees == (MANAGER, DIRECTOR, HR, HR_TOO)
    ended = until(goal, State.CLOSED)
    assert ended.outcome is Outcome.SETTLED


def test_who_has_left_without_notice_gets_the_last_review_at_the_next_opening_hour() -> None:
    goal = gone(active(VERDICT), day(10, 10))  # a Saturday before a holiday
    alarm = awaited(goal)
    assert (alarm.kind, alarm.day) == (AlarmKind.LEAVING, day(10, 13))
    reviewed = rung(goal)
    assert (task_of(reviewed).kind, task_of(reviewed).assignees) == (TaskKind.VERDICT, (MANAGER,))
    ended = after(reviewed, verdict(reviewed, "continue"), at(day(10, 14)))
    assert (ended.outcome, ended.gone) == (Outcome.SETTLED, True)


def test_a_kept_goal_is_reviewed_on_the_dates_of_the_cycle_and_closes_with_it() -> None:
    goal = after(active(KEEP), CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 7)))
    goal = gone(goal, day(10, 8))
    reviewed = until(goal, State.IN_REVIEW)
    assert (reviewed.reviewed_through, task_of(reviewed).assignees) == (day(10, 30), (MANAGER,))
    goes_on = after(reviewed, verdict(reviewed, "continue"), at(day(11, 2)))
    assert (goes_on.state, goes_on.task) == (State.ACTIVE, None)
    again = until(goes_on, State.IN_REVIEW)
    assert again.reviewed_through == day(11, 30)
    ended = until(again, State.CLOSED)
    assert ended.outcome is Outcome.SETTLED
    assert score(ended) == 20


def test_a_kept_goal_that_is_unrealistic_is_closed_and_never_reset() -> None:
    goal = gone(awaiting_verdict(KEEP), day(11, 4))
    refusal(goal, verdict(goal, "unrealistic", then="reset"), at(day(11, 4)), Code.OWNER_LEAVES)
    refusal(goal, verdict(goal, "achieved", then="continue"), at(day(11, 4)), Code.VERDICT_CONTRADICTS)
    assert after(goal, verdict(goal, "unrealistic"), at(day(11, 4))).outcome is Outcome.UNREALISTIC


def test_a_verdict_that_was_prepared_before_the_owner_left_is_given_again() -> None:
    goal = awaiting_verdict(KEEP)
    prepared = verdict(goal, "unrealistic")
    refusal(gone(goal, day(11, 4)), prepared, at(day(11, 4)), Code.GOAL_CHANGED)


def test_nothing_is_accepted_from_an_owner_who_has_left_not_even_through_a_delegate() -> None:
    goal = after(active(KEEP), delegate(OWNER, DEPUTY, own_goals=True), at(day(10, 7)))
    left = gone(goal, day(10, 8))
    for command in (
        CompleteStep(id=fresh_id(), actor=OWNER, step=0),
        CompleteStep(id=fresh_id(), actor=DEPUTY, acting_for=OWNER, step=0),
    ):
        refusal(left, command, at(day(10, 8)), Code.OWNER_LEFT)


def test_reviewers_and_hr_go_on_with_the_goal() -> None:
    goal = gone(active(KEEP), day(10, 7))
    goal = after(goal, Comment(id=fresh_id(), actor=MANAGER, text="引き継ぎを確認"), at(day(10, 8)))
    called = after(goal, CallReview(id=fresh_id(), actor=MANAGER, reason="引き継ぎ"), at(day(10, 8)))
    assert (task_of(called).kind, task_of(called).assignees) == (TaskKind.VERDICT, (MANAGER,))


@pytest.mark.parametrize("goal", [draft(KEEP), pending(KEEP)])
def test_a_goal_that_nobody_has_approved_is_not_kept(goal: Goal) -> None:
    refusal(goal, change_line(goal, gone=True), at(day(10, 7)), Code.WRONG_STATE)


def test_news_of_leaving_that_come_twice_change_nothing() -> None:
    goal = gone(active(KEEP), day(10, 7))
    assert decide(goal, change_line(goal), at(day(10, 9))) == ()


def test_a_leave_that_ends_by_leaving_the_company_ends_the_pause() -> None:
    goal = active(VERDICT)
    away = after(goal, change_line(goal, away=True), at(day(10, 7)))
    left = after(away, change_line(away, away=False, gone=True), at(day(10, 8)))
    assert (left.is_paused, left.task) == (False, None)


def test_hrs_pause_holds_for_a_goal_whose_owner_leaves() -> None:
    goal = gone(after(active(VERDICT), pause(), at(day(10, 7))), day(10, 8))
    assert next_alarm(goal) is None
    running = after(goal, resume(), at(day(10, 9)))
    assert awaited(running).kind is AlarmKind.LEAVING


def test_who_comes_back_goes_on_with_the_goal() -> None:
    left = gone(active(KEEP), day(10, 8))
    [event] = decide(left, change_line(left, gone=False), at(day(10, 14)))
    assert told(left, event) == {(NoticeKind.STEP_DUE, OWNER)}
    back = evolve_all(left, [event])
    assert (back.gone, task_of(back).kind, task_of(back).assignees) == (False, TaskKind.STEP, (OWNER,))
    after(back, CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 15)))


def test_the_verdict_that_is_awaited_stays_so_when_the_owner_comes_back() -> None:
    left = gone(in_review(KEEP), day(11, 2))
    back = after(left, change_line(left, gone=False), at(day(11, 4)))
    assert task_of(back) == task_of(left)


def test_a_goal_that_hr_opens_again_asks_the_reviewer_and_not_the_owner() -> None:
    goal = until(gone(active(VERDICT), day(10, 7)), State.IN_REVIEW)
    ended = after(goal, verdict(goal, "continue"), at(day(10, 12)))
    again = after(ended, Reopen(id=fresh_id(), actor=HR, reason="誤り"), at(day(10, 13)))
    assert (task_of(again).kind, task_of(again).assignees) == (TaskKind.VERDICT, (MANAGER,))


# --- who hears of it -------------------------------------------------------------------------------------------------


def test_the_reviewer_hears_that_the_verdict_is_theirs_and_the_owner_who_left_hears_nothing() -> None:
    goal = in_review(KEEP)
    [event] = decide(goal, change_line(goal, gone=True), at(day(11, 2)))
    [notice] = notices(goal, event)
    assert (notice.kind, notice.recipient, notice.facts["gone"]) == (NoticeKind.VERDICT_REQUESTED, MANAGER, "1")
    left = evolve_all(goal, [event])
    [closes] = decide(left, verdict(left, "achieved"), at(day(11, 4)))
    assert told(left, closes) == set()


def test_a_request_for_the_last_verdict_says_the_last_day() -> None:
    goal = leaving(in_review(VERDICT), on=OPENS)
    [event] = decide(goal, self_review(), at(OPENS))
    [notice] = notices(goal, event)
    assert (notice.kind, notice.facts["leaves"]) == (NoticeKind.VERDICT_REQUESTED, "2026-11-20")
    before = leaving(in_review(VERDICT), on=day(11, 2))
    [event] = decide(before, self_review(), at(day(11, 2)))
    assert "leaves" not in notices(before, event)[0].facts


def test_who_has_the_verdict_already_and_the_reviewer_of_a_paused_goal_are_not_asked_again() -> None:
    for goal in (awaiting_verdict(KEEP), after(in_review(KEEP), pause(), at(day(11, 2)))):
        [event] = decide(goal, change_line(goal, gone=True), at(day(11, 4)))
        assert told(goal, event) == set()


# --- entries that a worker wrote and did not report ------------------------------------------------------------------


def test_entries_of_leaving_and_of_the_last_verdict_are_adopted_as_those_of_their_commands() -> None:
    goal = awaiting_verdict(VERDICT)
    for command in (change_line(goal, leaves=LAST_DAY), change_line(goal, leaves=LAST_DAY, gone=True)):
        entries = decide(goal, command, at(OPENS))
        assert is_same(command, entries)
        assert adopt(goal, entries, None, at(OPENS)) == evolve_all(goal, entries)
        assert not is_same(change_line(goal, department="財務"), entries)
    left = leaving(goal, on=OPENS)
    for says in ("continue", "unrealistic", "achieved"):
        given = verdict(left, says)
        entries = decide(left, given, at(OPENS))
        assert is_same(given, entries)
        assert adopt(left, entries, None, at(OPENS)) == evolve_all(left, entries)


def test_the_ledger_of_an_owner_who_stays_says_nothing_of_it() -> None:
    goal = active()
    [event] = decide(goal, change_line(goal, line=(DIRECTOR,)), at(day(10, 7)))
    assert event.kind is EventKind.LINE_CHANGED
    assert not {"leaves", "gone"} & set(event.json_form["body"])
