"""The schedule that makes the delivery tick."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from workflows.delivery import DeliveryWorkflow
from workflows.queues import DELIVERY

SCHEDULE_ID = "delivery"

# Ticks that were missed need no making up: the next one sends everything that is due. The server's least is 10 seconds.
_CATCH_UP = timedelta(seconds=10)


async def ensure_delivery_schedule(client: Client, every: timedelta, task_queue: str = DELIVERY) -> None:
    """Makes the schedule, or brings the one that is there to `every` and `task_queue`; by its id, so a repeat is harmless.

    Whether an operator paused it, and their note, stay as they are.
    """
    wanted = _schedule(every, task_queue)
    try:
        await client.create_schedule(SCHEDULE_ID, wanted)
    except ScheduleAlreadyRunningError:

        def bring_up_to_date(found: ScheduleUpdateInput) -> ScheduleUpdate:
            wanted.state = found.description.schedule.state
            return ScheduleUpdate(schedule=wanted)

        await client.get_schedule_handle(SCHEDULE_ID).update(bring_up_to_date)


def _schedule(every: timedelta, task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(DeliveryWorkflow.run, id=SCHEDULE_ID, task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
