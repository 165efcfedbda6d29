"""What a goal's workflow knows, from Temporal's history: replayed here, so that no worker has to answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from temporalio import workflow
from temporalio.client import WorkflowExecutionDescription, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import (
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from domain.goal.events import Event
from domain.goal.goal import Goal
from domain.values import GoalId
from workflows.goal import GoalStart, GoalWorkflow, goal_workflow_id

if TYPE_CHECKING:
    from temporalio.client import Client

_NOTE = "note_step"
_MAX_RUNS = 50  # revisions of one goal; each is a run


class Step(NamedTuple):
    """Entries that the workflow recorded or adopted together, and the goal before them."""

    before: Goal
    events: tuple[Event, ...]


class Replayed(NamedTuple):
    """What Temporal holds of a goal: whether a run is open, the end of what its workflow knows, and the steps up to it.

    `failure` says why a history could not be replayed.
    """

    is_running: bool
    seq: int
    head: str
    steps: tuple[Step, ...]
    failure: str | None = None


async def replay_goal(temporal: "Client", goal: GoalId, known: int) -> Replayed | None:
    """Replays the goal's latest run, and earlier ones until a run begins at or before the entry `known`.

    None: Temporal has no run of this goal.
    """
    described = await _describe(temporal, goal)
    if described is None:
        return None
    steps: tuple[Step, ...] = ()
    end: tuple[int, str] | None = None
    run_id: str | None = described.run_id
    for _ in range(_MAX_RUNS):
        run = await _replay_run(temporal, goal, run_id)
        if run.failure:
            return Replayed(_runs(described), *(end or (0, "")), steps, run.failure)
        steps = (*run.steps, *steps)
        end = end or run.end
        run_id = run.previous
        if run.begins <= known or not run_id:
            break
    seq, head = end or (0, "")
    return Replayed(_runs(described), seq, head, steps)


async def _describe(temporal: "Client", goal: GoalId) -> WorkflowExecutionDescription | None:
    try:
        return await temporal.get_workflow_handle(goal_workflow_id(goal)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


def _runs(described: WorkflowExecutionDescription) -> bool:
    return described.status is not None and described.status.name == "RUNNING"


class _Run(NamedTuple):
    begins: int  # seq of the goal at its start
    end: tuple[int, str]
    steps: tuple[Step, ...]
    previous: str | None  # the run that it continues
    failure: str | None = None


async def _replay_run(temporal: "Client", goal: GoalId, run_id: str | None) -> _Run:
    history = await temporal.get_workflow_handle(goal_workflow_id(goal), run_id=run_id).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    (start,) = await pydantic_data_converter.decode(started.input.payloads, [GoalStart])
    steps: list[Step] = []
    failure = await _replay(history, lambda before, events: steps.append(Step(before, events)))
    last = steps[-1] if steps else None
    end = (last.events[-1].seq, _head_after(last)) if last else (start.goal.seq, start.goal.head)
    return _Run(start.goal.seq, end, tuple(steps), started.continued_execution_run_id or None, failure)


def _head_after(step: Step) -> str:
    from domain.goal.evolve import evolve_all

    return evolve_all(step.before, step.events).head


async def _replay(history: WorkflowHistory, note: Callable[[Goal, tuple[Event, ...]], None]) -> str | None:
    """Replays a run with this program's code; returns why it does not fit the history, or None."""
    if len(history.events) == 1:
        return None  # it sleeps until its first alarm
    replayer = Replayer(
        workflows=[_NotedGoal],
        data_converter=pydantic_data_converter,
        interceptors=[_Noting(note)],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return None if result.replay_failure is None else str(result.replay_failure)


class _Noting(Interceptor):
    """Hands a function into the workflow: the way that the SDK offers for it."""

    def __init__(self, note: Callable[[Goal, tuple[Event, ...]], None]) -> None:
        self._note = note

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - Temporal's name
        input.unsafe_extern_functions[_NOTE] = self._note
        return WorkflowInboundInterceptor


@workflow.defn(name="GoalWorkflow")
class _NotedGoal(GoalWorkflow):
    """The goal's workflow, which tells each step that it takes."""

    @workflow.init
    def __init__(self, start: GoalStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: GoalStart) -> Any:
        return await super().run(start)

    def _move_on(self, after: Goal, events: tuple[Event, ...]) -> None:
        workflow.extern_functions()[_NOTE](self._goal, events)
        super()._move_on(after, events)
