"""Streams of progress: an event for each change, the last one at the end, and an end in any case."""

import asyncio

import pytest

from domain.values import Frozen
from web.api.events import follow


class Number(Frozen):
    n: int


class Counting:
    """A document that changes at every second look, and is the last at `last`."""

    def __init__(self, last: int) -> None:
        self.looks, self.last = 0, last

    async def __call__(self) -> tuple[Number, bool]:
        self.looks += 1
        return Number(n=self.looks // 2), self.looks // 2 >= self.last


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.api.events._LOOK_SECONDS", 0.01)


async def test_each_change_is_one_event_and_the_last_is_done() -> None:
    found = [(one.event, one.data) async for one in follow(Counting(3), asyncio.Event())]
    assert found == [*(("progress", Number(n=n)) for n in (0, 1, 2)), ("done", Number(n=3))]


async def test_a_stream_ends_when_the_server_stops_and_after_a_while() -> None:
    stopping, never = asyncio.Event(), Counting(10**9)
    async with asyncio.timeout(5):
        async for _ in follow(never, stopping):
            stopping.set()
        short = [one.event async for one in follow(never, asyncio.Event(), longest=0.1)]
    assert set(short) == {"progress"}
