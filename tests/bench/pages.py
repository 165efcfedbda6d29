"""How long the console's pages take in a large company: 20 requests in flight to one web server, each page by people far apart.

`python -m tests.bench.pages [--goals 300000] [--people 60000] [--entries 3000000] [--requests 400]` fills a database and measures; `--url URL`
measures one that dataset.py has filled with these sizes. Prints a Markdown table: time, size, and CPU of the web server for each page.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

import httpx
import psutil
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


async def measure(  # noqa: PLR0917 - what is measured, and how
    web: httpx.AsyncClient, process: psutil.Process, case: PageCase, of: Company, cookies: list[str], requests: int
) -> str:
    turns, took, sizes = itertools.count(), list[float](), list[int]()

    async def look() -> None:
        while (turn := next(turns)) < requests:
            started = time.perf_counter()
            answer = await web.get(case.path(of, turn), headers={"Cookie": cookies[turn % len(cookies)]})
            took.append((time.perf_counter() - started) * 1000)
            sizes.append(len(answer.content))
            if answer.status_code != 200:
                raise SystemExit(f"{case.name}: {answer.status_code} at {case.path(of, turn)}")

    await web.get(case.path(of, 0), headers={"Cookie": cookies[0]})  # warms up
    before = sum(process.cpu_times()[:2])
    await asyncio.gather(*(look() for _ in range(IN_FLIGHT)))
    cpu = (sum(process.cpu_times()[:2]) - before) * 1000 / requests
    p95, largest = statistics.quantiles(took, n=20)[-1], max(sizes)
    verdict = "met" if p95 <= BUDGET and largest <= MOST_BYTES else "not met"
    return f"| {case.name} | {statistics.median(took):.0f} ms | {p95:.0f} ms | {cpu:.1f} ms | {largest / 1000:.0f} kB | {verdict} |"


HEADS = "| page | median | 95th percentile | CPU of the web server | largest | budget |\n|---|---|---|---|---|---|"


async def measure_all(url: str, size: Size, requests: int) -> AsyncIterator[str]:
    engine, of = open_database(url), Company(size)
    visitors: dict[str, list[str]] = {
        "person": [of.person(n) for n in range(_VISITORS)], "manager": [of.manager(n) for n in range(_VISITORS)], "hr": [*HR[:1]],
    }  # fmt: skip
    cookies = {kind: [await session_cookie(engine, one) for one in people] for kind, people in visitors.items()}
    async with served(url) as (web, process):
        for case in CASES:
            yield await measure(web, process, case, of, cookies[case.visitor], requests)
    await engine.dispose()


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
