"""A text never overwrites a newer one, and a delegation reaches as far as it says."""

import pytest

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.goal import Delegation
from domain.refusals import Code
from domain.writing.content import Content
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    MANAGER,
    OWNER,
    STRANGER,
    after,
    approve,
    at,
    change_line,
    content,
    day,
    delegate,
    draft,
    fresh_id,
    pending,
    refusal,
)


@pytest.mark.parametrize("name", ["revise", "submit"])
def test_a_text_written_from_an_older_version_does_not_overwrite_a_newer_one(name: str) -> None:
    goal = draft()
    command = commands.COMMANDS[name].model_validate(
        {"id": fresh_id(), "actor": OWNER, "content": content(theme="甲"), "expected_seq": goal.seq}
    )
    newer = after(goal, commands.Revise(id=fresh_id(), actor=OWNER, content=content(theme="乙")), at(day(10, 2)))
    refusal(newer, command, at(day(10, 2)), Code.GOAL_CHANGED)
    assert after(goal, command, at(day(10, 2))).content.theme == "甲"


def test_a_delegation_does_not_cover_the_delegators_own_goals_unless_it_says_so() -> None:
    withdraw = commands.Withdraw(id=fresh_id(), actor=DEPUTY, acting_for=OWNER, reason="不要")
    goal = after(draft(), delegate(OWNER, DEPUTY), at(day(10, 2)))
    refused = refusal(goal, withdraw, at(day(10, 2)), Code.OWN_GOALS_NOT_COVERED)
    assert refused.message.fields == {"actor": DEPUTY, "acting_for": OWNER}
    assert goal.delegates([OWNER], day(10, 2)) == ()
    covered = after(draft(), delegate(OWNER, DEPUTY, own_goals=True), at(day(10, 2)))
    assert after(covered, withdraw, at(day(10, 2))).is_closed


@pytest.mark.parametrize("actor", [MANAGER, DEPUTY, "h1"])
def test_either_side_or_hr_ends_a_delegation_early(actor: str) -> None:
    goal = after(pending(), delegate(MANAGER, DEPUTY), at(day(10, 6)))
    end = commands.EndDelegation.model_validate(
        {"id": fresh_id(), "actor": actor, "delegator": MANAGER, "to": DEPUTY, "reason": "復帰"}
    )
    ended = after(goal, end, at(day(10, 6)))
    assert ended.delegations == ()
    refusal(ended, approve(ended, DEPUTY, acting_for=MANAGER), at(day(10, 6)), Code.NOT_DELEGATED)
    assert decide(ended, end.model_copy(update={"id": fresh_id()}), at(day(10, 7))) == ()


def test_the_delegations_of_people_who_left_end_on_both_sides() -> None:
    goal = after(pending(), delegate(MANAGER, DEPUTY), at(day(10, 6)))
    for left in (MANAGER, DEPUTY):
        changed = after(goal, change_line(goal, left=(left,)), at(day(10, 6)))
        assert changed.delegations == ()
        assert decide(changed, change_line(changed, left=(left,)), at(day(10, 7))) == ()
    assert decide(goal, change_line(goal, left=(DIRECTOR,)), at(day(10, 6))) == ()


def test_a_goal_holds_a_bounded_number_of_delegations() -> None:
    goal = pending()
    for n in range(100):
        one = delegate(MANAGER, f"d{n:03}")  # type: ignore[arg-type]
        goal = after(goal, one, at(day(10, 6)))
    said = refusal(goal, delegate(MANAGER, DEPUTY), at(day(10, 6)), Code.DELEGATION)
    assert "part.delegate_many" in str(said.message)
    more = tuple(
        Delegation(delegator=STRANGER, to=DIRECTOR, first=day(10, 5), last=day(12, number)) for number in (1, 2)
    )
    led = change_line(goal, line=(STRANGER,), delegations=more)
    assert len(after(goal, led, at(day(10, 6))).delegations) == 100, "also where new managers bring theirs along"


def test_an_empty_file_does_not_wipe_a_draft() -> None:
    empty = commands.Revise(id=fresh_id(), actor=OWNER, content=Content())
    refusal(draft(), empty, at(day(10, 2)), Code.NOTHING_WRITTEN)
    assert decide(draft(content=Content()), empty, at(day(10, 2))) == ()
