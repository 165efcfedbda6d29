"""How a score came about, and what can still be added."""

from decimal import Decimal

from domain.goal import commands
from domain.goal.explained import explained, still_possible
from domain.goal.goal import Goal
from domain.goal.scoring import score
from tests.domain.builders import OWNER, after, approve, at, day, draft, fresh_id, pending


def _active() -> Goal:
    goal = pending()
    while goal.task and goal.state == "pending_approval":
        goal = after(goal, approve(goal, goal.task.assignees[0]), at(day(10, 5)))
    return goal


def test_what_can_still_be_added_is_the_open_steps_and_the_measure_that_no_review_confirmed() -> None:
    goal = _active()
    points = [step.points for step in goal.content.steps]
    assert goal.content.measure is not None
    assert still_possible(goal) == (Decimal(sum(points)), Decimal(goal.content.measure.points))
    done = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 20)))
    assert still_possible(done).steps == sum(points[1:])
    assert still_possible(draft()).steps == sum(step.points for step in draft().content.steps)


def test_a_measure_that_is_confirmed_beyond_its_target_can_add_nothing_more_and_takes_nothing_away() -> None:
    goal = _active().model_copy(update={"attained": Decimal("1.2")})
    assert still_possible(goal).measure == 0


def test_the_rows_add_up_to_the_score() -> None:
    goal = after(_active(), commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 20)))
    assert sum(one.points for one in explained(goal, [])) == score(goal)
