"""A real Temporal server from a wheel, with its web UI and its data in one file.

SQLite runs in write-ahead mode: 250 workflow starts per second. With the server's defaults it is 100, and requests fail under load.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from embedded import ports, process
from embedded.errors import not_permitted, not_started
from embedded.keeping import kept
from embedded.ports import LOOPBACK
from embedded.process import Server
from embedded.wheels import temporal_program

USUAL_PORT: Final = 7233
USUAL_UI_PORT: Final = 8233

_DATABASE: Final = (
    "temporal.db"  # relative to the working folder: the server parses a path as a URL, in which `%` and `?` are special
)
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL")
# The server opens an HTTP API on a random port, which web pages of anybody could call. It cannot be switched off, but it answers
# only requests to these hosts, and no request names this one. gRPC and the web UI do not use it.
_NO_HTTP: Final = 'frontend.httpAllowedHosts=["closed.invalid"]'
_START_SECONDS = 60.0
# A port that was free a moment ago may be taken when the server starts: even an outgoing connection can use it for a moment.
_MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class TemporalAddresses:
    address: str  # `host:port`
    ui_address: str | None


@dataclass(frozen=True)
class _Ports:
    server: int
    ui: int | None


@asynccontextmanager
async def running(
    var: Path,
    *,
    ui: bool = True,
    port: int | None = None,
    ui_port: int | None = None,
    in_memory: bool = False,
    watchers: asyncio.TaskGroup | None = None,
) -> AsyncIterator[TemporalAddresses]:
    """Runs Temporal on `<var>/temporal.db` (or in memory, for tests) with the namespace `default`.

    Without `port` and `ui_port`, the usual ports or free ones are used. With `watchers`, a server that dies is started again
    (embedded/keeping.py). Only one process at a time may do this for a folder
    (embedded/stack.py holds a lock). Raises `EmbeddedError`, also if a port is given and taken.
    """
    await process.end_leftover(var / "temporal.pid", signal.SIGTERM)
    at: _Ports | None = None

    async def start() -> Server:
        nonlocal at
        server, at = await _start(var, in_memory, lambda: at or _choose_ports(ui, port, ui_port))
        return server

    async with kept("Temporal", _log(var), start, watchers):
        assert at is not None  # noqa: S101 - the first start has chosen the ports
        yield TemporalAddresses(f"{LOOPBACK}:{at.server}", None if at.ui is None else f"http://{LOOPBACK}:{at.ui}")


def _log(var: Path) -> Path:
    return var / "temporal.log"


def _choose_ports(ui: bool, port: int | None, ui_port: int | None) -> _Ports:
    return _Ports(ports.choose(USUAL_PORT, port), ports.choose(USUAL_UI_PORT, ui_port) if ui else None)


async def _start(var: Path, in_memory: bool, choose: Callable[[], _Ports]) -> tuple[Server, _Ports]:
    for _ in range(_MAX_ATTEMPTS):
        at = choose()
        server = await _launch(var, _log(var), _command(at, in_memory))
        try:
            if await _answers(server, at):
                return server, at
        except asyncio.CancelledError:
            await server.stop()
            raise
        has_ended = server.has_ended
        await server.stop()
        if not has_ended:
            break  # the server ran but did not answer: another attempt would not help
    raise not_started("Temporal", _log(var))


async def _launch(var: Path, log: Path, command: list[str]) -> Server:
    try:
        return await process.start(
            command,
            record=var / "temporal.pid",
            log=log,
            environment={
                "PATH": "/usr/bin:/bin",
                "HOME": str(var),
            },  # leaves out the caller's TEMPORAL_* variables and profile
            stop_signal=signal.SIGTERM,
            folder=var,
        )
    except OSError as error:
        raise not_permitted(error, log) from error


def _command(at: _Ports, in_memory: bool) -> list[str]:
    command = [str(temporal_program()), "server", "start-dev", "--log-level", "warn"]
    command += ["--ip", LOOPBACK, "--port", str(at.server)]
    command += ["--dynamic-config-value", _NO_HTTP]
    command += ["--headless"] if at.ui is None else ["--ui-port", str(at.ui), "--ui-disable-news-fetch"]
    if not in_memory:
        command += ["--db-filename", _DATABASE]
        command += [part for pragma in _PRAGMAS for part in ("--sqlite-pragma", pragma)]
    return command


async def _answers(server: Server, at: _Ports) -> bool:
    """Whether the server answers; False as soon as its program has ended, or if it does not answer in time.

    If another program took the port first, that program may answer, and our server ends.
    """
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not (server.listens_at(at.server) and await _has_namespace(at.server)):
                if server.has_ended:
                    return False
                await asyncio.sleep(0.05)
    except TimeoutError:
        return False
    return True


async def _has_namespace(port: int) -> bool:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.client import Client
    from temporalio.service import RPCError

    try:
        client = await Client.connect(f"{LOOPBACK}:{port}")
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    except (RuntimeError, RPCError):  # the errors while the server is starting
        return False
    return True
