"""Goals with evaluators beside the line of managers: who is asked for a stage or the verdict, and up whom it escalates."""

from typing import Any

import pytest

from domain.access import Relation, relations_to
from domain.goal import commands
from domain.goal.constraints import judges_of
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Delegation, Goal
from domain.instructions.instructions import Delegate as DelegateAll
from domain.instructions.instructions import command_for
from domain.lifecycle import EventKind, State
from domain.notices.notices import notices_of
from domain.refusals import Code
from domain.results.calibration import results_of
from domain.values import EmployeeId
from tests.callers import by
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
    in_review,
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


def test_a_later_stage_asks_one_person_where_an_evaluator_takes_the_place_of_a_manager_and_back() -> None:
    by_line = after(submitted(stages=()), approve(submitted(stages=())), NOW)
    assert task_of(by_line).assignees == (DIRECTOR,)
    head = ((), (SECOND, ABOVE))
    by_head = after(by_line, change_line(by_line, stages=head), NOW)
    assert task_of(by_head).assignees == (SECOND,)
    signed_by_other = submitted(stages=(STAGES[0], (SECOND,)))
    signed_by_other = after(signed_by_other, approve(signed_by_other), NOW)
    assert task_of(signed_by_other).assignees == (SECOND,)
    back = after(signed_by_other, change_line(signed_by_other, stages=(STAGES[0],)), NOW)
    assert task_of(back).assignees == (DIRECTOR,)


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
    assert goal.approvers_in_order() == ((SECOND,),)
    [event] = decide(goal, commands.Recall(id=fresh_id(), actor=goal.owner), NOW)
    told = {notice.recipient for notice in notices_of(evolve_all(goal, [event]), event)}
    assert told >= {SECOND}
    assert FIRST not in told


LONG = (FIRST, ABOVE, DIRECTOR, STRANGER)  # longer than the line of managers


def test_escalation_goes_on_along_a_chain_that_is_longer_than_the_line() -> None:
    goal = submitted(1, stages=(LONG,), line=())
    while DIRECTOR not in task_of(goal).assignees:
        goal = rung(goal)
    assert task_of(goal).assignees == (FIRST, ABOVE, DIRECTOR)
    other = (SECOND, *LONG)
    changed = after(goal, change_line(goal, stages=((SECOND, STRANGER),)), NOW)
    assert task_of(changed).climbed == task_of(changed).assignees.index(STRANGER) + 1
    assert task_of(after(goal, change_line(goal, stages=(other,)), NOW)).assignees == task_of(goal).assignees


def test_the_second_stage_escalates_from_its_own_evaluator_on() -> None:
    goal = submitted(2, stages=((FIRST,), (SECOND, ABOVE)), line=())
    goal = after(goal, approve(goal), NOW)
    assert task_of(goal).climbed == 1
    while task_of(goal).assignees == (SECOND,):
        goal = rung(goal)
    assert task_of(goal).assignees == (SECOND, ABOVE)


def test_an_evaluator_who_comes_before_the_self_review_hears_that_it_is_first() -> None:
    goal = in_review(policy(), stages=STAGES, reviewers=STAGES[0])
    refusal(goal, verdict(goal, "achieved", FIRST), at(day(11, 2)), Code.SELF_REVIEW_FIRST)
    refusal(goal, verdict(goal, "achieved", STRANGER), at(day(11, 2)), Code.NOT_ALLOWED)


def test_an_evaluator_shows_a_goal_as_an_example_and_a_stranger_does_not() -> None:
    goal = closed_by_the_reviewer()
    after(goal, commands.MarkExemplar(id=fresh_id(), actor=SECOND, reason="手本"), at(day(11, 6)))
    stranger = commands.MarkExemplar(id=fresh_id(), actor=STRANGER, reason="手本")
    refusal(goal, stranger, at(day(11, 6)), Code.NOT_ALLOWED)


def closed_by_the_reviewer() -> Goal:
    goal = reviewed()
    report = commands.ReportProgress(id=fresh_id(), actor=OWNER, value="8")
    goal = after(goal, report, at(day(11, 3)))
    return after(goal, verdict(goal, "achieved", FIRST), at(day(11, 4)))


def test_a_comment_and_a_result_are_the_reviewers() -> None:
    goal = submitted(stages=(), reviewers=(SECOND,))
    [event] = decide(goal, commands.Comment(id=fresh_id(), actor=OWNER, text="相談です"), NOW)
    told = {notice.recipient for notice in notices_of(evolve_all(goal, [event]), event, goal)}
    assert told == {SECOND}
    assert [one.reviewer for one in results_of([closed_by_the_reviewer()])] == [FIRST]


def test_an_evaluator_needs_no_check_that_they_are_above_the_owner_and_a_delegate_does() -> None:
    goal = submitted()
    [event] = decide(goal, approve(goal), NOW)
    assert judges_of(goal, [event]) == ()
    lent = after(goal, delegate(FIRST, STRANGER), NOW)
    [event] = decide(lent, approve(lent, STRANGER, acting_for=FIRST), NOW)
    assert judges_of(lent, [event]) == (STRANGER,)


def test_a_delegation_of_an_evaluator_reaches_the_goal() -> None:
    away = Delegation(delegator=SECOND, to=STRANGER, first=day(10, 20), last=day(10, 30))
    command = command_for(DelegateAll(delegation=away, reason="休暇"), submitted(), HR)
    assert isinstance(command, commands.Delegate)


def test_an_evaluator_and_their_delegate_may_see_the_goal_and_a_stranger_may_not() -> None:
    lent = after(submitted(), delegate(SECOND, STRANGER), NOW)
    assert relations_to(by(SECOND), lent, day(10, 20)) == {Relation.EVALUATOR}
    assert relations_to(by(STRANGER), lent, day(10, 20)) == {Relation.DELEGATE}
    assert relations_to(by(STRANGER), submitted(), day(10, 20)) == set()
