"""`InstructionWorkflow`: what HR asked of many goals, carried out at each of them; a new try continues where the last one ended.

The instruction itself is in PostgreSQL; the history holds its id. What people wrote goes to the goals only.
"""

from abc import ABC, abstractmethod

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.values import Frozen, Id, Moment
    from workflows.timeouts import BULK_OPTIONS


def instruction_workflow_id(instruction: str) -> str:
    return f"instruction/{instruction}"


class InstructionStart(Frozen):
    instruction: Id


class Part(Frozen):
    """A part of the work; `now` is the business time of the instruction."""

    instruction: Id
    now: Moment


class InstructionInterface(ABC):
    """The three parts of an instruction's work; `activities/instruction.py` does them."""

    @activity.defn
    @abstractmethod
    async def prepare_instruction(self, part: Part) -> int:
        """Chooses the goals, once; how many there are."""

    @activity.defn
    @abstractmethod
    async def carry_out_instruction(self, part: Part) -> None:
        """Asks every chosen goal that was not asked yet."""

    @activity.defn
    @abstractmethod
    async def finish_instruction(self, part: Part) -> None:
        """Tells the cycle about it, and marks the instruction as done."""


@workflow.defn
class InstructionWorkflow:
    """Chooses the goals once, asks each of them, then tells the cycle. Every part is safe to repeat."""

    @workflow.run
    async def run(self, start: InstructionStart) -> int:
        """The number of goals that it concerned."""
        part = Part(instruction=start.instruction, now=workflow.now())
        concerned = await workflow.execute_activity_method(
            InstructionInterface.prepare_instruction, part, **BULK_OPTIONS
        )
        await workflow.execute_activity_method(InstructionInterface.carry_out_instruction, part, **BULK_OPTIONS)
        await workflow.execute_activity_method(InstructionInterface.finish_instruction, part, **BULK_OPTIONS)
        return concerned
