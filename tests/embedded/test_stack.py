"""The embedded servers in unusual situations: started twice, killed, in odd folders, as another user."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from temporalio.client import Client

from domain.values import Locale
from embedded import addresses, ports, process, temporal
from embedded.addresses import Addresses
from embedded.errors import EmbeddedError
from embedded.stack import running
from texts.say import say

ROOT = Path(__file__).resolve().parents[2]
HOLDING = Path(__file__).with_name("holding.py")

pytestmark = pytest.mark.slow


@pytest.fixture
def var() -> Iterator[Path]:
    """A short folder: the path of `tmp_path` alone is near the limit of a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="meguri-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve() / "var"


async def ask(database_url: str, statement: str) -> object:
    session = await asyncpg.connect(database_url)
    try:
        return await session.fetchval(statement)
    finally:
        await session.close()


@asynccontextmanager
async def held(var: Path, user: process.User | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that runs the servers; killed at the end if it still runs."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(HOLDING), str(var)),
        stdout=subprocess.PIPE,
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(var.parent)},
        **process.as_user(user),
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()  # ends the pipe too


async def addresses_of(child: asyncio.subprocess.Process) -> Addresses:
    assert child.stdout is not None
    return Addresses.model_validate_json(await asyncio.wait_for(child.stdout.readline(), 60))


def can_read(user: process.User, path: Path) -> bool:
    """Whether the user can run our Python and read our files with it."""
    probe = [sys.executable, "-c", f"open({str(path)!r}).close()"]
    try:
        return subprocess.run(probe, cwd="/", check=False, capture_output=True, **process.as_user(user)).returncode == 0
    except PermissionError:
        return False


def server_pids(var: Path) -> list[int]:
    return [json.loads((var / f"{name}.pid").read_text())["pid"] for name in ("postgres", "temporal")]


async def have_ended(pids: list[int], seconds: float = 20) -> bool:
    for _ in range(int(seconds * 20)):
        if not any(psutil.pid_exists(pid) for pid in pids):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_both_servers_run_and_a_second_start_finds_their_data(var: Path) -> None:
    async with running(var, ui=False) as at:
        await ask(at.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        first = await Client.connect(at.temporal_address)
        await first.start_workflow("Waiting", id="kept", task_queue="nobody")
    async with running(var, ui=False) as at:
        assert await ask(at.database_url, "SELECT answer FROM kept") == 42
        second = await Client.connect(at.temporal_address)
        assert (await second.get_workflow_handle("kept").describe()).workflow_type == "Waiting"


async def test_nobody_else_can_read_what_the_servers_keep(var: Path) -> None:
    async with running(var, ui=False) as at:
        others = stat.S_IRWXG | stat.S_IRWXO
        readable = [
            str(file) for file in var.rglob("*") if not file.is_socket() and stat.S_IMODE(file.stat().st_mode) & others
        ]
        assert readable == []
        assert stat.S_IMODE(var.stat().st_mode) & others in (0, stat.S_IXOTH)  # PostgreSQL's user may pass through
        assert at.database_shown.count("***") == 1
        without = at.database_url.replace(at.database_url.split(":")[2].split("@")[0], "", 1)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(without)
    umask = os.umask(0)
    os.umask(umask)
    assert umask != 0o077  # of this process, as it was


async def test_the_http_api_of_temporal_answers_nobody(var: Path) -> None:
    async with running(var, ui=False) as at:
        server = psutil.Process(json.loads((var / "temporal.pid").read_text())["pid"])
        listening = {one.laddr.port for one in server.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
        answers = {}
        for port in listening - {int(at.temporal_address.rpartition(":")[2])}:
            async with httpx.AsyncClient() as web:
                try:
                    answer = await web.get(f"http://127.0.0.1:{port}/api/v1/namespaces")
                except httpx.HTTPError:
                    continue  # gRPC, or the membership of the cluster
                answers[port] = answer.status_code
        assert 403 in answers.values()
        assert 200 not in answers.values()


async def test_what_is_committed_is_on_the_disk(var: Path) -> None:
    async with running(var, ui=False) as at:
        assert await ask(at.database_url, "SHOW fsync") == "on"
        assert await ask(at.database_url, "SHOW synchronous_commit") == "on"
        assert await ask(at.database_url, "SHOW full_page_writes") == "on"


async def test_other_commands_find_the_servers_while_they_run_and_not_afterwards(var: Path) -> None:
    async with running(var, ui=False) as at:
        assert addresses.read(var) == at
        pids = server_pids(var)
    assert addresses.read(var) is None
    assert await have_ended(pids, 0.1)


async def test_the_web_screens_answer_at_the_address_that_is_told(var: Path) -> None:
    async with running(var) as at:
        assert at.ui_address is not None
        host, port = at.ui_address.removeprefix("http://").split(":")
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 10)
        writer.write(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert (await asyncio.wait_for(reader.readline(), 10)).split()[1] == b"200"
        writer.close()
        await writer.wait_closed()


async def test_a_second_start_on_the_same_folder_is_refused_with_the_addresses_of_the_first(var: Path) -> None:
    async with running(var, ui=False) as at:
        with pytest.raises(EmbeddedError) as refused:
            async with running(var, ui=False):
                pass
        assert at.temporal_address in say(refused.value.message, Locale.EN)
        assert at.database_shown in say(refused.value.message, Locale.JA)
        assert await ask(at.database_url, "SELECT 1") == 1
        assert addresses.read(var) == at


async def test_servers_end_with_a_parent_that_is_killed_and_the_next_start_has_every_commit(var: Path) -> None:
    async with held(var) as child:
        at = await addresses_of(child)
        pids = server_pids(var)
        await ask(at.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        child.kill()
        await child.wait()
        if sys.platform == "linux":
            assert await have_ended(pids)
    assert addresses.read(var) == at  # nobody was left to remove it
    async with running(var, ui=False) as after:
        assert await ask(after.database_url, "SELECT answer FROM kept") == 42


async def test_a_database_server_that_is_killed_loses_nothing_that_was_committed(var: Path) -> None:
    async with held(var) as child:
        at = await addresses_of(child)
        await ask(at.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pids = server_pids(var)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        child.kill()
        await child.wait()
        assert await have_ended(pids)
    assert (var / "postgres" / "postmaster.pid").exists()  # the lock file that it could not remove
    async with running(var, ui=False) as after:
        assert await ask(after.database_url, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_parent_that_is_told_to_stop_stops_both_servers_in_order(var: Path, number: signal.Signals) -> None:
    async with held(var) as child:
        await addresses_of(child)
        pids = server_pids(var)
        child.send_signal(number)
        assert await asyncio.wait_for(child.wait(), 30) == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert addresses.read(var) is None
    assert not (var / "postgres" / "postmaster.pid").exists()


async def test_a_long_folder_with_spaces_and_japanese_in_its_name_works(var: Path) -> None:
    deep = var / "目標 管理 & 評価" / ("長い名前" * 10) / "a,b%20c"
    async with running(deep, ui=False) as at:
        from storage.database import open_database
        from storage.migrate import require_current, upgrade

        await upgrade(at.database_url)
        engine = open_database(at.database_url)
        await require_current(engine)
        await engine.dispose()


async def test_a_port_that_was_asked_for_and_is_taken_is_named_and_nothing_is_left_running(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedError, match=str(port)):
            async with running(var, ui=False, temporal_port=port):
                pass
    assert not (var / "postgres.pid").exists()
    assert addresses.read(var) is None


async def test_usual_ports_that_are_taken_are_avoided(var: Path) -> None:
    async with running(var) as first, running(var.with_name("other")) as second:
        assert first.temporal_address != second.temporal_address
        assert first.ui_address != second.ui_address
        for at in (first, second):
            await Client.connect(at.temporal_address)


async def test_another_programs_server_is_not_taken_for_ours_though_it_answers_at_the_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two programs that start at the same time may find the same port free; only one of them gets it."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    async with temporal.running(folders[0], ui=False, in_memory=True) as first:
        choices = [int(first.address.split(":")[1]), ports.choose(temporal.USUAL_PORT, None)]
        monkeypatch.setattr(ports, "choose", lambda _usual, _asked: choices.pop(0))
        async with temporal.running(folders[1], ui=False, in_memory=True) as second:
            assert second.address != first.address
            await Client.connect(second.address)
    assert not choices


async def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    with pytest.raises(EmbeddedError, match=r"error\.file_unusable_todo") as refused:
        async with running(in_the_way / "var"):
            pass
    assert str(in_the_way) in refused.value.where


@pytest.mark.skipif(os.geteuid() != 0, reason="the suite itself runs as an ordinary user, so every test here shows it")
async def test_an_ordinary_user_can_run_the_servers(var: Path) -> None:
    nobody = process.User(65534, 65534)
    if not can_read(nobody, HOLDING):
        pytest.skip("this Python, or this checkout, is closed to other users")
    os.chown(var.parent, nobody.uid, nobody.gid)
    async with held(var, nobody) as child:
        at = await addresses_of(child)
        assert await ask(at.database_url, "SELECT 1") == 1
        assert (var / "postgres").stat().st_uid == nobody.uid
        child.terminate()
        assert await asyncio.wait_for(child.wait(), 30) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can pass through folders that are closed to the server's user")
async def test_root_can_run_the_servers_below_a_folder_that_is_closed_to_others(var: Path) -> None:
    var.parent.chmod(0o700)
    async with running(var, ui=False) as at:
        assert await ask(at.database_url, "SELECT 1") == 1
    assert var.parent.stat().st_mode & 0o077 == 0o001  # others may pass, and still not list
