"""HR steers a goal: who may be given a task, how long they have, and what can be reopened."""

import pytest

from domain import commands as ask
from domain.decide import decide
from domain.refusals import Code
from tests.domain.builders import (
    DIRECTOR,
    HR,
    OWNER,
    STRANGER,
    active,
    after,
    at,
    closed,
    day,
    draft,
    fresh_id,
    pending,
    refusal,
    rung,
)  # fmt: skip


def test_whoever_is_given_an_overdue_approval_gets_the_full_time_for_it_and_its_reminders() -> None:
    goal = pending()
    while not (goal.task and goal.task.rung == 2):
        goal = rung(goal)
    overdue = goal.task
    goal = after(goal, ask.Reassign(id=fresh_id(), actor=HR, assignees=(STRANGER,), reason="異動"), at(day(10, 21)))
    assert goal.task is not None
    assert (goal.task.assignees, goal.task.due, goal.task.rung) == ((STRANGER,), day(10, 28), 0)
    assert overdue.due < goal.task.due
    assert goal.task.climbed == overdue.climbed, "who was taken off is not brought back"


@pytest.mark.parametrize("owners", [draft, active], ids=["draft", "step"])
def test_a_task_that_only_the_owner_can_do_is_not_given_to_others_alone(owners: object) -> None:
    goal = owners()  # type: ignore[operator] # one of the builders
    alone = ask.Reassign(id=fresh_id(), actor=HR, assignees=(DIRECTOR,), reason="休職")
    refusal(goal, alone, at(day(10, 7)), Code.OWNERS_TASK)
    beside = ask.Reassign(id=fresh_id(), actor=HR, assignees=(OWNER, DIRECTOR), reason="支援")
    assert after(goal, beside, at(day(10, 7))).task.assignees == (OWNER, DIRECTOR)  # type: ignore[union-attr] # it has one


def test_a_goal_is_reopened_up_to_the_day_on_which_its_cycle_closes() -> None:
    goal = closed()
    reopen = ask.Reopen(id=fresh_id(), actor=HR, reason="取り消し")
    assert not after(goal, reopen, at(day(12, 28), 17)).is_closed
    refusal(goal, reopen, at(day(12, 29)), Code.CYCLE_OVER)


def test_a_command_without_an_id_is_a_defect_of_its_reader_and_not_answered_as_done() -> None:
    with pytest.raises(ValueError, match="has no id"):
        decide(draft(), ask.Comment(actor=OWNER, text="確認"), at(day(10, 7)))
