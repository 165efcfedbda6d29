"""Joint stages: several people are asked at the same time, and all of them must agree."""

from typing import Any

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.goal.rebuilding import is_same, rebuild
from domain.lifecycle import State
from domain.notices.notices import NoticeKind, notices_of
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    STRANGER,
    after,
    approve,
    at,
    change_line,
    day,
    delegate,
    draft,
    fresh_id,
    pending,
    policy,
    reassign,
    refusal,
    rung,
    task_of,
)
from tests.domain.telling import at_rung, notices, recipients, rings, told

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
    refusal(half, approve(half, FIRST), NOW, Code.ALREADY_SIGNED)
    refusal(half, approve(half, ABOVE), NOW, Code.NOT_ALLOWED)
    refusal(half, reassign(FIRST), NOW, Code.REASSIGN_ONE)


def test_one_return_ends_the_stage_and_the_others_are_told() -> None:
    goal = submitted()
    command = commands.ReturnForChanges(id=fresh_id(), actor=SECOND, comment="目標値を見直す")
    events = decide(goal, command, NOW)
    back = evolve_all(goal, events)
    assert (back.state, task_of(back).assignees, back.signed) == (State.DRAFT, (OWNER,), ())
    said = {(one.kind, one.recipient) for one in notices_of(back, events[0], goal)}
    assert {(NoticeKind.HANDLED, FIRST), (NoticeKind.RETURNED, OWNER)} <= said


def test_a_signature_asks_nobody_again() -> None:
    goal = submitted()
    events = decide(goal, approve(goal, FIRST), NOW)
    half = evolve_all(goal, events)
    said = {(one.kind, one.recipient) for one in notices_of(half, events[0], goal)}
    assert said == {(NoticeKind.STAGE_APPROVED, OWNER)}


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


# --- whom it is told -------------------------------------------------------------------------------------------------


def test_everybody_is_told_that_they_are_asked_and_how_many_must_agree() -> None:
    drafted = draft(policy(), joint=JOINT)
    said = told(drafted, commands.Submit(id=fresh_id(), actor=OWNER))
    assert set(said) == {(NoticeKind.APPROVAL_REQUESTED, FIRST), (NoticeKind.APPROVAL_REQUESTED, SECOND)}
    assert {facts["signatures"] for facts in said.values()} == {"2"}
    first = told(submitted(), approve(submitted(), FIRST))
    assert first[NoticeKind.STAGE_APPROVED, OWNER]["awaited"] == "1"
    half = after(submitted(), approve(submitted(), FIRST), NOW)
    assert set(told(half, approve(half, SECOND))) == {(NoticeKind.APPROVED, OWNER)}


def test_who_is_asked_for_the_first_time_by_the_signature_of_another_is_told() -> None:
    goal = after(submitted(), delegate(FIRST, SECOND), NOW)
    said = told(goal, approve(goal, SECOND, acting_for=FIRST), NOW)
    assert (NoticeKind.APPROVAL_REQUESTED, DIRECTOR) in said
    assert (NoticeKind.HANDLED, FIRST) in said


def test_who_shared_a_part_is_told_that_it_is_done_and_the_other_part_is_not() -> None:
    goal = at_rung(submitted(), 3)
    assert recipients(notices(goal, approve(goal, ABOVE), NOW), NoticeKind.HANDLED) == {FIRST}


def test_a_recall_ends_the_round_for_all_and_the_next_round_asks_all_again() -> None:
    half = after(submitted(), approve(submitted(), FIRST), NOW)
    recall = commands.Recall(id=fresh_id(), actor=OWNER)
    said = set(told(half, recall, NOW))
    assert {(NoticeKind.RECALLED, FIRST), (NoticeKind.RECALLED, SECOND), (NoticeKind.HANDLED, SECOND)} <= said
    again = after(after(half, recall, NOW), commands.Submit(id=fresh_id(), actor=OWNER), NOW)
    assert (task_of(again).assignees, signed_by(again)) == ((FIRST, SECOND), [None, None])


def test_a_copy_of_the_reminder_goes_to_who_is_above_each_who_is_awaited() -> None:
    goal = submitted()
    assert copies(goal) == {ABOVE: FIRST, DIRECTOR: SECOND}
    assert copies(after(goal, approve(goal, FIRST), at(day(10, 5), 12))) == {DIRECTOR: SECOND}


def copies(goal: Goal) -> dict[EmployeeId, Any]:
    """Who gets a copy of the reminder after the due date, and whose reminder it is."""
    said = rings(at_rung(goal, 1))
    return {one.recipient: one.facts["to"] for one in said if one.kind is NoticeKind.REMINDER_COPIED}


# --- the last resort -------------------------------------------------------------------------------------------------


def test_hr_joins_every_part_that_is_awaited_at_the_end_of_the_ladder_and_no_other() -> None:
    goal = at_rung(after(submitted(), approve(submitted(), FIRST), at(day(10, 5), 12)), 5)
    mine, theirs = task_of(goal).parts
    assert (mine.agreed, mine.assignees, theirs.assignees) == (FIRST, (), (SECOND, DIRECTOR, HR, HR_TOO))
    both = at_rung(submitted(), 5)
    assert [part.assignees for part in task_of(both).parts] == [
        (FIRST, ABOVE, HR, HR_TOO),
        (SECOND, DIRECTOR, HR, HR_TOO),
    ]
    assert after(both, approve(both, HR), at(day(10, 27))).state is State.ACTIVE  # once, in place of both
    one = after(both, approve(both, ABOVE), at(day(10, 27)))
    assert (one.state, ABOVE in one.signed) == (State.PENDING_APPROVAL, True)


def test_hr_joins_each_part_also_below_managers_who_were_not_asked_yet() -> None:
    goal = at_rung(submitted(joint=(((FIRST, ABOVE, DIRECTOR, OTHER), (SECOND,)),)), 5)
    assert [part.assignees for part in task_of(goal).parts] == [
        (FIRST, ABOVE, DIRECTOR, HR, HR_TOO),
        (SECOND, HR, HR_TOO),
    ]


def test_hr_of_the_part_of_the_company_is_asked_for_a_part_where_nobody_is_left_and_follows_an_amendment() -> None:
    goal = submitted(joint=(((FIRST,), ()),), part_hr=(OTHER,))
    assert [part.assignees for part in task_of(goal).parts] == [(FIRST,), (OTHER,)]
    half = after(goal, approve(goal, FIRST), NOW)
    amend = commands.AmendPolicy(id=fresh_id(), actor=HR, policy=goal.policy, part_hr=(STRANGER,), reason="改定")
    assert [part.assignees for part in task_of(after(goal, amend, NOW)).parts] == [(FIRST,), (STRANGER,)]
    changed = after(half, amend, NOW)
    assert (task_of(changed).assignees, signed_by(changed)) == ((STRANGER,), [FIRST, None])
    assert after(changed, approve(changed, STRANGER), NOW).state is State.ACTIVE


def test_who_is_on_leave_or_has_left_is_stood_in_for_in_their_own_part_only() -> None:
    goal = at_rung(submitted(), 3)  # both parts have two people
    changed = after(goal, change_line(goal, joint=(((OTHER, ABOVE), (SECOND, DIRECTOR)),)), at(day(10, 19)))
    assert [part.assignees for part in task_of(changed).parts] == [(OTHER, ABOVE), (SECOND, DIRECTOR)]
    fresh = submitted()
    changed = after(fresh, change_line(fresh, joint=(((OTHER, ABOVE), (SECOND, DIRECTOR)),)), at(day(10, 6)))
    assert [part.assignees for part in task_of(changed).parts] == [(OTHER,), (SECOND,)]
    back = after(changed, change_line(changed, joint=JOINT), at(day(10, 7)))
    assert [part.assignees for part in task_of(back).parts] == [(FIRST,), (SECOND,)]


def test_a_stage_that_asks_one_person_becomes_one_that_asks_two_and_back() -> None:
    goal = pending(policy(), line=(FIRST, ABOVE))
    two = after(goal, change_line(goal, joint=JOINT), NOW)
    assert [part.assignees for part in task_of(two).parts] == [(FIRST,), (SECOND,)]
    half = after(two, approve(two, SECOND), NOW)
    one = after(half, change_line(half, joint=()), NOW)
    assert task_of(one).assignees == (FIRST,)
    assert after(one, approve(one, FIRST), NOW).state is State.ACTIVE


def test_a_delegate_of_both_signs_for_one_only() -> None:
    goal = after(after(submitted(), delegate(FIRST, DEPUTY), NOW), delegate(SECOND, DEPUTY), NOW)
    half = after(goal, approve(goal, DEPUTY, acting_for=FIRST), NOW)
    refusal(half, approve(half, DEPUTY, acting_for=SECOND), NOW, Code.ALREADY_SIGNED)
    assert after(half, approve(half, SECOND), NOW).state is State.ACTIVE


def test_the_owner_is_put_into_no_part() -> None:
    goal = submitted()
    own = commands.Reassign(id=fresh_id(), actor=HR, person=SECOND, to=OWNER, reason="休職")
    refusal(goal, own, NOW, Code.SELF_APPROVAL)
    refusal(goal, change_line(goal, joint=(((FIRST,), (OWNER,)),)), NOW, Code.SELF_APPROVAL)


def test_what_is_recorded_is_rebuilt_as_the_commands_that_were_given() -> None:
    goal = submitted()
    given: tuple[commands.Command, ...] = (
        approve(goal, FIRST),
        commands.Reassign(id=fresh_id(), actor=HR, person=SECOND, to=OTHER, reason="休職"),
        change_line(goal, joint=(((FIRST,), (DIRECTOR,)),)),
    )
    for command in given:
        events = decide(goal, command, NOW)
        again = rebuild(events)
        assert again is not None
        assert decide(goal, again, NOW) == events
        assert is_same(command, events)
        goal = evolve_all(goal, events)


def test_where_all_of_hr_has_signed_too_hr_is_asked_and_names_somebody_or_returns_the_goal() -> None:
    late = at(day(10, 27))
    half = after(submitted(), approve(submitted(), FIRST), late)
    signed = half.model_copy(
        update={"signed": (*half.signed, HR, HR_TOO)}
    )  # for other parts, before the chains changed
    left = after(signed, change_line(signed, joint=(((FIRST,),),)), late)
    assert task_of(left).assignees == (HR, HR_TOO)
    refusal(left, approve(left, HR), late, Code.ALREADY_SIGNED)
    back = commands.ReturnForChanges(id=fresh_id(), actor=HR, comment="担当者を決め直す")
    assert after(left, back, late).state is State.DRAFT
    named = after(left, commands.Reassign(id=fresh_id(), actor=HR, person=HR, to=DEPUTY, reason="休職"), late)
    assert after(named, approve(named, DEPUTY), late).state is State.ACTIVE
