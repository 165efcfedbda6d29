"""Commands rebuilt from their entries: which commands count as the same."""

from typing import get_args

import pytest

from domain.goal import commands, events
from domain.goal.commands import Command
from domain.goal.decide import decide
from domain.goal.rebuilding import REBUILT, is_same, rebuild
from tests.domain.builders import (
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    STRANGER,
    approve,
    at,
    content,
    day,
    draft,
    fresh_id,
    pending,
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


def test_every_event_is_rebuilt_or_made_by_no_command() -> None:
    all_kinds = get_args(get_args(events.AnyBody)[0])
    assert {kind.model_fields["kind"].default for kind in all_kinds if kind not in REBUILT} == MADE_BY_NO_COMMAND
