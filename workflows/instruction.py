"""`InstructionWorkflow`: carries out an instruction at each of its goals, and continues after an interruption.

The instruction is in PostgreSQL. The history holds only its id, so what people wrote reaches the goals' histories only.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.values import Frozen, Id, Moment
    from workflows.queues import BULK
    from workflows.timeouts import BULK_HEARTBEAT, BULK_RETRY, BULK_TIMEOUT

Answer = TypeVar("Answer")


def instruction_workflow_id(instruction: str) -> str:
    return f"instruction/{instruction}"


class InstructionStart(Frozen):
    instruction: Id


class InstructionPart(Frozen):
    """A part of the work; `now` is the business time of the instruction."""

    instruction: Id
    now: Moment


class InstructionSteps(ABC):
    """The parts of an instruction; implemented in activities/instruction.py."""

    @activity.defn(name="prepare_instruction")
    @abstractmethod
    async def prepare(self, part: InstructionPart) -> int:
        """Chooses the goals, once; returns how many."""

    @activity.defn(name="carry_out_instruction")
    @abstractmethod
    async def carry_out(self, part: InstructionPart) -> None:
        """Sends the command to every goal without a result."""

    @activity.defn(name="finish_instruction")
    @abstractmethod
    async def finish(self, part: InstructionPart) -> None:
        """Updates the cycle, and marks the instruction as done."""


@workflow.defn
class InstructionWorkflow:
    """Chooses the goals once, sends each its command, then updates the cycle. Every part is safe to repeat."""

    @workflow.run
    async def run(self, start: InstructionStart) -> int:
        """The number of goals that it concerned."""
        part = InstructionPart(instruction=start.instruction, now=workflow.now())
        concerned = await _do(InstructionSteps.prepare, part)
        await _do(InstructionSteps.carry_out, part)
        await _do(InstructionSteps.finish, part)
        return concerned


async def _do(step: Callable[[Any, InstructionPart], Awaitable[Answer]], part: InstructionPart) -> Answer:
    return await workflow.execute_activity_method(
        step,
        part,
        task_queue=BULK,
        start_to_close_timeout=BULK_TIMEOUT,
        heartbeat_timeout=BULK_HEARTBEAT,
        retry_policy=BULK_RETRY,
    )
