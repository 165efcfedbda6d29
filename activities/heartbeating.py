"""Heartbeats of an activity that waits for other servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from temporalio import activity

_PER_TIMEOUT = 4  # heartbeats in the time after which Temporal would take the activity for dead


@asynccontextmanager
async def heartbeating(details: Callable[[], Sequence[object]] = tuple) -> AsyncIterator[None]:
    """Heartbeats in the background, so that one slow answer of another server does not time the activity out.

    The next attempt of the activity gets the latest `details`.
    """
    timeout = activity.info().heartbeat_timeout

    async def beat() -> None:
        while timeout:
            activity.heartbeat(*details())
            await asyncio.sleep(timeout.total_seconds() / _PER_TIMEOUT)

    background = asyncio.create_task(beat())
    try:
        yield
    finally:
        background.cancel()
