"""Updates of a cycle's workflow, for activities and service/cycles.py. The permissions of the caller are not checked here."""

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
    """Every method raises a `Refusal` for an unknown cycle or one whose workflow has ended, and `NoAnswer` if no worker runs."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal

    async def start(self, cycle: CycleId, *, again: bool = False) -> None:
        """Starts the workflow of a cycle that is in the database. This also continues a launch that was interrupted.

        Keyed by the workflow's id, so a repeat starts nothing. `again` starts a new run of a workflow that has ended.
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
            return  # the workflow has run and ended

    async def reopen(self, cycle: CycleId) -> None:
        """Opens a cycle that has ended, and starts its workflow again, which will settle it. An open cycle stays open."""
        async with self._engine.begin() as connection:
            row = await require_cycle(connection, cycle)
            await cycles.change_state(connection, cycle, CycleEvent.REOPENED, row.launched_at)
        await self.start(cycle, again=True)

    async def launch_more(self, cycle: CycleId) -> None:
        """Makes the workflow launch the participants who wait; returns before the launch is finished."""
        await self._update(cycle, "launch_more", result=None)

    async def retime(self, cycle: CycleId) -> None:
        """Sends the workflow the time of the settlement, by the current rules of the cycle and of its goals."""
        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
            settles_at = await _settles_at(connection, cycle, row.rules)
        await self._update(cycle, "retime", settles_at, result=None)

    async def end(self, cycle: CycleId, state: Literal["closed", "cancelled"], actor: EmployeeId, reason: str) -> None:
        """Ends a cycle after an instruction closed its goals. A cycle that has ended does not change."""
        from workflows.cycle import EndCycle

        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
        if row.state.is_running:
            await self._update(cycle, "end", EndCycle(state=state, actor=actor, reason=reason), result=None)

    async def retry(self, cycle: CycleId) -> "CycleProgress":
        """Launches the participants again whose launch failed."""
        from workflows.cycle import CycleProgress

        progress: CycleProgress = await self._update(cycle, "retry", result=CycleProgress)
        return progress

    async def progress(self, cycle: CycleId) -> "CycleProgress":
        """The progress that the cycle's workflow reports."""
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
    """The input of the cycle's workflow; None for a cycle that has ended, whose workflow Temporal may have deleted."""
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
    """The time of the settlement: after the closing day of the cycle, and of goals whose own rules have a later one."""
    from workflows.timeouts import SETTLE_AFTER

    last = max(policy.closes, await cycles.latest_closing_day(connection, cycle) or policy.closes)
    return policy.calendar.opening(policy.calendar.on_or_after(last)) + SETTLE_AFTER
