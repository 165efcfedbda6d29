"""What HR asks of many goals at once: one command for each goal that it means something for, a reason for each other."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.goal import Delegation, Goal
from domain.instructions import instructions
from domain.instructions.instructions import Skipped, amended, command_for, skipped_by
from domain.policy.policy import DEFAULT_LADDERS, Ladder, TaskKind
from domain.refusals import Code, Refusal
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    POLICY,
    SITUATIONS,
    STRANGER,
    active,
    after,
    approve,
    at,
    closed,
    day,
    delegate,
    draft,
    extend,
    fresh_id,
    pause,
    pending,
    policy,
    reassign,
    rung,
    task_of,
)

NOW = at(day(10, 7))
WHY = {"reason": "繁忙期"}
LATER = policy(max_bonus=30, spread_minutes=60)
EVERY: list[instructions.AnyInstruction] = [
    instructions.Extend(due=day(11, 20), **WHY),
    instructions.Pause(**WHY),
    instructions.Resume(**WHY),
    instructions.Amend(before=POLICY, after=LATER, **WHY),
    instructions.Add(**WHY),
    instructions.Remove(**WHY),
    instructions.Cancel(**WHY),
    instructions.Reopen(**WHY),
    instructions.Close(**WHY),
    instructions.Reassign(person=MANAGER, to=STRANGER, **WHY),
    instructions.Delegate(
        delegation=Delegation(delegator=MANAGER, to=DEPUTY, first=day(10, 5), last=day(12, 1)), **WHY
    ),
    instructions.Sync(**WHY),
]


def meaning(one: instructions.AnyInstruction, goal: Goal) -> dict[str, Any] | str:
    """The command's own fields, checked to be accepted and to come from who asked; or why there is none."""
    command = command_for(one, goal, HR)
    if isinstance(command, Skipped):
        return command.code
    assert decide(goal, command.model_copy(update={"id": fresh_id()}), NOW)
    fields = {name: value for name, value in command if value != type(command).model_fields[name].default}
    assert fields.pop("actor") == HR
    assert fields.pop("reason") == "繁忙期"
    return {"command": command.name} | fields


def carried_out(one: instructions.AnyInstruction, read: Goal, now: Goal) -> Goal:
    """The goal `now` after the command that was made from the goal as it was `read`."""
    command = command_for(one, read, HR)
    assert isinstance(command, commands.Command)
    return after(now, command.model_copy(update={"id": fresh_id()}), NOW)


def stepless() -> Goal:
    goal = active()
    for step in range(len(goal.content.steps)):
        goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=step), NOW)
    return goal


def paused() -> Goal:
    return after(pending(), pause(), at(day(10, 6)))


def overdue() -> Goal:
    """An approval that manager and director have."""
    return rung(rung(rung(pending())))


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.kind)
def test_an_instruction_is_the_same_after_a_journey_through_json(one: instructions.AnyInstruction) -> None:
    adapter: TypeAdapter[instructions.AnyInstruction] = TypeAdapter(instructions.AnyInstruction)
    assert adapter.validate_json(adapter.dump_json(one)) == one


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.kind)
def test_whatever_is_asked_means_something_or_says_why_not_wherever_a_goal_stands(
    one: instructions.AnyInstruction,
) -> None:
    for make in (*SITUATIONS.values(), paused, stepless):
        assert meaning(one, make())


def test_a_closed_goal_takes_nothing_but_its_reopening_and_an_open_one_is_not_reopened() -> None:
    for one in EVERY:
        if one.kind in ("reopen", "add"):
            assert meaning(one, closed()) == {"command": "reopen"}
            assert meaning(one, draft()) == ("not_closed" if one.kind == "reopen" else "unchanged")
        else:
            assert meaning(one, closed()) == "closed"


def test_a_goal_is_reopened_into_the_cycle_that_ends_later() -> None:
    one = instructions.Reopen(closes=day(1, 29, 2027), **WHY)
    assert meaning(one, closed()) == {"command": "reopen", "closes": day(1, 29, 2027)}


# --- extending -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "fields", "means"),
    [
        (pending(), {"due": day(11, 2)}, {"due": day(11, 2)}),
        (pending(), {"due": day(11, 2), "task": TaskKind.APPROVAL}, {"due": day(11, 2)}),
        (pending(), {"due": day(11, 2), "task": TaskKind.DRAFT}, "other_task"),
        (pending(), {"due": day(10, 13)}, "unchanged"),
        (pending(), {"due": day(10, 13), "task": TaskKind.APPROVAL}, "unchanged"),
        (pending(), {"due": day(10, 11)}, "unchanged"),  # a Sunday; the Monday is a holiday, so the 13th is meant
        (pending(), {"due": day(10, 10), "task": TaskKind.APPROVAL}, "unchanged"),
        (pending(), {"due": day(10, 8)}, "later"),
        (pending(), {"due": day(10, 8), "task": TaskKind.APPROVAL}, "later"),
        (pending(), {"due": day(10, 8), "closes": day(1, 29, 2027)}, {"closes": day(1, 29, 2027)}),
        (stepless(), {"due": day(11, 2)}, "no_task"),
        (stepless(), {"due": day(11, 2), "task": TaskKind.STEP}, "no_task"),
        (stepless(), {"closes": day(12, 1)}, "unchanged"),
        (pending(), {"closes": day(12, 28)}, "unchanged"),
        (stepless(), {"due": day(11, 2), "closes": day(1, 29, 2027)}, {"closes": day(1, 29, 2027)}),
        (pending(), {"closes": day(1, 29, 2027)}, {"closes": day(1, 29, 2027)}),
        (
            pending(),
            {"due": day(1, 15, 2027), "closes": day(1, 29, 2027)},
            {"due": day(1, 15, 2027), "closes": day(1, 29, 2027)},
        ),
        (
            pending(),
            {"due": day(1, 15, 2027), "task": TaskKind.VERDICT, "closes": day(1, 29, 2027)},
            {"closes": day(1, 29, 2027)},
        ),
        (pending(), {"due": day(11, 2), "closes": day(12, 1)}, {"due": day(11, 2)}),
    ],
)
def test_an_extension_moves_what_fits_and_says_what_does_not(goal: Goal, fields: Any, means: Any) -> None:
    said = meaning(instructions.Extend(**fields, **WHY), goal)
    assert said == (means if isinstance(means, str) else {"command": "extend"} | means)


def test_an_extension_of_nothing_cannot_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="nothing_to_extend"):
        instructions.Extend(**WHY)


# --- pausing, ending -------------------------------------------------------------------------------------------------


def test_a_goal_is_paused_once_and_resumed_once() -> None:
    assert meaning(instructions.Pause(**WHY), pending()) == {"command": "pause"}
    assert meaning(instructions.Pause(**WHY), paused()) == "paused"
    assert meaning(instructions.Resume(**WHY), paused()) == {"command": "resume"}
    assert meaning(instructions.Resume(**WHY), pending()) == "not_paused"


def test_who_is_removed_and_a_cycle_that_closes_settle_goals_and_a_cancelled_one_calls_them_off() -> None:
    assert meaning(instructions.Remove(**WHY), active()) == {"command": "close", "removed": True}
    assert meaning(instructions.Close(**WHY), active()) == {"command": "close"}
    assert meaning(instructions.Cancel(**WHY), active()) == {"command": "close", "cancelled": True}


def test_who_joins_and_a_new_organisation_are_no_single_command() -> None:
    assert meaning(instructions.Add(**WHY), pending()) == "unchanged"
    assert meaning(instructions.Sync(**WHY), pending()) == "unchanged"


# --- amending --------------------------------------------------------------------------------------------------------


def test_rules_change_where_they_differ_and_what_was_changed_for_one_goal_alone_stays() -> None:
    goal = after(pending(), extend(closes=day(1, 29, 2027)), NOW)
    one = instructions.Amend(before=POLICY, after=LATER, **WHY)
    rules = ("max_bonus", "spread_minutes")
    assert meaning(one, goal) == {"command": "amend_policy", "policy": LATER, "rules": rules}
    assert carried_out(one, goal, goal).policy == policy(max_bonus=30, spread_minutes=60, closes=day(1, 29, 2027))


def test_rules_that_one_goal_got_after_it_was_read_stay_when_the_cycles_rules_arrive() -> None:
    read = pending()
    extended = after(read, extend(closes=day(1, 29, 2027)), NOW)
    one = instructions.Amend(before=POLICY, after=LATER, **WHY)
    assert carried_out(one, read, extended).policy == policy(max_bonus=30, spread_minutes=60, closes=day(1, 29, 2027))


def test_rules_that_no_longer_fit_when_they_arrive_are_refused() -> None:
    shorter = policy(closes=day(12, 26))
    read = pending()
    reviewed = after(read, commands.AmendPolicy(
        id=fresh_id(), actor=HR, policy=policy(reviews=(day(12, 28),)), reason="追加"), NOW)  # fmt: skip
    with pytest.raises(Refusal) as caught:
        carried_out(instructions.Amend(before=POLICY, after=shorter, **WHY), read, reviewed)
    assert caught.value.code is Code.INVALID


def test_rules_that_a_goal_has_already_are_not_given_again() -> None:
    one = instructions.Amend(before=POLICY, after=LATER, **WHY)
    assert meaning(one, pending(LATER)) == "unchanged"
    assert meaning(instructions.Amend(before=POLICY, after=POLICY, **WHY), pending()) == "unchanged"


def test_rules_that_contradict_those_of_a_goal_are_refused() -> None:
    own = policy(closes=day(1, 29, 2027), reviews=(day(1, 15, 2027),))
    with pytest.raises(ValidationError, match="review_outside"):
        amended(own, POLICY.model_copy(update={"closes": day(12, 30)}), POLICY)


def test_a_changed_ladder_replaces_the_old_one_whole() -> None:
    ladders = DEFAULT_LADDERS | {TaskKind.DRAFT: Ladder(due_in=3, rungs=())}
    assert amended(POLICY, POLICY, policy(ladders=ladders)).ladders == ladders


# --- other hands -----------------------------------------------------------------------------------------------------


def test_what_waits_on_one_person_waits_on_another_and_everybody_else_keeps_it() -> None:
    one = instructions.Reassign(person=MANAGER, to=STRANGER, **WHY)
    assert meaning(one, pending()) == {"command": "reassign", "person": MANAGER, "to": STRANGER}
    to_director = instructions.Reassign(person=MANAGER, to=DIRECTOR, **WHY)
    for asked, goal, assignees in (
        (one, pending(), (STRANGER,)),
        (one, overdue(), (STRANGER, DIRECTOR)),
        (one, rung(rung(rung(draft()))), (OWNER, STRANGER)),
        (to_director, overdue(), (DIRECTOR,)),
    ):
        assert task_of(carried_out(asked, goal, goal)).assignees == assignees


def test_the_next_stages_approver_keeps_the_task_when_a_reassignment_arrives_after_the_approval() -> None:
    one = instructions.Reassign(person=MANAGER, to=STRANGER, **WHY)
    read = pending(policy(approval_stages=2))
    approved = after(read, approve(read, MANAGER), NOW)
    assert task_of(approved).assignees == (DIRECTOR,)
    with pytest.raises(Refusal) as caught:
        carried_out(one, read, approved)
    assert caught.value.code is Code.NOT_ASSIGNED
    skipped = skipped_by(one, caught.value)
    assert skipped
    assert skipped.code == "unconcerned"


def test_only_a_refusal_that_says_that_the_task_moved_on_counts_as_skipped() -> None:
    one = instructions.Reassign(person=MANAGER, to=STRANGER, **WHY)
    assert skipped_by(one, Refusal(Code.NO_TASK)) == Skipped(code="no_task")
    assert skipped_by(one, Refusal(Code.SELF_APPROVAL)) is None
    assert skipped_by(instructions.Extend(due=day(11, 2), **WHY), Refusal(Code.NO_TASK)) is None


def test_what_waits_on_nobody_or_on_others_or_is_the_persons_own_goal_is_left_alone() -> None:
    one = instructions.Reassign(person=MANAGER, to=STRANGER, **WHY)
    for goal in (draft(), stepless(), after(pending(), reassign(DIRECTOR), NOW)):
        assert meaning(one, goal) == "unconcerned"
    assert meaning(instructions.Reassign(person=OWNER, to=STRANGER, **WHY), draft()) == "unconcerned"
    assert meaning(instructions.Reassign(person=MANAGER, to=OWNER, **WHY), pending()) == "owner"


def test_a_large_hr_pool_can_be_given_another_member() -> None:
    pool = tuple(f"h{n}" for n in range(1, 51))
    goal = pending(policy(hr=pool), line=())
    one = instructions.Reassign(person="h7", to=STRANGER, **WHY)
    assert len(task_of(carried_out(one, goal, goal)).assignees) == 50


@pytest.mark.parametrize("delegator", [MANAGER, DIRECTOR, HR_TOO, OWNER, STRANGER])
def test_a_delegation_is_made_wherever_the_delegator_is_concerned(delegator: Any) -> None:
    one = instructions.Delegate(
        delegation=Delegation(delegator=delegator, to=DEPUTY, first=day(10, 5), last=day(12, 1)), **WHY
    )
    given = {"command": "delegate", "delegator": delegator, "to": DEPUTY, "first": day(10, 5), "last": day(12, 1)}
    assert meaning(one, pending()) == ("unconcerned" if delegator == STRANGER else given)
    assert meaning(one, after(pending(), reassign(STRANGER), NOW)) == given


def test_a_delegation_is_not_made_twice_nor_to_the_goals_owner() -> None:
    away = Delegation(delegator=MANAGER, to=DEPUTY, first=day(10, 5), last=day(12, 1))
    goal = after(pending(), delegate(MANAGER, DEPUTY, first=day(10, 5), last=day(12, 1)), NOW)
    assert meaning(instructions.Delegate(delegation=away, **WHY), goal) == "unchanged"
    to_owner = away.model_copy(update={"to": OWNER})
    assert meaning(instructions.Delegate(delegation=to_owner, **WHY), pending()) == "owner"


# --- whose goals -----------------------------------------------------------------------------------------------------


def test_a_selection_that_names_nobody_means_everybody() -> None:
    assert instructions.Selection().is_everybody
    assert not instructions.Selection(departments=("経理",)).is_everybody
    assert not instructions.Selection(people=(OWNER,)).is_everybody
