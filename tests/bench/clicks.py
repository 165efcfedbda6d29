"""What the API costs: people who click through it for minutes, and each kind of click beside the same operation of `service/`.

`python -m tests.bench.bench --only clicks [--clickers 200] [--click-minutes 5] [--pause 4]`. The web server, the worker and both servers
are processes of their own, as in `docker compose`; the people share this one.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import httpx
import psutil

from domain.values import GoalId
from embedded.addresses import Addresses
from service.giving import Goals, Request
from service.goals import GoalReads
from service.inbox import Inbox
from service.tokens import ApiTokens
from tests.bench.company import Bench, goals_of, owner_of
from tests.callers import by
from web.serving import listen

_ROUNDS, _IN_A_ROUND = 10, 30  # of each kind of click, by the API and by service/ in turns

Call = Callable[[], Awaitable[None]]


class Click(NamedTuple):
    kind: str
    milliseconds: float
    status: int


class Person:
    """Somebody at a browser: looks at what waits, opens it, and does it; then looks at a list."""

    def __init__(self, web: httpx.AsyncClient, token: str, goal: GoalId | None) -> None:
        self._web, self._headers, self._goal = web, {"Authorization": f"Bearer {token}"}, goal
        self.clicks: list[Click] = []

    async def come(self, until: float, pause: float, chance: random.Random) -> None:
        """Clicks until then, with a pause of `pause` seconds on the average between two clicks."""
        await asyncio.sleep(chance.random() * pause)
        while time.perf_counter() < until:
            async for _ in self._story():
                await asyncio.sleep(chance.expovariate(1 / pause))
                if time.perf_counter() >= until:
                    return

    async def _story(self) -> AsyncIterator[None]:
        inbox = await self._click("inbox", "GET", "/inbox", params={"limit": 20})
        yield
        waiting = inbox.json()["waiting"]
        goal = waiting[0]["goal"] if waiting else self._goal
        if goal is None:
            return
        page = await self._click("goal", "GET", f"/goals/{goal}")
        yield
        command = (waiting[0]["command"] or "").rsplit("/", 1)[-1] if waiting else "comment"
        if command in ("submit", "approve"):
            await self._click(
                command, "POST", f"/goals/{goal}/{command}", json={}, headers={"If-Match": page.headers["etag"]}
            )
        else:
            await self._click("comment", "POST", f"/goals/{goal}/comment", json={"text": "先週の分まで確認しました"})
        yield
        await self._click("list of goals", "GET", "/goals", params={"limit": 50})
        yield

    async def _click(
        self, kind: str, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        started = time.perf_counter()
        answer = await self._web.request(method, path, headers=self._headers | (headers or {}), **more)
        self.clicks.append(Click(kind, (time.perf_counter() - started) * 1000, answer.status_code))
        return answer


class Served(Protocol):
    """Where the web server finds its servers."""

    @property
    def database_url(self) -> str: ...
    @property
    def temporal_address(self) -> str: ...


@asynccontextmanager
async def web_process(at: Served) -> AsyncIterator[tuple[httpx.AsyncClient, psutil.Process]]:
    """`python web.py` on the bench's servers; a client of its API, and the process."""
    with listen("127.0.0.1:0") as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {
        "DATABASE_URL": at.database_url, "TEMPORAL_ADDRESS": at.temporal_address, "MEGURI_WEB_ADDRESS": address,
        "MEGURI_WEB_RATE": "1000000",  # counted, and never reached
        "MEGURI_LOG_LEVEL": "error",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(sys.executable, "web.py", env=environment)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}/api/v1", timeout=60, limits=limits) as client:
            async with asyncio.timeout(120):
                while True:
                    try:
                        await client.get(f"http://{address}/healthz")
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.1)
            yield client, psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


async def measure_clicks(bench: Bench, at: Addresses, people: int, minutes: float, pause: float) -> list[str]:
    """Markdown rows of both measurements."""
    await bench.hire(people)
    cycle, _ = await bench.launch(people)
    goals = goals_of(cycle, people)
    tokens = ApiTokens(bench.engine)

    async def token(one: str) -> str:
        return (await tokens.make(by(one), {"label": "bench", "scopes": ("read", "goals")}, datetime.now(UTC))).secret

    async with web_process(at) as (web, process):
        everybody = [Person(web, await token(owner_of(one)), one) for one in goals]
        everybody += [Person(web, await token(f"M{people}"), None), Person(web, await token("H1"), None)]
        chance = random.Random(1)  # noqa: S311 - pauses, no secrets
        until = time.perf_counter() + minutes * 60
        before = _cpu(process)
        await asyncio.gather(*(one.come(until, pause, chance) for one in everybody))
        clicks = [click for one in everybody for click in one.clicks]
        cpu = (_cpu(process) - before) * 1000 / len(clicks)
        rows = _clicks_table(clicks, minutes * 60, cpu)
        return [*rows, "", *await _beside_service(bench, web, process, goals, await token(owner_of(goals[0])))]


def _clicks_table(clicks: list[Click], seconds: float, cpu: float) -> list[str]:
    wrong = [one for one in clicks if one.status >= 400 and one.status != 412]
    stale = sum(one.status == 412 for one in clicks)
    rows = ["| click | number | per second | median | 95th percentile | most |", "|---|---|---|---|---|---|"]
    for kind in ("all", *sorted({one.kind for one in clicks})):
        took = sorted(one.milliseconds for one in clicks if kind in ("all", one.kind))
        rows.append(
            f"| {kind} | {len(took)} | {len(took) / seconds:.1f} | {statistics.median(took):.0f} ms | {_at(took, 0.95):.0f} ms | {took[-1]:.0f} ms |"
        )
    rows += [
        "",
        f"{len(wrong)} errors, {stale} answers that the goal had changed; CPU of the web server {cpu:.1f} ms for each click.",
    ]
    return rows


def _at(took: list[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)]


async def _beside_service(
    bench: Bench, web: httpx.AsyncClient, process: psutil.Process, goals: list[GoalId], token: str
) -> list[str]:
    """One after the other, by the API and by service/ in turns: medians, and CPU of the process that works for it."""
    headers, goal = {"Authorization": f"Bearer {token}"}, goals[0]
    caller, now = by(owner_of(goal)), datetime.now(UTC)
    inbox, reads, giving = Inbox(bench.engine), GoalReads(bench.engine), Goals(bench.engine, bench.client)

    async def get(path: str) -> None:
        (await web.get(path, headers=headers)).raise_for_status()

    async def say() -> None:
        (await web.post(f"/goals/{goal}/comment", headers=headers, json={"text": "確認しました"})).raise_for_status()

    async def read_goal() -> None:
        (await reads.look(caller, goal)).document().model_dump_json()

    async def read_inbox() -> None:
        found = await inbox.read(caller, owner_of(goal), now)
        found.document([None] * len(found.items)).model_dump_json()

    async def comment() -> None:
        await giving.give(caller, goal, Request("comment", {"text": "確認しました"}))

    pairs: dict[str, tuple[Call, Call]] = {
        "inbox": (lambda: get("/inbox"), read_inbox), "goal": (lambda: get(f"/goals/{goal}"), read_goal),
        "comment": (say, comment),
    }  # fmt: skip
    rows = [
        "| operation | by the API | by service/ | ratio | CPU by the API | CPU by service/ |",
        "|---|---|---|---|---|---|",
    ]
    for kind, both in pairs.items():
        took: tuple[list[float], list[float]] = ([], [])
        cpu = [0.0, 0.0]
        for _ in range(_ROUNDS):
            for way, (call, of) in enumerate(zip(both, (process, psutil.Process()), strict=True)):
                before = _cpu(of)
                took[way].extend([await _milliseconds(call) for _ in range(_IN_A_ROUND)])
                cpu[way] += (_cpu(of) - before) * 1000 / (_ROUNDS * _IN_A_ROUND)
        api, own = (statistics.median(one) for one in took)
        rows.append(
            f"| {kind} | {api:.1f} ms | {own:.1f} ms | **{api / own:.2f}** | {cpu[0]:.1f} ms | {cpu[1]:.1f} ms |"
        )
    return rows


async def _milliseconds(call: Call) -> float:
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    own: float = times.user + times.system
    return own
