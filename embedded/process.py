"""A server program as a child process that is detached from the terminal and always ended.

There are three ways in which the child is ended. A clean stop sends it its stop signal. If this process is killed, Linux sends
the child that signal (`PR_SET_PDEATHSIG`). On other systems, the next start finds the child by its record and ends it. The record
is a file with the pid and the start time, so that an unrelated process with the same pid is not ended.
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
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded now: a forked child must not load a library

STOP_SECONDS = (
    20.0  # how long a server may take to stop before it is killed; a checkpoint of PostgreSQL takes a few seconds
)


@dataclass(frozen=True)
class User:
    """The OS user as which a program runs."""

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
        """Whether this server, and not another program, accepts connections at the TCP port."""
        try:
            found = psutil.Process(self.process.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found)

    async def stop(self) -> None:
        """Sends the stop signal, waits, kills the server if it does not stop; then deletes the record."""
        with suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
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
    folder: Path = Path("/"),  # the current folder may be closed to the server's user
) -> Server:
    """Starts a server in a session of its own: Ctrl-C reaches only this process, which then stops the server."""
    _rotate(log)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=_end_with_parent(stop_signal),
            **as_user(user),
        )
    record.write_text(json.dumps({"pid": process.pid, "born": _start_time(process.pid)}), encoding="utf-8")
    return Server(process, record, stop_signal)


def as_user(user: User | None) -> dict[str, Any]:
    """The arguments that make a child run as `user`; none for the current user."""
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


async def end_leftover(record: Path, stop_signal: signal.Signals) -> None:
    """Ends the server of an earlier run that was killed, if the server still runs."""
    process = _recorded(record)
    if process is not None:
        await asyncio.to_thread(end, process, stop_signal)
    record.unlink(missing_ok=True)


def end(process: psutil.Process, stop_signal: signal.Signals) -> None:
    """Sends the stop signal to a process that is not our child, waits, kills it if it does not stop."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _recorded(record: Path) -> psutil.Process | None:
    try:
        fields = json.loads(record.read_text(encoding="utf-8"))
        pid, started = int(fields["pid"]), float(fields["born"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no record, or an incomplete one: no process is known to be ours
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return process if abs(process.create_time() - started) < 1 else None
    return None


def _start_time(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0  # the process has ended already; the check that it is ready reports that


def _rotate(log: Path) -> None:
    """Keeps the log of the previous run, with the suffix `.1`."""
    with suppress(FileNotFoundError):
        log.replace(log.with_name(f"{log.name}.1"))


def _end_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """The function that makes Linux send the child this signal when its parent ends; None on other systems."""
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def request_signal() -> (
        None
    ):  # runs in the child between fork and exec, where little more than a system call is safe
        libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # the parent died before the call
            os._exit(1)

    return request_signal
