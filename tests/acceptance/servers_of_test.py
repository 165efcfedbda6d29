"""The basis of the kill tests: servers that can be killed and restarted, workers as processes, and a small company.

A worker that a test kills must be a separate process. A server that a test restarts must have a separate folder.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import GrpcCompression, RPCError

from domain.goal.commands import Command
from domain.goal.events import Event
from domain.notices.notices import NoticeKind
from domain.people.people_file import read_people
from domain.values import CycleId, EmployeeId, GoalId
from embedded import postgres, temporal
from embedded.ports import LOOPBACK, is_free
from embedded.temporal import TemporalAddresses
from service.answers import NoAnswer
from storage.database import open_database
from storage.migrate import upgrade
from storage.people import replace_directory
from tests.as_of.shift import shifted_as_here
from tests.desk import CycleDesk, GoalDesk
from workflows.goal import GoalView, Receipt, goal_workflow_id

ROOT = Path(__file__).resolve().parents[2]
WORKER = ROOT / "worker.py"
KILLABLE_WORKER = Path(__file__).with_name("killable_worker.py")
HR, BOSS = EmployeeId("H1"), EmployeeId("B1")
_PATIENCE = 90  # seconds; Temporal waits 10 for a worker that is gone, and two cores may be busy


@dataclass
class KillableServer:
    """A server that a test may kill and restart on the same folder, with the same `url`."""

    folder: Path
    record: str  # the file of the folder that holds its pid
    run: Callable[[], AbstractAsyncContextManager[object]]
    url: str = ""
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        at = await self._running.enter_async_context(self.run())
        self.url = at.address if isinstance(at, TemporalAddresses) else str(at)

    @property
    def pid(self) -> int:
        return int(json.loads((self.folder / self.record).read_text())["pid"])

    async def kill(self, how: signal.Signals) -> None:
        os.kill(self.pid, how)
        await self._running.aclose()

    @asynccontextmanager
    async def started(self) -> AsyncIterator["KillableServer"]:
        try:
            await self.start()
            yield self
        finally:
            await self._running.aclose()


@asynccontextmanager
async def mortal_temporal() -> AsyncIterator[KillableServer]:
    """A Temporal server with its data in a file; a kill loses what is not in the file."""
    with tempfile.TemporaryDirectory(prefix="meguri-tests-") as name:
        folder = Path(name).resolve()
        run = partial(temporal.running, folder, ui=False, port=free_ports(1))
        async with KillableServer(folder, "temporal.pid", run).started() as server:
            yield server


@asynccontextmanager
async def mortal_postgres() -> AsyncIterator[KillableServer]:
    """A durable PostgreSQL server with a migrated database."""
    with tempfile.TemporaryDirectory(prefix="meguri-tests-") as name:
        folder = Path(name).resolve()
        async with KillableServer(folder, "postgres.pid", partial(postgres.running, folder)).started() as server:
            await upgrade(server.url)
            yield server


def free_ports(number: int) -> int:
    """The first of `number` consecutive free ports."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            first: int = probe.getsockname()[1]
        if all(port < 2**16 and is_free(port) for port in range(first, first + number)):
            return first


@dataclass
class WorkerProcess:
    """A worker process as an operator runs it; its log has one line of JSON per event."""

    process: asyncio.subprocess.Process
    log: Path

    def logged(self, event: str) -> bool:
        return f'"event": "{event}"' in self.log.read_text(encoding="utf-8")

    async def until_at_work(self) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not self.logged("worker_started"):
                assert self.process.returncode is None, self.log.read_text(encoding="utf-8")
                await asyncio.sleep(0.05)

    async def ended(self) -> int:
        """The exit code; negative is the signal that killed it."""
        return await asyncio.wait_for(self.process.wait(), _PATIENCE)


@dataclass(frozen=True)
class Site:
    """A database and a Temporal server with their clients."""

    database_url: str
    address: str
    engine: AsyncEngine
    client: Client
    folder: Path

    @property
    def goals(self) -> GoalDesk:
        return GoalDesk(self.engine, self.client)

    @property
    def cycles(self) -> CycleDesk:
        return CycleDesk(self.engine, self.client)

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of a worker process, without the settings of this process."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            **shifted_as_here(),
            "DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": self.address,
            "MEGURI_CHANNEL": "null",
            "MEGURI_DELIVERY_SECONDS": "86400",
            "MEGURI_LOG_FORMAT": "json",
            **settings,
        }

    @asynccontextmanager
    async def worker(
        self, *arguments: str, program: Path = WORKER, settings: dict[str, str] | None = None
    ) -> AsyncIterator[WorkerProcess]:
        """A worker process that is killed at the end if it still runs."""
        log = self.folder / f"worker-{len(list(self.folder.glob('worker-*.log')))}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, program, *arguments,
                cwd=ROOT, env=self.environment(**settings or {}), stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield WorkerProcess(process, log)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    @asynccontextmanager
    async def worker_at_work(self, *arguments: str) -> AsyncIterator[WorkerProcess]:
        """The worker of production, ready for work."""
        async with self.worker(*arguments) as worker:
            await worker.until_at_work()
            yield worker

    async def give(self, goal: GoalId, command: Command, command_id: str) -> Receipt:
        """Gives a command with the same id until there is an answer. A refusal is an answer."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    return await self.goals.give(goal, command, command_id)
                except (NoAnswer, RPCError):
                    await asyncio.sleep(0.5)

    async def view(self, goal: GoalId) -> GoalView:
        handle = self.client.get_workflow_handle(goal_workflow_id(goal))
        return await handle.query("snapshot", result_type=GoalView)  # type: ignore[no-any-return] # the SDK's query by name

    async def count(self, table: str, where: str = "true") -> int:
        async with self.engine.connect() as connection:
            found = await connection.execute(text(f"SELECT count(*) FROM {table} WHERE {where}"))  # noqa: S608 - our own words
            return int(found.scalar_one())

    async def until_count(self, table: str, where: str, at_least: int) -> None:
        async with asyncio.timeout(_PATIENCE):
            while await self.count(table, where) < at_least:  # noqa: ASYNC110 - the database tells nobody when it changes
                await asyncio.sleep(0.02)


@asynccontextmanager
async def site(database_url: str, address: str, folder: Path) -> AsyncIterator[Site]:
    """A migrated database and a Temporal server."""
    engine = open_database(database_url)
    client = await Client.connect(
        address, data_converter=pydantic_data_converter, grpc_compression=GrpcCompression.NONE
    )
    try:
        yield Site(database_url, address, engine, client, folder)
    finally:
        await engine.dispose()


def goals_of(cycle: CycleId, people: int) -> list[GoalId]:
    """The ids of the goals; each person has one."""
    return [GoalId(f"{cycle}/E{n:03}/1") for n in range(1, people + 1)]


def owner_of(goal: GoalId) -> EmployeeId:
    return EmployeeId(goal.split("/")[1])


async def launch(site: Site, cycle: CycleId, people: int, *, days_ago: int = 0) -> None:
    """Imports `people` employees under one manager and launches a cycle in which each has a goal that can be submitted.

    The launch is dated `days_ago`; alarms that are due by now ring at once.
    """
    rows = [("H1", ""), ("H2", "H1"), ("B1", "H1"), *((owner_of(goal), "B1") for goal in goals_of(cycle, people))]
    table = "\n".join(f"{person},社員,{person}@example.com,経理部,{manager}" for person, manager in rows)
    file = read_people(f"社員番号,氏名,メール,部署,上長\n{table}\n".encode())
    await replace_directory(site.engine, file.employees)  # an import is refused while another cycle is open
    now = datetime.now(ZoneInfo("Asia/Tokyo")) - timedelta(days=days_ago)
    checked = await site.cycles.check(_cycle_file(cycle), now.date(), starts=now.date())
    assert checked.people == people, checked.findings
    await site.cycles.launch(checked, HR, now)


async def until_launched(site: Site, cycle: CycleId, people: int) -> None:
    await site.until_count("participant", f"cycle_id = '{cycle}' AND result = 'started'", people)


def _cycle_file(cycle: CycleId) -> bytes:
    return f"""
[cycle]
id = "{cycle}"
name = "試験"
starts = 2026-11-24
ends = 2027-03-12
closes = 2027-03-26
reviews = [2027-01-15]
hr = ["H1", "H2"]
without = ["H1", "H2", "B1"]

[policy.ladders.draft]
due_in = 10
rungs = [[1, "remind"]]

[[drafts]]
theme = "月次決算の早期化"
challenge = "請求書の回収が月初に集中し、月次決算の確定が遅れている"
measure = {{ kind = "numeric", name = "平均日数", unit = "日", direction = "down", baseline = 10, target = 7 }}
steps = [
    {{ title = "遅れの原因を三つ挙げる", due = 2026-12-11 }},
    {{ title = "電子受領を五社で始める", due = 2027-01-22 }},
]
""".encode()


async def entries_of(site: Site, goal: GoalId) -> list[Event]:
    """The goal's ledger; asserts that its chain, its projection and its workflow agree."""
    proof = await site.goals.prove(goal)
    assert proof.holds, (goal, proof.broken, proof.differs)
    view = await site.view(goal)
    assert (view.seq, view.head) == (len(proof.lines), proof.head), goal
    return [Event.model_validate(line.event) for line in proof.lines]


async def notices_of(site: Site, goal: GoalId) -> list[tuple[NoticeKind, EmployeeId]]:
    """The notices in order, as pairs of recipient and kind; duplicates are kept."""
    query = text("SELECT kind, recipient_id FROM outbox WHERE goal_id = :goal ORDER BY split_part(key, '#', 2), key")
    async with site.engine.connect() as connection:
        return [(NoticeKind(row[0]), EmployeeId(row[1])) for row in await connection.execute(query, {"goal": goal})]


async def workflow_ids(site: Site, of: int) -> list[str]:
    """The workflow ids of the goals' runs, one per run, when Temporal's visibility shows `of` runs."""
    found: list[str] = []
    async with asyncio.timeout(_PATIENCE):
        while len(found) < of:
            found = [run.id async for run in site.client.list_workflows("WorkflowType = 'GoalWorkflow'")]
            await asyncio.sleep(0.1)
    return sorted(found)
