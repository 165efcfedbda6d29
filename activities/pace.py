"""How many goals a fan-out asks at one time, so that people who click hardly feel it."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterable, Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal.commands import SYSTEM
from storage.database import read_transaction
from storage.instructions import people_act

_WINDOW = 12  # answers that are judged together: one slow answer proves nothing
_TOLERATED = 1.25  # times the latency of one request alone; beyond it there are too many at one time
_TOLERATED_ALONE = 6.0  # while nobody clicks
_DECREASE = 0.6
_MOST = 8
_BESIDE_PEOPLE = 2  # to begin with, as soon as somebody clicks
_REST = 0.5  # of the time of each request; while people click, the servers rest that long
_LOOK_SECONDS = 1.0  # between two looks whether people click
_SINCE = timedelta(seconds=5)
_FLOOR_SECONDS = 30.0  # after this the latency of one request alone is measured again

Item = TypeVar("Item")


class Pace:
    """Additive increase, multiplicative decrease, on the latency of the fan-out's own updates.

    These wait in the same task queue and for the same servers as a person's click, so their latency is what a click feels.
    It is compared with the latency of one request alone (the floor). The floor is measured at the beginning and every
    `_FLOOR_SECONDS`, as BBR does with the round-trip time of a network: without that the fan-out would take its own load
    for the normal case. Times are seconds of any one clock that never goes back.

    While nobody clicks, nobody feels the latency, so several times the floor is tolerated.
    """

    def __init__(self) -> None:
        self._tolerated = _TOLERATED
        self.limit = 1  # how many to ask at one time
        self._resume = 1  # the limit after the floor is measured
        self._floor: float | None = None
        self._floor_at = 0.0
        self._since = 0.0  # the limit holds since then
        self._window: list[float] = []

    def rest_after(self, seconds: float) -> float:
        """How long a request that took `seconds` keeps its place after it was answered."""
        return seconds * _REST if self._tolerated == _TOLERATED else 0.0

    def note(self, started: float, ended: float) -> None:
        """Takes one answer into account. Requests from before the last change of the limit do not count."""
        if started < self._since:
            return
        self._window.append(ended - started)
        if len(self._window) == _WINDOW:
            median = statistics.median(self._window)
            self._window.clear()
            self._adjust(median, ended)

    def note_people(self, now: float, *, act: bool) -> None:
        """Whether people have clicked in the last seconds."""
        before, self._tolerated = self._tolerated, _TOLERATED if act else _TOLERATED_ALONE
        if not act or before == self._tolerated:
            return
        self._resume = min(self._resume, _BESIDE_PEOPLE)  # also if the floor is being measured
        if self.limit > _BESIDE_PEOPLE:
            self._window.clear()
            self._set(_BESIDE_PEOPLE, now)

    def _adjust(self, median: float, now: float) -> None:
        if self._floor is None:
            self._floor, self._floor_at = median, now
            self._set(self._resume, now)
        elif now - self._floor_at >= _FLOOR_SECONDS:
            self._floor, self._resume = None, self.limit
            self._set(1, now)
        elif median <= self._floor * self._tolerated:
            self._floor = min(self._floor, median)
            self._set(min(self.limit + 1, _MOST), now)
        else:
            self._set(max(1, int(self.limit * _DECREASE)), now)

    def _set(self, limit: int, now: float) -> None:
        self.limit, self._since = limit, now


class FanOut:
    """Handles many items at the pace that `Pace` finds. `people_act` says whether people have clicked in the last seconds."""

    def __init__(self, people_act: Callable[[], Awaitable[bool]]) -> None:
        self._pace = Pace()
        self._people_act = people_act
        self._look_at = 0.0
        self._running = 0
        self._changed = asyncio.Event()

    async def each(self, items: AsyncIterable[Item], handle: Callable[[Item], Awaitable[None]]) -> None:
        """Calls `handle` for every item. The first error cancels the others and is raised in an `ExceptionGroup`."""
        async with asyncio.TaskGroup() as group:
            async for item in items:
                await self._look()
                while self._running >= self._pace.limit:
                    self._changed.clear()
                    await self._changed.wait()
                self._running += 1
                group.create_task(self._one(item, handle))

    async def _look(self) -> None:
        """Looks every second whether people click."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            self._pace.note_people(now, act=await self._people_act())

    async def timed(self, update: Awaitable[object]) -> None:
        """Waits for an update of a goal. Only one that succeeds counts: a refusal costs less and answers sooner."""
        started = time.monotonic()
        await update
        self._pace.note(started, time.monotonic())

    async def _one(self, item: Item, handle: Callable[[Item], Awaitable[None]]) -> None:
        started = time.monotonic()
        try:
            await handle(item)
            await asyncio.sleep(self._pace.rest_after(time.monotonic() - started))
        finally:
            self._running -= 1
            self._changed.set()


async def people_act_now(engine: AsyncEngine) -> bool:
    """Whether a person's own command was recorded in the last seconds."""
    async with read_transaction(engine) as connection:
        return await people_act(connection, _SINCE, clock=SYSTEM)
