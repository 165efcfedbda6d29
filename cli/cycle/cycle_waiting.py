"""Waiting for what a cycle does in bulk, with a bar on stderr: the launch, the second try, the settlement."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.session.session import Acting, Terminal
from domain.values import CycleId
from service.answers import ANSWER_SECONDS, NoAnswer

_EVERY = 0.25  # seconds between two looks


class Reached(NamedTuple):
    """How far it is. What moves in `signs` shows that somebody works on it, before the first one is done."""

    done: int
    total: int
    finished: bool
    signs: object


async def for_launch(session: Acting, cycle: CycleId) -> None:
    async def look() -> Reached:
        row = await session.cycles.require(cycle)
        return await _participants(session, cycle, finished=row.state != "launching")

    await _wait(session.terminal, session.terminal.text("screen.cycle.launching"), look)


async def for_retry(session: Acting, cycle: CycleId) -> None:
    async def look() -> Reached:
        progress = await session.cycles.progress(cycle)
        return await _participants(session, cycle, finished=progress.phase != "launching")

    await _wait(session.terminal, session.terminal.text("screen.cycle.retrying"), look)


async def for_instruction(session: Acting, instruction: str, label: str) -> None:
    async def look() -> Reached:
        progress = await session.instructions.progress(instruction)
        return Reached(progress.settled, progress.total, progress.state == "done", progress)

    await _wait(session.terminal, label, look)


async def _participants(session: Acting, cycle: CycleId, *, finished: bool) -> Reached:
    counts = (await session.cycles.status(cycle, datetime.now(UTC))).participants
    done = counts.get("started", 0) + counts.get("failed", 0)
    return Reached(done, sum(counts.values()), finished, counts)


async def _wait(to: Terminal, label: str, look: Callable[[], Awaitable[Reached]]) -> None:
    """Until it is finished. Raises `NoAnswer` where nothing moves: no worker runs, and it goes on when one does."""
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
        bar.update(task, completed=reached.done, total=reached.total)
