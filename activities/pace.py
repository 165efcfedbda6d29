"""How many goals a fan-out asks at one time, so that people who click hardly feel it."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

_WINDOW = 12  # answers that are judged together: one slow answer proves nothing
_TOLERATED = 1.35  # times the latency of one request alone; beyond it there are too many at one time
_DECREASE = 0.6
_MOST = 16
_FLOOR_SECONDS = 30.0  # after this the latency of one request alone is measured again

Item = TypeVar("Item")


class Pace:
    """Additive increase, multiplicative decrease, on the latency of the fan-out's own updates.

    These wait in the same task queue and for the same servers as a person's click, so their latency is what a click feels.
    It is compared with the latency of one request alone (the floor). The floor is measured at the beginning and every
    `_FLOOR_SECONDS`, as BBR does with the round-trip time of a network: without that the fan-out would take its own load
    for the normal case. Times are seconds of any one clock that never goes back.
    """

    def __init__(self) -> None:
        self.limit = 1  # how many to ask at one time
        self._resume = 1  # the limit after the floor is measured
        self._floor: float | None = None
        self._floor_at = 0.0
        self._since = 0.0  # the limit holds since then
        self._window: list[float] = []

    def note(self, started: float, ended: float) -> None:
        """Takes one answer into account. Requests from before the last change of the limit do not count."""
        if started < self._since:
            return
        self._window.append(ended - started)
        if len(self._window) == _WINDOW:
            median = statistics.median(self._window)
            self._window.clear()
            self._adjust(median, ended)

    def _adjust(self, median: float, now: float) -> None:
        if self._floor is None:
            self._floor, self._floor_at = median, now
            self._set(self._resume, now)
        elif now - self._floor_at >= _FLOOR_SECONDS:
            self._floor, self._resume = None, self.limit
            self._set(1, now)
        elif median <= self._floor * _TOLERATED:
            self._floor = min(self._floor, median)
            self._set(min(self.limit + 1, _MOST), now)
        else:
            self._set(max(1, int(self.limit * _DECREASE)), now)

    def _set(self, limit: int, now: float) -> None:
        self.limit, self._since = limit, now


class FanOut:
    """Handles many items at the pace that `Pace` finds."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._running = 0
        self._changed = asyncio.Event()

    async def each(self, items: Iterable[Item], handle: Callable[[Item], Awaitable[None]]) -> None:
        """Calls `handle` for every item. The first error cancels the others and is raised in an `ExceptionGroup`."""
        async with asyncio.TaskGroup() as group:
            for item in items:
                while self._running >= self._pace.limit:
                    self._changed.clear()
                    await self._changed.wait()
                self._running += 1
                group.create_task(self._one(item, handle))

    async def timed(self, update: Awaitable[object]) -> None:
        """Waits for an update of a goal. Only one that succeeds counts: a refusal costs less and answers sooner."""
        started = time.monotonic()
        await update
        self._pace.note(started, time.monotonic())

    async def _one(self, item: Item, handle: Callable[[Item], Awaitable[None]]) -> None:
        try:
            await handle(item)
        finally:
            self._running -= 1
            self._changed.set()
