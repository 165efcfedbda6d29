"""What a caller may do with goals: give a command, look at one, list them, prove a ledger."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from domain.goal.commands import Command
from domain.goal.decide import ON_CLOSED
from domain.goal.goal import Goal
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.messages import message
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal, wrong_state
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from service.proof import LedgerProof, prove
from storage import goals as read
from storage.cycles import find_cycle
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from workflows.goal import Receipt

ANSWER_SECONDS = 30.0
_TRIES = 5  # a run that ends or continues as new while a command is under way is asked again
_PAUSE = 0.2
_INBOX_PAGE = 500

Asked = TypeVar("Asked", bound=Command)
Answer = TypeVar("Answer")


class NoAnswer(Exception):
    """Temporal took the command, but no worker carried it out in time. Giving the same id again is safe.

    A command without an id (one to a cycle) may be repeated as it is.
    """

    def __init__(self, command_id: str | None, seconds: float) -> None:
        waited = f"{seconds:.0f}"
        if command_id is None:
            self.message = message("error.no_answer", seconds=waited)
        else:
            self.message = message("error.no_answer_of_command", seconds=waited, command_id=command_id)
        super().__init__(str(self.message))


def compose(kind: type[Asked], fields: Mapping[str, Any]) -> Asked:
    """The command with these fields; those that are None are left out. Raises a `Refusal` for what does not fit."""
    from workflows.failures import invalid

    try:
        return kind.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise invalid(error) from error


async def answer_of(update: Awaitable[Answer]) -> Answer:
    """The update's answer. A cancellation stays one: the SDK hides it in its own error, and the task would go on."""
    from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

    try:
        return await update
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise asyncio.CancelledError from error
        raise


def _place_of_last(lines: Sequence[read.InboxLine]) -> read.InboxKey | None:
    """Where the next page of an inbox begins. Every task has a deadline."""
    last = lines[-1].goal if lines else None
    return read.InboxKey(last.due_at, last.id) if last and last.due_at else None


class GoalReads:
    """What needs the database only, and so is answered while Temporal is down."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def find(self, goal: GoalId) -> Goal | None:
        """The goal as the projection has it."""
        async with read_transaction(self._engine) as connection:
            loaded = await read.load_aggregates(connection, ids=[goal])
        return Goal.model_validate(loaded[0]) if loaded else None

    async def find_many(self, goals: Sequence[GoalId]) -> dict[GoalId, Goal]:
        """Those of the goals that there are, by id."""
        async with read_transaction(self._engine) as connection:
            loaded = await read.load_aggregates(connection, ids=goals)
        rules: dict[str, Policy] = {}  # most share one, which is larger than a goal
        found = {}
        for one in loaded:
            key = json.dumps(one["policy"])
            policy = rules.get(key) or rules.setdefault(key, Policy.model_validate(one["policy"]))
            goal = Goal.model_validate({**one, "policy": policy})
            found[goal.id] = goal
        return found

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
        async with read_transaction(self._engine) as connection:
            return await read.list_goals(
                connection, cycle=cycle, owner=owner, state=state, department=department, after=after, limit=limit
            )

    async def of_cycle(
        self, cycle: CycleId, *, owner: str | None = None, department: str | None = None, exemplars: bool = False
    ) -> list[Goal]:
        """A cycle's goals, by id: all, one person's, a department's, or those that are shown as examples."""
        async with read_transaction(self._engine) as connection:
            rows = await read.load_cycle(connection, cycle, owner=owner, department=department, exemplars=exemplars)
            launched = await find_cycle(connection, cycle)
        if launched is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
        rules = Policy.model_validate(launched.policy)  # read once: it is larger than a goal
        return [
            Goal.model_validate({**aggregate, "policy": Policy.model_validate(own) if own else rules})
            for aggregate, own in rows
        ]

    async def inbox(self, employee: EmployeeId, now: datetime | None = None) -> list[read.InboxLine]:
        """What waits on a person, or on those for whom they act at that moment (now); the most urgent first."""
        at, found = now or datetime.now(UTC), list[read.InboxLine]()
        async with read_transaction(self._engine) as connection:
            while page := await read.inbox(connection, employee, at, after=_place_of_last(found), limit=_INBOX_PAGE):
                found += page
                if len(page) < _INBOX_PAGE:
                    break
        return found

    async def prove(self, goal: GoalId) -> LedgerProof:
        """The ledger, with its chain recomputed and the goal built again from it; a `Refusal` for an unknown goal."""
        return await prove(self._engine, goal)


class Goals(GoalReads):
    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal

    async def give(self, goal: GoalId, command: Command, command_id: str | None = None) -> "Receipt":
        """Carries out a command. Its id makes a repetition safe; without one it gets a fresh one.

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

        found = await self.require(goal)
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
