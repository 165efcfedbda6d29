"""What Meguri costs over bare Temporal: ratios measured in one run, on the same servers, in turns (docs/performance.md).

`make bench` runs it; `--rounds`, `--goals` and `--memory-goals` set its size. Prints a Markdown table.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.goal import commands as ask
from domain.values import CycleId, EmployeeId, GoalId
from embedded.stack import running
from service.connection import connect_temporal
from service.cycles import Cycles
from service.people import People
from settings import Settings
from storage.database import open_database
from storage.migrate import upgrade
from tests.bench.bare import QUEUE, BareWorkflow
from tests.callers import OPERATOR
from tests.desk import Desk
from workflows.goal import GoalResult, goal_workflow_id

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
        self.cycles, self.goals = Cycles(engine, client), Desk(engine, client)
        self.today = datetime.now(UTC).date()

    async def hire(self, size: int) -> None:
        """A department of `size` people below one manager."""
        rows = ["id,name,department,manager", "H1,H1,HR,", "H2,H2,HR,H1", f"M{size},M,MGMT,H1"]
        rows += [f"E{size}-{n},P,D{size},M{size}" for n in range(size)]
        done = await People(self.engine).import_file(OPERATOR, "\n".join(rows).encode())
        if done.imported is None:
            raise RuntimeError(str(done.findings))

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

    async def bare_starts(self, size: int) -> tuple[list[str], float]:
        ids = [f"bare/{uuid.uuid4().hex}" for _ in range(size)]

        async def start(one: str) -> None:
            await self.client.start_workflow(BareWorkflow.run, id=one, task_queue=QUEUE)

        return ids, await _rate(start, ids, STARTS_AT_ONCE)

    async def bare_updates(self, ids: Sequence[str]) -> float:
        async def touch(one: str) -> None:
            await self.client.get_workflow_handle(one).execute_update(BareWorkflow.touch)

        return await _rate(touch, ids, UPDATES_AT_ONCE)

    async def give_all(self, goals: Sequence[GoalId], command: Callable[[GoalId], ask.Command]) -> float:
        async def give(one: GoalId) -> None:
            await self.goals.give(one, command(one))

        return await _rate(give, goals, UPDATES_AT_ONCE)


async def _rate(call: Callable[[Any], Awaitable[None]], items: Sequence[Any], at_once: int) -> float:
    """Calls per second, with `at_once` of them under way."""
    room = asyncio.Semaphore(at_once)

    async def one(item: Any) -> None:
        async with room:
            await call(item)

    started = time.perf_counter()
    await asyncio.gather(*(one(item) for item in items))
    return len(items) / (time.perf_counter() - started)


def _owner(goal: GoalId) -> EmployeeId:
    return EmployeeId(goal.split("/")[1])


def _submit(goal: GoalId) -> ask.Command:
    return ask.Submit(actor=_owner(goal))


def _approve(actor: str, seen: int = 2) -> Callable[[GoalId], ask.Command]:
    return lambda _: ask.Approve(actor=EmployeeId(actor), expected_seq=seen)


def _goals(cycle: CycleId, size: int) -> list[GoalId]:
    return [GoalId(f"{cycle}/E{size}-{n}/1") for n in range(size)]


async def measure_rates(bench: Bench, rounds: int, size: int) -> dict[str, list[tuple[float, float]]]:
    """Pairs (Meguri, bare) per second, in turns; the server drains before each."""
    launches, first_stage, last_stage = [], [], []
    await bench.hire(size)
    for round_number in range(rounds + 1):  # the first warms up
        cycle, launched = await bench.launch(size, stages=2)
        await asyncio.sleep(DRAIN_SECONDS)
        bare, started = await bench.bare_starts(size)
        await bench.bare_updates(bare)  # first tasks are done behind this
        goals = _goals(cycle, size)
        await bench.give_all(goals, _submit)
        await asyncio.sleep(DRAIN_SECONDS)
        first = await bench.give_all(goals, _approve(f"M{size}"))
        await asyncio.sleep(DRAIN_SECONDS)
        touched = await bench.bare_updates(bare)
        await asyncio.sleep(DRAIN_SECONDS)
        last = await bench.give_all(goals, _approve("H1", seen=3))
        for one in bare:
            await bench.client.get_workflow_handle(one).signal(BareWorkflow.end)
        if round_number:
            launches.append((launched, started))
            first_stage.append((first, touched))
            last_stage.append((last, touched))
    return {"launch": launches, "first": first_stage, "last": last_stage}


async def measure_lifecycle(bench: Bench, *, self_review: bool) -> tuple[int, int]:
    """Events and bytes of: submit, approve, 3 steps, 2 reviews, close."""
    size = 1
    await bench.hire(size)
    cycle, _ = await bench.launch(size, self_review=self_review)
    goal, manager = _goals(cycle, size)[0], EmployeeId(f"M{size}")
    owner = _owner(goal)

    async def review(verdict: Any) -> None:
        await bench.goals.give(goal, ask.CallReview(actor=owner, reason="r"))
        if self_review:
            await bench.goals.give(goal, ask.SubmitSelfReview(actor=owner, went_well="w"))
        seq = (await bench.goals.require(goal)).seq
        await bench.goals.give(goal, ask.DecideReview(actor=manager, verdict=verdict, expected_seq=seq))

    await bench.goals.give(goal, _submit(goal))
    await bench.goals.give(goal, ask.Approve(actor=manager, expected_seq=2))
    for n in range(3):
        await bench.goals.give(goal, ask.CompleteStep(actor=owner, step=n))
    await review("continue")
    await review("achieved")
    handle = bench.client.get_workflow_handle(goal_workflow_id(goal), result_type=GoalResult)
    await handle.result()
    history = await handle.fetch_history()
    return len(history.events), sum(event.ByteSize() for event in history.events)


async def measure_memory(bench: Bench, worker: psutil.Process, size: int) -> tuple[float, float, float]:
    """Megabytes that `size` open goals add to the worker; approvals per second of goals it forgot, and of those it holds."""
    await bench.hire(size)
    cycle, _ = await bench.launch(size)
    before = worker.memory_info().rss
    goals = _goals(cycle, size)
    await bench.give_all(goals, _submit)
    added = (worker.memory_info().rss - before) / 1e6
    held = goals[-300:]
    forgotten = goals[: min(1500, size - 1300)] or goals[:1]
    await asyncio.sleep(DRAIN_SECONDS)
    warm = await bench.give_all(held, _approve(f"M{size}"))
    await asyncio.sleep(DRAIN_SECONDS)
    cold = await bench.give_all(forgotten, _approve(f"M{size}"))
    return added, cold, warm


@asynccontextmanager
async def _process(database_url: str, temporal_address: str) -> AsyncIterator[psutil.Process]:
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


def _ratio_row(name: str, budget: str, pairs: list[tuple[float, float]]) -> str:
    ratios = sorted(ours / bare for ours, bare in pairs)
    ours, bare = (statistics.median(values) for values in zip(*pairs, strict=True))
    return (
        f"| {name} | {budget} | **{statistics.median(ratios):.2f}** ({ratios[0]:.2f}-{ratios[-1]:.2f}, {len(ratios)} runs) "
        f"| {ours:.0f}/s against {bare:.0f}/s |"
    )


async def main(rounds: int, size: int, memory_size: int) -> None:
    with tempfile.TemporaryDirectory(prefix="meguri-bench-") as folder:
        async with running(Path(folder), ui=False) as at:
            await upgrade(at.database_url)
            engine = open_database(at.database_url)
            client = await connect_temporal(Settings(), at=at.temporal_address)
            bench = Bench(engine, client)
            async with _process(at.database_url, at.temporal_address) as worker:
                rates = await measure_rates(bench, rounds, size)
                full = await measure_lifecycle(bench, self_review=True)
                short = await measure_lifecycle(bench, self_review=False)
            async with _process(at.database_url, at.temporal_address) as worker:
                added, cold, warm = await measure_memory(bench, worker, memory_size)
            await engine.dispose()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {size} goals a run\n")
    print("| what | budget | measured: median (least-most) | rates |\n|---|---|---|---|")
    print(_ratio_row("launch: goals ready per second ÷ bare starts acknowledged", "≥ 0.9", rates["launch"]))
    print(_ratio_row("sign-off, first of two stages (the state stays) ÷ bare updates", "≥ 0.75", rates["first"]))
    print(_ratio_row("sign-off, last stage (the state changes) ÷ bare updates", "≥ 0.75", rates["last"]))
    print(
        f"| one lifecycle, reviews with self-review | ≤ 50 events, ≤ 7 kB | {full[0]} events, {full[1] / 1000:.1f} kB | |"
    )
    print(f"| one lifecycle, reviews without | ≤ 50 events, ≤ 7 kB | {short[0]} events, {short[1] / 1000:.1f} kB | |")
    print(
        f"| worker memory, {memory_size} open goals | ≤ {memory_size * 0.015:.0f} MB, approvals ≥ 0.8 of their rate "
        f"| {added:.0f} MB, {cold / warm:.2f} | {cold:.0f}/s of forgotten goals, {warm:.0f}/s of held ones |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--goals", type=int, default=500)
    parser.add_argument("--memory-goals", type=int, default=3000)
    asked = parser.parse_args()
    asyncio.run(main(asked.rounds, asked.goals, asked.memory_goals))
    sys.stdout.flush()
    os._exit(0)
