"""Joint stages: several people are asked at the same time, and all of them must agree."""

from typing import Any

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.notices.notices import NoticeKind, notices_of
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
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

FIRST, ABOVE, SECOND, OTHER = (EmployeeId(one) for one in ("v1", "v2", "w1", "x1"))
JOINT = (((FIRST, ABOVE), (SECOND, DIRECTOR)),)
NOW = at(day(10, 20))


def submitted(joint: tuple[Any, ...] = JOINT, stages: int = 1, **first: Any) -> Goal:
    return pending(policy(approval_stages=stages), joint=joint, **first)


def signed_by(goal: Goal) -> list[EmployeeId | None]:
    return [part.agreed for part in task_of(goal).parts]


def test_all_are_asked_at_once_and_the_goal_is_active_when_the_last_has_agreed() -> None:
    goal = submitted()
    assert task_of(goal).assignees == (FIRST, SECOND)
    half = after(goal, approve(goal, SECOND), NOW)
    assert (half.state, task_of(half).assignees, signed_by(half)) == (State.PENDING_APPROVAL, (FIRST,), [None, SECOND])
    assert task_of(half).due == task_of(goal).due
    assert after(half, approve(half, FIRST), NOW).state is State.ACTIVE


def test_two_who_sign_at_the_same_second_both_count() -> None:
    goal = submitted()
    both = approve(goal, FIRST), approve(goal, SECOND)  # both saw the goal before either signed
    assert after(after(goal, both[0], NOW), both[1], NOW).state is State.ACTIVE


def test_nobody_signs_twice() -> None:
    half = after(submitted(), approve(submitted(), FIRST), NOW)
    refusal(half, approve(half, FIRST), NOW, Code.NOT_ALLOWED)
    refusal(half, reassign(FIRST), NOW, Code.REASSIGN_ONE)


def test_one_return_ends_the_stage_and_the_others_are_told() -> None:
    goal = submitted()
    command = commands.ReturnForChanges(id=fresh_id(), actor=SECOND, comment="目標値を見直す")
    events = decide(goal, command, NOW)
    back = evolve_all(goal, events)
    assert (back.state, task_of(back).assignees, back.signed) == (State.DRAFT, (OWNER,), ())
    told = {(one.kind, one.recipient) for one in notices_of(back, events[0], goal)}
    assert (NoticeKind.HANDLED, FIRST) in told
    assert (NoticeKind.RETURNED, OWNER) in told


def test_a_signature_asks_nobody_again() -> None:
    goal = submitted()
    events = decide(goal, approve(goal, FIRST), NOW)
    half = evolve_all(goal, events)
    told = {(one.kind, one.recipient) for one in notices_of(half, events[0], goal)}
    assert told == {(NoticeKind.STAGE_APPROVED, OWNER)}


def test_only_the_chains_that_are_awaited_escalate() -> None:
    goal = submitted()
    goal = after(goal, approve(goal, FIRST), at(day(10, 2)))
    while DIRECTOR not in task_of(goal).assignees:
        goal = rung(goal)
    assert task_of(goal).assignees == (SECOND, DIRECTOR)
    assert after(goal, approve(goal, DIRECTOR), NOW).state is State.ACTIVE


def test_both_chains_escalate_and_who_is_above_both_signs_once() -> None:
    goal = submitted(joint=(((FIRST, ABOVE), (SECOND, ABOVE)),))
    while ABOVE not in task_of(goal).assignees:
        goal = rung(goal)
    assert task_of(goal).assignees == (FIRST, ABOVE, SECOND)
    assert after(goal, approve(goal, ABOVE), NOW).state is State.ACTIVE


def test_a_delegate_who_signed_for_one_does_not_sign_for_themselves_as_well() -> None:
    goal = submitted()
    goal = after(goal, delegate(FIRST, SECOND), NOW)
    half = after(goal, approve(goal, SECOND, acting_for=FIRST), NOW)
    assert (signed_by(half), task_of(half).assignees) == ([FIRST, None], (DIRECTOR,))


def test_a_stage_after_it_is_not_asked_of_somebody_who_has_agreed() -> None:
    goal = submitted(stages=2, line=(MANAGER, FIRST))
    for first, second in ((FIRST, SECOND), (SECOND, FIRST)):
        half = after(goal, approve(goal, first), NOW)
        assert after(half, approve(half, second), NOW).state is State.ACTIVE


def test_in_a_joint_stage_after_another_who_has_agreed_is_not_asked_again() -> None:
    goal = submitted(joint=((), ((MANAGER, DIRECTOR), (SECOND,))), stages=2)
    goal = after(goal, approve(goal, MANAGER), NOW)
    assert (signed_by(goal), task_of(goal).assignees) == ([MANAGER, None], (SECOND,))


def test_another_person_takes_the_part_of_one_and_the_signature_of_the_other_stays() -> None:
    goal = submitted()
    goal = after(goal, approve(goal, FIRST), NOW)
    changed = after(goal, change_line(goal, joint=(((ABOVE,), (OTHER, DIRECTOR)),)), NOW)
    assert (signed_by(changed), task_of(changed).assignees) == ([FIRST, None], (OTHER,))
    gone = after(goal, change_line(goal, joint=(((FIRST, ABOVE),),)), NOW)
    assert task_of(gone).assignees, "somebody is asked"
    assert after(gone, approve(gone, task_of(gone).assignees[0]), NOW).state is State.ACTIVE


def test_hr_replaces_one_of_them() -> None:
    goal = submitted()
    command = commands.Reassign(id=fresh_id(), actor=HR, person=SECOND, to=OTHER, reason="休職")
    goal = after(goal, command, NOW)
    assert task_of(goal).assignees == (FIRST, OTHER)
    half = after(goal, approve(goal, OTHER), NOW)
    assert (task_of(half).assignees, signed_by(half)) == ((FIRST,), [None, OTHER])


def test_an_empty_chain_asks_hr() -> None:
    goal = submitted(joint=(((FIRST,), ()),))
    assert HR in task_of(goal).assignees
