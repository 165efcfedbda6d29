"""Stopping in order after Ctrl-C, or after SIGTERM of a service manager."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_event() -> Iterator[asyncio.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that worker and servers can stop in order.

    The second signal has its default effect: it ends this process at once, and the servers with it.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def request() -> None:
        stop.set()
        restore()

    def restore() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    for number in _SIGNALS:
        loop.add_signal_handler(number, request)
    try:
        yield stop
    finally:
        restore()
