"""Which state a goal is in while it waits for a kind of task: lists of tasks are read by state."""

from domain.goal.tasks import STATE_OF_TASK
from domain.policy.policy import TaskKind
from tests.domain.builders import active, awaiting_verdict, draft, in_review, pending, task_of


def test_a_task_of_each_kind_is_open_in_the_state_that_the_table_names() -> None:
    goals = (draft(), pending(), active(), in_review(), awaiting_verdict())
    assert {task_of(goal).kind: goal.state for goal in goals} == STATE_OF_TASK
    assert set(STATE_OF_TASK) == set(TaskKind)
