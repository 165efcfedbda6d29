"""Permissions for commands: nobody approves their own goal, and nobody acts for somebody without a delegation."""

import pytest
from pydantic import ValidationError

from domain.goal import commands, events
from domain.goal.commands import ORGANISATION, SYSTEM
from domain.goal.decide import decide
from domain.goal.evolve import evolve
from domain.goal.goal import Delegation
from domain.messages import message
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    STRANGER,
    after,
    approve,
    at,
    awaiting_verdict,
    day,
    delegate,
    draft,
    fresh_id,
    pending,
    refusal,
    rung,
    verdict,
)
from tests.domain.command_cases import NOW


def test_the_owner_neither_approves_nor_returns_nor_decides_their_own_goal() -> None:
    goal = pending()
    refusal(goal, approve(goal, OWNER), NOW, Code.SELF_APPROVAL)
    refusal(goal, commands.ReturnForChanges(id=fresh_id(), actor=OWNER, comment="直す"), NOW, Code.SELF_APPROVAL)
    goal = awaiting_verdict()
    refusal(goal, verdict(goal, "achieved", OWNER), NOW, Code.SELF_APPROVAL)


def test_the_owner_approves_in_nobodys_name_and_nobody_approves_in_the_owners() -> None:
    goal = pending()
    refusal(goal, delegate(MANAGER, OWNER), at(day(10, 5)), Code.DELEGATION)  # the way to it is shut already

    goal = after(goal, delegate(OWNER, DEPUTY), at(day(10, 5)))
    refusal(goal, approve(goal, DEPUTY, acting_for=OWNER), at(day(10, 5)), Code.SELF_APPROVAL)


def test_not_even_a_ledger_that_holds_such_a_delegation_lets_the_owner_approve() -> None:
    goal = pending()
    body = events.Delegated(delegation=Delegation(delegator=MANAGER, to=OWNER, first=day(10, 1), last=day(12, 28)))
    event = events.Event(seq=goal.seq + 1, revision=1, at=NOW, actor=HR, command=fresh_id(), body=body)
    refusal(evolve(goal, event), approve(goal, OWNER, acting_for=MANAGER), NOW, Code.SELF_APPROVAL)


def test_an_owner_without_managers_is_approved_by_the_others_in_hr_even_when_in_hr_themselves() -> None:
    goal = pending(owner=HR, line=())
    assert goal.task is not None
    assert HR not in goal.task.assignees
    refusal(goal, approve(goal, HR), NOW, Code.SELF_APPROVAL)
    for _ in range(5):
        goal = rung(goal)
        assert goal.task is not None
        assert HR not in goal.task.assignees  # not even when the approval escalates to HR


def test_an_owner_in_hr_neither_takes_over_the_approval_nor_declares_the_goal_achieved() -> None:
    goal = pending(owner=HR)
    takeover = commands.Reassign(id=fresh_id(), actor=HR, assignees=(HR,), reason="代行")
    refusal(goal, takeover, NOW, Code.SELF_APPROVAL)
    refusal(goal, commands.Close(id=fresh_id(), actor=HR, reason="達成", achieved=True), NOW, Code.SELF_APPROVAL)


# --- acting for others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (delegate(MANAGER, MANAGER), "part.delegate_self"),
        (delegate(MANAGER, OWNER), "part.delegate_owner"),
        (delegate(MANAGER, DEPUTY, last=day(9, 30)), "part.delegate_order"),
        (delegate(MANAGER, DEPUTY, last=day(10, 4)), "part.delegate_past"),
        (delegate(DIRECTOR, MANAGER), "part.delegate_chain"),
        (delegate(STRANGER, DIRECTOR, actor=HR), "part.delegate_chain"),
    ],
)
def test_a_delegation_that_makes_no_sense_is_refused_with_the_reason(command: commands.Delegate, why: str) -> None:
    goal = after(draft(), delegate(MANAGER, STRANGER), at(day(10, 5)))
    goal = goal if why == "part.delegate_chain" else draft()
    assert refusal(goal, command, at(day(10, 5)), Code.DELEGATION).message.fields["why"] == message(why)


def test_only_who_has_to_do_with_a_goal_or_hr_delegates_on_it() -> None:
    refusal(draft(), delegate(STRANGER, DEPUTY), NOW, Code.NOT_ALLOWED)
    refusal(draft(), delegate(MANAGER, DEPUTY, actor=DIRECTOR), NOW, Code.NOT_ALLOWED)
    assert decide(draft(), delegate(MANAGER, DEPUTY, actor=HR), NOW)


def test_a_delegate_does_not_delegate_on() -> None:
    goal = after(draft(), delegate(MANAGER, DEPUTY), NOW)
    refusal(goal, delegate(MANAGER, STRANGER, actor=DEPUTY, acting_for=MANAGER), NOW, Code.NOT_ALLOWED)


def test_a_delegate_of_the_owner_writes_and_submits_and_the_ledger_holds_both() -> None:
    goal = after(draft(), delegate(OWNER, DEPUTY, own_goals=True), NOW)
    (event,) = decide(goal, commands.Submit(id=fresh_id(), actor=DEPUTY, acting_for=OWNER), NOW)
    assert (event.actor, event.acting_for) == (DEPUTY, OWNER)


def test_a_delegation_that_has_ended_is_forgotten_when_the_next_is_made() -> None:
    goal = after(draft(), delegate(MANAGER, DEPUTY, last=day(10, 9)), at(day(10, 5)))
    goal = after(goal, delegate(DIRECTOR, DEPUTY), at(day(10, 12)))
    assert [one.delegator for one in goal.delegations] == [DIRECTOR]


def test_no_caller_can_pass_for_the_clock() -> None:
    with pytest.raises(ValidationError):
        commands.Close(id=fresh_id(), actor=SYSTEM, reason="サイクル終了")


@pytest.mark.parametrize("actor", [SYSTEM, ORGANISATION])
def test_the_program_closes_a_goal_and_changes_its_managers_whoever_is_in_hr(actor: EmployeeId) -> None:
    goal = pending()
    (closed,) = decide(goal, commands.CloseBySystem(id=fresh_id(), actor=actor, reason="meguri:left"), NOW)
    assert (closed.actor, closed.kind) == (actor, "closed")
    change = commands.ChangeLineBySystem(id=fresh_id(), actor=actor, line=(DIRECTOR,), department="経理", reason="r")
    (changed,) = decide(goal, change, NOW)
    assert (changed.actor, changed.kind) == (actor, "line_changed")
    reopen = commands.ReopenBySystem(id=fresh_id(), actor=actor, reason="r")
    (reopened,) = decide(after(goal, commands.CloseBySystem(id=fresh_id(), actor=actor, reason="r"), NOW), reopen, NOW)
    assert (reopened.actor, reopened.kind) == (actor, "reopened")


def test_a_paused_goal_is_closed_by_the_program_when_its_cycle_ends() -> None:
    goal = after(pending(), commands.Pause(id=fresh_id(), actor=HR, reason="休職"), NOW)
    (closed,) = decide(goal, commands.CloseBySystem(id=fresh_id(), actor=SYSTEM, reason="meguri:end_of_cycle"), NOW)
    assert closed.kind == "closed"


def test_the_program_decides_nothing_in_the_name_of_a_person_and_gives_no_verdict() -> None:
    in_the_name = commands.CloseBySystem(id=fresh_id(), actor=SYSTEM, acting_for=HR, reason="r")
    refusal(pending(), in_the_name, NOW, Code.NOT_DELEGATED)
    achieved = commands.CloseBySystem(id=fresh_id(), actor=SYSTEM, achieved=True, reason="r")
    refusal(pending(), achieved, NOW, Code.SELF_APPROVAL)


@pytest.mark.parametrize("person", [HR, OWNER, "@else"])
def test_no_person_gives_a_command_of_the_program(person: str) -> None:
    with pytest.raises(ValidationError):
        commands.CloseBySystem(id=fresh_id(), actor=EmployeeId(person), reason="r")
    assert not set(commands.FROM_WITHIN) & set(commands.COMMANDS), "no door offers them"
