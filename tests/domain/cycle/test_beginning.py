"""Who may begin a goal while a cycle runs, when there can be another one, and what its ledger begins with."""

from typing import Any

import pytest

from domain.cycle.beginning import Beginning, OwnerInCycle, next_number, require_may_begin
from domain.cycle.launch import first_draft
from domain.goal import events
from domain.goal.commands import Close, Pause, Withdraw
from domain.goal.events import Event
from domain.goal.goal import Goal
from domain.lifecycles import CycleState, ParticipantState
from domain.notices.notices import notices_of
from domain.refusals import Code, Refusal
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from domain.writing.content import Content
from tests.domain.builders import (
    CONTENT,
    HR,
    HR_TOO,
    LAUNCH,
    MANAGER,
    OWNER,
    POLICY,
    STRANGER,
    active,
    after,
    at,
    day,
    draft,
    policy,
)  # fmt: skip

FREE = policy(owners_begin_goals=True)
NOW = at(day(11, 2))


def wish(actor: EmployeeId = OWNER, **more: Any) -> Beginning:
    fields = {"cycle": CycleId("2026-q4"), "owner": OWNER, "actor": actor, "command": "b-1", "content": CONTENT}
    return Beginning.model_validate(fields | more)


def found(**more: Any) -> OwnerInCycle:
    facts: dict[str, Any] = {
        "cycle": CycleId("2026-q4"), "owner": OWNER, "rules": FREE, "state": CycleState.OPEN, "is_ending": False,
        "participant": ParticipantState.STARTED, "works_here": True, "site": None, "goals": [draft()],
    }  # fmt: skip
    return OwnerInCycle(**facts | more)


LATER = CONTENT.model_copy(update={"steps": tuple(one.model_copy(update={"due": day(12, 1)}) for one in CONTENT.steps)})


def code(asked: Beginning, where: OwnerInCycle, now: Any = NOW) -> Code:
    with pytest.raises(Refusal) as refused:
        require_may_begin(asked, where, now)
    return refused.value.code


def numbered(number: int, goal: Goal) -> Goal:
    return goal.model_copy(update={"id": GoalId(f"2026-q4/e100/{number}")})


def test_hr_begins_goals_in_every_cycle_and_owners_where_the_rules_say_so() -> None:
    require_may_begin(wish(), found(), NOW)
    require_may_begin(wish(HR), found(rules=POLICY), NOW)
    assert code(wish(), found(rules=POLICY)) is Code.HR_BEGINS_GOALS
    assert code(wish(MANAGER), found()) is Code.NOT_ALLOWED
    assert code(wish(STRANGER), found(rules=POLICY)) is Code.NOT_ALLOWED


def test_a_member_of_hr_is_an_owner_where_their_own_goal_is_concerned() -> None:
    own = wish(HR, owner=HR)
    assert code(own, found(owner=HR, rules=POLICY)) is Code.HR_BEGINS_GOALS
    require_may_begin(own, found(owner=HR), NOW)
    require_may_begin(wish(HR_TOO, owner=HR), found(owner=HR, rules=POLICY), NOW)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"state": CycleState.CLOSED}, Code.CYCLE_STATE),
        ({"state": CycleState.LAUNCHING}, Code.CYCLE_STATE),
        ({"is_ending": True}, Code.CYCLE_BUSY),
        ({"participant": None}, Code.NO_PARTICIPANT),
        ({"participant": ParticipantState.REMOVED}, Code.NO_PARTICIPANT),
        ({"works_here": False}, Code.NO_PARTICIPANT),
        ({"participant": ParticipantState.WAITING}, Code.CYCLE_BUSY),
        ({"participant": ParticipantState.FAILED}, Code.CYCLE_BUSY),
        ({"goals": [after(draft(), Pause(id="p", actor=HR, reason="監査"), NOW)]}, Code.GOALS_PAUSED),
    ],
)
@pytest.mark.parametrize("actor", [OWNER, HR])
def test_nobody_begins_a_goal_where_the_cycle_or_the_person_does_not_work(
    facts: dict[str, Any], expected: Code, actor: EmployeeId
) -> None:
    assert code(wish(actor), found(**facts)) is expected


def test_the_last_day_of_the_cycle_is_the_last_one_on_which_a_goal_begins() -> None:
    require_may_begin(wish(), found(), at(POLICY.closes, 23, 59))
    assert code(wish(), found(), at(day(12, 29), 0)) is Code.CYCLE_OVER


def test_open_goals_and_results_count_against_the_limit_and_withdrawn_ones_do_not() -> None:
    two = policy(owners_begin_goals=True, max_goals=2)
    settled = after(numbered(1, active(two)), Close(id="c", actor=HR, reason="終了"), NOW)
    withdrawn = after(numbered(2, draft(two)), Withdraw(id="w", actor=OWNER, reason="重複"), NOW)
    require_may_begin(wish(), found(rules=two, goals=[settled, withdrawn]), NOW)
    assert next_number([settled, withdrawn]) == 3
    assert code(wish(), found(rules=two, goals=[settled, withdrawn, numbered(3, draft(two))])) is Code.NO_MORE_GOALS


def test_a_goal_is_carried_over_once_unless_the_copy_was_withdrawn() -> None:
    source = GoalId("2026-q3/e100/1")
    copy = draft(carried_from=source)
    assert copy.carried_from == source
    assert code(wish(carried_from=source), found(goals=[copy])) is Code.CARRIED_BEFORE
    require_may_begin(wish(carried_from=GoalId("2026-q3/e100/2")), found(goals=[copy]), NOW)
    gone = after(copy, Withdraw(id="w", actor=OWNER, reason="重複"), NOW)
    require_may_begin(wish(carried_from=source), found(goals=[gone]), NOW)


def begun(actor: EmployeeId = OWNER, content: Content = CONTENT) -> tuple[Goal, Event]:
    return first_draft(
        cycle=CycleId("2026-q4"), policy=POLICY, owner=OWNER, department="経理", line=(MANAGER,), number=2,
        content=content, launched_by=actor, now=LAUNCH, begun_by=CommandId("b-1"),
    )  # fmt: skip


def test_the_ledger_says_who_began_the_goal_and_keeps_the_days_that_the_owner_wrote() -> None:
    sunday = CONTENT.model_copy(
        update={"steps": (CONTENT.steps[0].model_copy(update={"due": day(10, 25)}), CONTENT.steps[1])}
    )
    goal, event = begun(content=sunday)
    assert (event.actor, event.command, goal.content) == (OWNER, "b-1", sunday)
    assert isinstance(event.body, events.Created)
    assert event.body.begun


def test_the_owner_is_told_of_a_draft_that_hr_began_and_not_of_their_own() -> None:
    assert notices_of(*begun()) == ()
    assert [(one.kind, one.recipient) for one in notices_of(*begun(HR))] == [("draft_opened", OWNER)]


@pytest.mark.parametrize(
    ("other", "same"),
    [({}, True), ({"content": Content()}, False), ({"content": Content(), "is_proposed": True}, False), ({"content": LATER, "is_proposed": True}, True),
     ({"content": LATER}, False),
     ({"actor": HR}, False), ({"carried_from": "2026-q3/e100/1"}, False)],
)  # fmt: skip
def test_a_repeat_is_the_same_request_and_nothing_else_is(other: dict[str, Any], same: bool) -> None:
    _, event = begun()
    assert wish(**other).has_made(event) is same


def test_a_goal_of_the_launch_is_of_no_request() -> None:
    _, event = first_draft(
        cycle=CycleId("2026-q4"), policy=POLICY, owner=OWNER, department="経理", line=(MANAGER,), number=1,
        content=CONTENT, launched_by=OWNER, now=LAUNCH,
    )  # fmt: skip
    assert not wish(command="launch:2026-q4").has_made(event)
