"""Waiting for what a cycle does in bulk, with a bar on stderr: the launch, its retry, an instruction."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.session.callers import caller_for
from cli.session.session import Acting, Terminal
from domain.lifecycles import CycleState, InstructionState, ParticipantState
from domain.values import CycleId
from service.answers import ANSWER_SECONDS, NoAnswer
from service.cycle_documents import CycleStatus

_EVERY = 0.25  # seconds between two looks
_SILENT = 2.0  # seconds without a change after which it says what it waits for
_FAILURES = (
    3  # failed tries, one after the other, after which nobody waits any more: `meguri instruction ID` shows the rest
)


class Reached(NamedTuple):
    """The progress. A change of `signs` shows that a worker is busy, even before the first item is done."""

    done: int
    total: int
    finished: bool
    signs: object


async def for_launch(session: Acting, cycle: CycleId) -> None:
    async def look() -> Reached:
        status = await session.cycles.status(caller_for(None), cycle, datetime.now(UTC))
        return _reached(status, finished=status.state is not CycleState.LAUNCHING)

    await _wait(session.terminal, session.terminal.text("screen.cycle.launching"), look, _for_worker(session, cycle))


async def for_retry(session: Acting, cycle: CycleId) -> None:
    async def look() -> Reached:
        progress = await session.cycles.progress(caller_for(None), cycle)
        status = await session.cycles.status(caller_for(None), cycle, datetime.now(UTC))
        return _reached(status, finished=progress.phase != "launching")

    await _wait(session.terminal, session.terminal.text("screen.cycle.retrying"), look, _for_worker(session, cycle))


def _for_worker(session: Acting, cycle: CycleId) -> str:
    return session.terminal.text("screen.cycle.waits_for_worker", cycle=cycle)


async def for_instruction(session: Acting, instruction: str, label: str) -> None:
    async def look() -> Reached:
        progress = await session.instructions.progress(caller_for(None), instruction)
        is_over = progress.state in (InstructionState.DONE, InstructionState.ENDED)
        return Reached(progress.settled, progress.total, is_over or progress.failures >= _FAILURES, progress)

    waiting = session.terminal.text("screen.instruction.waits_for_worker", id=instruction)
    await _wait(session.terminal, label, look, waiting)


def _reached(status: CycleStatus, *, finished: bool) -> Reached:
    counts = status.participants
    done = counts.get(ParticipantState.STARTED, 0) + counts.get(ParticipantState.FAILED, 0)
    return Reached(done, status.people, finished, counts)


async def _wait(to: Terminal, label: str, look: Callable[[], Awaitable[Reached]], waiting: str) -> None:
    """Waits until it is finished. Raises `NoAnswer` where nothing changes: no worker runs. It continues when one starts.

    `waiting` is printed on stderr, once, as soon as nothing changes for a moment: it says what the command waits for.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=to.as_json or not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        reached, moved = await look(), time.monotonic()
        while not reached.finished:
            bar.update(task, completed=reached.done, total=reached.total)
            await asyncio.sleep(_EVERY)
            before, reached = reached, await look()
            if reached.signs != before.signs:
                moved = time.monotonic()
            elif time.monotonic() - moved > ANSWER_SECONDS:
                raise NoAnswer(None, ANSWER_SECONDS)
            elif waiting and time.monotonic() - moved > _SILENT:
                to.complain(waiting)
                waiting = ""
        bar.update(task, completed=reached.done, total=reached.total)
