"""Starts the workflow of an instruction."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporalio.client import Client


async def start(temporal: "Client", instruction: str) -> None:
    """Starts the instruction's workflow. Keyed by its id: a workflow that runs, or has ended, is not started again."""
    from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from workflows.instruction import InstructionStart, InstructionWorkflow, instruction_workflow_id
    from workflows.queues import BULK, BULK_PRIORITY

    try:
        await temporal.start_workflow(
            InstructionWorkflow.run,
            InstructionStart(instruction=instruction),
            id=instruction_workflow_id(instruction),
            task_queue=BULK,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            priority=BULK_PRIORITY,
        )
    except WorkflowAlreadyStartedError:
        return  # the workflow has already ended
