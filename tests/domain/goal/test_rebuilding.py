"""Commands rebuilt from their entries: which commands count as the same."""

from typing import get_args

import pytest

from domain.goal import commands, events
from domain.goal.commands import ORGANISATION, SYSTEM, Command
from domain.goal.decide import decide
from domain.goal.goal import Delegation, Goal
from domain.goal.rebuilding import REBUILT, is_same, rebuild
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    PRESIDENT,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaiting_verdict,
    change_line,
    content,
    day,
    draft,
    fresh_id,
    pending,
    policy,
    reassign,
    verdict,
)
from tests.domain.command_cases import CASES, NOW, ready

MADE_BY_NO_COMMAND = {"created", "lapsed", "reminded", "escalated", "sign_off_refused"}


@pytest.mark.parametrize("name", CASES)
def test_a_command_is_rebuilt_from_its_entries_and_decides_the_same(name: str) -> None:
    goal = ready(name)
    command = CASES[name].make(goal)
    made = decide(goal, command, NOW)
    again = rebuild(made)
    assert again is not None
    assert type(again) is type(command)
    assert decide(goal, again, NOW) == made
    assert is_same(command, made)


@pytest.mark.parametrize("name", CASES)
def test_another_actor_makes_another_command(name: str) -> None:
    goal = ready(name)
    command = CASES[name].make(goal)
    made = decide(goal, command, NOW)
    assert not is_same(command.model_copy(update={"actor": STRANGER}), made)
    assert not is_same(command.model_copy(update={"acting_for": STRANGER}), made)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (commands.Comment(actor=OWNER, text="一つ目"), commands.Comment(actor=OWNER, text="二つ目")),
        (commands.Comment(actor=HR, text="停止"), commands.Pause(actor=HR, reason="停止")),
        (commands.Submit(actor=OWNER, content=content(weight=40)), commands.Submit(actor=OWNER)),
        (
            commands.Submit(actor=OWNER, content=content(weight=40)),
            commands.Revise(actor=OWNER, content=content(weight=40)),
        ),
        (
            commands.Extend(actor=HR, due=day(11, 20), reason="休職"),
            commands.Extend(actor=HR, due=day(11, 25), reason="休職"),
        ),
    ],
)
def test_other_content_or_another_kind_makes_another_command(first: Command, second: Command) -> None:
    goal, identity = draft(), fresh_id()
    made = decide(goal, first.model_copy(update={"id": identity}), at(day(10, 7)))
    assert is_same(first, made)
    assert not is_same(second, made)


def test_an_approval_of_another_version_is_another_command() -> None:
    goal = pending()
    command = approve(goal)
    made = decide(goal, command, at(day(10, 7)))
    assert not is_same(command.model_copy(update={"expected_seq": goal.seq - 1}), made)


def test_what_does_not_change_the_decision_does_not_make_another_command() -> None:
    goal = pending()
    command = commands.Reassign(id=fresh_id(), actor=HR, assignees=(DIRECTOR, MANAGER, DIRECTOR), reason="休職")
    made = decide(goal, command, at(day(10, 7)))
    assert is_same(command, made)
    assert not is_same(command.model_copy(update={"assignees": (MANAGER, DIRECTOR)}), made)


@pytest.mark.parametrize(
    ("goal", "command"),
    [
        (draft(), commands.Revise(actor=OWNER, content=content(weight=40), expected_seq=1)),
        (draft(), commands.Submit(actor=OWNER, expected_seq=1)),
        (pending(), commands.ReturnForChanges(actor=MANAGER, comment="基準値", expected_seq=2)),
        (pending(), commands.Reassign(actor=HR, assignees=(DEPUTY,), reason="休職", expected_seq=2)),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else "",
)
def test_a_version_that_no_entry_holds_does_not_make_another_command(goal: Goal, command: Command) -> None:
    assert is_same(command, decide(goal, command.model_copy(update={"id": fresh_id()}), NOW))


@pytest.mark.parametrize("actor", [SYSTEM, ORGANISATION])
def test_a_command_of_the_program_is_rebuilt_as_one(actor: EmployeeId) -> None:
    goal = pending()
    closing = commands.CloseBySystem(id=fresh_id(), actor=actor, reason="meguri:left")
    moving = commands.ChangeLineBySystem(id=fresh_id(), actor=actor, line=(DIRECTOR,), department="経理", reason="r")
    reopening = commands.ReopenBySystem(id=fresh_id(), actor=actor, reason="r")
    closed = after(goal, closing, NOW)
    for command, at_goal in ((closing, goal), (moving, goal), (reopening, closed)):
        made = decide(at_goal, command, NOW)
        again = rebuild(made)
        assert type(again) is type(command)
        assert is_same(command, made)


def test_a_verdict_is_rebuilt_with_its_bonus_and_its_praise() -> None:
    goal = awaiting_verdict()
    command = verdict(goal, "continue", bonus=5, praise="早い")
    made = decide(goal, command, at(day(11, 3)))
    assert is_same(command, made)
    assert not is_same(command.model_copy(update={"bonus": 4}), made)
    assert not is_same(command.model_copy(update={"praise": "丁寧"}), made)


def test_a_change_of_managers_is_rebuilt_with_its_replacements_and_delegations() -> None:
    goal = after(pending(), reassign(MANAGER, STRANGER), NOW)
    given = Delegation(delegator=DIRECTOR, to=DEPUTY, first=day(10, 1), last=day(12, 28))
    made = decide(goal, change_line(goal, replaced={STRANGER: HR_TOO}, delegations=(given,)), NOW)
    assert isinstance(made[0].body, events.LineChanged)
    assert (made[0].body.assignees, made[0].body.delegations) == ((MANAGER, HR_TOO), (given,))
    again = rebuild(made)
    assert again is not None
    assert decide(goal, again, NOW) == made


@pytest.mark.parametrize(
    "assignees",
    [
        (MANAGER, STRANGER),
        (STRANGER, MANAGER),
        (STRANGER, DIRECTOR, MANAGER),
        (MANAGER, STRANGER, DEPUTY),
        (MANAGER, HR, STRANGER),
    ],
)
def test_a_replacement_by_a_person_who_has_the_task_already_is_rebuilt(assignees: tuple[EmployeeId, ...]) -> None:
    goal = after(pending(), reassign(*assignees), NOW)
    made = decide(goal, change_line(goal, replaced={STRANGER: MANAGER, HR: MANAGER, DEPUTY: HR_TOO}), NOW)
    again = rebuild(made)
    assert again is not None
    assert decide(goal, again, NOW) == made


def test_a_move_to_another_department_is_rebuilt_with_its_new_weight() -> None:
    goal = active()
    made = decide(goal, change_line(goal, department="総務", settle=True, new_weight=30), NOW)
    assert [one.kind for one in made] == ["moved"]
    again = rebuild(made)
    assert again is not None
    assert decide(goal, again, NOW) == made


def test_an_amendment_of_some_rules_is_the_command_whose_rules_the_policy_has() -> None:
    goal, rules = draft(policy(max_goals=7)), ("attainment_cap", "max_bonus")
    command = commands.AmendPolicy(actor=HR, policy=policy(attainment_cap="2"), rules=rules, reason="変更")
    made = decide(goal, command.model_copy(update={"id": fresh_id()}), NOW)
    assert is_same(command, made)
    assert not is_same(command.model_copy(update={"policy": policy(attainment_cap="1")}), made)


def test_every_event_is_rebuilt_or_made_by_no_command() -> None:
    all_kinds = get_args(get_args(events.AnyBody)[0])
    assert {kind.model_fields["kind"].default for kind in all_kinds if kind not in REBUILT} == MADE_BY_NO_COMMAND


def test_a_change_that_replaces_one_assignee_and_moves_another_up_is_rebuilt_as_it_was() -> None:
    goal = after(pending(), reassign(STRANGER, MANAGER), NOW)
    made = decide(goal, change_line(goal, line=(PRESIDENT,), replaced={STRANGER: DEPUTY}), NOW)
    assert isinstance(made[0].body, events.LineChanged)
    assert set(made[0].body.assignees or ()) == {PRESIDENT, DEPUTY}
    again = rebuild(made)
    assert again is not None
    assert decide(goal, again, NOW) == made
