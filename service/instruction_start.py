"""Starts and stops the workflow of an instruction."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporalio.client import Client


async def start(temporal: "Client", instruction: str, *, again: bool = False) -> None:
    """Starts the instruction's workflow. Keyed by its id: a workflow that runs, or has ended, is not started again.

    `again` starts a new run in any case, in place of one that still runs.
    """
    from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from workflows.instruction import InstructionStart, InstructionWorkflow, instruction_workflow_id
    from workflows.queues import BULK, BULK_PRIORITY

    reuse, conflict = WorkflowIDReusePolicy.REJECT_DUPLICATE, WorkflowIDConflictPolicy.USE_EXISTING
    if again:
        reuse, conflict = WorkflowIDReusePolicy.ALLOW_DUPLICATE, WorkflowIDConflictPolicy.TERMINATE_EXISTING
    try:
        await temporal.start_workflow(
            InstructionWorkflow.run,
            InstructionStart(instruction=instruction),
            id=instruction_workflow_id(instruction),
            task_queue=BULK,
            id_reuse_policy=reuse,
            id_conflict_policy=conflict,
            priority=BULK_PRIORITY,
        )
    except WorkflowAlreadyStartedError:
        return  # the workflow has already ended


async def stop(temporal: "Client", instruction: str) -> None:
    """Cancels the instruction's workflow; one that does not run, or was forgotten, is left as it is."""
    from temporalio.service import RPCError, RPCStatusCode

    from workflows.instruction import instruction_workflow_id

    try:
        await temporal.get_workflow_handle(instruction_workflow_id(instruction)).cancel()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
