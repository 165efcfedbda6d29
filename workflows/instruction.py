"""`InstructionWorkflow`: what HR asked of many goals, carried out at each of them; takes up where it was cut off.

The instruction stands in PostgreSQL; the history holds its id, and what people wrote reaches the goals only.
"""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.values import Frozen, Id, Moment
    from workflows.queues import BULK
    from workflows.timeouts import BULK_HEARTBEAT, BULK_RETRY, BULK_TIMEOUT

PREPARE, CARRY_OUT, FINISH = "prepare_instruction", "carry_out_instruction", "finish_instruction"  # activities' names


def instruction_workflow_id(instruction: str) -> str:
    return f"instruction/{instruction}"


class InstructionStart(Frozen):
    instruction: Id


class Part(Frozen):
    """A part of the work; `now` is the business time of the instruction."""

    instruction: Id
    now: Moment


@workflow.defn
class InstructionWorkflow:
    """Chooses the goals once, asks each of them, then says the rest to the cycle. Every part is safe to repeat."""

    @workflow.run
    async def run(self, start: InstructionStart) -> int:
        """The number of goals that it concerned."""
        part = Part(instruction=start.instruction, now=workflow.now())
        concerned: int = await self._do(PREPARE, part, int)
        await self._do(CARRY_OUT, part, None)
        await self._do(FINISH, part, None)
        return concerned

    async def _do(self, name: str, part: Part, result: type | None) -> Any:
        return await workflow.execute_activity(
            name,
            part,
            result_type=result,
            task_queue=BULK,
            start_to_close_timeout=BULK_TIMEOUT,
            heartbeat_timeout=BULK_HEARTBEAT,
            retry_policy=BULK_RETRY,
        )
