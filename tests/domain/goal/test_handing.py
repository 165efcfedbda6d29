"""A goal that is handed over: who may, in which states, what stays, what goes on, and the goals under it."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from domain.cycle.beginning import OwnerInCycle
from domain.cycle.succession import Handover, beginning_of, next_goal_of, require_may_take_over
from domain.goal import commands
from domain.goal.adoption import adopt
from domain.goal.commands import SYSTEM
from domain.goal.constraints import constraints_of
from domain.goal.decide import decide
from domain.goal.events import HandedOver
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal, Outcome
from domain.goal.handing import Succession, succession_of
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.lifecycles import CycleState, ParticipantState
from domain.notices.notices import notices_of
from domain.refusals import Code, Refusal
from domain.results.alignment import leaves_of
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from domain.writing.content import NumericMeasure
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    GOAL_ID,
    HR,
    MANAGER,
    OWNER,
    PRESIDENT,
    SITUATIONS,
    STRANGER,
    active,
    after,
    approve,
    at,
    change_line,
    content,
    day,
    delegate,
    draft,
    fresh_id,
    pause,
    pending,
    policy,
    refusal,
)
from tests.domain.goal.test_moves import worked_on

NOW = at(day(11, 5))
NEXT = GoalId(f"2026-q4/{STRANGER}/2")


def hand_over(actor: EmployeeId = HR, **fields: object) -> commands.HandOver:
    given = {"id": fresh_id(), "actor": actor, "to": STRANGER, "successor": NEXT, "reason": "産休"}
    return commands.HandOver.model_validate(given | fields)


def handed(goal: Goal, **fields: object) -> tuple[Goal, Succession]:
    (event,) = decide(goal, hand_over(**fields), NOW)  # type: ignore[arg-type] # the actor among them
    found = succession_of(goal, event)
    assert found is not None
    return evolve_all(goal, [event]), found


def test_steps_the_confirmed_share_bonus_and_banked_points_stay_and_the_rest_goes_on() -> None:
    goal = worked_on().model_copy(update={"banked": Decimal(7)})
    before = score(goal)
    over, succession = handed(goal, weight=35)
    assert before == Decimal(62)  # 7 banked, a step of 20, half of 60, a bonus of 5
    assert (over.state, over.outcome, over.handed_to, score(over)) == (State.CLOSED, Outcome.HANDED_OVER, NEXT, before)
    left = succession.content
    assert isinstance(left.measure, NumericMeasure)
    assert (str(left.measure.baseline), str(left.measure.target)) == ("8", "6")
    assert [step.title for step in left.steps] == ["手順書で 1 回締める"]
    assert (left.weight, left.theme) == (Decimal(35), goal.content.theme)
    assert handed(goal)[1].content.weight == goal.content.weight


def test_what_was_reported_and_not_confirmed_is_not_kept_and_not_taken_for_done() -> None:
    goal = after(worked_on(), commands.ReportProgress(id=fresh_id(), actor=OWNER, value="6"), NOW)
    over, succession = handed(goal)
    assert score(over) == score(goal) == Decimal(55)
    assert isinstance(succession.content.measure, NumericMeasure)
    assert succession.content.measure.baseline == 8


@pytest.mark.parametrize("name", [name for name in SITUATIONS if name != "closed"])
def test_an_open_goal_can_be_handed_over_in_every_state_and_while_it_is_paused(name: str) -> None:
    over, succession = handed(SITUATIONS[name]())
    assert (over.outcome, over.task, succession.owner) == (Outcome.HANDED_OVER, None, STRANGER)
    over, _ = handed(after(SITUATIONS[name](), pause(), NOW))
    assert (over.is_closed, over.is_paused) == (True, False)


def test_a_closed_goal_is_not_handed_over_and_a_goal_that_was_is_not_reopened() -> None:
    refusal(SITUATIONS["closed"](), hand_over(), NOW, Code.WRONG_STATE)
    over, _ = handed(active())
    refused = refusal(over, commands.Reopen(id=fresh_id(), actor=HR, reason="訂正"), NOW, Code.HANDED_OVER)
    assert refused.fields["to"] == NEXT


def test_a_goal_whose_owner_has_left_can_be_handed_over_and_nothing_is_sent_to_them() -> None:
    goal = after(active(), change_line(active(), gone=True), NOW)
    (event,) = decide(goal, hand_over(), NOW)
    told = {one.recipient for one in notices_of(evolve_all(goal, [event]), event, goal)}
    assert OWNER not in told
    assert MANAGER in told


@pytest.mark.parametrize("actor", [HR, MANAGER, DIRECTOR])
def test_hr_and_the_managers_of_the_line_hand_a_goal_over(actor: EmployeeId) -> None:
    assert handed(active(), actor=actor)[1].giver == actor


def test_the_owner_a_stranger_and_a_delegate_without_a_delegation_do_not() -> None:
    refused = refusal(active(), hand_over(OWNER), NOW, Code.NOT_ALLOWED)
    assert OWNER not in refused.fields["allowed"]  # type: ignore[operator] # a list
    refusal(active(), hand_over(STRANGER), NOW, Code.NOT_ALLOWED)
    refusal(active(), hand_over(DEPUTY, acting_for=MANAGER), NOW, Code.NOT_DELEGATED)
    goal = after(active(), delegate(MANAGER, DEPUTY), NOW)
    found = handed(goal, actor=DEPUTY, acting_for=MANAGER)[1]
    assert (found.actor, found.giver) == (DEPUTY, MANAGER)


def test_an_owner_of_hr_does_not_hand_their_own_goal_over() -> None:
    goal = active(owner=HR)
    refusal(goal, hand_over(HR), NOW, Code.NOT_ALLOWED)


def test_the_new_owner_is_another_person_and_the_new_goal_is_theirs() -> None:
    own = GoalId(f"2026-q4/{OWNER}/2")
    refusal(active(), hand_over(to=OWNER, successor=own), NOW, Code.SAME_OWNER)
    for other in (own, f"2027-q1/{STRANGER}/2"):
        refusal(active(), hand_over(successor=other), NOW, Code.NOT_NEXT_GOAL)


def test_the_owner_the_manager_and_who_was_awaited_are_told() -> None:
    goal = pending()
    (event,) = decide(goal, hand_over(DIRECTOR), NOW)
    told = {(one.kind, one.recipient) for one in notices_of(evolve_all(goal, [event]), event, goal)}
    assert told == {("handed_over", OWNER), ("handed_over", MANAGER), ("handled", MANAGER)}
    [facts] = {str(one.facts["to"]) for one in notices_of(evolve_all(goal, [event]), event, goal)}
    assert facts == STRANGER


def test_the_notice_of_a_parent_that_ended_is_not_sent_since_the_goals_under_it_follow() -> None:
    goal = active(policy(edition=2))
    (event,) = decide(goal, hand_over(), NOW)
    assert constraints_of(goal, evolve_all(goal, [event]), [event]) is None
    by_deputy = after(goal, delegate(MANAGER, DEPUTY), NOW)
    (event,) = decide(by_deputy, hand_over(DEPUTY, acting_for=MANAGER), NOW)
    claims = constraints_of(by_deputy, evolve_all(by_deputy, [event]), [event])
    assert claims is not None
    assert (claims.judges, claims.ended_by) == ((DEPUTY,), None)


def test_a_goal_under_it_follows_once_also_while_it_is_paused_and_keeps_what_was_approved() -> None:
    child = active(content=content(parent=GOAL_ID), owner=PRESIDENT)
    follow = commands.FollowParent(id=fresh_id(), actor=SYSTEM, before=GOAL_ID, parent=NEXT)
    for goal in (child, after(child, pause(), NOW)):
        followed = after(goal, follow, NOW)
        assert followed.content == goal.content.model_copy(update={"parent": NEXT})
        assert (followed.state, followed.written, followed.changes) == (goal.state, goal.written, goal.changes)
        assert decide(followed, follow.model_copy(update={"id": CommandId("again")}), NOW) == ()
    refusal(child, follow.model_copy(update={"acting_for": HR}), NOW, Code.NOT_DELEGATED)


def test_an_approval_that_was_prepared_before_the_parent_was_handed_over_counts() -> None:
    child = pending(content=content(parent=GOAL_ID))
    signed = approve(child)
    follow = commands.FollowParent(id=fresh_id(), actor=SYSTEM, before=GOAL_ID, parent=NEXT)
    assert after(after(child, follow, NOW), signed, NOW).state in (State.PENDING_APPROVAL, State.ACTIVE)


def test_the_tree_shows_the_goal_of_the_new_owner_only() -> None:
    over, succession = handed(active())
    assert list(leaves_of(_file(), [over])) == []
    assert [one.id for one in leaves_of(_file(), [draft(goal_id=succession.goal)])] == [NEXT]


def _file() -> Any:
    """A cycle file without themes."""
    return SimpleNamespace(themes=(), department_goals=())


def test_entries_of_a_handover_are_adopted_and_forged_ones_are_not() -> None:
    goal = active()
    events = decide(goal, hand_over(), NOW)
    assert adopt(goal, events, None, NOW) == evolve_all(goal, events)
    body = events[0].body
    assert isinstance(body, HandedOver)
    for change in ({"score": Decimal(99)}, {"successor": GoalId("2026-q4/else/1")}):
        forged = events[0].model_copy(update={"body": body.model_copy(update=change)})
        with pytest.raises(Exception, match="none that this goal would have made"):
            adopt(goal, [forged], None, NOW)


# --- the new owner ---------------------------------------------------------------------------------------------------


def new_owner(*goals: Goal, **changes: Any) -> OwnerInCycle:
    found = OwnerInCycle(
        cycle=CycleId("2026-q4"), owner=STRANGER, rules=policy(), state=CycleState.OPEN, is_ending=False,
        participant=ParticipantState.STARTED, works_here=True, site=None, goals=goals,
    )  # fmt: skip
    return found._replace(**changes)


def refused(found: OwnerInCycle, succession: Succession, *line: EmployeeId) -> Code:
    with pytest.raises(Refusal) as said:
        require_may_take_over(succession, found, line, NOW)
    return said.value.code


def first_goal() -> Goal:
    return draft(goal_id=GoalId(f"2026-q4/{STRANGER}/1"), owner=STRANGER)


def test_hr_gives_to_everybody_and_a_manager_to_themselves_and_to_people_below() -> None:
    found = new_owner(first_goal())
    require_may_take_over(handed(active(), actor=HR)[1], found, (), NOW)
    by_manager = handed(active(), actor=MANAGER)[1]
    require_may_take_over(by_manager, found, (DIRECTOR, MANAGER), NOW)
    assert refused(found, by_manager, DIRECTOR) is Code.OUTSIDE_LINE
    goal = active(line=(STRANGER, DIRECTOR))
    require_may_take_over(handed(goal, actor=STRANGER)[1], found, (), NOW)


def test_the_number_is_the_next_one_and_nobody_has_more_goals_than_the_limit() -> None:
    succession = handed(active())[1]
    assert refused(new_owner(), succession) is Code.NOT_NEXT_GOAL
    full = new_owner(first_goal(), rules=policy(max_goals=1))
    assert refused(full, succession) is Code.NO_MORE_GOALS
    given_away = first_goal().model_copy(update={"state": State.CLOSED, "outcome": Outcome.HANDED_OVER})
    require_may_take_over(succession, new_owner(given_away, rules=policy(max_goals=1)), (), NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"participant": None}, Code.NO_PARTICIPANT),
        ({"works_here": False}, Code.NO_PARTICIPANT),
        ({"state": CycleState.CLOSED}, Code.CYCLE_STATE),
        ({"is_ending": True}, Code.CYCLE_BUSY),
    ],
)
def test_somebody_who_takes_no_part_and_a_cycle_that_has_ended_take_no_goal(
    changes: dict[str, object], code: Code
) -> None:
    assert refused(new_owner(first_goal(), **changes), handed(active())[1]) is code


def test_a_second_attempt_has_an_id_of_its_own_and_the_draft_says_where_it_comes_from() -> None:
    goal = active()
    asked = Handover(goal=goal.id, to=STRANGER, actor=HR, command=CommandId("c" * 100), reason="産休")
    assert next_goal_of(goal, STRANGER, [first_goal()]) == NEXT
    assert asked.command_of(1) == asked.command
    assert asked.command_of(2) == "c" * 98 + ":2"
    (event,) = decide(goal, asked.as_command(NEXT, asked.command_of(2)), NOW)
    succession = succession_of(goal, event)
    assert succession is not None
    draft = beginning_of(succession)
    assert (draft.handed_from, draft.owner, draft.actor, draft.command) == (goal.id, STRANGER, HR, asked.command_of(2))
