"""The worker process of the bench: Meguri's goals and cycles, and the bare workflow, side by side. Started by bench.py."""

import asyncio
import os
import sys

from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import logs
from service.connection import connect_database, connect_temporal
from settings import Settings
from tests.bench.bare import QUEUE, BareWorkflow
from worker import Role, serving


async def main() -> None:
    settings = Settings()
    logs.configure(settings)
    engine = await connect_database(settings)
    client = await connect_temporal(settings)
    bare = Worker(client, task_queue=QUEUE, workflows=[BareWorkflow], workflow_runner=UnsandboxedWorkflowRunner())
    async with serving(settings, Role.GOALS, client, engine), serving(settings, Role.BULK, client, engine), bare:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)  # the bench closes it when it is done
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
