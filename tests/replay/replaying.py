"""Replays a recording inside the SDK's sandbox, and collects the answers of the workflow."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from temporalio import workflow
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleUpdateInput,
    Interceptor,
    Replayer,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from tests.as_of.shift import workflows_in_real_time
from tests.replay.recordings import Recording
from workflows.beginning import BeginningWorkflow
from workflows.cycle import CycleWorkflow
from workflows.goal import GoalWorkflow
from workflows.handing_over import HandoverWorkflow

_TELL = "tell_the_replay_test"


@dataclass
class Replayed:
    """The result of a replay: `answers` of updates and the result, in their order; `failure` if the code does not match the history."""

    answers: list[Any] = field(default_factory=list)
    failure: Exception | None = None

    def hear(self, answer: object) -> None:
        self.answers.append(answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer)

    def ends_as(self, recording: Recording) -> bool:
        """Whether the last answer contains the values that the ledger had when the history was recorded."""
        return bool(self.answers) and recording.ends.items() <= self.answers[-1].items()


class _AnswerCollector(Interceptor):
    """Collects answers from inside the sandbox: the SDK lets only such a function through."""

    def __init__(self, replayed: Replayed) -> None:
        self._replayed = replayed

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - Temporal's name
        input.unsafe_extern_functions[_TELL] = self._replayed.hear
        return _Listening


class _Listening(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - as above
        return _told(await super().execute_workflow(input))

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002 - as above
        try:
            return _told(await super().handle_update_handler(input))
        except ApplicationError as refused:
            _told({"refused": refused.type})
            raise


def _told(answer: object) -> object:
    workflow.extern_functions()[_TELL](answer)
    return answer


async def replay(recording: Recording) -> Replayed:
    """Replays the recorded history with the current code."""
    replayed = Replayed()
    replayer = Replayer(
        workflows=[GoalWorkflow, CycleWorkflow, BeginningWorkflow, HandoverWorkflow],
        data_converter=pydantic_data_converter,
        interceptors=[_AnswerCollector(replayed)],
    )
    with workflows_in_real_time():
        result = await replayer.replay_workflow(recording.as_history(), raise_on_replay_failure=False)
    replayed.failure = result.replay_failure
    return replayed
