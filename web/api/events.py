"""Progress as a stream of server-sent events: one event whenever the document changed, and a last one at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi.sse import ServerSentEvent

from domain.values import Frozen

_LOOK_SECONDS = 0.5
_LONGEST_SECONDS = 600  # then the reader connects again, and their token is looked at again


async def follow(
    read: Callable[[], Awaitable[tuple[Frozen, bool]]], stopping: asyncio.Event, longest: float = _LONGEST_SECONDS
) -> AsyncIterator[ServerSentEvent]:
    """Events `progress` with the document, then `done` with the last one.

    `read` returns the document and whether it is the last. The stream also ends when the server stops, and after `longest` seconds: a
    reader who connects again gets the present state first, so nothing is lost.
    """
    before: Frozen | None = None
    end = asyncio.get_running_loop().time() + longest
    while not stopping.is_set() and asyncio.get_running_loop().time() < end:
        document, is_last = await read()
        if is_last:
            yield ServerSentEvent(event="done", data=document)
            return
        if document != before:
            yield ServerSentEvent(event="progress", data=document)
            before = document
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await stopping.wait()
        except TimeoutError:
            continue
