"""`CycleWorkflow`: one cycle of a company. Launches the goals in batches, watches the dates, settles what is open."""

import asyncio
from datetime import timedelta
from typing import Literal

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.refusals import Code, Refusal
    from domain.values import CycleId, EmployeeId, Frozen, Moment, Prose
    from workflows.cycle_activities import (
        LaunchInterface,
        NewState,
        Range,
        Settle,
        SettlementInterface,
        Started,
    )
    from workflows.failures import as_application_error
    from workflows.timeouts import BULK_OPTIONS

_END_REASON = "評価サイクルの終了 / end of the cycle"


def cycle_workflow_id(cycle: CycleId) -> str:
    return f"cycle/{cycle}"


class CycleStart(Frozen):
    """`settles_at`: when what is still open is settled; the goals' own end alarms ring before."""

    cycle: CycleId
    launched_by: EmployeeId
    settles_at: Moment
    people: int
    batch: int = 500


class EndCycle(Frozen):
    """Settle what is open and end the cycle before its date, as `state`."""

    state: Literal["closed", "cancelled"]
    actor: EmployeeId
    reason: Prose


class CycleProgress(Frozen):
    """How far the cycle is; `phase` is launching, open, settling or closed."""

    phase: str
    people: int
    launched: int
    goals: int
    failed: int
    settled: int


@workflow.defn
class CycleWorkflow:
    @workflow.init
    def __init__(self, start: CycleStart) -> None:
        self._start = start
        self._phase = "launching"
        self._launched = self._goals = self._failed = self._settled = 0
        self._retry = self._more = self._over = False
        self._order: EndCycle | None = None
        self._settles_at = start.settles_at

    @workflow.run
    async def run(self, start: CycleStart) -> CycleProgress:
        await self._launch()
        while self._order is None and workflow.now() < self._settles_at:
            await self._set_phase("open")
            await self._wait_for_date_or_order()
            if self._more:
                self._more, self._phase = False, "launching"
                await self._launch()
            if self._retry:
                self._retry, self._phase = False, "launching"  # at once: `retry` waits until the cycle is open again
                everybody = Range(cycle=start.cycle, launched_by=start.launched_by)
                await workflow.execute_activity_method(LaunchInterface.retry_failed, everybody, **BULK_OPTIONS)
                await self._launch()
        await self._settle()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.progress()

    @workflow.update
    async def retry(self) -> CycleProgress:
        """Launches the participants again whose launch failed, and only them."""
        self._retry = True
        await workflow.wait_condition(lambda: not self._retry or self._phase == "closed")
        return self.progress()

    @workflow.update
    async def launch_more(self) -> None:
        """Launches the participants who joined; does not wait for it."""
        self._more = True

    @workflow.update
    async def retime(self, settles_at: Moment) -> None:
        """The cycle's last day moved."""
        self._settles_at = settles_at

    @workflow.update
    async def end(self, order: EndCycle) -> None:
        """Ends the cycle before its date; answers when everything is settled. Only the first order counts."""
        if self._order is None:
            self._order = order
        await workflow.wait_condition(lambda: self._over)

    @retry.validator
    def _refuse_retry(self) -> None:
        self._refuse_unless_open()

    @workflow.query
    def progress(self) -> CycleProgress:
        return CycleProgress(
            phase=self._phase, people=self._start.people, launched=self._launched, goals=self._goals,
            failed=self._failed, settled=self._settled,
        )  # fmt: skip

    def _refuse_unless_open(self) -> None:
        if self._phase != "open":
            raise as_application_error(Refusal(Code.CYCLE_BUSY, phase=self._phase))

    async def _launch(self) -> None:
        """Writes the goals in batches; while the workflows of one batch are started, the next batch is written."""
        self._phase, self._failed = "launching", 0
        start, after = self._start, ""
        starting: asyncio.Task[Started] | None = None
        while True:
            piece = Range(cycle=start.cycle, launched_by=start.launched_by, after=after, limit=start.batch)
            written = await workflow.execute_activity_method(LaunchInterface.write_goals, piece, **BULK_OPTIONS)
            if starting:
                self._count(await starting)
            if not written.people:
                return
            piece = piece.model_copy(update={"upto": written.last})
            starting, after = asyncio.create_task(_start_goals(piece)), written.last

    def _count(self, started: Started) -> None:
        self._launched += started.people
        self._goals += started.goals
        self._failed += started.failed

    async def _wait_for_date_or_order(self) -> None:
        armed = self._settles_at
        left = max(armed - workflow.now(), timedelta(0))

        def woken() -> bool:
            return self._retry or self._more or self._order is not None or self._settles_at != armed

        try:
            await workflow.wait_condition(woken, timeout=left)
        except TimeoutError:
            workflow.logger.info("cycle_end_reached")

    async def _settle(self) -> None:
        self._phase = "settling"
        order = self._order or EndCycle(state="closed", actor=self._start.launched_by, reason=_END_REASON)
        settle = Settle(cycle=self._start.cycle, actor=order.actor, reason=order.reason)
        settled = await workflow.execute_activity_method(SettlementInterface.settle_goals, settle, **BULK_OPTIONS)
        self._settled = settled.goals
        self._phase = "closed"
        await self._store_state(order.state)
        self._over = True

    async def _set_phase(self, phase: str) -> None:
        self._phase = phase
        await self._store_state(phase)

    async def _store_state(self, state: str) -> None:
        new = NewState(cycle=self._start.cycle, state=state, at=workflow.now())
        await workflow.execute_activity_method(LaunchInterface.set_cycle_state, new, **BULK_OPTIONS)


async def _start_goals(piece: Range) -> Started:
    return await workflow.execute_activity_method(LaunchInterface.start_goals, piece, **BULK_OPTIONS)
