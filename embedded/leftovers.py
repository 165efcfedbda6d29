"""What a PostgreSQL that was killed leaves in its folder, and how the next start gets past it."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from embedded import process


async def end_old_server(data: Path, record: Path) -> None:
    """Ends what an earlier run left running on `data`, and removes a lock that names somebody else's process."""
    await process.end_leftover(record, signal.SIGINT)
    await asyncio.to_thread(_wait_for_orphans, data)
    _drop_misleading_locks(data)


def _wait_for_orphans(data: Path) -> None:
    """Sessions end by themselves when their server is gone, but hold its memory until they have."""
    orphans = [other for other in psutil.process_iter() if _works_on(other, data)]
    _, stubborn = psutil.wait_procs(orphans, timeout=process.PATIENCE)
    for orphan in stubborn:
        process.end(orphan, signal.SIGQUIT)


def _works_on(other: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return bool(other.name() == "postgres" and Path(other.cwd()) == data)
    return False


def _drop_misleading_locks(data: Path) -> None:
    """PostgreSQL trusts its lock files while the pid in them lives, even when it is another program's by now.

    That is common in containers, where pids start again at 1. A dead pid it sees through by itself.
    """
    for lock in (data / "postmaster.pid", *data.glob(".s.PGSQL.*.lock")):
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            holder = psutil.Process(int(lock.read_text(encoding="utf-8").splitlines()[0]))
            if not _works_on(holder, data):
                lock.unlink()
