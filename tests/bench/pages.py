"""How long the console's pages take in a large company: 20 requests in flight to one web server
for each core, each page by people far apart.

`python -m tests.bench.pages [--goals 300000] [--people 60000] [--entries 3000000] [--requests 400]` fills a database and measures; `--url URL`
measures one that dataset.py has filled with these sizes. Prints a Markdown table: time, size, and CPU of the servers for each page.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

import httpx
import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service.sign_in import SessionLimits, SignIn
from storage.database import open_database
from tests.bench.clicks import web_process
from tests.bench.dataset import ENTRIES, GOALS, HR, PEOPLE, Size
from tests.bench.read_cases import Company
from tests.bench.reads import filled

IN_FLIGHT = 20
BUDGET = 100.0  # milliseconds, 95th percentile
MOST_BYTES = 150_000  # of a page, as it is before compression
_VISITORS = 20  # sessions of each kind


class PageCase(NamedTuple):
    """A page, who looks at it, and its address, with the places of what it is about at each turn."""

    name: str
    visitor: str  # person, manager or hr
    address: str

    def path(self, of: Company, turn: int) -> str:
        return self.address.format(
            cycle=of.cycle,
            goal=of.goal(turn % _VISITORS),
            person=of.person(turn),
            department=quote(of.department(turn)),
        )


CASES = (
    PageCase("today of a person", "person", "/"),
    PageCase("today of a manager", "manager", "/"),
    PageCase("today of HR", "hr", "/"),
    PageCase("an own goal", "person", "/goals/{goal}"),
    PageCase("goals", "hr", "/goals?cycle={cycle}"),
    PageCase("goals of a department", "hr", "/goals?cycle={cycle}&department={department}"),
    PageCase("goals that are overdue", "hr", "/goals?cycle={cycle}&mark=overdue"),
    PageCase("team", "manager", "/team"),
    PageCase("delegations", "manager", "/delegations"),
    PageCase("people", "person", "/people"),
    PageCase("a person", "person", "/people/{person}"),
    PageCase("departments", "person", "/departments"),
    PageCase("tree", "person", "/tree/{cycle}"),
    PageCase("hearing", "person", "/hearing/{cycle}"),
    PageCase("catalogue", "person", "/catalog"),
    PageCase("cycles", "hr", "/cycles"),
    PageCase("board", "hr", "/cycles/{cycle}"),
    PageCase("board of a department", "hr", "/cycles/{cycle}?department={department}"),
    PageCase("calibration", "hr", "/cycles/{cycle}/calibration"),
    PageCase("instructions", "hr", "/instructions"),
    PageCase("preferences", "person", "/preferences"),
)


class _At(NamedTuple):
    """Where the web server finds its servers. Pages need Temporal for changes only."""

    database_url: str
    temporal_address: str = "127.0.0.1:1"


class _Reader:
    """One browser's connection that is kept open. It spends next to no CPU, which would be missing on the servers' cores."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, cookie: str) -> tuple[int, int]:
        """The status and the number of bytes of the page."""
        reader, writer = self._streams = self._streams or await asyncio.open_connection(*self._address)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = int(head.lower().partition("content-length: ")[2].split()[0])
        await reader.readexactly(size)
        return int(head.split()[1]), size

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Servers(NamedTuple):
    """The web servers, one for each core as in production, and PostgreSQL."""

    addresses: list[tuple[str, int]]
    web: list[psutil.Process]
    postgres: psutil.Process

    def cpu(self) -> tuple[float, float]:
        """Milliseconds of the web servers, and of PostgreSQL with its connections, up to now."""
        return _cpu(self.web), _cpu([self.postgres, *self.postgres.children()])


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in processes) * 1000


async def measure(servers: Servers, case: PageCase, of: Company, cookies: list[str], requests: int) -> str:
    turns, took, sizes = itertools.count(), list[float](), list[int]()

    async def look(reader: _Reader, most: int) -> None:
        while (turn := next(turns)) < most:
            path, started = case.path(of, turn), time.perf_counter()
            status, size = await reader.get(path, cookies[turn % len(cookies)])
            took.append((time.perf_counter() - started) * 1000)
            sizes.append(size)
            if status != 200:
                raise SystemExit(f"{case.name}: {status} at {path}")

    readers = [_Reader(servers.addresses[n % len(servers.addresses)]) for n in range(IN_FLIGHT)]
    await asyncio.gather(*(look(one, 2 * IN_FLIGHT) for one in readers))  # warms up
    for one in readers:
        one.close()
    turns, took, sizes = itertools.count(), [], []
    before = servers.cpu()
    await asyncio.gather(*(look(one, requests) for one in readers))
    web, database = ((now - then) / requests for now, then in zip(servers.cpu(), before, strict=True))
    for one in readers:
        one.close()
    p95, largest = statistics.quantiles(took, n=20)[-1], max(sizes)
    verdict = "met" if p95 <= BUDGET and largest <= MOST_BYTES else "not met"
    return (
        f"| {case.name} | {statistics.median(took):.0f} ms | {p95:.0f} ms | {web:.1f} + {database:.1f} ms "
        f"| {largest / 1000:.0f} kB | {verdict} |"
    )


HEADS = "| page | median | 95th percentile | CPU web + PostgreSQL | largest | budget |\n|---|---|---|---|---|---|"


async def measure_all(url: str, size: Size, requests: int) -> AsyncIterator[str]:
    engine, of = open_database(url), Company(size)
    visitors: dict[str, list[str]] = {
        "person": [of.person(n) for n in range(_VISITORS)], "manager": [of.manager(n) for n in range(_VISITORS)], "hr": [*HR[:1]],
    }  # fmt: skip
    cookies = {kind: [await session_cookie(engine, one) for one in people] for kind, people in visitors.items()}
    async with _serving(url, engine) as servers:
        for case in CASES:
            yield await measure(servers, case, of, cookies[case.visitor], requests)
    await engine.dispose()


@asynccontextmanager
async def _serving(url: str, engine: AsyncEngine) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(web_process(_At(url))) for _ in range(os.cpu_count() or 1)]
        async with engine.connect() as connection:
            backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        postmaster = psutil.Process(backend).parent()
        if postmaster is None:
            raise SystemExit("PostgreSQL must run on this machine, as its CPU is measured.")
        addresses = [(api.base_url.host, api.base_url.port or 80) for api, _ in started]
        yield Servers(addresses, [process for _, process in started], postmaster)


@asynccontextmanager
async def served(url: str) -> AsyncIterator[tuple[httpx.AsyncClient, psutil.Process]]:
    async with web_process(_At(url)) as (api, process):
        site = str(api.base_url).removesuffix("/api/v1/")
        async with httpx.AsyncClient(base_url=site, timeout=60, limits=httpx.Limits(max_connections=IN_FLIGHT)) as web:
            yield web, process


async def session_cookie(engine: AsyncEngine, person: str) -> str:
    limits = SessionLimits(timedelta(hours=8), timedelta(hours=8))
    return f"meguri-session={await SignIn(engine, limits).choose(person, None, datetime.now(UTC))}"


async def main(url: str | None, size: Size, requests: int) -> None:
    print(
        f"{size.goals} goals of {size.people} people, {size.entries} entries; {IN_FLIGHT} in flight, {os.cpu_count()} cores\n"
    )
    print(HEADS, flush=True)
    if url is None:
        async with filled(size) as made:
            async for row in measure_all(made, size, requests):
                print(row, flush=True)
        return
    async for row in measure_all(url, size, requests):
        print(row, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of a database that is filled already")
    parser.add_argument("--goals", type=int, default=GOALS)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--requests", type=int, default=400, help="for each page")
    asked = parser.parse_args()
    asyncio.run(main(asked.url, Size(asked.goals, asked.people, asked.entries), asked.requests))
    sys.stdout.flush()
    os._exit(0)
