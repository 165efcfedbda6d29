"""`LeavingWorkflow`: the day after, processes who left on a day, and the leaves that ended on it or begin now.

Started with a delay, one per day; people who stayed are skipped.
"""

from abc import ABC, abstractmethod

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from datetime import date

    from domain.values import Frozen, Moment
    from workflows.queues import BULK
    from workflows.timeouts import BULK_HEARTBEAT, BULK_RETRY, BULK_TIMEOUT


def leaving_workflow_id(last_day: date) -> str:
    return f"people/leaving/{last_day}"


class LeavingStart(Frozen):
    last_day: date


class LeavingDay(Frozen):
    last_day: date
    now: Moment


class LeaverProcessor(ABC):
    """Implemented in activities/reorganisation.py."""

    @activity.defn(name="process_leavers")
    @abstractmethod
    async def process_leavers(self, day: LeavingDay) -> int:
        """Processes everybody whose last day is over; how many."""


@workflow.defn
class LeavingWorkflow:
    @workflow.run
    async def run(self, start: LeavingStart) -> int:
        """How many left."""
        return await workflow.execute_activity_method(
            LeaverProcessor.process_leavers,
            LeavingDay(last_day=start.last_day, now=workflow.now()),
            task_queue=BULK,
            start_to_close_timeout=BULK_TIMEOUT,
            heartbeat_timeout=BULK_HEARTBEAT,
            retry_policy=BULK_RETRY,
        )
