"""Being told to stop: Ctrl-C, or the SIGTERM of a service manager."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that worker and servers stop in order.

    The second one acts as it always does: it ends this process at once, and the servers with it.
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def tell() -> None:
        told.set()
        leave()

    def leave() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    for number in _SIGNALS:
        loop.add_signal_handler(number, tell)
    try:
        yield told
    finally:
        leave()
