"""Stages of an approval are signed by different persons, whatever becomes of the line meanwhile."""

import pytest

from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    PRESIDENT,
    after,
    approve,
    at,
    change_line,
    day,
    delegate,
    pending,
    policy,
    reassign,
    refusal,
    rung,
    task_of,
)

NEW = EmployeeId("m20")
NOW = at(day(10, 7))
LINE = (MANAGER, DIRECTOR, PRESIDENT)


def half_signed(line: tuple[EmployeeId, ...] = LINE, stages: int = 2) -> Goal:
    """The manager has signed the first stage."""
    goal = pending(policy(approval_stages=stages), line=line)
    return after(goal, approve(goal, MANAGER), at(day(10, 6)))


def test_who_holds_the_task_and_is_still_in_the_line_keeps_it_when_the_first_signer_leaves() -> None:
    goal = after(half_signed(), change_line(half_signed(), line=(DIRECTOR, PRESIDENT)), NOW)
    assert task_of(goal).assignees == (DIRECTOR,)
    assert after(goal, approve(goal, DIRECTOR), NOW).state is State.ACTIVE


def test_a_manager_put_below_who_signed_does_not_give_them_the_next_stage() -> None:
    goal = half_signed(line=(MANAGER, DIRECTOR))
    goal = after(goal, change_line(goal, line=(NEW, MANAGER, DIRECTOR)), NOW)
    assert task_of(goal).assignees == (DIRECTOR,)
    refusal(goal, approve(goal, MANAGER), NOW, Code.NOT_ALLOWED)


def test_who_signed_is_passed_over_when_the_next_approver_leaves() -> None:
    goal = half_signed()
    goal = after(goal, change_line(goal, line=(NEW, MANAGER)), NOW)
    assert task_of(goal).assignees == (HR, HR_TOO)


def test_the_stage_of_an_approver_who_left_goes_to_the_newcomer_below_the_next_manager() -> None:
    goal = half_signed()
    assert task_of(after(goal, change_line(goal, line=(MANAGER, NEW, PRESIDENT)), NOW)).assignees == (NEW,)
    assert task_of(after(goal, change_line(goal, line=(MANAGER, PRESIDENT)), NOW)).assignees == (PRESIDENT,)


def test_a_delegate_who_signed_does_not_sign_a_later_stage_in_their_own_name() -> None:
    goal = pending(policy(approval_stages=2), line=LINE)
    goal = after(goal, delegate(MANAGER, DIRECTOR), at(day(10, 6)))
    goal = after(goal, approve(goal, DIRECTOR, acting_for=MANAGER), NOW)
    assert goal.signed == (DIRECTOR, MANAGER)
    assert task_of(goal).assignees == (PRESIDENT,)


def test_a_delegate_who_signed_does_not_sign_a_later_stage_in_another_name() -> None:
    goal = pending(policy(approval_stages=2), line=LINE)
    for delegator in (MANAGER, DIRECTOR):
        goal = after(goal, delegate(delegator, DEPUTY), at(day(10, 6)))
    goal = after(goal, approve(goal, DEPUTY, acting_for=MANAGER), NOW)
    assert refusal(goal, approve(goal, DEPUTY, acting_for=DIRECTOR), NOW, Code.ALREADY_SIGNED).fields == {"who": DEPUTY}


def test_hr_cannot_give_a_later_stage_to_who_signed() -> None:
    assert refusal(half_signed(), reassign(MANAGER), NOW, Code.ALREADY_SIGNED).fields == {"who": MANAGER}


def test_escalation_does_not_ask_who_signed_again() -> None:
    goal = after(half_signed(), change_line(half_signed(), line=(DIRECTOR, MANAGER, PRESIDENT)), NOW)
    for _ in range(5):
        goal = rung(goal)
        assert MANAGER not in task_of(goal).assignees


@pytest.mark.parametrize("stages", [2, 3])
def test_a_round_that_begins_anew_asks_everybody_again(stages: int) -> None:
    goal = half_signed(stages=stages)
    assert goal.signed == (MANAGER,)
    active = goal
    while active.state is State.PENDING_APPROVAL:
        active = after(active, approve(active), NOW)
    assert active.signed == ()
