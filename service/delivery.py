"""The Temporal schedules of the delivery and of the event hook."""

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

# Missed runs are not caught up: the next run sends everything that is due. 10 seconds is the server's minimum.
_CATCH_UP = timedelta(seconds=10)


async def ensure_delivery_schedule(client: Client, every: timedelta, task_queue: str = DELIVERY) -> None:
    """Creates the schedule, or updates it to `every` and `task_queue`. Keyed by its id, so a repeat is harmless.

    A pause that an operator set, with its note, is kept.
    """
    await _ensure(client, SCHEDULE_ID, _schedule(SCHEDULE_ID, DeliveryWorkflow.run, every, task_queue))


async def ensure_hook_schedule(client: Client, every: timedelta, task_queue: str = DELIVERY) -> None:
    """The same for the schedule of the event hook."""
    await _ensure(client, HOOK_SCHEDULE_ID, _schedule(HOOK_SCHEDULE_ID, HookWorkflow.run, every, task_queue))


async def _ensure(client: Client, name: str, wanted: Schedule) -> None:
    def updated(found: ScheduleUpdateInput) -> ScheduleUpdate | None:
        current = found.description.schedule
        if _configuration(current) == _configuration(wanted):
            return None  # an update would overwrite a pause that an operator sets at the same time
        return ScheduleUpdate(schedule=replace(wanted, state=current.state))

    try:
        await client.create_schedule(name, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(updated)


def _configuration(schedule: Schedule) -> tuple[object, ...]:
    """Everything in which two schedules can differ, except their state."""
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
