"""A server program as a child of this process: apart from its terminal, and never left behind.

Three ways lead to the child's end. A clean stop sends it the signal it knows. If this process is killed, Linux sends
that signal (`PR_SET_PDEATHSIG`). Where that does not exist, the next start finds the child in its record (pid and
moment of birth, so that a pid that was given to somebody else is left alone) and ends it.
"""

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: a forked child must not load anything

PATIENCE = 20.0  # seconds that a server gets to stop by itself; a checkpoint of PostgreSQL takes a few


@dataclass(frozen=True)
class User:
    """The user of the operating system that a program runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Server:
    """A running server program."""

    process: asyncio.subprocess.Process
    record: Path
    stop_signal: signal.Signals

    @property
    def has_ended(self) -> bool:
        return self.process.returncode is not None

    def listens_at(self, port: int) -> bool:
        """Whether it is this server, and no other program, that takes connections at the TCP port."""
        try:
            found = psutil.Process(self.process.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found)

    async def stop(self) -> None:
        """Asks it to stop, waits, insists; the record goes last."""
        with suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        self.record.unlink(missing_ok=True)


async def start(
    command: Sequence[str],
    *,
    record: Path,
    log: Path,
    environment: Mapping[str, str],
    stop_signal: signal.Signals,
    user: User | None = None,
    folder: Path = Path("/"),  # the one we stand in may be closed to the server's user
) -> Server:
    """Starts a server in a session of its own, so that Ctrl-C reaches this process alone, which then stops in order."""
    _keep_one(log)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=_tie_to_parent(stop_signal),
            **as_user(user),
        )
    record.write_text(json.dumps({"pid": process.pid, "born": _born(process.pid)}), encoding="utf-8")
    return Server(process, record, stop_signal)


def as_user(user: User | None) -> dict[str, Any]:
    """The arguments that make a child run as `user`; none for our own."""
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


async def end_leftover(record: Path, stop_signal: signal.Signals) -> None:
    """Ends the server of an earlier run that was killed, if it still lives."""
    process = _recorded(record)
    if process is not None:
        await asyncio.to_thread(end, process, stop_signal)
    record.unlink(missing_ok=True)


def end(process: psutil.Process, stop_signal: signal.Signals) -> None:
    """Asks a process that is not our child to stop, waits, insists."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
        try:
            process.wait(PATIENCE)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)


def _recorded(record: Path) -> psutil.Process | None:
    try:
        noted = json.loads(record.read_text(encoding="utf-8"))
        pid, born = int(noted["pid"]), float(noted["born"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no record, or half of one: there is nobody whom we could name as ours
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return process if abs(process.create_time() - born) < 1 else None
    return None


def _born(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0  # ended at once; whoever waits for it to be ready reports that


def _keep_one(log: Path) -> None:
    """The log of the run before stays beside the new one, under `.1`."""
    with suppress(FileNotFoundError):
        log.replace(log.with_name(f"{log.name}.1"))


def _tie_to_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def tie() -> None:  # runs in the child, between fork and exec: one system call, no allocation to speak of
        libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # the parent died before the call
            os._exit(1)

    return tie
