"""Keeping a server running: one that dies is started again, a bounded number of times, and then an error ends the program."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from embedded.errors import EmbeddedError, not_kept_running
from embedded.process import Server

MAX_RESTARTS: Final = 5
_FIRST_PAUSE = 0.5  # seconds before the first restart; doubled before each further one
_STEADY_SECONDS = 120.0  # a server that ran this long has recovered: its restarts are counted anew

log = structlog.get_logger()


@dataclass
class _Kept:
    """A server program and how it is started. `start` raises `EmbeddedError`."""

    name: str
    log: Path
    start: Callable[[], Awaitable[Server]]
    server: Server
    restarts: int = 0
    started_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    async def watch(self) -> None:
        """Starts the server again each time it dies. Raises `EmbeddedError` after `MAX_RESTARTS` restarts."""
        while True:
            code = await self.server.process.wait()
            log.error("server_died", server=self.name, exit_code=code)
            if asyncio.get_running_loop().time() - self.started_at > _STEADY_SECONDS:
                self.restarts = 0
            await self._restart()
            log.warning("server_restarted", server=self.name, restarts=self.restarts)

    async def _restart(self) -> None:
        while self.restarts < MAX_RESTARTS:
            await asyncio.sleep(_FIRST_PAUSE * 2**self.restarts)
            self.restarts += 1
            try:
                self.server = await self.start()
            except (EmbeddedError, OSError) as error:
                log.warning("server_not_restarted", server=self.name, restarts=self.restarts, reason=str(error))
            else:
                self.started_at = asyncio.get_running_loop().time()
                return
        raise not_kept_running(self.name, self.log, self.restarts)


@asynccontextmanager
async def kept(
    name: str, log_file: Path, start: Callable[[], Awaitable[Server]], watchers: asyncio.TaskGroup | None
) -> AsyncIterator[None]:
    """Runs the server that `start` starts until the block ends, then stops it.

    With `watchers`, a server that dies is started again. After too many restarts the group's task fails with an
    `EmbeddedError`, which ends the block. Raises `EmbeddedError` if the first start fails.
    """
    one = _Kept(name, log_file, start, await start())
    watching = watchers.create_task(one.watch()) if watchers else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError, EmbeddedError):  # the group raises the error
                await watching
        await one.server.stop()


@asynccontextmanager
async def watching() -> AsyncIterator[asyncio.TaskGroup]:
    """A group for watchers of `kept`. If one fails, the block is cancelled and its `EmbeddedError` is raised."""
    try:
        async with asyncio.TaskGroup() as watchers:
            yield watchers
    except BaseExceptionGroup as group:
        raise _only_error(group) from group


def _only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error of the server that could not be kept running; errors of the block that followed from it are less telling."""
    found, _ = group.split(EmbeddedError)
    first = (found or group).exceptions[0]
    return _only_error(first) if isinstance(first, BaseExceptionGroup) else first
