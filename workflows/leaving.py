"""`LeavingWorkflow`: the day after somebody's last one. Started with a delay, one per day; whoever stayed after all is not found."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from datetime import date

    from domain.values import EmployeeId, Frozen, Moment
    from workflows.queues import BULK
    from workflows.timeouts import BULK_HEARTBEAT, BULK_RETRY, BULK_TIMEOUT

SEE_OFF = "see_leavers_off"  # the activity's name


def leaving_workflow_id(last_day: date) -> str:
    return f"people/leaving/{last_day}"


class LeavingStart(Frozen):
    last_day: date
    actor: EmployeeId  # who applied the file that says so


class SeeOff(Frozen):
    last_day: date
    actor: EmployeeId
    now: Moment


@workflow.defn
class LeavingWorkflow:
    @workflow.run
    async def run(self, start: LeavingStart) -> int:
        """How many left."""
        gone: int = await workflow.execute_activity(
            SEE_OFF,
            SeeOff(last_day=start.last_day, actor=start.actor, now=workflow.now()),
            result_type=int,
            task_queue=BULK,
            start_to_close_timeout=BULK_TIMEOUT,
            heartbeat_timeout=BULK_HEARTBEAT,
            retry_policy=BULK_RETRY,
        )
        return gone
