"""Telling a cycle's workflow what happened. For activities and for service/cycles.py: there is no caller here, nothing is permitted."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from domain.lifecycles import CycleEvent
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.answers import ANSWER_SECONDS, NoAnswer, answer_of
from service.cycle_lookup import require_cycle
from storage import cycles
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

    from workflows.cycle import CycleProgress, CycleStart


class CycleUpdates:
    """Every method raises a `Refusal` for an unknown cycle or one whose workflow is gone, and `NoAnswer` without a worker."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal

    async def start(self, cycle: CycleId, *, again: bool = False) -> None:
        """Starts the cycle's workflow from what the database holds, which also completes a launch that was interrupted.

        By the workflow's id, so a repeat starts nothing; `again` starts a new run of a workflow that ended.
        """
        from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
        from temporalio.exceptions import WorkflowAlreadyStartedError

        from workflows.cycle import CycleWorkflow, cycle_workflow_id
        from workflows.queues import BULK, BULK_PRIORITY

        async with read_transaction(self._engine) as connection:
            start = await _start_of(connection, cycle)
        if start is None:
            return
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE
        try:
            await self._temporal.start_workflow(
                CycleWorkflow.run,
                start,
                id=cycle_workflow_id(cycle),
                task_queue=BULK,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                priority=BULK_PRIORITY,
            )
        except WorkflowAlreadyStartedError:
            return  # it ran and has ended

    async def reopen(self, cycle: CycleId) -> None:
        """Opens a cycle that ended and starts its workflow again, to settle it on its day. A cycle that is open stays open."""
        async with self._engine.begin() as connection:
            row = await require_cycle(connection, cycle)
            await cycles.change_state(connection, cycle, CycleEvent.REOPENED, row.launched_at)
        await self.start(cycle, again=True)

    async def launch_more(self, cycle: CycleId) -> None:
        """Launches the participants who wait; answers at once."""
        await self._update(cycle, "launch_more", result=None)

    async def retime(self, cycle: CycleId) -> None:
        """Tells the cycle's workflow when to settle by the rules as they are now, and by those of single goals."""
        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
            settles_at = await _settles_at(connection, cycle, row.rules)
        await self._update(cycle, "retime", settles_at, result=None)

    async def end(self, cycle: CycleId, state: Literal["closed", "cancelled"], actor: EmployeeId, reason: str) -> None:
        """Ends a cycle whose goals were closed one by one; one that has ended stays as it is."""
        from workflows.cycle import EndCycle

        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
        if row.state.is_running:
            await self._update(cycle, "end", EndCycle(state=state, actor=actor, reason=reason), result=None)

    async def retry(self, cycle: CycleId) -> "CycleProgress":
        """Launches again those whose launch failed, and only those."""
        from workflows.cycle import CycleProgress

        progress: CycleProgress = await self._update(cycle, "retry", result=CycleProgress)
        return progress

    async def progress(self, cycle: CycleId) -> "CycleProgress":
        """How far the cycle's workflow says it is."""
        from temporalio.service import RPCError, RPCStatusCode

        from workflows.cycle import CycleProgress, cycle_workflow_id

        handle = self._temporal.get_workflow_handle(cycle_workflow_id(cycle))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                progress: CycleProgress = await handle.query("progress", result_type=CycleProgress)
        except TimeoutError as error:
            raise NoAnswer(None, ANSWER_SECONDS) from error
        except RPCError as error:
            if error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
                raise NoAnswer(None, ANSWER_SECONDS) from error
            raise
        return progress

    async def _update(self, cycle: CycleId, name: str, *args: object, result: type | None) -> Any:
        from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
        from temporalio.exceptions import ApplicationError
        from temporalio.service import RPCError, RPCStatusCode

        from workflows.cycle import cycle_workflow_id
        from workflows.failures import as_refusal

        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
        handle = self._temporal.get_workflow_handle(cycle_workflow_id(cycle))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer_of(handle.execute_update(name, args=args, result_type=result))
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            raise NoAnswer(None, ANSWER_SECONDS) from error
        except WorkflowUpdateFailedError as error:
            if isinstance(error.cause, ApplicationError) and (refusal := as_refusal(error.cause)):
                raise refusal from error
            raise
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Refusal(Code.CYCLE_BUSY, phase=row.state) from error
            raise


async def _start_of(connection: "AsyncConnection", cycle: CycleId) -> "CycleStart | None":
    """The start of the cycle's workflow; None for a cycle that ended, whose workflow Temporal may have removed by now."""
    from workflows.cycle import CycleStart

    row = await require_cycle(connection, cycle)
    if not row.state.is_running:
        return None
    counts = await cycles.counts(connection, cycle, row.launched_at)
    return CycleStart(
        cycle=cycle,
        launched_by=row.launched_by,
        settles_at=await _settles_at(connection, cycle, row.rules),
        people=sum(counts.participants.values()),
    )


async def _settles_at(connection: "AsyncConnection", cycle: CycleId, policy: Policy) -> datetime:
    """A goal that was given a later last day than its cycle is not settled before it."""
    from workflows.timeouts import SETTLE_AFTER

    last = max(policy.closes, await cycles.latest_closing_day(connection, cycle) or policy.closes)
    return policy.calendar.opening(policy.calendar.on_or_after(last)) + SETTLE_AFTER
