"""Approvals on DBOS (another engine of durable workflows, inside PostgreSQL), measured as those of Meguri are.

`dbos` is installed by `make bench` alone. It gets the same PostgreSQL server, and one process for its workflows.
"""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import psutil
from dbos import DBOSClient
from sqlalchemy import make_url

from tests.bench.company import UPDATES_AT_ONCE, rate

_DATABASE = "dbos"
_DONE = "SELECT count(*) FROM dbos_goal WHERE starts_with(id, $1) AND state = 'active'"
_WAITING = "SELECT count(*) FROM dbos_goal WHERE starts_with(id, $1)"
_LOOK_SECONDS = 0.05


class DbosApprovals:
    """`process` runs the workflows; this one sends the approvals and reads what was done."""

    def __init__(self, process: psutil.Process, pipes: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self._pipes, self._url = pipes, url
        self._client = DBOSClient(system_database_url=url, system_database_pool_size=10)

    async def submit(self, size: int, body: str) -> list[str]:
        """Starts `size` goals with `body` (JSON), and waits until each waits for its approval; their ids."""
        prefix = uuid.uuid4().hex[:10]
        await self._tell(f"{prefix}\t{size}\t{body}")
        await self._until(_WAITING, prefix, size)
        return [f"{prefix}-{n}" for n in range(size)]

    async def approve(self, goals: list[str], body: str) -> float:
        """Approves the goals; how many per second, until the last one is active."""
        started = time.perf_counter()

        async def send(goal: str) -> None:
            await self._client.send_async(goal, body, "approval")

        await rate(send, goals, UPDATES_AT_ONCE)
        await self._until(_DONE, goals[0].split("-", maxsplit=1)[0], len(goals))
        return len(goals) / (time.perf_counter() - started)

    async def _tell(self, line: str) -> None:
        if self._pipes.stdin is None or self._pipes.stdout is None:
            raise RuntimeError("the process of DBOS has no pipes")
        self._pipes.stdin.write(f"{line}\n".encode())
        await self._pipes.stdin.drain()
        if await self._pipes.stdout.readline() != b"started\n":
            raise RuntimeError("the process of DBOS did not start its workflows")

    async def _until(self, count: str, prefix: str, size: int) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while await connection.fetchval(count, prefix) < size:  # noqa: ASYNC110 - another process works; the database tells
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await connection.close()


@asynccontextmanager
async def dbos_process(database_url: str) -> AsyncIterator[DbosApprovals]:
    """DBOS on a database of its own, on the server of `database_url`."""
    url = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(f"CREATE DATABASE {_DATABASE}")
    await connection.close()
    own = url.set(database=_DATABASE).render_as_string(hide_password=False)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.dbos_worker",
        env=os.environ | {"DATABASE_URL": own},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if child.stdin is None or child.stdout is None or await child.stdout.readline() != b"ready\n":
        raise RuntimeError("the process of DBOS did not start")
    try:
        yield DbosApprovals(psutil.Process(child.pid), child, own)
    finally:
        child.stdin.close()
        await child.wait()
