"""CPU seconds of the processes under measurement. Rates swing with what else the machine does; these hardly do."""

from contextlib import suppress
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
            "Temporal": sum(seconds for name, seconds in servers if "temporal" in name),
            "worker": _seconds(self.worker, "worker"),
            "PostgreSQL": sum(seconds for name, seconds in servers if "postgres" in name),
            "client": _seconds(psutil.Process(), "client"),
        }

    def _servers(self) -> list[tuple[str, float]]:
        """Names and seconds of the processes that were started on the folder, and of their children: PostgreSQL has one per connection."""
        found = {one.pid: one for one in psutil.Process().children(recursive=True) if one.pid != self.worker.pid}
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in part for part in process.info["cmdline"] or ()):
                found |= {one.pid: one for one in (process, *process.children(recursive=True))}
        read = []
        for process in found.values():
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile; its parent counts it
                name = process.name()
                read.append((name, _seconds(process, name)))
        return read


def _seconds(process: psutil.Process, name: str) -> float:
    times = process.cpu_times()
    own: float = times.user + times.system
    return own + times.children_user + times.children_system if "postgres" in name else own


def per_operation(before: Seconds, after: Seconds, operations: int) -> Seconds:
    """Milliseconds of CPU for each operation."""
    return {name: (after[name] - before[name]) * 1000 / operations for name in before}
