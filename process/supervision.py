"""Stop signals, and running a program in several processes."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence


def stop_requested() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set. From this call on, they do not end the process."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def supervise(command: Sequence[str], processes: int, addresses: Mapping[str, str | None]) -> int:
    """Runs the command in several processes until a stop signal; returns the exit code (0 after a stop signal).

    `addresses` are environment variables with a `host:port` each; every process gets the next port. If one process ends by
    itself, all others are ended: the service manager restarts them together.
    """
    children = [
        await asyncio.create_subprocess_exec(*command, env=os.environ | _addresses_of(addresses, number))
        for number in range(processes)
    ]
    stop = stop_requested()
    waits = [asyncio.create_task(child.wait()) for child in children]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*waits, stopping], return_when=asyncio.FIRST_COMPLETED)
    for child in children:
        if child.returncode is None:
            child.terminate()
    codes = await asyncio.gather(*waits)
    return 0 if stop.is_set() else max((abs(code) for code in codes), default=1) or 1


def _addresses_of(addresses: Mapping[str, str | None], number: int) -> dict[str, str]:
    """The variables that are not None, for the process with this number (from 0)."""
    return {name: _next_address(address, number) for name, address in addresses.items() if address}


def _next_address(address: str, number: int) -> str:
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + number}"
