"""The worker process of the bench: Meguri's goals and cycles, and the bare workflow, side by side. Started by bench.py."""

import asyncio
import os
import sys

import asyncpg
import uvloop
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import logs
from service.connection import connect_database, connect_temporal
from settings import Settings
from tests.bench.bare import QUEUE, TABLE, BareActivities, BareWorkflow
from worker import Role, serving


async def main() -> None:
    settings = Settings()
    logs.configure(settings)
    engine = await connect_database(settings)
    client = await connect_temporal(settings)
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with asyncpg.create_pool(url, min_size=0, max_size=settings.database_pool) as pool:
        await pool.execute(TABLE)
        bare = Worker(
            client,
            task_queue=QUEUE,
            workflows=[BareWorkflow],
            activities=[BareActivities(pool).commit_one_row],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_concurrent_local_activities=settings.database_pool,
        )
        async with serving(settings, Role.GOALS, client, engine), serving(settings, Role.BULK, client, engine), bare:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)  # the bench closes it when it is done
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    uvloop.run(main())  # as worker.py does
