"""Tasks of several assignees: the first who acts ends the task for all; delegates get the notices of their delegators."""

from typing import Any

from domain.goal import commands
from domain.goal.goal import Delegation, Goal
from domain.notices.notices import NoticeKind
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    STRANGER,
    active,
    after,
    approve,
    at,
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
    reassign,
    self_review,
    verdict,
)  # fmt: skip
from tests.domain.telling import NOW, at_rung, notices, recipients, rings

# --- whoever acts first ends the task --------------------------------------------------------------------------------


def handled(goal: Goal, command: commands.Command, now: Any = NOW) -> set[EmployeeId]:
    return {one.recipient for one in notices(goal, command, now) if one.kind is NoticeKind.HANDLED}


def shared(goal: Goal, rungs: int = 5) -> Goal:
    """A goal that was escalated until manager, director and HR are assignees."""
    return at_rung(goal, rungs)


def test_those_who_had_the_task_as_well_are_told_that_it_is_done_and_nobody_else() -> None:
    goal, late = shared(pending()), at(day(10, 27))
    everybody = {MANAGER, DIRECTOR, HR, HR_TOO}
    for who in (MANAGER, HR):
        assert handled(goal, approve(goal, who), late) == everybody - {who}
        back = commands.ReturnForChanges(id=fresh_id(), actor=who, comment="基準値")
        assert handled(goal, back, late) == everybody - {who}
    assert handled(goal, commands.Recall(id=fresh_id(), actor=OWNER), late) == everybody
    assert handled(goal, commands.Withdraw(id=fresh_id(), actor=OWNER, reason="異動"), late) == everybody
    assert handled(goal, commands.Close(id=fresh_id(), actor=HR, reason="終了"), late) == everybody - {HR}
    assert handled(pending(), approve(pending())) == set()  # it was one person's alone
    called_off = commands.Close(id=fresh_id(), actor=HR, reason="中止", cancelled=True)
    assert handled(draft(), called_off) == set()  # the owner hears how the goal ended


def test_a_verdict_a_draft_a_step_and_a_move_end_what_others_had_as_well() -> None:
    late = at(day(12, 10))
    decided = shared(awaiting_verdict(on=day(11, 17)))
    for said in ("continue", "achieved", "unrealistic"):
        assert handled(decided, verdict(decided, said), late) == {DIRECTOR, HR, HR_TOO}
    written = at_rung(draft(), 3)
    assert (
        handled(written, commands.Submit(id=fresh_id(), actor=OWNER), late) == set()
    )  # the manager is asked to sign now
    higher = at_rung(draft(), 4)
    assert handled(higher, commands.Submit(id=fresh_id(), actor=OWNER), late) == {DIRECTOR}
    stepped = at_rung(active(policy(reviews=())), 3)
    assert handled(stepped, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), late) == {MANAGER}
    moved = change_line(stepped, line=(STRANGER,), department="総務", settle=True)
    assert handled(stepped, moved, late) == {MANAGER}


def test_the_next_stage_and_the_verdict_after_a_self_review_are_news_only_to_those_who_are_out_of_it() -> None:
    staged = at_rung(pending(policy(approval_stages=2)), 3)
    assert handled(staged, approve(staged, MANAGER)) == set()  # the director goes on
    looked_back = at_rung(in_review(), 4)
    assert handled(looked_back, self_review(), at(day(12, 1))) == {HR, HR_TOO}


def test_what_does_not_end_the_task_tells_nobody_that_it_is_done() -> None:
    goal = shared(pending())
    for command in (
        commands.Comment(id=fresh_id(), actor=DIRECTOR, text="確認中"),
        reassign(DIRECTOR, HR),
        pause(),
        change_line(goal, line=(STRANGER, DIRECTOR)),
        delegate(MANAGER, DEPUTY),
    ):
        assert handled(goal, command, at(day(10, 27))) == set()
    working = active()
    assert (
        handled(working, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=1)) == set()
    )  # not the one that is awaited


def test_whoever_acted_through_a_delegate_is_told_that_it_is_done() -> None:
    goal = after(pending(), delegate(MANAGER, DEPUTY), NOW)
    assert handled(goal, approve(goal, DEPUTY, acting_for=MANAGER)) == {MANAGER}


# --- delegates -------------------------------------------------------------------------------------------------------


def test_a_delegate_hears_of_the_tasks_of_those_they_act_for_while_they_act_for_them() -> None:
    goal = after(draft(), delegate(MANAGER, DEPUTY, first=day(10, 5), last=day(10, 9)), at(day(10, 5)))
    submit = commands.Submit(id=fresh_id(), actor=OWNER)
    for on, hear in ((5, {MANAGER, DEPUTY}), (9, {MANAGER, DEPUTY}), (13, {MANAGER})):
        assert recipients(notices(goal, submit, at(day(10, on))), NoticeKind.APPROVAL_REQUESTED) == hear
    waiting = after(goal, submit, at(day(10, 5)))
    assert recipients(rings(waiting), NoticeKind.APPROVAL_REMINDER) == {MANAGER, DEPUTY}


def test_a_delegate_hears_of_an_escalation_and_that_it_is_done_but_not_what_the_owner_alone_is_told() -> None:
    goal = after(pending(), delegate(DIRECTOR, DEPUTY), NOW)
    said = rings(at_rung(goal, 2))
    assert recipients(said, NoticeKind.ESCALATED) == {DIRECTOR, DEPUTY}
    overdue = at_rung(goal, 3)
    assert handled(overdue, approve(overdue, MANAGER), at(day(10, 20))) == {DIRECTOR, DEPUTY}
    deputy_of_owner = after(pending(), delegate(OWNER, DEPUTY), NOW)
    assert recipients(notices(deputy_of_owner, approve(deputy_of_owner)), NoticeKind.APPROVED) == {OWNER}


def test_a_delegate_who_acts_is_not_told_of_it_and_the_owner_hears_nothing_as_somebodys_delegate() -> None:
    goal = after(at_rung(pending(), 3), delegate(DIRECTOR, DEPUTY), at(day(10, 20)))
    assert handled(goal, approve(goal, DEPUTY, acting_for=DIRECTOR), at(day(10, 20))) == {MANAGER, DIRECTOR}
    given = draft(delegations=(Delegation(delegator=MANAGER, to=OWNER, first=day(10, 1), last=day(12, 1)),))
    waiting = after(given, commands.Submit(id=fresh_id(), actor=OWNER), NOW)
    assert recipients(rings(waiting), NoticeKind.APPROVAL_REMINDER) == {MANAGER}


def test_a_delegate_of_somebody_else_hears_nothing() -> None:
    goal = after(pending(), delegate(DIRECTOR, DEPUTY), NOW)
    assert recipients(rings(goal), NoticeKind.APPROVAL_REMINDER) == {MANAGER}
