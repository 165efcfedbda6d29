"""What a caller may do with goals: give a command, look at one, list them, prove a ledger."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import ValidationError

from domain.commands import Command
from domain.events import Event
from domain.goal import Goal
from domain.launch import rebuild
from domain.ledger import Break, Link, verify
from domain.lifecycle import ImpossibleTransition, State
from domain.policy import Policy
from domain.refusals import Code, Refusal, wrong_state
from domain.values import CommandId, EmployeeId, GoalId, Text
from storage import cycles
from storage import goals as read

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from workflows.goal import Receipt

ANSWER_SECONDS = 30.0
_TRIES = 5  # a run that ends or continues as new while a command is under way is asked again
_PAUSE = 0.2


class NoAnswer(Exception):
    """Temporal took the command, but no worker carried it out in time. Giving the same id again is safe."""

    def __init__(self, command_id: str, seconds: float) -> None:
        self.message = Text(
            ja=f"{seconds:.0f} 秒待ちましたが、ワーカーから応答がありません。ワーカーが動いているか確認し、同じ操作をもう一度実行してください(操作 ID {command_id} のままなら二重にはなりません)。",
            en=f"no worker answered within {seconds:.0f} s: see whether one runs, then repeat the command (with the same id {command_id} it is done once)",
        )
        super().__init__(self.message.en)


class LedgerProof(NamedTuple):
    """A goal's ledger as stored, and the first place where its chain does not hold (None: all of it holds)."""

    lines: list[read.LedgerLine]
    broken: Break | None
    head: str
    projection_agrees: bool  # the goal's row says the same head


class Goals:
    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal

    async def give(self, goal: GoalId, command: Command, command_id: str | None = None) -> "Receipt":
        """Carries out a command. Its id makes a repetition safe; without one it gets a fresh one.

        Raises `Refusal` (nothing changed), `NoAnswer`.
        """
        identity = CommandId(command_id or str(uuid.uuid4()))
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
            receipt: Receipt = await self._temporal.get_workflow_handle(goal_workflow_id(goal)).execute_update(
                command.name,
                command.model_dump(mode="json", exclude={"id"}, exclude_none=True),
                id=command_id,
                result_type=Receipt,
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
            await self._refuse_if_gone(goal)
            return None
        return receipt

    async def _refuse_if_gone(self, goal: GoalId) -> None:
        """Why no run of this goal takes commands: there is no such goal, or it is closed; else one is about to start."""
        found = await self.find(goal)
        if found is None:
            raise Refusal(Code.UNKNOWN_GOAL, goal=goal[:80])
        if found.is_closed:
            raise wrong_state(State.CLOSED, *(state for state in State if state is not State.CLOSED))

    async def find(self, goal: GoalId) -> Goal | None:
        """The goal as the projection has it."""
        loaded = await read.load_aggregates(self._engine, ids=[goal])
        return Goal.model_validate(loaded[0]) if loaded else None

    async def require(self, goal: GoalId) -> Goal:
        """The goal; raises a `Refusal` where there is none."""
        if found := await self.find(goal):
            return found
        raise Refusal(Code.UNKNOWN_GOAL, goal=goal[:80])

    async def find_all(
        self,
        *,
        cycle: str | None = None,
        owner: str | None = None,
        state: str | None = None,
        department: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[read.GoalLine]:
        return await read.list_goals(
            self._engine, cycle=cycle, owner=owner, state=state, department=department, after=after, limit=limit
        )

    async def inbox(self, employee: EmployeeId) -> list[read.GoalLine]:
        """What waits on a person, the most urgent first."""
        return await read.inbox(self._engine, employee)

    async def prove(self, goal: GoalId) -> LedgerProof:
        """The ledger, with its chain recomputed from what is stored."""
        current = await self.require(goal)
        lines = await read.read_ledger(self._engine, goal)
        links = [
            Link(line.event["seq"], Event.model_validate(line.event).json_form, line.prev_hash, line.hash)
            for line in lines
        ]
        head = lines[-1].hash if lines else ""
        agrees = current.seq == len(lines) and current.head == head
        return LedgerProof(lines, verify(goal, links), head, agrees)
