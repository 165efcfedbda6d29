"""Sending commands to workflows: building the command, waiting for the answer, the error if there is none, whether a workflow runs."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from domain.errors import MeguriError
from domain.messages import message

if TYPE_CHECKING:
    from temporalio.client import Client

ANSWER_SECONDS = 30.0

Model = TypeVar("Model", bound=BaseModel)
Answer = TypeVar("Answer")


class NoAnswer(MeguriError):
    """Temporal accepted the command, but no worker carried it out in time. Sending it again with the same id is safe.

    A command without an id (a command to a cycle) may also be sent again.
    """

    def __init__(self, command_id: str | None, seconds: float) -> None:
        waited = f"{seconds:.0f}"
        if command_id is None:
            super().__init__("no_answer", message("error.no_answer", seconds=waited))
        else:
            super().__init__("no_answer", message("error.no_answer_of_command", seconds=waited, command_id=command_id))


def compose(kind: type[Model], fields: Mapping[str, Any]) -> Model:
    """A command or an instruction with these fields; fields that are None are left out.

    Raises a `Refusal` that names the invalid fields.
    """
    from workflows.failures import invalid

    try:
        return kind.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise invalid(error) from error


async def answer_of(update: Awaitable[Answer]) -> Answer:
    """The result of the update. The SDK wraps a cancellation in an error of its own; this function raises it as a cancellation."""
    from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

    try:
        return await update
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise asyncio.CancelledError from error
        raise


async def runs(temporal: "Client", workflow_id: str) -> bool:
    """Whether a workflow with this id runs. It does not if it has ended, was terminated, or is not known to Temporal."""
    from temporalio.client import WorkflowExecutionStatus
    from temporalio.service import RPCError, RPCStatusCode

    try:
        found = await temporal.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return found.status is WorkflowExecutionStatus.RUNNING
