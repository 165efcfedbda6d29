"""New rules for a running goal: if a kind of task gets more or fewer days, the due date of the open task moves by them."""

from typing import Any

import pytest

from domain.goal import commands, events
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.policy.policy import DEFAULT_LADDERS, Act, Ladder, Policy, Rung, TaskKind
from tests.domain.builders import (
    BERLIN,
    HR,
    MANAGER,
    OWNER,
    POLICY,
    active,
    after,
    at,
    awaited,
    day,
    draft,
    fresh_id,
    pause,
    pending,
    policy,
    rung,
    task_of,
)  # fmt: skip


def with_ladder(kind: TaskKind, due_in: int, *rungs: tuple[int, Act], **changes: Any) -> Policy:
    given = tuple(Rung(*one) for one in rungs) or DEFAULT_LADDERS[kind].rungs
    return policy(ladders=DEFAULT_LADDERS | {kind: Ladder(due_in=due_in, rungs=given)}, **changes)


def amend(rules: Policy) -> commands.AmendPolicy:
    return commands.AmendPolicy(id=fresh_id(), actor=HR, policy=rules, reason="規程の改定")


@pytest.mark.parametrize(
    ("due_in", "due"),
    [(8, day(10, 16)), (5, None), (3, day(10, 8)), (0, day(10, 6)), (30, day(11, 18))],
)
def test_the_open_tasks_date_moves_by_the_days_that_its_ladder_gives_more_or_less(due_in: int, due: object) -> None:
    goal = pending()  # due on 13 October
    (event,) = decide(goal, amend(with_ladder(TaskKind.APPROVAL, due_in, max_bonus=30)), at(day(10, 6)))
    assert isinstance(event.body, events.PolicyAmended)
    assert event.body.due == due
    amended = evolve_all(goal, (event,))
    assert task_of(amended).due == (due or day(10, 13))
    assert amended.policy.ladders[TaskKind.APPROVAL].due_in == due_in


def test_no_date_is_moved_into_the_past() -> None:
    goal = pending()
    (event,) = decide(goal, amend(with_ladder(TaskKind.APPROVAL, 1)), at(day(10, 10)))  # a Saturday before a holiday
    assert isinstance(event.body, events.PolicyAmended)
    assert event.body.due == task_of(evolve_all(goal, (event,))).due == day(10, 13)


def test_what_hr_extended_keeps_its_distance() -> None:
    goal = after(pending(), commands.Extend(id=fresh_id(), actor=HR, due=day(11, 2), reason="繁忙期"), at(day(10, 6)))
    goal = after(goal, amend(with_ladder(TaskKind.APPROVAL, 7)), at(day(10, 7)))
    assert task_of(goal).due == day(11, 5)


def test_a_step_keeps_the_date_that_its_owner_wrote() -> None:
    goal = active()
    amended = after(goal, amend(with_ladder(TaskKind.STEP, 9)), at(day(10, 7)))
    assert amended.task == goal.task


def test_the_ladder_of_another_kind_of_task_moves_nothing() -> None:
    goal = pending()
    amended = after(goal, amend(with_ladder(TaskKind.VERDICT, 9)), at(day(10, 7)))
    assert amended.task == goal.task


def test_a_goal_that_waits_for_nobody_takes_the_rules_without_a_date() -> None:
    goal = active()
    for step in range(len(goal.content.steps)):
        goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=step), at(day(10, 7)))
    (event,) = decide(goal, amend(with_ladder(TaskKind.STEP, 9)), at(day(10, 8)))
    assert isinstance(event.body, events.PolicyAmended)
    assert event.body.due is None
    assert evolve_all(goal, (event,)).task is None


def test_days_are_counted_at_the_site_of_whoever_has_the_task() -> None:
    goal = pending(policy(sites={"berlin": BERLIN}), day(12, 14), sites={MANAGER: "berlin"})
    assert task_of(goal).due == day(12, 21)
    later = with_ladder(TaskKind.APPROVAL, 9, sites={"berlin": BERLIN})
    assert task_of(after(goal, amend(later), at(day(12, 15)))).due == day(12, 29)  # 22, 23, 28, 29


def test_the_rungs_that_are_still_to_come_are_those_of_the_new_ladder() -> None:
    goal = rung(pending())  # the reminder of the 9th has gone out
    new = with_ladder(TaskKind.APPROVAL, 5, (-3, Act.REMIND), (-1, Act.REMIND), (2, Act.ESCALATE_TO_HR))
    amended = after(goal, amend(new), at(day(10, 9)))
    assert (task_of(amended).rung, awaited(amended).day) == (2, day(10, 15))
    more_time = after(goal, amend(with_ladder(TaskKind.APPROVAL, 8)), at(day(10, 9)))
    assert (task_of(more_time).rung, awaited(more_time).day) == (0, day(10, 15))  # due on the 16th now


def test_rules_that_leave_the_ladder_alone_leave_the_climb_alone() -> None:
    goal = rung(rung(pending()))
    amended = after(goal, amend(policy(max_bonus=30)), at(day(10, 14)))
    assert amended.task == goal.task


def test_rules_that_are_the_same_bring_nothing() -> None:
    assert decide(draft(), amend(POLICY), at(day(10, 6))) == ()


def test_a_paused_goal_takes_other_rules_and_stays_paused() -> None:
    goal = after(pending(), pause(), at(day(10, 6)))
    amended: Goal = after(goal, amend(with_ladder(TaskKind.APPROVAL, 8)), at(day(10, 7)))
    assert (amended.is_paused, task_of(amended).due) == (True, day(10, 16))
