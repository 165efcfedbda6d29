"""Commands of HR: reassigning tasks, extending, ending and reopening goals."""

from datetime import date
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from domain.goal import commands, events
from domain.goal.alarms import AlarmKind
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal, Outcome
from domain.lifecycle import State
from domain.refusals import Code
from domain.values import Locale
from tests.domain.builders import (
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
    closed,
    day,
    delegate,
    draft,
    extend,
    fresh_id,
    pending,
    policy,
    refusal,
    rung,
    task_of,
)  # fmt: skip
from texts.dates import day_text


def in_english(day: JsonValue) -> str:
    return day_text(date.fromisoformat(str(day)), Locale.EN)


def reopen(**fields: Any) -> commands.Reopen:
    return commands.Reopen(id=fresh_id(), actor=HR, reason="訂正", **fields)


def test_whoever_is_given_an_overdue_approval_gets_the_full_time_for_it_and_its_reminders() -> None:
    goal = pending()
    while not (goal.task and goal.task.rung == 2):
        goal = rung(goal)
    overdue = goal.task
    goal = after(
        goal, commands.Reassign(id=fresh_id(), actor=HR, assignees=(STRANGER,), reason="異動"), at(day(10, 21))
    )
    assert goal.task is not None
    assert (goal.task.assignees, goal.task.due, goal.task.rung) == ((STRANGER,), day(10, 28), 0)
    assert overdue.due < goal.task.due
    assert goal.task.climbed == overdue.climbed, "who was taken off is not brought back"


def test_assignees_are_replaced_only_in_the_version_that_hr_saw() -> None:
    goal = pending(policy(approval_stages=2))
    seen = commands.Reassign(id=fresh_id(), actor=HR, assignees=(STRANGER,), expected_seq=goal.seq, reason="異動")
    assert task_of(after(goal, seen, at(day(10, 7)))).assignees == (STRANGER,)
    approved = after(goal, approve(goal, MANAGER), at(day(10, 7)))
    refusal(approved, seen, at(day(10, 7)), Code.GOAL_CHANGED)


@pytest.mark.parametrize(
    "people", [{}, {"person": MANAGER}, {"to": STRANGER}, {"person": MANAGER, "to": STRANGER, "assignees": (STRANGER,)}]
)
def test_a_reassignment_names_a_person_and_who_takes_over_or_all_assignees(people: Any) -> None:
    with pytest.raises(ValidationError, match="reassigned_in_one_way"):
        commands.Reassign(id=fresh_id(), actor=HR, reason="異動", **people)


def test_rules_that_no_policy_has_cannot_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="unknown_rule"):
        commands.AmendPolicy(id=fresh_id(), actor=HR, policy=POLICY, rules=("max_bonus", "nope"), reason="異動")


@pytest.mark.parametrize("owners", [draft, active], ids=["draft", "step"])
def test_a_task_that_only_the_owner_can_do_is_not_given_to_others_alone(owners: object) -> None:
    goal = owners()  # type: ignore[operator] # one of the builders
    alone = commands.Reassign(id=fresh_id(), actor=HR, assignees=(DIRECTOR,), reason="休職")
    refusal(goal, alone, at(day(10, 7)), Code.OWNERS_TASK)
    beside = commands.Reassign(id=fresh_id(), actor=HR, assignees=(OWNER, DIRECTOR), reason="支援")
    assert after(goal, beside, at(day(10, 7))).task.assignees == (OWNER, DIRECTOR)  # type: ignore[union-attr] # it has one


def test_a_goal_is_reopened_up_to_the_day_on_which_its_cycle_closes() -> None:
    goal = closed()
    reopen = commands.Reopen(id=fresh_id(), actor=HR, reason="取り消し")
    assert not after(goal, reopen, at(day(12, 28), 17)).is_closed
    refusal(goal, reopen, at(day(12, 29)), Code.CYCLE_OVER)


def test_a_command_without_an_id_is_a_defect_of_its_reader_and_not_answered_as_done() -> None:
    with pytest.raises(ValueError, match="has no id"):
        decide(draft(), commands.Comment(actor=OWNER, text="確認"), at(day(10, 7)))


# --- the cycle's last day --------------------------------------------------------------------------------------------


def test_a_goal_whose_cycle_closes_later_is_worked_on_until_then_and_ends_the_day_after() -> None:
    goal = active(policy(reviews=()))
    goal = after(goal, extend(closes=day(1, 29, 2027)), at(day(12, 1)))
    assert goal.policy.closes == day(1, 29, 2027)
    assert goal.task == active(policy(reviews=())).task, "the open task keeps its date"
    while (alarm := awaited(goal)).kind is not AlarmKind.END:
        goal = rung(goal)
    assert alarm.day == day(2, 1, 2027)


def test_the_task_and_the_cycle_are_extended_together_and_the_ledger_says_both() -> None:
    goal = pending()
    (event,) = decide(goal, extend(day(1, 15, 2027), closes=day(1, 29, 2027)), at(day(10, 6)))
    assert isinstance(event.body, events.Extended)
    assert (event.body.before, event.body.due, event.body.closes) == (day(10, 13), day(1, 15, 2027), day(1, 29, 2027))
    extended = evolve_all(goal, (event,))
    assert (task_of(extended).due, extended.policy.closes) == (day(1, 15, 2027), day(1, 29, 2027))
    assert awaited(extended).day == day(1, 14, 2027)


@pytest.mark.parametrize(
    ("fields", "first", "last"),
    [
        (
            {"closes": day(12, 27)},
            "Mon 28 Dec 2026",
            "Wed 29 Dec 2027",
        ),  # never earlier: people plan with what was said
        ({"closes": day(12, 30, 2027)}, "Mon 28 Dec 2026", "Wed 29 Dec 2027"),
        ({"due": day(12, 29)}, "Tue 6 Oct 2026", "Mon 28 Dec 2026"),
        ({"due": day(10, 5)}, "Tue 6 Oct 2026", "Mon 28 Dec 2026"),
        ({"due": day(1, 30, 2027), "closes": day(1, 29, 2027)}, "Tue 6 Oct 2026", "Fri 29 Jan 2027"),
    ],
)
def test_an_extension_beyond_reason_is_refused_with_the_dates_that_are_possible(
    fields: dict[str, date], first: str, last: str
) -> None:
    said = refusal(pending(), extend(**fields), at(day(10, 6)), Code.DATE_OUTSIDE).fields
    assert (in_english(said["first"]), in_english(said["last"])) == (first, last)


def test_no_task_is_extended_by_more_than_a_year_however_long_the_cycle_is() -> None:
    goal = pending(policy(closes=day(3, 31, 2028)))
    said = refusal(goal, extend(day(10, 8, 2027)), at(day(10, 6)), Code.DATE_OUTSIDE).fields
    assert in_english(said["last"]) == "Thu 7 Oct 2027"


def test_a_goal_that_waits_for_nobody_has_no_date_to_extend_but_a_cycle_that_can_close_later() -> None:
    goal = active()
    for step in range(len(goal.content.steps)):
        goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=step), at(day(10, 7)))
    refusal(goal, extend(day(12, 1)), at(day(10, 8)), Code.NO_TASK)
    extended = after(goal, extend(closes=day(1, 29, 2027)), at(day(10, 8)))
    assert (extended.policy.closes, extended.task) == (day(1, 29, 2027), None)


def test_an_extension_that_moves_nothing_cannot_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="nothing_to_extend"):
        extend()


def test_a_goal_of_a_cycle_that_is_over_is_reopened_into_a_cycle_that_closes_later() -> None:
    goal, late = closed(), at(day(1, 12, 2027))
    reopened = after(goal, reopen(closes=day(1, 29, 2027)), late)
    assert (reopened.state, reopened.outcome, reopened.policy.closes) == (State.IN_REVIEW, None, day(1, 29, 2027))
    assert task_of(reopened).due == day(1, 19, 2027)
    assert awaited(reopened).day == day(1, 18, 2027), "not the end of the old cycle"


@pytest.mark.parametrize("closes", [day(1, 11, 2027), day(1, 14, 2028)])
def test_a_goal_is_not_reopened_into_a_cycle_that_closes_in_the_past_or_a_year_away(closes: date) -> None:
    said = refusal(closed(), reopen(closes=closes), at(day(1, 12, 2027)), Code.DATE_OUTSIDE).fields
    assert (in_english(said["first"]), in_english(said["last"])) == ("Tue 12 Jan 2027", "Thu 13 Jan 2028")


def test_reopening_does_not_make_a_cycle_shorter() -> None:
    said = refusal(closed(), reopen(closes=day(12, 1)), at(day(11, 5)), Code.DATE_OUTSIDE).fields
    assert in_english(said["first"]) == "Mon 28 Dec 2026"


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "fields", "outcome"),
    [
        (draft(), {}, Outcome.LAPSED),
        (pending(), {}, Outcome.LAPSED),
        (active(), {}, Outcome.SETTLED),
        (awaiting_verdict(), {}, Outcome.SETTLED),
        (active(), {"achieved": True}, Outcome.ACHIEVED),
        (draft(), {"cancelled": True}, Outcome.CANCELLED),
        (active(), {"cancelled": True}, Outcome.CANCELLED),
    ],
)
def test_hr_ends_a_goal_as_it_stands_as_achieved_or_as_called_off(
    goal: Goal, fields: dict[str, bool], outcome: Outcome
) -> None:
    ended = after(goal, commands.Close(id=fresh_id(), actor=HR, reason="組織の解散", **fields), at(day(11, 5)))
    assert (ended.outcome, ended.task, ended.state) == (outcome, None, State.CLOSED)


def test_points_stay_when_a_goal_is_called_off() -> None:
    goal = after(active(), commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 12)))
    (event,) = decide(goal, commands.Close(id=fresh_id(), actor=HR, reason="中止", cancelled=True), at(day(11, 5)))
    assert isinstance(event.body, events.Closed)
    assert event.body.score == 20


def test_a_goal_does_not_end_in_two_ways() -> None:
    with pytest.raises(ValidationError, match="two_endings"):
        commands.Close(actor=HR, reason="終了", achieved=True, cancelled=True)


# --- delegations -----------------------------------------------------------------------------------------------------


def test_the_same_delegation_a_second_time_changes_nothing_and_another_one_does() -> None:
    goal = after(pending(), delegate(MANAGER, DEPUTY), at(day(10, 6)))
    assert decide(goal, delegate(MANAGER, DEPUTY), at(day(10, 7))) == ()
    assert decide(goal, delegate(MANAGER, DEPUTY, last=day(11, 1)), at(day(10, 7)))
    assert decide(goal, delegate(MANAGER, STRANGER), at(day(10, 7)))
