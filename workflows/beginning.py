"""`BeginningWorkflow`: one goal that a person begins while the cycle runs. Writes it to the ledger, then starts its workflow."""

from abc import ABC, abstractmethod

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.cycle.beginning import Beginning
    from domain.values import CommandId, CycleId, EmployeeId, Frozen, GoalId, Moment
    from workflows.recording import RecordedRefusal
    from workflows.timeouts import RECORD_RETRY, RECORD_TIMEOUT


def beginning_workflow_id(cycle: CycleId, owner: EmployeeId, command: CommandId) -> str:
    return f"begin/{cycle}/{owner}/{command}"


class TimedBeginning(Frozen):
    """What is asked, and when: the time is the same at every try."""

    asked: Beginning
    at: Moment


class Begun(Frozen):
    """The new goal; or why there is none, and then nothing was written."""

    goal: GoalId | None = None
    refused: RecordedRefusal | None = None


class GoalBeginner(ABC):
    """Implemented in activities/beginning.py."""

    @activity.defn(name="write_begun_goal")
    @abstractmethod
    async def write_begun_goal(self, timed: TimedBeginning) -> Begun:
        """Writes the goal and the first entry of its ledger, or returns the refusal."""

    @activity.defn(name="start_begun_goal")
    @abstractmethod
    async def start_begun_goal(self, goal: GoalId) -> None:
        """Starts the goal's workflow."""


@workflow.defn
class BeginningWorkflow:
    @workflow.run
    async def run(self, asked: Beginning) -> Begun:
        begun = await workflow.execute_activity_method(
            GoalBeginner.write_begun_goal,
            TimedBeginning(asked=asked, at=workflow.now()),
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRY,
        )
        if begun.goal is not None:
            await workflow.execute_activity_method(
                GoalBeginner.start_begun_goal,
                begun.goal,
                start_to_close_timeout=RECORD_TIMEOUT,
                retry_policy=RECORD_RETRY,
            )
        return begun
