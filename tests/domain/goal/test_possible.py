"""What a page offers is what the goal would carry out, and nothing else."""

from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.possible import possible
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
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
)
from tests.domain.command_cases import NOW


def _names(goal: Goal, person: EmployeeId) -> set[str]:
    return {one.name for one in possible(goal, person, NOW)}


def test_an_owner_writes_and_submits_a_draft_even_one_that_is_not_ready() -> None:
    assert _names(draft(), OWNER) >= {"revise", "submit", "withdraw", "comment"}
    assert not _names(draft(), OWNER) & {"approve", "return_for_changes", "decide_review", "extend", "recall"}


def test_an_approver_approves_or_returns_what_waits_for_them_and_the_owner_may_recall_it() -> None:
    assert _names(pending(), MANAGER) == {"approve", "return_for_changes", "comment"}
    assert _names(pending(), OWNER) == {"recall", "withdraw", "comment"}


def test_a_stranger_may_do_nothing() -> None:
    for goal in (draft(), pending(), awaiting_verdict()):
        assert _names(goal, STRANGER) == set()


def test_a_reviewer_decides_and_hr_steers() -> None:
    assert "decide_review" in _names(awaiting_verdict(), MANAGER)
    assert _names(awaiting_verdict(), HR) >= {"extend", "pause", "reassign", "close", "comment"}
    assert "decide_review" not in _names(awaiting_verdict(), OWNER)


def test_a_delegate_acts_in_the_name_of_the_approver_and_an_own_right_comes_first() -> None:
    goal = after(pending(), delegate(MANAGER, DEPUTY), NOW)
    [given] = [one for one in possible(goal, DEPUTY, NOW) if one.name == "approve"]
    assert given.acting_for == MANAGER
    [own] = [one for one in possible(goal, MANAGER, NOW) if one.name == "approve"]
    assert own.acting_for is None


def test_a_paused_goal_offers_only_comments_and_what_hr_may_do() -> None:
    goal = after(pending(), commands.Pause(id=fresh_id(), actor=HR, reason="休業"), NOW)
    assert _names(goal, MANAGER) == {"comment"}
    assert "resume" in _names(goal, HR)
    assert "pause" not in _names(goal, HR)


def test_each_step_is_offered_by_its_number_and_a_step_that_is_done_can_be_taken_back() -> None:
    goal = pending()
    while goal.task and goal.state == "pending_approval":
        goal = after(goal, approve(goal, goal.task.assignees[0]), NOW)
    found = possible(goal, OWNER, at(day(10, 20)))
    assert [one.step for one in found if one.name == "complete_step"] == list(range(len(goal.content.steps)))
    goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 20)))
    found = possible(goal, OWNER, at(day(10, 20)))
    assert 0 not in [one.step for one in found if one.name == "complete_step"]
    assert 0 in [one.step for one in found if one.name == "undo_report"]
