"""The schedule that makes the delivery tick."""

from collections.abc import Awaitable, Callable
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

from workflows.delivery import DeliveryWorkflow, HookWorkflow, SendResult
from workflows.queues import DELIVERY

SCHEDULE_ID, HOOK_SCHEDULE_ID = "delivery", "hook"

# Ticks that were missed need no making up: the next one sends everything that is due. The server's least is 10 seconds.
_CATCH_UP = timedelta(seconds=10)


async def ensure_delivery_schedule(client: Client, every: timedelta, task_queue: str = DELIVERY) -> None:
    """Makes the schedule, or brings the one that is there to `every` and `task_queue`; by its id, so a repeat is harmless.

    Whether an operator paused it, and their note, stay as they are.
    """
    await _ensure(client, SCHEDULE_ID, _schedule(SCHEDULE_ID, DeliveryWorkflow.run, every, task_queue))


async def ensure_hook_schedule(client: Client, every: timedelta, task_queue: str = DELIVERY) -> None:
    """The same for what another system is told."""
    await _ensure(client, HOOK_SCHEDULE_ID, _schedule(HOOK_SCHEDULE_ID, HookWorkflow.run, every, task_queue))


async def _ensure(client: Client, name: str, wanted: Schedule) -> None:
    def bring_up_to_date(found: ScheduleUpdateInput) -> ScheduleUpdate | None:
        there = found.description.schedule
        if _kind(there) == _kind(wanted):
            return None  # an update would write back the state as read, over a pause that has just been asked for
        return ScheduleUpdate(schedule=replace(wanted, state=there.state))

    try:
        await client.create_schedule(name, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(bring_up_to_date)


def _kind(schedule: Schedule) -> tuple[object, ...]:
    """What two schedules of the delivery can differ in, but for their state."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return (action,)
    every = [interval.every for interval in schedule.spec.intervals]
    return every, schedule.policy, action.workflow, action.task_queue


def _schedule(name: str, run: Callable[..., Awaitable[SendResult]], every: timedelta, task_queue: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(run, id=name, task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
