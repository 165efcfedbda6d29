"""A company for the bench: people, cycles, commands to many goals at one time, and the worker's process."""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.goal import commands
from domain.goal.goal import Goal
from domain.people.people_file import read_people
from domain.values import CycleId, EmployeeId, GoalId
from storage.people import replace_directory
from tests.bench.bare import QUEUE, BareWorkflow
from tests.desk import CycleDesk, GoalDesk
from tests.salts import fresh_seed
from workflows.goal import GoalStart, attributes_of

STARTS_AT_ONCE = 32
UPDATES_AT_ONCE = 48
DRAIN_SECONDS = 3.0

_CYCLE = """
[cycle]
id = "{id}"
name = "bench"
starts = {today}
ends = {ends}
closes = {closes}
reviews = []
hr = ["H1", "H2"]
departments = ["D{size}"]
[policy]
approval_stages = {stages}
self_review = {self_review}
[[drafts]]
theme = "経費処理の効率化"
challenge = "締めの作業が月初に集中している"
measure = {{ kind = "numeric", name = "清算完了までの平均日数", unit = "日", direction = "down", baseline = 10, target = 7 }}
steps = [
    {{ title = "課題を挙げる", due = {ends} }},
    {{ title = "試す", due = {ends} }},
    {{ title = "広げる", due = {ends} }},
]
"""


class Bench:
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self.engine, self.client = engine, client
        self.cycles, self.goals = CycleDesk(engine, client), GoalDesk(engine, client)
        self.today = datetime.now(UTC).date()

    async def hire(self, size: int, top: str = "") -> None:
        """A department of `size` people below one manager; `top`: who leads the company, if it has people already."""
        rows = ["id,name,department,manager", f"H1,H1,HR,{top}", "H2,H2,HR,H1", f"M{size},M,MGMT,H1"]
        rows += [f"E{size}-{n},P,D{size},M{size}" for n in range(size)]
        # Into the table: an import is refused while a cycle is open, and a sync would be measured with the launch.
        await replace_directory(self.engine, read_people("\n".join(rows).encode()).employees)

    async def launch(self, size: int, *, stages: int = 1, self_review: bool = True) -> tuple[CycleId, float]:
        """Launches a cycle for the department; its id and goals per second until all are addressable."""
        cycle = CycleId(f"b{uuid.uuid4().hex[:10]}")
        file = _CYCLE.format(
            id=cycle,
            today=self.today,
            ends=self.today + timedelta(days=90),
            closes=self.today + timedelta(days=100),
            size=size,
            stages=stages,
            self_review=str(self_review).lower(),
        )
        checked = await self.cycles.check(file.encode(), self.today)
        started = time.perf_counter()
        await self.cycles.launch(checked, EmployeeId("H1"), datetime.now(UTC))
        while (await self.cycles.status(cycle, datetime.now(UTC))).participants.get("started", 0) < size:  # noqa: ASYNC110 - another process launches; the database tells
            await asyncio.sleep(0.1)
        return cycle, size / (time.perf_counter() - started)

    async def bare_starts(self, like: Goal, size: int) -> tuple[list[str], float]:
        """Starts bare workflows with the attributes and the input of a goal; their ids, and starts per second."""
        ids = [f"bare/{uuid.uuid4().hex}" for _ in range(size)]
        start_with = GoalStart(goal=like, seed=fresh_seed()).model_dump(mode="json", exclude_none=True)

        async def start(one: str) -> None:
            await self.client.start_workflow(
                BareWorkflow.run, start_with, id=one, task_queue=QUEUE, search_attributes=attributes_of(like)
            )

        return ids, await rate(start, ids, STARTS_AT_ONCE)

    async def bare_updates(self, ids: Sequence[str], *, commit: bool = False) -> float:
        """Updates per second: without an effect, or each with a commit of one row."""
        update = BareWorkflow.commit if commit else BareWorkflow.touch

        async def touch(one: str) -> None:
            await self.client.get_workflow_handle(one).execute_update(update)

        return await rate(touch, ids, UPDATES_AT_ONCE)

    async def give_all(self, goals: Sequence[GoalId], command: Callable[[GoalId], commands.Command]) -> float:
        async def give(one: GoalId) -> None:
            await self.goals.give(one, command(one))

        return await rate(give, goals, UPDATES_AT_ONCE)


async def rate(call: Callable[[Any], Awaitable[None]], items: Sequence[Any], at_once: int) -> float:
    """Calls per second, with `at_once` of them under way."""
    room = asyncio.Semaphore(at_once)

    async def one(item: Any) -> None:
        async with room:
            await call(item)

    started = time.perf_counter()
    await asyncio.gather(*(one(item) for item in items))
    return len(items) / (time.perf_counter() - started)


def owner_of(goal: GoalId) -> EmployeeId:
    return EmployeeId(goal.split("/")[1])


def submit(goal: GoalId) -> commands.Command:
    return commands.Submit(actor=owner_of(goal))


def approve(actor: str, seen: int = 2) -> Callable[[GoalId], commands.Command]:
    return lambda _: commands.Approve(actor=EmployeeId(actor), expected_seq=seen)


def goals_of(cycle: CycleId, size: int) -> list[GoalId]:
    return [GoalId(f"{cycle}/E{size}-{n}/1") for n in range(size)]


@asynccontextmanager
async def worker_process(database_url: str, temporal_address: str) -> AsyncIterator[psutil.Process]:
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal_address,
        "MEGURI_LOG_LEVEL": "error",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.bench_worker",
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the worker has no pipes")
    try:
        if await child.stdout.readline() != b"ready\n":
            raise RuntimeError("the worker did not start")
        yield psutil.Process(child.pid)
    finally:
        child.stdin.close()
        await child.wait()
