"""How long lists and pages take in a large company: 20 readers at once, each read on a connection and a snapshot of its own.

`python -m tests.bench.reads [--goals 300000] [--people 60000] [--entries 3000000] [--seconds 5]` fills a database and measures;
`--url URL` measures one that dataset.py has filled with these sizes. Prints a Markdown table.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded import postgres
from storage.database import open_database, read_transaction
from storage.migrate import upgrade
from tests.bench.dataset import ENTRIES, GOALS, PEOPLE, Size, fill
from tests.bench.read_cases import CASES, Case, Company

READERS = 20
BUDGET = 100.0  # milliseconds, 95th percentile


class Measured(NamedTuple):
    """Milliseconds of one reader alone and of 20 at once; milliseconds of CPU per read, which other work hardly changes."""

    alone: float
    median: float
    p95: float
    client_cpu: float
    database_cpu: float


async def measure(engine: AsyncEngine, case: Case, company: Company, seconds: float) -> Measured:
    turns = itertools.count()
    await _read_until(engine, case, company, turns, time.perf_counter() + seconds / 10)  # warms up
    alone = await _read_until(engine, case, company, turns, time.perf_counter() + seconds / 5)
    servers = await _servers(engine)
    client, database = time.process_time(), _cpu(servers)
    until = time.perf_counter() + seconds
    took = await asyncio.gather(*(_read_until(engine, case, company, turns, until) for _ in range(READERS)))
    together = [one for each in took for one in each]
    return Measured(
        alone=statistics.median(alone),
        median=statistics.median(together),
        p95=statistics.quantiles(together, n=20)[-1],
        client_cpu=(time.process_time() - client) * 1000 / len(together),
        database_cpu=(_cpu(servers) - database) * 1000 / len(together),
    )


async def _servers(engine: AsyncEngine) -> list[psutil.Process]:
    """The processes that serve the readers, each with its connection open."""
    connections = [await engine.connect() for _ in range(READERS)]
    pids = [(await one.execute(text("SELECT pg_backend_pid()"))).scalar_one() for one in connections]
    for one in connections:
        await one.close()
    return [psutil.Process(pid) for pid in pids]


def _cpu(processes: list[psutil.Process]) -> float:
    """Seconds of CPU up to now."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)


async def _read_until(
    engine: AsyncEngine, case: Case, company: Company, turns: "itertools.count[int]", until: float
) -> list[float]:
    """Reads one after the other; milliseconds of each, at least one."""
    took: list[float] = []
    while not took or time.perf_counter() < until:
        started = time.perf_counter()
        async with read_transaction(engine) as connection:
            await case.read(connection, company, next(turns))
        took.append((time.perf_counter() - started) * 1000)
    return took


@asynccontextmanager
async def filled(size: Size) -> AsyncIterator[str]:
    """The URL of a database of that size on a PostgreSQL of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="meguri-bench-") as folder:
        async with postgres.running(Path(folder).resolve(), durable=False) as url:
            await upgrade(url)
            engine = open_database(url)
            await fill(engine, size)
            await engine.dispose()
            yield url


HEADS = "| read | one reader | 20 readers: median | 95th percentile | CPU client + PostgreSQL | budget |\n|---|---|---|---|---|---|"


async def measure_all(url: str, size: Size, seconds: float) -> AsyncIterator[str]:
    """The rows of the table, one by one."""
    engine = open_database(url, pool=READERS)
    for case in CASES:
        took = await measure(engine, case, Company(size), seconds)
        verdict = "met" if took.p95 <= BUDGET else "not met"
        yield (
            f"| {case.name} | {took.alone:.1f} ms | {took.median:.0f} ms | {took.p95:.0f} ms "
            f"| {took.client_cpu:.1f} + {took.database_cpu:.1f} ms | {BUDGET:.0f} ms: {verdict} |"
        )
    await engine.dispose()


async def measure_filled(size: Size, seconds: float) -> list[str]:
    """The table of a company that is written for it."""
    async with filled(size) as url:
        return [HEADS, *[row async for row in measure_all(url, size, seconds)]]


async def main(url: str | None, size: Size, seconds: float) -> None:
    print(
        f"{size.goals} goals of {size.people} people, {size.entries} entries; {READERS} readers, {os.cpu_count()} cores\n"
    )
    if url is None:
        print(*await measure_filled(size, seconds), sep="\n")
        return
    print(HEADS)
    async for row in measure_all(url, size, seconds):
        print(row, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of a database that is filled already")
    parser.add_argument("--goals", type=int, default=GOALS)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each read")
    asked = parser.parse_args()
    asyncio.run(main(asked.url, Size(asked.goals, asked.people, asked.entries), asked.seconds))
    sys.stdout.flush()
    os._exit(0)
