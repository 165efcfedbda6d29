"""`LeavingWorkflow`: processes the people who left, on the day after their last one.

Started with a delay, one workflow per day. People who stayed after all are skipped.
"""

from abc import ABC, abstractmethod

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from datetime import date

    from domain.values import EmployeeId, Frozen, Moment
    from workflows.timeouts import BULK_OPTIONS


def leaving_workflow_id(last_day: date) -> str:
    return f"people/leaving/{last_day}"


class LeavingStart(Frozen):
    last_day: date
    actor: EmployeeId  # who applied the file that says so


class Leavers(Frozen):
    last_day: date
    actor: EmployeeId
    now: Moment


class LeavingInterface(ABC):
    """`activities/reorganisation.py` does it."""

    @activity.defn
    @abstractmethod
    async def process_leavers(self, leavers: Leavers) -> int:
        """Processes the people whose last day has passed; how many there were."""


@workflow.defn
class LeavingWorkflow:
    @workflow.run
    async def run(self, start: LeavingStart) -> int:
        """How many left."""
        leavers = Leavers(last_day=start.last_day, actor=start.actor, now=workflow.now())
        return await workflow.execute_activity_method(LeavingInterface.process_leavers, leavers, **BULK_OPTIONS)
