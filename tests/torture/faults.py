"""What goes wrong meanwhile: worker, Temporal and PostgreSQL are killed, stopped for a while, and started again, at random."""

import asyncio
import random
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import monotonic

import psutil

from tests.acceptance.servers_of_test import KillableServer, Site, WorkerProcess

_RECOVERY = 240  # seconds; after that, the run has failed
_AWAY = (0.5, 6.0)  # seconds between a kill and the next start, or between a stop and going on


@dataclass
class Victims:
    """The servers, and a worker that is replaced when it ends."""

    site: Site
    postgres: KillableServer
    temporal: KillableServer
    settings: dict[str, str]
    worker: WorkerProcess | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start_worker(self) -> None:
        self.worker = await self._stack.enter_async_context(self.site.worker(settings=self.settings))

    async def end_worker(self) -> None:
        await self._stack.aclose()

    @property
    def worker_pid(self) -> int:
        assert self.worker is not None
        return self.worker.process.pid


async def worker_killed(victims: Victims, away: float) -> None:
    victims.worker.process.kill() if victims.worker else None
    await asyncio.sleep(away)
    await victims.start_worker()


async def worker_terminated(victims: Victims, away: float) -> None:
    """SIGTERM, as at a deployment: the worker must end by itself."""
    assert victims.worker is not None
    victims.worker.process.terminate()
    assert await victims.worker.ended() == 0
    await asyncio.sleep(away)
    await victims.start_worker()


async def worker_stopped(victims: Victims, away: float) -> None:
    await _stopped(victims.worker_pid, away)


async def temporal_killed(victims: Victims, away: float) -> None:
    await victims.temporal.kill(signal.SIGKILL)
    await asyncio.sleep(away)
    await victims.temporal.start()


async def temporal_stopped(victims: Victims, away: float) -> None:
    await _stopped(victims.temporal.pid, away)


async def postgres_killed(victims: Victims, away: float) -> None:
    await victims.postgres.kill(signal.SIGKILL)
    await asyncio.sleep(away)
    await victims.postgres.start()


async def postgres_cut_off(victims: Victims, away: float) -> None:
    """An immediate shutdown: no checkpoint, every session is cut off."""
    await victims.postgres.kill(signal.SIGQUIT)
    await asyncio.sleep(away)
    await victims.postgres.start()


async def postgres_stopped(victims: Victims, away: float) -> None:
    await _stopped(victims.postgres.pid, away)


async def everything_killed(victims: Victims, away: float) -> None:
    """As after a power failure of the machine, but for what the disk has not written."""
    victims.worker.process.kill() if victims.worker else None
    await victims.temporal.kill(signal.SIGKILL)
    await victims.postgres.kill(signal.SIGKILL)
    await asyncio.sleep(away)
    await victims.postgres.start()
    await victims.temporal.start()
    await victims.start_worker()


FAULTS: tuple[Callable[[Victims, float], Awaitable[None]], ...] = (
    worker_killed,
    worker_terminated,
    worker_stopped,
    temporal_killed,
    temporal_stopped,
    postgres_killed,
    postgres_cut_off,
    postgres_stopped,
    everything_killed,
)


async def _stopped(pid: int, seconds: float) -> None:
    """Stops a process and its children (SIGSTOP), and lets them go on."""
    whole = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for one in whole:
        one.suspend()
    await asyncio.sleep(seconds)
    for one in whole:
        one.resume()


@dataclass
class Faults:
    """One fault after the other.

    `recovered` holds the seconds from the end of each to the next answered command; `times` its begin and the time of that answer.
    """

    victims: Victims
    chance: random.Random
    last_answer: Callable[[], float]
    rest: tuple[float, float] = (2.0, 12.0)  # seconds between two faults
    recovered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    times: list[tuple[float, float]] = field(default_factory=list)

    async def run(self, seconds: float) -> None:
        end = monotonic() + seconds
        order = self._shuffled()
        while monotonic() < end:
            await asyncio.sleep(self.chance.uniform(*self.rest))
            if not order:
                order = self._shuffled()
            fault, began = order.pop(), monotonic()
            await fault(self.victims, self.chance.uniform(*_AWAY))
            self.recovered[fault.__name__].append(await self._until_answered())
            self.times.append((began, monotonic()))

    def _shuffled(self) -> list[Callable[[Victims, float], Awaitable[None]]]:
        return self.chance.sample(FAULTS, len(FAULTS))

    async def _until_answered(self) -> float:
        began = monotonic()
        while self.last_answer() < began:
            if monotonic() - began > _RECOVERY:
                raise TimeoutError(f"no command was answered for {_RECOVERY} seconds after a fault")
            await asyncio.sleep(0.05)
        return self.last_answer() - began
