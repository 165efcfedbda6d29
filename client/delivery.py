"""The schedule that makes the delivery tick."""

from dataclasses import replace
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

    def bring_up_to_date(found: ScheduleUpdateInput) -> ScheduleUpdate | None:
        there = found.description.schedule
        if _kind(there) == _kind(wanted):
            return None  # an update would write back the state as read, over a pause that has just been asked for
        return ScheduleUpdate(schedule=replace(wanted, state=there.state))

    try:
        await client.create_schedule(SCHEDULE_ID, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SCHEDULE_ID).update(bring_up_to_date)


def _kind(schedule: Schedule) -> tuple[object, ...]:
    """What two schedules of the delivery can differ in, but for their state."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return (action,)
    every = [interval.every for interval in schedule.spec.intervals]
    return every, schedule.policy, action.workflow, action.task_queue


def _schedule(every: timedelta, task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(DeliveryWorkflow.run, id=SCHEDULE_ID, task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
