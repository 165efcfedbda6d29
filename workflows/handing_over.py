"""`HandoverWorkflow`: hands a goal over to another owner, starts the workflow of the new goal, and tells the goals under the old one."""

from abc import ABC, abstractmethod

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.cycle.succession import Handover
    from domain.values import CommandId, GoalId
    from workflows.beginning import Begun, GoalBeginner
    from workflows.timeouts import HANDOVER_HEARTBEAT, HANDOVER_TIMEOUT, RECORD_RETRY, RECORD_TIMEOUT


def handover_workflow_id(goal: GoalId, command: CommandId) -> str:
    return f"hand-over/{goal}/{command}"


class GoalHandover(ABC):
    """Implemented in activities/handing_over.py."""

    @activity.defn(name="hand_goal_over")
    @abstractmethod
    async def hand_goal_over(self, asked: Handover) -> Begun:
        """Closes the goal and writes the new one, or returns the refusal."""

    @activity.defn(name="follow_successor")
    @abstractmethod
    async def follow_successor(self, goal: GoalId) -> None:
        """Puts the new goal in the place of `goal` above the open goals under it."""


@workflow.defn
class HandoverWorkflow:
    @workflow.run
    async def run(self, asked: Handover) -> Begun:
        begun = await workflow.execute_activity_method(
            GoalHandover.hand_goal_over,
            asked,
            start_to_close_timeout=HANDOVER_TIMEOUT,
            heartbeat_timeout=HANDOVER_HEARTBEAT,
            retry_policy=RECORD_RETRY,
        )
        if begun.goal is None:
            return begun
        await workflow.execute_activity_method(
            GoalBeginner.start_begun_goal,
            begun.goal,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRY,
        )
        await workflow.execute_activity_method(
            GoalHandover.follow_successor,
            asked.goal,
            start_to_close_timeout=HANDOVER_TIMEOUT,
            heartbeat_timeout=HANDOVER_HEARTBEAT,
            retry_policy=RECORD_RETRY,
        )
        return begun
