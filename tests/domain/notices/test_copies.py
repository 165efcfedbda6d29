"""A reminder after the due date is copied to the next manager, who need not act."""

from typing import Any

import pytest

from domain.goal import events
from domain.goal.alarms import ring
from domain.goal.evolve import evolve
from domain.goal.goal import Goal
from domain.values import EmployeeId
from tests.domain.builders import (
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    OWNER,
    active,
    after,
    at,
    awaited,
    awaiting_verdict,
    day,
    draft,
    in_review,
    pending,
    policy,
    reassign,
    rung,
    task_of,
)


def copied(goal: Goal) -> tuple[tuple[EmployeeId, ...], Goal]:
    """The people who get a copy when the second rung rings, and the goal after it."""
    goal = rung(goal)
    alarm = awaited(goal)
    (event,) = ring(goal, alarm, alarm.at)
    assert isinstance(event.body, events.Reminded)
    assert event.body.copied is not None
    return event.body.copied, evolve(goal, event)


@pytest.mark.parametrize(
    ("goal", "told"),
    [
        (draft(), (MANAGER,)),
        (active(), (MANAGER,)),
        (in_review(), (MANAGER,)),
        (pending(), (DIRECTOR,)),
        (awaiting_verdict(on=day(11, 17)), (DIRECTOR,)),
        (draft(line=()), (HR, HR_TOO)),
        (pending(line=(MANAGER,)), (HR, HR_TOO)),
    ],
    ids=["draft", "step", "self_review", "approval", "verdict", "draft of the top", "approval by the top"],
)
def test_the_next_manager_above_whoever_has_the_task_is_copied_and_above_the_top_hr(
    goal: Goal, told: tuple[EmployeeId, ...]
) -> None:
    assert copied(goal)[0] == told


def test_whoever_is_copied_has_no_task_by_it_and_is_the_first_to_join_when_nothing_happens() -> None:
    for goal, above in ((draft(), MANAGER), (pending(), DIRECTOR)):
        before = task_of(goal)
        _, goal_after = copied(goal)
        assert task_of(goal_after).assignees == before.assignees
        assert task_of(goal_after).climbed == before.climbed
        assert task_of(rung(goal_after)).assignees == (*before.assignees, above)


def test_an_owner_who_is_in_hr_is_not_copied_on_their_own_reminder() -> None:
    assert copied(draft(owner=HR, line=()))[0] == (HR_TOO,)
    assert copied(pending(owner=HR, line=(MANAGER,)))[0] == (HR_TOO,)


def test_hr_is_not_copied_on_a_reminder_that_hr_gets_anyway() -> None:
    assert copied(pending(line=()))[0] == ()
    assert copied(pending(policy(hr=(HR, HR_TOO)), owner=HR, line=()))[0] == ()


def test_a_manager_whom_hr_gave_the_task_is_not_copied_either() -> None:
    assert copied(after(pending(), reassign(DIRECTOR), at(day(10, 6))))[0] == (HR, HR_TOO)
    assert copied(after(pending(), reassign(DIRECTOR, HR), at(day(10, 6))))[0] == (HR_TOO,)


def test_the_reminder_before_the_day_is_copied_to_nobody() -> None:
    goal = draft()
    alarm = awaited(goal)
    (event,) = ring(goal, alarm, alarm.at)
    assert isinstance(event.body, events.Reminded)
    assert event.body.copied is None
    assert "copied" not in event.json_form["body"]  # as in ledgers of the first release


@pytest.mark.parametrize("line", [(), (MANAGER,), (MANAGER, DIRECTOR)])
def test_the_owner_is_never_copied(line: Any) -> None:
    for owner in (OWNER, HR):
        assert owner not in copied(draft(owner=owner, line=line))[0]
