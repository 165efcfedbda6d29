"""How the servers and workers are, for system administrators. What does not answer in a moment is reported as such: nothing here waits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

from domain import access
from domain.access import Action, Caller
from domain.errors import MeguriError
from domain.roles import CompanyRole
from domain.values import Frozen, Moment
from service.relations import relations_to_company, system_relations
from storage import roles
from storage.database import read_transaction
from storage.health import database_state
from workflows.queues import BULK, DELIVERY, GOALS

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

_SECONDS = 3.0  # for a server to answer


class DatabaseHealth(Frozen):
    """PostgreSQL, which answered; `millis`: how long that took."""

    version: str
    size: int  # bytes
    millis: int


class QueueHealth(Frozen):
    """Workers that ask for work of a task queue; `seen_at`: when the last one did. `workers` None: Temporal does not say."""

    queue: str
    workers: int | None
    seen_at: Moment | None


class TemporalHealth(Frozen):
    """Temporal. `answers` False: it cannot be reached, or not in time."""

    answers: bool
    namespace: str | None = None
    version: str | None = None
    queues: tuple[QueueHealth, ...] = ()


class Health(Frozen):
    database: DatabaseHealth
    temporal: TemporalHealth


async def read_health(
    engine: "AsyncEngine", connect: "Callable[[], Awaitable[Client]]", caller: Caller, seconds: float = _SECONDS
) -> Health:
    """How PostgreSQL, Temporal and the workers are. Raises a `Refusal` for a caller without permission.

    `seconds`: how long Temporal has to answer.
    """
    begun = perf_counter()
    async with read_transaction(engine) as connection:
        held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
        access.require(caller, Action.SEE_HEALTH, held, await roles.active(connection, CompanyRole.SYSTEM))
        version, size = await database_state(connection)
    database = DatabaseHealth(version=version, size=size, millis=round((perf_counter() - begun) * 1000))
    return Health(database=database, temporal=await _temporal(connect, seconds))


async def _temporal(connect: "Callable[[], Awaitable[Client]]", seconds: float) -> TemporalHealth:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest
    from temporalio.service import RPCError

    try:
        async with asyncio.timeout(seconds):
            client = await connect()
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
            system = await client.workflow_service.get_system_info(GetSystemInfoRequest())
            queues = await asyncio.gather(*(_queue(client, one) for one in (GOALS, BULK, DELIVERY)))
    except (MeguriError, RPCError, TimeoutError, OSError):
        return TemporalHealth(answers=False)
    return TemporalHealth(
        answers=True, namespace=client.namespace, version=system.server_version or None, queues=tuple(queues)
    )


async def _queue(client: "Client", queue: str) -> QueueHealth:
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
    from temporalio.service import RPCError

    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        found = await client.workflow_service.describe_task_queue(asked, timeout=timedelta(seconds=_SECONDS))
    except RPCError:
        return QueueHealth(queue=queue, workers=None, seen_at=None)
    seen = [one.last_access_time.ToDatetime(UTC) for one in found.pollers]
    return QueueHealth(queue=queue, workers=len({one.identity for one in found.pollers}), seen_at=_latest(seen))


def _latest(seen: list[datetime]) -> datetime | None:
    return max(seen, default=None)
