"""Which entries of the ledger a goal takes over that it does not know: those that it would have made itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.goal import commands, events
from domain.goal.adoption import ForgedEntry, adopt
from domain.goal.alarms import next_alarm, ring
from domain.goal.commands import SYSTEM
from domain.goal.decide import decide
from domain.goal.events import Event
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal, Outcome
from domain.values import CommandId, EmployeeId
from tests.domain.builders import DIRECTOR, HR, MANAGER, OWNER, STRANGER, approve, at, day, draft, fresh_id, pending

NOW = at(day(10, 7))
LATER = NOW + timedelta(hours=1)


def entry(goal: Goal, body: events.Body, actor: EmployeeId, **fields: object) -> Event:
    """An entry as somebody with the keys to the database could write it; its hash is computed when it is adopted."""
    values = {
        "seq": goal.seq + 1,
        "revision": goal.revision,
        "at": NOW,
        "actor": actor,
        "command": "forged",
        "body": body,
    }
    return Event.model_validate(values | fields)


def refuses(goal: Goal, *entries: Event, command: commands.Command | None = None) -> bool:
    with pytest.raises(ForgedEntry) as caught:
        adopt(goal, entries, command, LATER)
    return caught.value.seq == entries[0].seq


def test_entries_of_a_command_that_its_actor_may_give_are_taken_over() -> None:
    goal = pending()
    made = decide(goal, approve(goal), NOW)
    assert adopt(goal, made, None, LATER) == evolve_all(goal, made)


def test_entries_of_several_commands_are_taken_over_one_after_the_other() -> None:
    goal = draft()
    submitted = decide(goal, commands.Submit(id=fresh_id(), actor=OWNER), NOW)
    after = evolve_all(goal, submitted)
    approved = decide(after, approve(after), NOW)
    assert adopt(goal, (*submitted, *approved), None, LATER) == evolve_all(after, approved)


def test_an_alarm_that_was_due_is_taken_over_and_one_that_was_not_is_refused() -> None:
    goal = draft()
    alarm = next_alarm(goal)
    assert alarm
    rung = ring(goal, alarm, alarm.at)
    assert adopt(goal, rung, None, alarm.at) == evolve_all(goal, rung)
    early = [one.model_copy(update={"at": alarm.at - timedelta(days=1)}) for one in rung]
    assert refuses(goal, *early)


@pytest.mark.parametrize("actor", [OWNER, DIRECTOR, HR, STRANGER, SYSTEM])
def test_an_approval_by_a_person_who_may_not_approve_is_refused(actor: EmployeeId) -> None:
    goal = pending()
    assert refuses(goal, entry(goal, events.Approved(stage=0, saw=goal.seq), actor))


def test_an_approval_in_the_name_of_a_person_who_did_not_delegate_is_refused() -> None:
    goal = pending()
    assert refuses(goal, entry(goal, events.Approved(stage=0, saw=goal.seq), STRANGER, acting_for=MANAGER))


FORGED: dict[str, Callable[[Goal], Event]] = {
    "more points than the rules give": lambda goal: entry(
        goal, events.Closed(outcome=Outcome.SETTLED, attained=1, score=999, comment="終了"), HR
    ),
    "another revision": lambda goal: entry(goal, events.Commented(text="確認"), OWNER, revision=2),
    "a number further on": lambda goal: entry(goal, events.Commented(text="確認"), OWNER, seq=goal.seq + 2),
    "a state that the goal is not in": lambda goal: entry(goal, events.Recalled(), OWNER),
    "an event that no command makes": lambda goal: entry(
        goal, events.Lapsed(due=NOW, outcome=Outcome.LAPSED, attained=0, score=0), SYSTEM
    ),
    "a time that has not come": lambda goal: entry(
        goal, events.Commented(text="確認"), OWNER, at=LATER + timedelta(seconds=1)
    ),
    "a comment that no command may hold": lambda goal: entry(goal, events.Commented(text=""), OWNER),
    "a pause by a stranger": lambda goal: entry(goal, events.Paused(reason="停止"), STRANGER),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_entry_that_the_goal_would_not_have_made_is_refused(name: str) -> None:
    goal = draft()
    assert refuses(goal, FORGED[name](goal))


def test_a_second_creation_is_refused() -> None:
    goal = draft()
    again = events.Created(
        cycle=goal.cycle, owner=STRANGER, department="経理", line=(), content=goal.content, policy="digest"
    )
    assert refuses(goal, entry(goal, again, SYSTEM))


def refused_sign_off(goal: Goal, **fields: object) -> Event:
    return entry(goal, events.SignOffRefused(code="not_allowed"), MANAGER, **fields)


def test_a_sign_off_that_the_rules_refused_is_taken_over_and_changes_nothing_but_the_number() -> None:
    goal = pending()
    mine = approve(goal).model_copy(update={"id": CommandId("mine")})
    assert adopt(goal, [refused_sign_off(goal)], None, LATER).state is goal.state
    adopted = adopt(goal, [refused_sign_off(goal, command="mine")], mine, LATER)
    assert adopted == evolve_all(goal, [refused_sign_off(goal, command="mine")])


@pytest.mark.parametrize("changed", [{"seq": 9}, {"revision": 2}])
def test_a_refused_sign_off_with_another_number_or_revision_is_refused(changed: dict[str, int]) -> None:
    goal = pending()
    assert refuses(goal, refused_sign_off(goal, **changed))


def test_a_refused_sign_off_of_another_actor_than_the_commands_is_refused() -> None:
    goal = pending()
    theirs = approve(goal, DIRECTOR).model_copy(update={"id": CommandId("mine")})
    assert refuses(goal, refused_sign_off(goal, command="mine"), command=theirs)


def test_entries_with_the_id_of_the_command_that_is_carried_out_must_be_its_own() -> None:
    goal = pending()
    command = approve(goal).model_copy(update={"id": CommandId("mine")})
    other = entry(goal, events.Returned(comment="やはり直して"), MANAGER, command="mine")
    assert refuses(goal, other, command=command)
    made = decide(goal, command, NOW)
    assert adopt(goal, made, command, LATER) == evolve_all(goal, made)


def test_an_entry_behind_a_right_one_is_judged_on_the_goal_as_it_was_then() -> None:
    goal = draft()
    submitted = decide(goal, commands.Submit(id=fresh_id(), actor=OWNER), NOW)
    after = evolve_all(goal, submitted)
    forged = entry(after, events.Approved(stage=0, saw=after.seq), OWNER)
    with pytest.raises(ForgedEntry) as caught:
        adopt(goal, (*submitted, forged), None, LATER)
    assert caught.value.seq == after.seq + 1
