"""What a killed run leaves behind: the rare cases that a simple restart does not show."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from embedded import postgres, process, unprivileged
from embedded.errors import EmbeddedError


@pytest.fixture
def var() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="meguri-tests-") as folder:
        yield Path(folder).resolve()


@asynccontextmanager
async def bystander(user: process.User | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is unrelated to the servers."""
    child = await asyncio.create_subprocess_exec("sleep", "60", cwd="/", **process.as_user(user))
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def record_of(child: asyncio.subprocess.Process, born: float, var: Path) -> Path:
    record = var / "server.pid"
    record.write_text(json.dumps({"pid": child.pid, "born": born}))
    return record


_SAYS_WHAT_ENDED_IT = """
import signal, sys, time
def told(number, _):
    print(signal.Signals(number).name, flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, told)
print("ready", flush=True)
time.sleep(60)
"""


async def test_a_server_that_outlived_its_parent_is_ended_by_the_next_start(var: Path) -> None:
    """The program itself prints the signal that ended it: its exit status is lost, since other code may wait for it first."""
    orphan = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SAYS_WHAT_ENDED_IT, stdout=asyncio.subprocess.PIPE
    )
    assert orphan.stdout is not None
    assert await orphan.stdout.readline() == b"ready\n"
    record = record_of(orphan, psutil.Process(orphan.pid).create_time(), var)
    await process.end_leftover(record, signal.SIGTERM)
    assert await asyncio.wait_for(orphan.stdout.read(), 5) == b"SIGTERM\n"
    await orphan.wait()
    assert not psutil.pid_exists(orphan.pid)
    assert not record.exists()


async def test_a_process_that_was_given_the_recorded_pid_later_is_left_alone(var: Path) -> None:
    async with bystander() as other:
        record = record_of(other, psutil.Process(other.pid).create_time() - 3600, var)
        await process.end_leftover(record, signal.SIGTERM)
        await asyncio.sleep(0.1)
        assert psutil.Process(other.pid).is_running()
        assert other.returncode is None
        assert not record.exists()


@pytest.mark.parametrize("half", ["", "{", '{"pid": null}', "[]"])
async def test_half_a_record_is_no_record(var: Path, half: str) -> None:
    record = var / "server.pid"
    record.write_text(half)
    await process.end_leftover(record, signal.SIGTERM)
    assert not record.exists()


@pytest.mark.slow
async def test_a_lock_file_that_names_another_programs_process_does_not_keep_the_database_from_starting(
    var: Path,
) -> None:
    async with postgres.running(var):
        pass
    data = var / "postgres"
    async with bystander(unprivileged.user_for(data)) as other:  # the same user, as after a container's restart
        (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n1\n5432\n{data}\n\n")
        (data / ".s.PGSQL.5432.lock").write_text(f"{other.pid}\n{data}\n1\n5432\n{data}\n\n")
        async with postgres.running(var):
            assert other.returncode is None


@pytest.mark.slow
async def test_a_data_folder_whose_making_was_cut_short_is_made_again(var: Path) -> None:
    half_made = var / "postgres.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    async with postgres.running(var):
        assert not half_made.exists()


@pytest.mark.slow
async def test_a_database_that_cannot_start_shows_the_end_of_its_log(var: Path) -> None:
    async with postgres.running(var):
        pass
    (var / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedError, match=r"9\.6") as refused:
        async with postgres.running(var):
            pass
    assert refused.value.where == str(var / "postgres.log")
    assert not (var / "postgres.pid").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use anybody's data")
async def test_data_of_another_user_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError):
        unprivileged.user_for(Path("/"))


async def test_a_server_runs_in_a_session_of_its_own_and_is_stopped_by_the_signal_it_knows(var: Path) -> None:
    server = await process.start(
        ["sleep", "60"],
        record=var / "s.pid",
        log=var / "s.log",
        environment={"PATH": os.defpath},
        stop_signal=signal.SIGINT,
    )
    try:
        assert os.getsid(server.process.pid) == server.process.pid  # a session of its own: Ctrl-C does not reach it
    finally:
        await server.stop()
    assert server.process.returncode == -signal.SIGINT
