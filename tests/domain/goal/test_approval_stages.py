"""Approval in stages: an approval counts for all stages up to the approver's own, and nobody is asked twice."""

import pytest

from domain.goal import commands, events
from domain.goal.decide import decide
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
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
    fresh_id,
    pending,
    policy,
    reassign,
    refusal,
    rung,
    task_of,
)

LINE = (MANAGER, DIRECTOR, PRESIDENT)
NOW = at(day(10, 20))


def overdue(stages: int, who: EmployeeId, line: tuple[EmployeeId, ...] = LINE) -> Goal:
    """A submitted goal, escalated until `who` is an assignee of the approval too."""
    goal = pending(policy(approval_stages=stages), line=line)
    while who not in task_of(goal).assignees:
        goal = rung(goal)
    return goal


@pytest.mark.parametrize(
    ("stages", "who", "kind", "stage"),
    [
        (1, MANAGER, EventKind.APPROVED, 0),
        (1, DIRECTOR, EventKind.APPROVED, 0),
        (2, MANAGER, EventKind.STAGE_APPROVED, 0),
        (2, DIRECTOR, EventKind.APPROVED, 1),
        (2, PRESIDENT, EventKind.APPROVED, 1),
        (3, DIRECTOR, EventKind.STAGE_APPROVED, 1),
        (3, PRESIDENT, EventKind.APPROVED, 2),
        (3, HR, EventKind.STAGE_APPROVED, 0),  # HR stands in for the manager who is asked, and for nobody above
    ],
)
def test_a_signature_completes_the_stages_up_to_the_signers_own(
    stages: int, who: EmployeeId, kind: EventKind, stage: int
) -> None:
    goal = overdue(stages, who)
    (event,) = decide(goal, approve(goal, who), NOW)
    assert isinstance(event.body, events.Approved | events.StageApproved)
    assert (event.kind, event.body.stage) == (kind, stage)


def test_after_the_director_signed_for_both_the_next_to_be_asked_is_the_president() -> None:
    goal = overdue(3, DIRECTOR)
    goal = after(goal, approve(goal, DIRECTOR), NOW)
    assert (goal.stage, task_of(goal).assignees) == (2, (PRESIDENT,))
    refusal(goal, approve(goal, DIRECTOR), NOW, Code.NOT_ALLOWED)
    assert after(goal, approve(goal, PRESIDENT), NOW).state is State.ACTIVE


def test_a_delegate_signs_for_the_stages_of_whom_they_act_for() -> None:
    goal = after(overdue(2, DIRECTOR), delegate(DIRECTOR, DEPUTY), NOW)
    signed = after(goal, approve(goal, DEPUTY, acting_for=DIRECTOR), NOW)
    assert signed.state is State.ACTIVE
    goal = after(overdue(2, DIRECTOR), delegate(MANAGER, DEPUTY), NOW)
    assert after(goal, approve(goal, DEPUTY, acting_for=MANAGER), NOW).state is State.PENDING_APPROVAL


def test_a_stage_that_was_given_does_not_come_back_by_a_signature_from_below() -> None:
    goal = pending(policy(approval_stages=3), line=LINE)
    goal = after(goal, approve(goal), at(day(10, 6)))
    refusal(goal, reassign(MANAGER), at(day(10, 6)), Code.ALREADY_SIGNED)  # nobody signs two stages
    goal = after(goal, reassign(DEPUTY), at(day(10, 6)))
    (event,) = decide(goal, approve(goal, DEPUTY), NOW)
    assert isinstance(event.body, events.StageApproved)
    assert event.body.stage == 1


def test_hr_that_would_have_to_sign_twice_in_a_row_signs_once() -> None:
    goal = pending(policy(approval_stages=3), line=(MANAGER,))
    goal = after(goal, approve(goal), at(day(10, 6)))
    assert task_of(goal).assignees == (HR, HR_TOO)
    assert after(goal, approve(goal, HR_TOO), at(day(10, 7))).state is State.ACTIVE


def test_a_goal_that_comes_back_is_signed_in_all_its_stages_again() -> None:
    goal = overdue(2, DIRECTOR)
    back = after(goal, commands.ReturnForChanges(id=fresh_id(), actor=DIRECTOR, comment="基準値"), NOW)
    again = after(back, commands.Submit(id=fresh_id(), actor=goal.owner), NOW)
    assert (again.stage, task_of(again).assignees) == (0, (MANAGER,))


NEW = EmployeeId("m20")


def signed_once(line: tuple[EmployeeId, ...] = LINE, stages: int = 2) -> Goal:
    """The first manager has approved; the second stage waits."""
    goal = pending(policy(approval_stages=stages), line=line)
    return after(goal, approve(goal), at(day(10, 6)))


def test_the_second_approver_keeps_the_task_when_the_first_leaves_the_line() -> None:
    goal = signed_once()
    assert task_of(goal).assignees == (DIRECTOR,)
    moved = after(goal, change_line(goal, line=(DIRECTOR, PRESIDENT)), NOW)
    assert task_of(moved) == task_of(goal)
    assert after(moved, approve(moved, DIRECTOR), NOW).state is State.ACTIVE


def test_who_has_approved_is_not_asked_again_when_somebody_comes_between() -> None:
    goal = signed_once()
    moved = after(goal, change_line(goal, line=(NEW, MANAGER, DIRECTOR)), NOW)
    assert task_of(moved).assignees == (DIRECTOR,)
    refusal(moved, approve(moved, MANAGER), NOW, Code.NOT_ALLOWED)


def test_the_place_of_an_approver_who_left_goes_to_nobody_who_has_approved() -> None:
    goal = signed_once()
    moved = after(goal, change_line(goal, line=(NEW, MANAGER, PRESIDENT)), NOW)  # the director has left
    assert task_of(moved).assignees == (PRESIDENT,)


def test_the_last_stage_comes_from_another_person_than_the_first_whatever_the_line_becomes() -> None:
    goal = pending(policy(approval_stages=2), line=LINE)
    moved = after(goal, change_line(goal, line=(MANAGER, NEW, DIRECTOR)), NOW)
    first = after(moved, approve(moved, MANAGER), NOW)
    again = after(first, change_line(first, line=(NEW, MANAGER)), NOW)
    refusal(again, approve(again, MANAGER), NOW, Code.NOT_ALLOWED)
    assert after(again, approve(again, NEW), NOW).state is State.ACTIVE


def test_the_only_member_of_hr_who_stood_in_once_is_not_asked_for_the_next_stage() -> None:
    goal = overdue(2, HR, line=(MANAGER,))
    alone = goal.model_copy(update={"policy": goal.policy.model_copy(update={"hr": (HR,)})})
    assert after(alone, approve(alone, HR), NOW).state is State.ACTIVE


def test_after_a_return_everybody_may_be_asked_again() -> None:
    goal = signed_once()
    back = after(goal, commands.ReturnForChanges(id=fresh_id(), actor=DIRECTOR, comment="基準値"), NOW)
    assert back.signed == ()
    again = after(back, commands.Submit(id=fresh_id(), actor=goal.owner), NOW)
    assert task_of(again).assignees == (MANAGER,)
