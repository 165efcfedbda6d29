"""Changes of the organisation: a new manager gets the open tasks of the former one, and nobody gets a task twice."""

from datetime import UTC, date, datetime

import pytest

from domain.goal import events
from domain.goal.decide import decide
from domain.goal.evolve import evolve, evolve_all
from domain.goal.goal import Delegation, Goal
from domain.lifecycle import State
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    BERLIN,
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    PRESIDENT,
    SITUATIONS,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaited,
    awaiting_verdict,
    change_line,
    closed,
    day,
    draft,
    fresh_id,
    in_review,
    pause,
    pending,
    policy,
    reassign,
    refusal,
    resume,
    rung,
    task_of,
)

NEW = EmployeeId("m20")
LATER = at(day(10, 19))


def escalated(goal: Goal, rungs: int) -> Goal:
    for _ in range(rungs):
        goal = rung(goal)
    return goal


def line_changed(goal: Goal, **changes: object) -> events.LineChanged:
    (event,) = decide(goal, change_line(goal, **changes), LATER)
    assert isinstance(event.body, events.LineChanged)
    return event.body


# --- who gets the open task ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "line", "assignees"),
    [
        (pending(), (NEW, DIRECTOR), (NEW,)),
        (pending(), (DIRECTOR,), (DIRECTOR,)),  # the manager's place is gone: who was above is the manager now
        (pending(), (NEW, MANAGER, DIRECTOR), (MANAGER,)),  # who holds the task and is still in the line keeps it
        (pending(), (), (HR, HR_TOO)),
        (pending(line=()), (NEW,), (NEW, HR, HR_TOO)),  # HR had it as there was nobody; it stays with them too
        (escalated(pending(), 3), (NEW, DIRECTOR), (NEW, DIRECTOR)),
        (escalated(pending(), 3), (DIRECTOR, PRESIDENT), (DIRECTOR,)),
        (escalated(pending(), 3), (DIRECTOR,), (DIRECTOR,)),
        (escalated(pending(), 5), (NEW, DIRECTOR), (NEW, DIRECTOR, HR, HR_TOO)),
        (escalated(pending(line=(MANAGER, DIRECTOR, HR)), 4), (NEW, DIRECTOR, HR), (NEW, DIRECTOR, HR)),
        (awaiting_verdict(), (NEW, DIRECTOR), (NEW,)),
        (draft(), (NEW,), (OWNER,)),
        (escalated(draft(), 3), (NEW, DIRECTOR), (OWNER, NEW)),
        (escalated(draft(), 3), (), (OWNER, HR, HR_TOO)),
        (escalated(in_review(), 3), (NEW, DIRECTOR), (OWNER, NEW)),
        (after(pending(), reassign(STRANGER), at(day(10, 6))), (MANAGER, PRESIDENT), (STRANGER,)),
        (after(pending(), reassign(STRANGER), at(day(10, 6))), (NEW, DIRECTOR), (NEW, STRANGER)),
    ],
)
def test_a_place_in_the_line_passes_with_its_tasks_to_whoever_has_it_now(
    goal: Goal, line: tuple[EmployeeId, ...], assignees: tuple[EmployeeId, ...]
) -> None:
    changed = after(goal, change_line(goal, line=line), LATER)
    assert changed.line == line
    assert task_of(changed).assignees == assignees


def test_in_the_second_stage_the_managers_managers_place_passes_on() -> None:
    goal = pending(policy(approval_stages=2))
    goal = after(goal, approve(goal), at(day(10, 6)))
    assert task_of(goal).assignees == (DIRECTOR,)
    assert task_of(after(goal, change_line(goal, line=(MANAGER, PRESIDENT)), LATER)).assignees == (PRESIDENT,)
    assert task_of(after(goal, change_line(goal, line=(NEW, DIRECTOR)), LATER)).assignees == (DIRECTOR,)
    assert task_of(after(goal, change_line(goal, line=(NEW,)), LATER)).assignees == (HR, HR_TOO)


def test_whoever_hr_gave_the_task_stays_until_they_leave_and_then_their_stand_in_has_it() -> None:
    goal = after(pending(), reassign(STRANGER), at(day(10, 6)))
    left = change_line(goal, replaced={STRANGER: DEPUTY, MANAGER: NEW})
    assert task_of(after(goal, left, LATER)).assignees == (DEPUTY,)
    unconcerned = change_line(goal, replaced={PRESIDENT: DEPUTY})
    assert decide(goal, unconcerned, LATER) == ()


def test_the_owner_does_not_become_the_stand_in_for_their_own_approver() -> None:
    goal = after(pending(), reassign(STRANGER, DIRECTOR), at(day(10, 6)))
    replaced = after(goal, change_line(goal, replaced={STRANGER: OWNER}), LATER)
    assert task_of(replaced).assignees == (DIRECTOR,)
    alone = after(pending(), reassign(STRANGER), at(day(10, 6)))
    back = after(alone, change_line(alone, replaced={STRANGER: OWNER}), LATER)
    assert task_of(back).assignees == (MANAGER,)  # nobody else is left, and somebody must decide


def test_an_owner_in_hr_gets_no_approval_of_their_own_when_the_line_ends() -> None:
    goal = pending(owner=HR)
    assert task_of(after(goal, change_line(goal, line=()), LATER)).assignees == (HR_TOO,)


def test_nobody_is_put_above_themselves() -> None:
    goal = pending()
    refusal(goal, change_line(goal, line=(OWNER, DIRECTOR)), LATER, Code.SELF_APPROVAL)


# --- until when ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "goal", [escalated(pending(), 2), awaiting_verdict(on=day(10, 31))], ids=["approval", "verdict"]
)
def test_whoever_newly_has_a_decision_gets_the_full_time_for_it_and_its_reminders(goal: Goal) -> None:
    changed = after(goal, change_line(goal, line=(NEW, DIRECTOR)), at(day(11, 16)))
    task = task_of(changed)
    assert (task.opened, task.due, task.rung) == (day(11, 16), day(11, 24), 0)  # the 23rd is a holiday
    assert task.climbed == 1  # the next to join is the director, not the manager who was just appointed
    assert awaited(changed).day == day(11, 20)


def test_the_time_is_counted_at_the_site_of_whoever_newly_has_the_decision() -> None:
    goal = pending(policy(sites={"berlin": BERLIN}), day(12, 14))
    changed = after(goal, change_line(goal, line=(NEW, DIRECTOR), sites={NEW: "berlin"}), at(day(12, 21)))
    assert changed.sites == {NEW: "berlin"}
    assert (task_of(changed).site, task_of(changed).due) == ("berlin", day(12, 30))


def test_an_owners_own_task_keeps_its_date_and_its_reminders_whoever_is_above() -> None:
    goal = escalated(draft(), 3)
    changed = after(goal, change_line(goal, line=(NEW, DIRECTOR)), at(day(10, 22)))
    assert task_of(changed) == task_of(goal).model_copy(update={"assignees": (OWNER, NEW)})
    assert awaited(changed) == awaited(goal)


def test_escalation_goes_on_above_the_place_that_it_had_reached() -> None:
    goal = escalated(draft(line=(MANAGER, DIRECTOR, PRESIDENT)), 3)
    shorter = after(goal, change_line(goal, line=(NEW,)), at(day(10, 22)))
    assert task_of(shorter).climbed == 1
    assert task_of(rung(shorter)).assignees == (OWNER, NEW, HR, HR_TOO)
    other = after(goal, change_line(goal, line=(NEW, STRANGER)), at(day(10, 22)))
    assert task_of(rung(other)).assignees == (OWNER, NEW, STRANGER)
    gone = after(escalated(draft(), 4), change_line(goal, line=(NEW,)), at(day(10, 23), 12))
    assert task_of(gone).climbed == 1
    signed_by = escalated(pending(), 3)
    assert task_of(after(signed_by, change_line(signed_by, line=(NEW,)), LATER)).climbed == 1


def test_a_decision_that_stays_where_it_is_keeps_its_date() -> None:
    goal = pending()
    changed = after(goal, change_line(goal, line=(MANAGER, PRESIDENT)), LATER)
    assert changed.task == goal.task
    assert changed.line == (MANAGER, PRESIDENT)


# --- what the ledger says --------------------------------------------------------------------------------------------


def test_the_ledger_keeps_who_had_the_task_before() -> None:
    body = line_changed(pending(), line=(NEW, DIRECTOR), department="総務")
    assert (body.before, body.assignees) == ((MANAGER,), (NEW,))
    assert (body.line, body.department, body.reason) == ((NEW, DIRECTOR), "総務", "組織変更")
    unmoved = line_changed(pending(), line=(MANAGER, PRESIDENT))
    assert (unmoved.before, unmoved.assignees, unmoved.delegations) == (None, None, None)


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name != "closed"])
def test_the_same_change_a_second_time_changes_nothing(situation: str) -> None:
    goal = SITUATIONS[situation]()
    fields = {
        "line": (NEW, PRESIDENT),
        "department": "総務",
        "sites": {NEW: "berlin"},
        "replaced": {MANAGER: NEW},
        "delegations": (Delegation(delegator=NEW, to=DEPUTY, first=day(10, 1), last=day(12, 1)),),
    }
    changed = after(goal, change_line(goal, **fields), at(day(11, 4)))
    assert changed.state is goal.state
    assert decide(changed, change_line(changed, **fields), at(day(11, 5))) == ()
    assert decide(goal, change_line(goal), at(day(11, 4))) == ()  # nor does one that says what is so already


@pytest.mark.parametrize(
    "change",
    [{"line": (MANAGER,)}, {"department": "総務"}, {"sites": {OWNER: "berlin"}}],
    ids=["line", "place", "site"],
)
def test_each_part_of_a_change_is_taken_by_itself(change: dict[str, object]) -> None:
    goal = active()
    changed = after(goal, change_line(goal, **change), LATER)
    assert {name: getattr(changed, name) for name in change} == change
    assert changed.task == goal.task


def test_a_closed_goal_stays_with_those_who_closed_it() -> None:
    refusal(closed(), change_line(closed(), line=(NEW,)), at(day(11, 5)), Code.WRONG_STATE)


def test_a_change_makes_nobodys_decision_stale() -> None:
    goal = pending()
    changed = after(goal, change_line(goal, line=(MANAGER, PRESIDENT)), LATER)
    assert decide(changed, approve(changed, MANAGER, expected_seq=goal.seq), LATER)


# --- delegations, pauses ---------------------------------------------------------------------------------------------


def delegation(delegator: EmployeeId, to: EmployeeId, last: date) -> Delegation:
    return Delegation(delegator=delegator, to=to, first=day(10, 1), last=last)


def test_the_delegations_of_a_new_manager_come_along_and_hold_at_once() -> None:
    goal = pending()
    away = delegation(NEW, DEPUTY, day(12, 1))
    goal = after(goal, change_line(goal, line=(NEW, DIRECTOR), delegations=(away,)), LATER)
    assert goal.delegations == (away,)
    signed = evolve_all(goal, decide(goal, approve(goal, DEPUTY, acting_for=NEW), LATER))
    assert signed.state is State.ACTIVE


def test_a_delegation_that_is_known_or_over_or_makes_the_owner_a_deputy_is_left_out() -> None:
    known = delegation(DIRECTOR, DEPUTY, day(12, 1))
    goal = pending(delegations=(known,))
    given = (known, delegation(NEW, OWNER, day(12, 1)), delegation(NEW, DEPUTY, day(10, 16)))
    assert decide(goal, change_line(goal, delegations=given), LATER) == ()
    changed = after(goal, change_line(goal, line=(NEW, DIRECTOR), delegations=given), LATER)
    assert changed.delegations == (known,)
    last_day = delegation(NEW, DEPUTY, LATER.date())
    assert after(goal, change_line(goal, delegations=(last_day,)), LATER).delegations == (known, last_day)


def test_a_delegation_that_has_ended_is_forgotten_with_the_next_change() -> None:
    goal = pending(delegations=(delegation(DIRECTOR, DEPUTY, day(10, 16)), delegation(MANAGER, DEPUTY, day(10, 19))))
    changed = after(goal, change_line(goal, line=(MANAGER, PRESIDENT)), LATER)
    assert changed.delegations == (delegation(MANAGER, DEPUTY, day(10, 19)),)


def test_a_paused_goal_changes_hands_and_its_clock_stays_stopped() -> None:
    goal = after(pending(), pause(), at(day(10, 6)))
    changed = after(goal, change_line(goal, line=(NEW, DIRECTOR)), at(day(10, 13)))
    assert changed.is_paused
    assert (task_of(changed).assignees, task_of(changed).due) == ((NEW,), day(10, 20))
    resumed = after(changed, resume(), at(day(10, 15)))
    assert task_of(resumed).due == day(10, 28)  # 7, 8, 9, 13, 14, 15 October


def test_an_event_of_the_organisation_leaves_the_state_as_it_is() -> None:
    goal = awaiting_verdict()
    (event,) = decide(goal, change_line(goal, department="総務", settle=False), at(day(11, 4)))
    assert isinstance(event.body, events.LineChanged)
    assert evolve(goal, event).state is State.IN_REVIEW


def test_news_that_comes_twice_on_the_evening_when_the_owner_moves_to_another_zone_counts_once() -> None:
    moment = datetime(2026, 10, 17, 16, tzinfo=UTC)  # 18 October in Tokyo, 17 October in Berlin
    ends_today = Delegation(delegator=OWNER, to=DEPUTY, first=day(10, 1), last=day(10, 17))
    goal = active(policy(sites={"berlin": BERLIN}))
    news = change_line(goal, sites={OWNER: "berlin"}, delegations=[ends_today])

    first = evolve_all(goal, decide(goal, news, moment))

    assert first.delegations == (ends_today,)  # the day at the new site decides
    assert decide(first, news.model_copy(update={"id": fresh_id()}), moment) == ()
