"""Goals with evaluators beside the line of managers: who is asked for a stage or the verdict, and up whom it escalates."""

from typing import Any

import pytest

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.notices.notices import notices_of
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    PICTURE,
    STRANGER,
    after,
    approve,
    at,
    awaiting_verdict,
    change_line,
    content,
    day,
    delegate,
    fresh_id,
    pending,
    policy,
    refusal,
    rung,
    self_review,
    task_of,
    verdict,
)

FIRST, ABOVE, SECOND = (EmployeeId(one) for one in ("v1", "v2", "w1"))
STAGES = ((FIRST, ABOVE), (SECOND,))
NOW = at(day(10, 20))


def submitted(asked: int = 2, **first: Any) -> Goal:
    """A submitted goal whose rules ask for that many stages."""
    return pending(policy(approval_stages=asked), **({"stages": STAGES} | first))


def reviewed(**first: Any) -> Goal:
    return awaiting_verdict(policy(), **({"stages": STAGES, "reviewers": STAGES[0]} | first))


def test_each_stage_asks_its_evaluator_and_no_manager() -> None:
    goal = submitted()
    assert task_of(goal).assignees == (FIRST,)
    refusal(goal, approve(goal, MANAGER), NOW, Code.NOT_ALLOWED)
    goal = after(goal, approve(goal), NOW)
    assert task_of(goal).assignees == (SECOND,)
    goal = after(goal, approve(goal), NOW)
    assert goal.state is State.ACTIVE


def test_a_stage_without_an_evaluator_follows_the_line() -> None:
    goal = submitted(stages=((), (SECOND,)))
    assert task_of(goal).assignees == (MANAGER,)
    goal = submitted(3, stages=((FIRST, ABOVE),), line=(MANAGER, DIRECTOR))
    goal = after(goal, approve(goal), NOW)
    assert task_of(goal).assignees == (DIRECTOR,)
    goal = after(goal, approve(goal), NOW)
    assert task_of(goal).assignees == (HR, HR_TOO)


def test_an_approval_escalates_up_the_line_of_the_evaluator_and_then_to_hr() -> None:
    goal = submitted()
    asked = [task_of(goal).assignees]
    while HR not in task_of(goal).assignees:
        goal = rung(goal)
        asked.append(task_of(goal).assignees)
    assert list(dict.fromkeys(asked)) == [(FIRST,), (FIRST, ABOVE), (FIRST, ABOVE, HR, HR_TOO)]
    [event] = decide(goal, approve(goal, ABOVE), NOW)
    assert event.kind is EventKind.STAGE_APPROVED  # for the stage of the person below, and no other
    assert task_of(evolve_all(goal, [event])).assignees == (SECOND,)


def test_an_evaluator_of_two_stages_in_a_row_signs_once() -> None:
    goal = submitted(3, stages=((FIRST,), (FIRST,), (SECOND,)))
    goal = after(goal, approve(goal), NOW)
    assert (goal.stage, task_of(goal).assignees) == (2, (SECOND,))
    goal = submitted(2, stages=((FIRST,), (FIRST,)))
    assert after(goal, approve(goal), NOW).state is State.ACTIVE


def test_an_evaluator_of_the_first_and_the_third_stage_is_not_asked_again() -> None:
    goal = submitted(3, stages=((FIRST, ABOVE), (SECOND,), (FIRST, ABOVE)))
    for _ in range(2):
        goal = after(goal, approve(goal), NOW)
    assert task_of(goal).assignees == (ABOVE,)


def test_the_verdict_is_the_reviewers_and_escalates_up_their_line() -> None:
    goal = reviewed()
    assert task_of(goal).assignees == (FIRST,)
    refusal(goal, verdict(goal, "achieved", MANAGER), at(day(11, 3)), Code.NOT_ALLOWED)
    while task_of(goal).assignees == (FIRST,):
        goal = rung(goal)
    assert task_of(goal).assignees == (FIRST, ABOVE)


def test_the_reviewer_may_be_another_than_the_approver() -> None:
    goal = awaiting_verdict(policy(approval_stages=1, review_stage=2), stages=STAGES, reviewers=STAGES[1])
    assert task_of(goal).assignees == (SECOND,)


def test_evaluators_may_comment_and_have_delegates_and_strangers_may_not() -> None:
    goal = submitted()
    after(goal, commands.Comment(id=fresh_id(), actor=SECOND, text="拝見しました"), NOW)
    goal = after(goal, delegate(FIRST, STRANGER), NOW)
    after(goal, approve(goal, STRANGER, acting_for=FIRST), NOW)
    refusal(submitted(), commands.Comment(id=fresh_id(), actor=STRANGER, text="…"), NOW, Code.NOT_ALLOWED)


def test_other_evaluators_get_the_open_task_and_the_same_ones_keep_it() -> None:
    goal = submitted()
    other = (STRANGER, ABOVE)
    changed = after(goal, change_line(goal, stages=(other, (SECOND,))), NOW)
    assert task_of(changed).assignees == (STRANGER,)
    kept = after(goal, change_line(goal, stages=((FIRST, DIRECTOR), (SECOND,))), NOW)
    assert task_of(kept) == task_of(goal)
    none = after(goal, change_line(goal, stages=()), NOW)
    assert task_of(none).assignees == (MANAGER,)
    assert after(none, change_line(goal), NOW).stages == STAGES
    assert decide(goal, change_line(goal), NOW) == ()


def test_another_manager_takes_nothing_from_an_evaluator_and_another_evaluator_nothing_from_an_owner() -> None:
    goal = submitted()
    assert task_of(after(goal, change_line(goal, line=(STRANGER,)), NOW)) == task_of(goal)
    goal = after(reviewed(), change_line(reviewed(), stages=()), at(day(11, 3)))
    assert task_of(goal).assignees == (FIRST,)  # the reviewer stays


@pytest.mark.parametrize("chains", [{"stages": ((OWNER,),)}, {"reviewers": (OWNER,)}])
def test_nobody_becomes_the_evaluator_of_their_own_goal(chains: dict[str, object]) -> None:
    goal = submitted()
    refusal(goal, change_line(goal, **chains), NOW, Code.SELF_APPROVAL)


def test_without_a_self_review_the_reviewer_is_asked_at_once_after_escalation() -> None:
    goal = reviewed()
    again = after(goal, self_review(), at(day(11, 4)))
    assert task_of(again) == task_of(goal)


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ({"weight_over": 59}, True),
        ({"weight_over": 60}, False),
        ({"target_over": "5.9"}, True),
        ({"target_over": "6"}, False),
        ({"measure": "numeric"}, True),
        ({"measure": "qualitative"}, False),
        ({"measure": "numeric", "weight_over": 60}, False),
    ],
)
def test_a_stage_is_asked_for_only_where_its_conditions_hold(rule: dict[str, Any], asked: bool) -> None:
    rules = policy(approval_stages=2, stages=({}, rule))
    goal = pending(rules, stages=STAGES)  # weight 60, a number with the target 6
    [event] = decide(goal, approve(goal), NOW)
    assert event.kind is (EventKind.STAGE_APPROVED if asked else EventKind.APPROVED)
    first = pending(policy(approval_stages=2, stages=(rule, {})), stages=STAGES)
    assert task_of(first).assignees == ((FIRST,) if asked else (SECOND,))
    [event] = decide(first, approve(first), NOW)
    assert event.kind is (EventKind.STAGE_APPROVED if asked else EventKind.APPROVED)


def test_a_stage_between_two_others_is_left_out() -> None:
    rules = policy(approval_stages=3, stages=({}, {"weight_over": 90}, {}))
    goal = pending(rules, stages=((FIRST,), (ABOVE,), (SECOND,)))
    goal = after(goal, approve(goal), NOW)
    assert (goal.stage, task_of(goal).assignees) == (2, (SECOND,))
    assert after(goal, approve(goal), NOW).state is State.ACTIVE


def test_a_picture_of_success_needs_no_stage_for_high_targets() -> None:
    rules = policy(approval_stages=2, stages=({}, {"target_over": "0"}))
    goal = pending(rules, stages=STAGES, content=content(measure=PICTURE))
    assert after(goal, approve(goal), NOW).state is State.ACTIVE


def test_a_recall_is_told_to_who_was_asked_first() -> None:
    rules = policy(approval_stages=2, stages=({"weight_over": 90}, {}))
    goal = pending(rules, stages=STAGES)
    assert goal.approvers_in_order() == (SECOND,)
    [event] = decide(goal, commands.Recall(id=fresh_id(), actor=goal.owner), NOW)
    told = {notice.recipient for notice in notices_of(evolve_all(goal, [event]), event)}
    assert told >= {SECOND}
    assert FIRST not in told
