"""The end of a worker: bounded, whatever its activities wait for."""

import asyncio
import os
from typing import Any

import pytest
from structlog.testing import capture_logs

import worker


class Drained:
    """A worker of one queue. Its shutdown waits for `pending`, as the SDK's does for a local activity."""

    def __init__(self, task_queue: str, pending: asyncio.Event) -> None:
        self.task_queue, self._pending = task_queue, pending

    async def shutdown(self) -> None:
        await self._pending.wait()


class Exited(BaseException):
    """Instead of the end of this process."""


async def test_a_worker_whose_work_never_ends_exits_all_the_same_and_says_what_it_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leave(code: int) -> None:
        raise Exited(code)

    monkeypatch.setattr(worker, "_LEAVE_SECONDS", 0.1)
    monkeypatch.setattr(os, "_exit", leave)
    never, at_once = asyncio.Event(), asyncio.Event()
    at_once.set()
    workers: Any = [Drained("goals", never), Drained("bulk", at_once)]
    with capture_logs() as logged, pytest.raises(Exited) as exited:
        async with asyncio.timeout(10):
            await worker._drain(workers, 0)
    never.set()
    assert exited.value.args == (4,)
    assert [(one["event"], one["queues"]) for one in logged] == [("worker_left_work", ["goals"])]


async def test_a_worker_whose_work_is_done_ends_without_waiting() -> None:
    done = asyncio.Event()
    done.set()
    workers: Any = [Drained("goals", done)]
    async with asyncio.timeout(10):
        await worker._drain(workers, 600)
