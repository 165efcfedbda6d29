"""The worker: which workflows and activities run on which task queue, with which limits.

Start it with `python worker.py --role goals --processes 2`, or with `meguri worker`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated

import structlog
import typer
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import logs
from activities.beginning import BeginningActivities
from activities.delivery import Delivery
from activities.gathering import gathering
from activities.handing_over import HandoverActivities
from activities.hook import Hook
from activities.instruction import InstructionActivities
from activities.integrity import LastLook, looking_daily
from activities.launch import LaunchActivities
from activities.recording import RecordingActivities
from activities.reorganisation import LeavingActivities
from activities.settlement import SettlementActivities
from channels.channel import Channel, configured_channels
from channels.compose import Links
from channels.hook import EventHook
from channels.hook_secrets import HookKey
from domain.errors import MeguriError
from domain.values import Locale
from process.health import health
from process.supervision import stop_requested, supervise
from service.connection import Unreachable, connect_database, connect_temporal
from service.delivery import ensure_delivery_schedule, ensure_hook_schedule
from service.search_attributes import register_search_attributes
from settings import Settings
from storage.ledger import Ledger, open_ledger
from storage.migrate import require_current
from texts.say import say, say_with_hint
from workflows.beginning import BeginningWorkflow
from workflows.cycle import CycleWorkflow
from workflows.delivery import DeliveryWorkflow, HookWorkflow
from workflows.goal import GoalWorkflow
from workflows.handing_over import HandoverWorkflow
from workflows.instruction import InstructionWorkflow
from workflows.leaving import LeavingWorkflow
from workflows.queues import BULK, DELIVERY, GOALS

log = structlog.get_logger()

_LEAVE_SECONDS = 15.0  # after the drain, until an activity that is asked to end has ended
_WORK_LEFT = 4  # the exit code after a drain that left work
_MAX_BULK_ACTIVITIES = 4  # fan-outs and launches of different cycles at the same time


class Role(StrEnum):
    """The task queues that a worker serves."""

    GOALS = "goals"  # goal workflows and recording; people wait for these
    BULK = "bulk"  # launches, settlements and instructions of cycles
    DELIVERY = "delivery"  # notices, and events for other systems
    ALL = "all"


# Production runs workflows outside the SDK's sandbox, which costs CPU and memory for every goal. The tests run and replay
# every workflow inside the sandbox, and so find what it would prevent (docs/decisions/0006-sandbox-in-tests.md).
_RUNNER = UnsandboxedWorkflowRunner()


def _workers(  # noqa: PLR0917 - the composition root passes on everything that it opened
    role: Role,
    client: Client,
    engine: AsyncEngine,
    ledger: Ledger,
    settings: Settings,
    channels: Mapping[str, Channel],
) -> list[Worker]:
    recording = RecordingActivities(ledger)
    drain = timedelta(seconds=settings.drain_seconds)
    instruction, leaving = InstructionActivities(engine, client), LeavingActivities(engine, client)
    launch, settlement = LaunchActivities(engine, client), SettlementActivities(engine, client)
    beginning, handing_over = BeginningActivities(engine, client), HandoverActivities(engine, client)
    delivery = Delivery(
        engine, channels, settings.mail_from, daily=settings.digest == "daily", links=Links(settings.public_url)
    )
    makers: dict[Role, Callable[[], Worker]] = {
        Role.GOALS: lambda: Worker(
            client,
            task_queue=GOALS,
            workflows=[GoalWorkflow, BeginningWorkflow, HandoverWorkflow],
            activities=[
                recording.record,
                recording.read_behind,
                beginning.write_begun_goal,
                beginning.start_begun_goal,
                handing_over.hand_goal_over,
                handing_over.follow_successor,
            ],
            workflow_runner=_RUNNER,
            max_cached_workflows=settings.cached_goals,
            max_concurrent_local_activities=settings.database_pool,
            graceful_shutdown_timeout=drain,
        ),
        Role.BULK: lambda: Worker(
            client,
            task_queue=BULK,
            workflows=[CycleWorkflow, InstructionWorkflow, LeavingWorkflow],
            activities=[
                launch.write_goals,
                launch.start_goals,
                launch.retry_failed,
                launch.set_cycle_state,
                settlement.settle_goals,
                instruction.prepare,
                instruction.carry_out,
                instruction.finish,
                leaving.process_leavers,
            ],
            workflow_runner=_RUNNER,
            max_concurrent_activities=_MAX_BULK_ACTIVITIES,
            graceful_shutdown_timeout=drain,
        ),
        Role.DELIVERY: lambda: Worker(
            client,
            task_queue=DELIVERY,
            workflows=[DeliveryWorkflow, HookWorkflow],
            activities=[
                delivery.send_due,
                Hook(
                    engine, _hook_of(settings), _hook_key_of(settings), private_hosts=settings.hook_private_hosts
                ).tell_events,
            ],
            workflow_runner=_RUNNER,
            graceful_shutdown_timeout=drain,
        ),
    }
    return [make() for one, make in makers.items() if role in (one, Role.ALL)]


def _hook_of(settings: Settings) -> EventHook | None:
    """The event hook, if one is configured. Raises `WrongHookSecret` or `WrongHookAddress`."""
    return EventHook(settings.hook_url, settings.hook_secret or "") if settings.hook_url else None


def _hook_key_of(settings: Settings) -> HookKey | None:
    """The key of the receivers' secrets, if one is configured. Raises `WrongHookKey`."""
    return HookKey(settings.hook_key) if settings.hook_key else None


@asynccontextmanager
async def serving(
    settings: Settings, role: Role, client: Client, engine: AsyncEngine, channel: Channel | None = None
) -> AsyncIterator[None]:
    """Runs the workers of the role until the block ends; then they accept no new work and finish what they have begun.

    Notices are sent over `channel`, or over the channels that the settings name. Raises `OtherSchema`.
    """
    await require_current(engine)
    await register_search_attributes(client)
    workers: list[Worker] = []
    last_look = LastLook()  # stays empty in a worker that does not look
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(open_ledger(engine, size=settings.database_pool))
        for one in _workers(
            role,
            client,
            engine,
            ledger,
            settings,
            {channel.name: channel} if channel else configured_channels(settings),
        ):
            await stack.enter_async_context(one)
            workers.append(one)
        if role in (Role.DELIVERY, Role.ALL):
            every = timedelta(seconds=settings.delivery_seconds)
            await ensure_delivery_schedule(client, every, DELIVERY)
            await ensure_hook_schedule(client, every, DELIVERY)
            await stack.enter_async_context(
                gathering(
                    engine,
                    client,
                    quiet_seconds=settings.scim_quiet_seconds,
                    owns=settings.scim_owns,
                    locale=settings.company_locale,
                )
            )
            last_look = await stack.enter_async_context(looking_daily(engine))
        if settings.health_address:
            ready, report = partial(_is_ready, client, engine), lambda: {"tables": last_look.report()}
            await stack.enter_async_context(health(settings.health_address, ready, report))
        log.info("worker_started", role=role, namespace=client.namespace)
        try:
            yield
        finally:
            await _drain(workers, settings.drain_seconds)
    log.info("worker_drained", role=role)


async def _drain(workers: Sequence[Worker], seconds: int) -> None:
    """Shuts the workers down side by side: they accept no new work and finish what they have begun.

    An activity that runs longer is asked to end. If one does not end, this process exits at once and says on which queues it
    left work: Temporal gives that work to another worker, and every write may be repeated.
    """
    ending = {asyncio.create_task(one.shutdown()): one.task_queue for one in workers}
    if not ending:
        return
    _, left = await asyncio.wait(ending, timeout=seconds + _LEAVE_SECONDS)
    if left:
        log.error("worker_left_work", queues=sorted(ending[one] for one in left), drain_seconds=seconds)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_WORK_LEFT)  # the SDK's shutdown waits without a bound, and a cancelled one waits too


async def _is_ready(client: Client, engine: AsyncEngine) -> bool:
    """Whether PostgreSQL and Temporal answer."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return await client.service_client.check_health()


async def work(settings: Settings, role: Role) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises `Unreachable`, `Unprepared`, `OtherSchema`."""
    stop = stop_requested()
    metrics = PrometheusConfig(bind_address=settings.metrics_address) if settings.metrics_address else None
    runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics)) if metrics else None
    engine = await connect_database(settings)
    try:
        client = await connect_temporal(settings, runtime=runtime)
        async with serving(settings, role, client, engine):
            await stop.wait()
    finally:
        await engine.dispose()


def run(role: Role = Role.ALL, processes: int = 1) -> int:
    """Serves until a stop signal; returns the exit code: 0 stopped, 1 not prepared, 3 a server is not reachable.

    If work is left after the drain, the process exits with 4.
    """
    settings = Settings()
    logs.configure(settings)
    try:
        if processes > 1:
            addresses = {
                "MEGURI_HEALTH_ADDRESS": settings.health_address,
                "MEGURI_METRICS_ADDRESS": settings.metrics_address,
            }
            return asyncio.run(supervise([sys.executable, __file__, "--role", role], processes, addresses))
        uvloop.run(work(settings, role))
    except Unreachable as error:
        reason = say(error.message, Locale.EN)
        log.error("server_not_reachable", server=error.server, looked_at=error.looked_at, reason=reason)  # noqa: TRY400 - the reason is logged, a traceback adds nothing
        return 3
    except MeguriError as error:
        log.error("worker_not_prepared", code=error.code, reason=say_with_hint(error.message, Locale.EN))  # noqa: TRY400 - as above
        return 1
    return 0


def main(
    role: Annotated[Role, typer.Option(help="which task queues to serve")] = Role.ALL,
    processes: Annotated[int, typer.Option(min=1, max=64, help="how many processes")] = 1,
) -> None:
    """Carry out goals, cycles and deliveries for the servers that DATABASE_URL and Temporal's settings name."""
    code = run(role, processes)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # on a regular exit, threads of the SDK can abort the interpreter (sdk-python #300)


if __name__ == "__main__":
    typer.run(main)
