"""An owner on leave: the goal is paused, whatever HR does beside it, and goes on with as many days as it had."""

from datetime import timedelta

from domain.goal.alarms import next_alarm
from domain.goal.commands import Close
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.notices.notices import NoticeKind, notices_of
from domain.reasons import AWAY
from domain.refusals import Code
from tests.domain.builders import (
    DIRECTOR,
    HR,
    OWNER,
    STRANGER,
    active,
    after,
    approve,
    at,
    change_line,
    closed,
    created,
    day,
    draft,
    fresh_id,
    pause,
    pending,
    refusal,
    resume,
    task_of,
)

BEGINS, ENDED = at(day(10, 7)), at(day(10, 21))  # nine business days later: 12 October is a holiday


def away(goal: Goal) -> Goal:
    return after(goal, change_line(goal, away=True), BEGINS)


def back(goal: Goal) -> Goal:
    return after(goal, change_line(goal, away=False), ENDED)


def test_a_goal_is_paused_while_its_owner_is_on_leave_and_its_task_is_due_as_much_later() -> None:
    goal = pending()
    paused = away(goal)
    assert (paused.is_paused, paused.away, paused.paused_on) == (True, True, day(10, 7))
    assert next_alarm(paused) is None
    assert refusal(paused, approve(paused), BEGINS, Code.PAUSED).message.fields["reason"] == AWAY
    again = back(paused)
    assert (again.is_paused, again.away) == (False, False)
    calendar = goal.policy.calendar
    assert task_of(again).due == calendar.add(task_of(goal).due, calendar.between(day(10, 7), day(10, 21)))
    assert calendar.between(task_of(goal).due, task_of(again).due) == 9


def test_a_goal_pauses_for_each_of_two_leaves_by_itself_and_its_task_is_due_as_much_later() -> None:
    goal = pending()
    once = back(away(goal))
    again = after(once, change_line(once, away=True), at(day(10, 23)))
    assert (again.is_paused, again.paused_on) == (True, day(10, 23))
    over = after(again, change_line(again, away=False), at(day(11, 9)))
    calendar = goal.policy.calendar
    paused = [calendar.between(first, last) for first, last in ((day(10, 7), day(10, 21)), (day(10, 23), day(11, 9)))]
    assert not over.is_paused
    assert task_of(over).due == calendar.add(calendar.add(task_of(goal).due, paused[0]), paused[1])


def test_news_of_a_leave_that_come_twice_change_nothing() -> None:
    goal = away(active())
    assert decide(goal, change_line(goal, away=True), ENDED) == ()
    assert decide(active(), change_line(active(), away=False), ENDED) == ()


def test_hrs_pause_holds_beside_the_leave_whichever_ends_first() -> None:
    for_both = after(away(active()), pause(), at(day(10, 8)))
    assert for_both.paused_on == day(10, 7)
    of_hr = back(for_both)
    assert (of_hr.is_paused, of_hr.pause_reason) == (True, "長期休暇")
    assert task_of(of_hr) == task_of(for_both)
    running = after(of_hr, resume(), ENDED + timedelta(days=1))
    assert not running.is_paused
    of_leave = after(for_both, resume(), at(day(10, 9)))
    assert (of_leave.is_paused, of_leave.away, of_leave.pause_reason) == (True, True, None)
    [resumed] = decide(for_both, resume(), at(day(10, 9)))
    assert resumed.json_form["body"]["business_days"] == 0, "the goal does not go on yet"
    assert task_of(of_leave) == task_of(for_both)
    refusal(of_leave, resume(), at(day(10, 9)), Code.PAUSED)
    moved = back(of_leave)
    calendar = moved.policy.calendar
    assert calendar.between(task_of(active()).due, task_of(moved).due) == 9


def test_a_leave_that_begins_during_hrs_pause_counts_from_the_pause() -> None:
    paused = after(active(), pause(), at(day(10, 6)))
    both = after(paused, change_line(paused, away=True), BEGINS)
    left = after(both, resume(), at(day(10, 9)))
    assert (left.is_paused, left.paused_on) == (True, day(10, 6))


def test_a_leave_and_other_managers_come_in_one_entry() -> None:
    goal = pending()
    [event] = decide(goal, change_line(goal, away=True, line=(STRANGER, DIRECTOR)), BEGINS)
    changed = evolve_all(goal, [event])
    assert (changed.is_paused, task_of(changed).assignees) == (True, (STRANGER,))


def test_a_goal_that_is_closed_meanwhile_is_over_and_comes_back_without_the_leave() -> None:
    goal = away(active())
    ended = after(goal, Close(id=fresh_id(), actor=HR, reason="終了"), BEGINS)
    assert (ended.state, ended.is_paused, ended.away) == (State.CLOSED, False, False)
    assert not closed().away


def test_the_owner_hears_of_the_pause_and_of_its_end_and_not_of_other_managers() -> None:
    goal = active()
    [begins] = decide(goal, change_line(goal, away=True), BEGINS)
    paused = evolve_all(goal, [begins])
    [ends] = decide(paused, change_line(paused, away=False), ENDED)
    told = [
        {(notice.kind, notice.recipient) for notice in notices_of(evolve_all(before, [event]), event, before)}
        for before, event in ((goal, begins), (paused, ends))
    ]
    assert told == [{(NoticeKind.PAUSED, OWNER)}, {(NoticeKind.RESUMED, OWNER)}]


def test_a_draft_of_somebody_who_is_on_leave_at_the_launch_begins_paused_and_asks_for_nothing() -> None:
    goal = draft(away=True)
    assert (goal.is_paused, goal.away, next_alarm(goal)) == (True, True, None)
    assert notices_of(goal, created(away=True)) == ()
