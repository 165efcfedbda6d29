"""Serving the application: as a process of its own, or beside the servers of `meguri up`."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog
import uvicorn
import uvloop

import logs
from domain.errors import MeguriError
from domain.messages import message
from domain.values import Locale
from process.supervision import stop_requested
from service.connection import Unreachable, connect_database, connect_temporal
from settings import Settings
from storage.migrate import require_current
from texts.say import say_with_hint
from web.app import make_app
from web.metrics import Metrics
from web.opened import Opened, Temporal

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.types import ASGIApp

log = structlog.get_logger()


class AddressTaken(MeguriError):
    """The web server cannot listen where it should."""

    def __init__(self, address: str, error: OSError) -> None:
        reason = error.strerror or str(error)
        super().__init__("web_address_taken", message("error.web_address_taken", address=address, reason=reason))


class _Server(uvicorn.Server):
    """Leaves the process's signals alone: the caller stops it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    settings: Settings,
    engine: "AsyncEngine",
    temporal: Temporal,
    listener: socket.socket,
    *,
    is_embedded: bool = False,
    metrics: Metrics | None = None,
) -> AsyncIterator[str]:
    """Serves on the listening socket until the block ends, and closes it. Gives the URL.

    At the end streams end first; then requests that run get `MEGURI_DRAIN_SECONDS`.
    """
    opened = Opened(settings, engine, temporal, is_embedded)
    app: ASGIApp = make_app(opened)
    server = _Server(
        uvicorn.Config(
            metrics.measuring(app) if metrics else app,
            log_config=None,  # ours, which leaves out what identifies a person
            access_log=False,  # paths hold ids of people
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies or "",
            timeout_graceful_shutdown=settings.drain_seconds,
            server_header=False,
            lifespan="off",
        )
    )
    serve = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        host, port = listener.getsockname()[:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        opened.stopping.set()
        server.should_exit = True
        await serve


def listen(address: str, *, or_free: bool = False) -> socket.socket:
    """A socket that listens at `host:port`; `or_free`: at another port if this one is taken. Raises `AddressTaken`."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, int(port)), family=family, backlog=2048)
    except OSError as error:
        if or_free and error.errno == errno.EADDRINUSE:
            return listen(f"{address.rpartition(':')[0]}:0")
        raise AddressTaken(address, error) from error
    # Connections inherit it. Without it a body waits 40 ms for the acknowledgement of its head: asyncio switches Nagle's
    # algorithm off only for sockets that name their protocol, which those of `create_server` do not.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def work(settings: Settings) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises `Unreachable` and `OtherSchema`."""
    stop = stop_requested()
    engine = await connect_database(settings)
    try:
        await require_current(engine)
        temporal = Temporal(partial(connect_temporal, settings))
        listener, metrics = listen(settings.web_address), Metrics()
        async with serving(settings, engine, temporal, listener, metrics=metrics) as url:
            with _metrics_at(settings.metrics_address, metrics):
                log.info("web_started", url=url)
                await stop.wait()
        log.info("web_drained")
    finally:
        await engine.dispose()


@contextmanager
def _metrics_at(address: str | None, metrics: Metrics) -> Iterator[None]:
    try:
        stop = metrics.serve(address) if address else None
    except OSError as error:
        raise AddressTaken(str(address), error) from error
    try:
        yield
    finally:
        if stop:
            stop()


def run() -> int:
    """Serves until a stop signal. The exit code: 0 stopped, 1 for a wrong installation, 3 for a server that is not reachable."""
    settings = Settings()
    logs.configure(settings)
    try:
        uvloop.run(work(settings))
    except MeguriError as error:
        log.error("web_not_started", code=error.code, reason=say_with_hint(error.message, Locale.EN))  # noqa: TRY400 - the reason is logged
        return 3 if isinstance(error, Unreachable) else 1
    return 0
