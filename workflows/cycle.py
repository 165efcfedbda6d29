"""`CycleWorkflow`: one cycle of a company. Launches the goals in batches, watches the dates, settles what is open."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal, TypeVar

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.lifecycles import CycleState
    from domain.reasons import END_OF_CYCLE
    from domain.refusals import Code, Refusal
    from domain.values import CycleId, EmployeeId, Frozen, Moment, Prose
    from workflows.failures import as_application_error
    from workflows.queues import BULK
    from workflows.timeouts import BULK_HEARTBEAT, BULK_RETRY, BULK_TIMEOUT

Asked = TypeVar("Asked", bound=Frozen)
Answer = TypeVar("Answer")


def cycle_workflow_id(cycle: CycleId) -> str:
    return f"cycle/{cycle}"


class CycleStart(Frozen):
    """`settles_at`: when what is still open is settled; the goals' own end alarms ring before."""

    cycle: CycleId
    launched_by: EmployeeId
    settles_at: Moment
    people: int
    batch: int = 500


class ParticipantRange(Frozen):
    """Participants of a cycle behind the id `after`: at most `limit`, up to `upto` where given."""

    cycle: CycleId
    launched_by: EmployeeId
    after: str = ""
    upto: str | None = None
    limit: int = 500


class WrittenGoals(Frozen):
    """The last participant that was looked at (empty: none was left) and how many there were."""

    last: str
    people: int


class StartedGoals(Frozen):
    people: int
    goals: int
    failed: int


class SettleRequest(Frozen):
    """Close every goal of the cycle that is open. The system does: HR of the launch may have left by then."""

    cycle: CycleId
    reason: Prose


class SettledGoals(Frozen):
    """The numbers of goals that were closed, and of open goals that refused it or did not answer."""

    goals: int
    refused: int = 0
    silent: int = 0


class NewState(Frozen):
    cycle: CycleId
    state: CycleState
    at: Moment


class EndCycle(Frozen):
    """The goals were closed or cancelled one by one: the others are settled, and the cycle's state becomes `state`."""

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


class Launcher(ABC):
    """The activities of a launch; implemented in activities/launch.py."""

    @activity.defn(name="write_goals")
    @abstractmethod
    async def write_goals(self, piece: ParticipantRange) -> WrittenGoals:
        """Writes the goals of the next participants."""

    @activity.defn(name="start_goals")
    @abstractmethod
    async def start_goals(self, piece: ParticipantRange) -> StartedGoals:
        """Starts the workflows of the goals that are written."""

    @activity.defn(name="retry_failed")
    @abstractmethod
    async def retry_failed(self, piece: ParticipantRange) -> int:
        """Sets the failed participants to waiting; returns how many."""

    @activity.defn(name="set_cycle_state")
    @abstractmethod
    async def set_cycle_state(self, new: NewState) -> None:
        """Writes the cycle's state."""


class Settler(ABC):
    """The activities of a settlement; implemented in activities/settlement.py."""

    @activity.defn(name="settle_goals")
    @abstractmethod
    async def settle_goals(self, settle: SettleRequest) -> SettledGoals:
        """Closes every goal that is open."""


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
            self._phase = "open"
            await self._record_state(CycleState.OPEN)
            await self._wait_for_date_or_order()
            if self._more:
                self._more, self._phase = False, "launching"
                await self._launch()
            if self._retry:
                self._retry, self._phase = False, "launching"  # at once: the sender waits until the cycle is open again
                await _bulk(Launcher.retry_failed, ParticipantRange(cycle=start.cycle, launched_by=start.launched_by))
                await self._launch()
        await self._settle()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.progress()

    @workflow.update
    async def retry(self) -> CycleProgress:
        """Launch again those, and only those, whose launch failed."""
        self._retry = True
        await workflow.wait_condition(lambda: not self._retry or self._phase == "closed")
        return self.progress()

    @workflow.update
    async def launch_more(self) -> None:
        """Launch the people who joined; the answer does not wait for the launch."""
        self._more = True

    @workflow.update
    async def retime(self, settles_at: Moment) -> None:
        """The cycle's last day moved."""
        self._settles_at = settles_at

    @workflow.update
    async def end(self, order: EndCycle) -> None:
        """End the cycle before its date. The answer comes when the open goals are settled; only the first such update
        counts.
        """
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
        """Writes batch after batch; while one batch's workflows are started the next one is written."""
        self._phase, self._failed = "launching", 0
        start, starting, after = self._start, None, ""
        while True:
            piece = ParticipantRange(cycle=start.cycle, launched_by=start.launched_by, after=after, limit=start.batch)
            written = await _bulk(Launcher.write_goals, piece)
            if starting:
                self._count(await starting)
            if not written.people:
                return
            piece = piece.model_copy(update={"upto": written.last})
            starting, after = asyncio.create_task(_bulk(Launcher.start_goals, piece)), written.last

    def _count(self, started: StartedGoals) -> None:
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
        state, reason = (self._order.state, self._order.reason) if self._order else ("closed", END_OF_CYCLE)
        settled = await _bulk(Settler.settle_goals, SettleRequest(cycle=self._start.cycle, reason=reason))
        self._settled = settled.goals
        self._phase = "closed"
        await self._record_state(CycleState(state))
        self._over = True

    async def _record_state(self, state: CycleState) -> None:
        await _bulk(Launcher.set_cycle_state, NewState(cycle=self._start.cycle, state=state, at=workflow.now()))


async def _bulk(
    step: Callable[[Any, Asked], Awaitable[Answer]],
    argument: Asked,
) -> Answer:
    return await workflow.execute_activity_method(
        step,
        argument,
        task_queue=BULK,
        start_to_close_timeout=BULK_TIMEOUT,
        heartbeat_timeout=BULK_HEARTBEAT,
        retry_policy=BULK_RETRY,
    )
