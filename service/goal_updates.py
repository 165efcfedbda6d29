"""Sending a command to a goal's workflow, as an update. Who may give it is decided there.

Activities use this for what instructions ask of goals; people come through `service/giving.py`.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING

from domain.goal.commands import Command
from domain.goal.decide import ON_CLOSED
from domain.goal.goal import Goal
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.refusals import wrong_state
from domain.values import CommandId, GoalId
from service.answers import ANSWER_SECONDS, NoAnswer, answer_of
from service.projection import require_goal
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from workflows.goal import Receipt

_TRIES = 5  # a run that ends or continues as new while a command is under way is asked again
_PAUSE = 0.2  # seconds between the tries


class GoalUpdates:
    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal

    async def send(self, goal: GoalId, command: Command, command_id: str | None = None) -> "Receipt":
        """Has the goal's workflow carry out the command. Its id makes a repetition safe; without one it gets a fresh one.

        Raises `Refusal` (nothing changed), `NoAnswer`.
        """
        identity = CommandId(command_id or secrets.token_hex(8))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                for _ in range(_TRIES):
                    if receipt := await self._try(goal, command, identity):
                        return receipt
                    await asyncio.sleep(_PAUSE)
        except TimeoutError as error:
            raise NoAnswer(identity, ANSWER_SECONDS) from error
        raise NoAnswer(identity, _TRIES * _PAUSE)

    async def _try(self, goal: GoalId, command: Command, command_id: CommandId) -> "Receipt | None":
        from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
        from temporalio.exceptions import ApplicationError
        from temporalio.service import RPCError, RPCStatusCode

        from workflows.failures import as_refusal
        from workflows.goal import Receipt, goal_workflow_id

        try:
            receipt: Receipt = await answer_of(
                self._temporal.get_workflow_handle(goal_workflow_id(goal)).execute_update(
                    command.name,
                    command.model_dump(mode="json", exclude={"id"}, exclude_none=True),
                    id=command_id,
                    result_type=Receipt,
                )
            )
        except WorkflowUpdateFailedError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError):
                if refusal := as_refusal(cause):
                    raise refusal from error
                if cause.type == "AcceptedUpdateCompletedWorkflow":
                    return None  # the run ended under it: the next one answers
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise NoAnswer(command_id, ANSWER_SECONDS) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return await self._answer_of_ended(goal, command, command_id)
        return receipt

    async def _answer_of_ended(self, goal: GoalId, command: Command, command_id: CommandId) -> "Receipt | None":
        """Where no run takes commands: the receipt, if this command was the goal's end and its answer was lost.

        None where a run is about to take it: the next revision's, or one for a closed goal. Raises a
        `Refusal` where the goal is closed, or there is none.
        """
        from workflows.goal import Receipt

        async with read_transaction(self._engine) as connection:
            found = await require_goal(connection, goal)
        if not found.is_closed:
            return None
        if command_id not in found.commands:
            if isinstance(command, ON_CLOSED):
                await self._wake(found)
                return None
            raise wrong_state(State.CLOSED, *(state for state in State if state is not State.CLOSED))
        return Receipt(seq=found.seq, revision=found.revision, state=found.state, head=found.head, score=score(found))

    async def _wake(self, closed: Goal) -> None:
        """Starts a run for a closed goal; it takes the command that reopens or calibrates it, and ends again by itself."""
        from temporalio.common import WorkflowIDConflictPolicy

        from workflows.goal import GoalStart, GoalWorkflow, attributes_of, goal_workflow_id
        from workflows.queues import GOALS

        await self._temporal.start_workflow(
            GoalWorkflow.run,
            GoalStart(goal=closed),
            id=goal_workflow_id(closed.id),
            task_queue=GOALS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=attributes_of(closed),
        )
