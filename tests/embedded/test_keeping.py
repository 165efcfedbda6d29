"""Servers that die while they are kept running: started again on the same data, or named in an error."""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded import keeping, process
from embedded.errors import EmbeddedError, not_started
from embedded.keeping import MAX_RESTARTS, kept, watching
from embedded.process import Server
from embedded.stack import running


@pytest.fixture
def var() -> Iterator[Path]:
    """A short folder: the path of `tmp_path` alone is near the limit of a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="meguri-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve() / "var"


@pytest.fixture
def restarts_without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_FIRST_PAUSE", 0.0)


def kill(var: Path, name: str) -> None:
    os.kill(json.loads((var / f"{name}.pid").read_text())["pid"], signal.SIGKILL)


async def until_it_answers(database_url: str, statement: str) -> object:
    """The first value, once the server is back."""
    async with asyncio.timeout(60):
        while True:
            try:
                session = await asyncpg.connect(database_url)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
                continue
            try:
                return await session.fetchval(statement)
            finally:
                await session.close()


class Programs:
    """Starts a program each time it is asked, and remembers those that it started."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.folder = folder
        self.command = command
        self.started: list[Server] = []

    @property
    def log(self) -> Path:
        return self.folder / "program.log"

    async def start(self) -> Server:
        server = await process.start(
            self.command,
            record=self.folder / "program.pid",
            log=self.log,
            environment={"PATH": os.defpath},
            stop_signal=signal.SIGTERM,
        )
        self.started.append(server)
        return server

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with watching() as watchers, kept("Program", self.log, self.start, watchers):
            yield

    async def until_started(self, times: int) -> None:
        async with asyncio.timeout(20):
            while len(self.started) < times:  # noqa: ASYNC110 - a process that starts tells nobody here
                await asyncio.sleep(0.01)


@pytest.mark.usefixtures("restarts_without_pause")
async def test_a_program_that_dies_is_started_again_and_stopped_at_the_end(tmp_path: Path) -> None:
    programs = Programs(tmp_path, "sleep", "60")
    async with programs.at_work():
        programs.started[0].process.kill()
        await programs.until_started(2)
        assert not programs.started[1].has_ended
    assert programs.started[1].has_ended
    assert len(programs.started) == 2  # the stop at the end is no death


@pytest.mark.usefixtures("restarts_without_pause")
async def test_a_program_that_keeps_dying_is_started_a_bounded_number_of_times_and_then_named(tmp_path: Path) -> None:
    programs = Programs(tmp_path, "sh", "-c", "echo the disk is full; exit 3")
    with pytest.raises(EmbeddedError, match=r"not_kept_running") as failed:
        async with asyncio.timeout(20), programs.at_work():
            await asyncio.Event().wait()
    assert len(programs.started) == 1 + MAX_RESTARTS
    assert "the disk is full" in str(failed.value.message)
    assert failed.value.where == str(programs.log)


async def test_each_restart_waits_twice_as_long_as_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_FIRST_PAUSE", 0.1)
    programs, starts = Programs(tmp_path, "/bin/sh", "-c", "exit 3"), []
    start = programs.start

    async def noted() -> Server:
        starts.append(asyncio.get_running_loop().time())
        return await start()

    monkeypatch.setattr(programs, "start", noted)
    with pytest.raises(EmbeddedError):
        async with programs.at_work(), asyncio.timeout(60):
            await asyncio.Event().wait()
    pauses = [after - before for before, after in pairwise(starts)]
    assert len(pauses) == MAX_RESTARTS
    assert all(pause >= 0.1 * 2**n for n, pause in enumerate(pauses)), pauses


@pytest.mark.usefixtures("restarts_without_pause")
async def test_a_restart_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, failures = Programs(tmp_path, "sleep", "60"), [1, 2]
    start = programs.start

    async def start_after_failures() -> Server:
        if programs.started and failures:
            failures.pop()
            raise not_started("Program", programs.log)
        return await start()

    monkeypatch.setattr(programs, "start", start_after_failures)
    async with programs.at_work():
        programs.started[0].process.kill()
        await programs.until_started(2)
    assert not failures


@pytest.mark.usefixtures("restarts_without_pause")
async def test_a_program_that_ran_for_long_has_all_its_restarts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_STEADY_SECONDS", -1.0)  # every run is long
    programs = Programs(tmp_path, "sleep", "60")
    async with programs.at_work():
        for number in range(1, MAX_RESTARTS + 3):
            programs.started[-1].process.kill()
            await programs.until_started(number + 1)


async def test_an_error_of_the_block_is_raised_as_it_is(tmp_path: Path) -> None:
    programs = Programs(tmp_path, "sleep", "60")
    with pytest.raises(LookupError, match="of the block"):
        async with programs.at_work():
            raise LookupError("of the block")
    assert programs.started[0].has_ended


@pytest.mark.slow
async def test_a_database_that_is_killed_is_started_again_with_its_address_and_every_commit(var: Path) -> None:
    async with running(var, ui=False) as at:
        await until_it_answers(at.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        kill(var, "postgres")
        assert await until_it_answers(at.database_url, "SELECT answer FROM kept") == 42


@pytest.mark.slow
async def test_a_temporal_server_that_is_killed_is_started_again_with_its_address_and_its_workflows(var: Path) -> None:
    async with running(var, ui=False) as at:
        client = await Client.connect(at.temporal_address)
        await client.start_workflow("Waiting", id="kept", task_queue="nobody")
        kill(var, "temporal")
        async with asyncio.timeout(60):
            while True:
                try:
                    found = await client.get_workflow_handle("kept").describe()
                    break
                except RPCError:
                    await asyncio.sleep(0.1)
        assert found.workflow_type == "Waiting"
