"""CPU seconds of the processes under measurement. Rates swing with what else the machine does; these hardly do."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

Seconds = dict[str, float]


@dataclass(frozen=True)
class Processes:
    """The worker, both servers (by the folder of their data, or as children of this process), and this process as the client."""

    worker: psutil.Process
    folder: Path

    def cpu(self) -> Seconds:
        """Seconds of CPU that each has used since it began."""
        servers = self._servers()
        return {
            "Temporal": _seconds(one for one in servers if "temporal" in one.name()),
            "worker": _seconds([self.worker]),
            "PostgreSQL": _seconds(one for one in servers if "postgres" in one.name()),
            "client": _seconds([psutil.Process()]),
        }

    def _servers(self) -> list[psutil.Process]:
        """The processes that were started on the folder, and their children: PostgreSQL has one per connection."""
        found = {one.pid: one for one in psutil.Process().children(recursive=True) if one.pid != self.worker.pid}
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in part for part in process.info["cmdline"] or ()):
                found |= {one.pid: one for one in (process, *process.children(recursive=True))}
        return list(found.values())


def _seconds(processes: Iterable[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it ended meanwhile; its parent counts it
        total += times.user + times.system
        if "postgres" in process.name():
            total += times.children_user + times.children_system
    return total


def per_operation(before: Seconds, after: Seconds, operations: int) -> Seconds:
    """Milliseconds of CPU for each operation."""
    return {name: (after[name] - before[name]) * 1000 / operations for name in before}
