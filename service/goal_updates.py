"""Sends a command to a goal's workflow, as an update. The workflow decides whether the actor may give the command.

Activities use this module for instructions. For people, `service/giving.py` uses it.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING

from domain.commitments import SEED_BYTES
from domain.goal.commands import Command
from domain.goal.decide import ON_CLOSED
from domain.goal.events import Event
from domain.goal.goal import Goal
from domain.goal.rebuilding import is_same
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.refusals import Code, Refusal, wrong_state
from domain.values import CommandId, GoalId
from service.answers import ANSWER_SECONDS, NoAnswer, answer_of, runs
from service.projection import require_goal
from storage.database import read_transaction
from storage.goals import read_entries_of_command

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from workflows.goal import Receipt

_MAX_ATTEMPTS = 5  # a command is sent again if the run ended or continued as new in the meantime
_PAUSE = 0.2  # seconds between attempts


class GoalUpdates:
    """Commands to goals, without a check of the caller's permissions."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal

    async def send(self, goal: GoalId, command: Command, command_id: str | None = None) -> "Receipt":
        """Sends the command and waits for the result. Keyed by the command's id; without one it gets a random id.

        Raises `Refusal` (nothing changed) and `NoAnswer`.
        """
        identity = CommandId(command_id or secrets.token_hex(8))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                for _ in range(_MAX_ATTEMPTS):
                    if receipt := await self._try(goal, command, identity):
                        return receipt
                    await asyncio.sleep(_PAUSE)
        except TimeoutError as error:
            raise NoAnswer(identity, ANSWER_SECONDS) from error
        await self._require_workflow(goal)
        raise NoAnswer(identity, _MAX_ATTEMPTS * _PAUSE)

    async def _require_workflow(self, goal: GoalId) -> None:
        """Raises a `Refusal` if no workflow runs for an open goal: it was terminated, or Temporal's data was lost."""
        from workflows.goal import goal_workflow_id

        if not await runs(self._temporal, goal_workflow_id(goal)):
            raise Refusal(Code.WORKFLOW_LOST, goal=goal)

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
                    if recorded := await self._receipt_of_recorded(goal, command, command_id):
                        return recorded
                    raise refusal from error
                if cause.type == "AcceptedUpdateCompletedWorkflow":
                    return None  # the run ended before it answered: the next attempt reaches the next run
            raise
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise NoAnswer(command_id, ANSWER_SECONDS) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return await self._answer_of_ended(goal, command, command_id)
        return receipt

    async def require_same(self, goal: GoalId, command: Command, command_id: CommandId) -> None:
        """Raises a `Refusal` if the ledger holds another command with this id. For ids that a caller chose, after the answer.

        Temporal answers an update whose id it knows with the first answer, whatever the update asks for.
        """
        await self._receipt_of_recorded(goal, command, command_id)

    async def _answer_of_ended(self, goal: GoalId, command: Command, command_id: CommandId) -> "Receipt | None":
        """The result of a command to a goal without a running workflow.

        Returns the receipt if this command ended the goal and its answer was lost. Returns None if the command must be sent
        again: the next revision's run starts, or this method has started a run for a closed goal. Raises a `Refusal` if the
        goal is closed, or does not exist.
        """
        async with read_transaction(self._engine) as connection:
            found = await require_goal(connection, goal)
        if not found.is_closed:
            return None
        if recorded := await self._receipt_of_recorded(goal, command, command_id):
            return recorded
        if isinstance(command, ON_CLOSED):
            await self._start_for_closed(found)
            return None
        raise wrong_state(State.CLOSED, *(state for state in State if state is not State.CLOSED))

    async def _receipt_of_recorded(self, goal: GoalId, command: Command, command_id: CommandId) -> "Receipt | None":
        """The answer to a command that was carried out before, whenever that was; None if the ledger holds none with this id.

        The workflow remembers only the latest commands. It is asked first, and the ledger only if it refuses. Raises a
        `Refusal` if the id belongs to another command.
        """
        from workflows.goal import Receipt

        async with read_transaction(self._engine) as connection:
            lines = await read_entries_of_command(connection, goal, command_id)
            if not lines:
                return None
            found = await require_goal(connection, goal)
        entries = [Event.model_validate(line.event) for line in lines]
        if not is_same(command, entries):
            raise Refusal(Code.COMMAND_ID_USED, command_id=command_id, seq=entries[0].seq)
        return Receipt(seq=found.seq, revision=found.revision, state=found.state, head=found.head, score=score(found))

    async def _start_for_closed(self, closed: Goal) -> None:
        """Starts a run for a closed goal: it accepts a command that reopens or calibrates the goal, and then ends."""
        from temporalio.common import WorkflowIDConflictPolicy

        from workflows.goal import GoalStart, GoalWorkflow, attributes_of, goal_workflow_id
        from workflows.queues import GOALS

        await self._temporal.start_workflow(
            GoalWorkflow.run,
            GoalStart(goal=closed, seed=secrets.token_hex(SEED_BYTES)),
            id=goal_workflow_id(closed.id),
            task_queue=GOALS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=attributes_of(closed),
        )
