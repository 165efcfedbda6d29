"""Cleaning up after a PostgreSQL server that was killed, so that the next one can start on its data."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from embedded import process


async def end_old_server(data: Path, record: Path) -> None:
    """Ends processes of an earlier run that still use `data`, and removes lock files that name an unrelated process."""
    await process.end_leftover(record, signal.SIGINT)
    await asyncio.to_thread(_end_orphans, data)
    _remove_stale_locks(data)


def _end_orphans(data: Path) -> None:
    """Waits until the sessions of a killed server have ended, since they hold its shared memory; then ends the rest."""
    orphans = [other for other in psutil.process_iter() if _uses(other, data)]
    _, still_running = psutil.wait_procs(orphans, timeout=process.STOP_SECONDS)
    for orphan in still_running:
        process.end(orphan, signal.SIGQUIT)


def _uses(other: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return bool(other.name() == "postgres" and Path(other.cwd()) == data)
    return False


def _remove_stale_locks(data: Path) -> None:
    """Removes PostgreSQL's lock files whose pid now belongs to another program.

    PostgreSQL ignores a lock file only if no process has the pid. In containers, where pids start again at 1, another program
    often has it.
    """
    for lock in (data / "postmaster.pid", *data.glob(".s.PGSQL.*.lock")):
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            holder = psutil.Process(int(lock.read_text(encoding="utf-8").splitlines()[0]))
            if not _uses(holder, data):
                lock.unlink()
