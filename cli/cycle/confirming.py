"""Asks before an instruction to everybody is given: numbers first, then `--yes` or an answer on the terminal."""

import asyncio
import sys
from typing import TYPE_CHECKING

from cli.session.output import Exit

if TYPE_CHECKING:
    from cli.session.session import Acting, Terminal
    from domain.access import Caller
    from domain.instructions.instructions import AnyInstruction
    from domain.values import CycleId
    from service.instruction_preview import InstructionPreview

_YES = ("y", "yes", "はい")


async def confirm(session: "Acting", caller: "Caller", asked: "AnyInstruction", cycle: "CycleId") -> None:
    """Shows on stderr what the instruction concerns, and returns if the person agrees.

    Ends the command if they do not, and if there is no terminal to ask on.
    """
    from service.instruction_preview import InstructionPreviews

    to = session.terminal
    preview = await InstructionPreviews(session.engine).preview(caller, asked, cycle)
    for line in _lines(preview, to):
        to.complain(line)
    if to.as_json or not sys.stdin.isatty():
        raise to.refuse(to.text("screen.steering.needs_yes"), kind="unconfirmed", code=Exit.USAGE)
    sys.stderr.write(to.text("screen.steering.question") + " ")
    sys.stderr.flush()
    if (await _answer()).strip().casefold() not in _YES:
        raise to.refuse(to.text("screen.steering.not_given"), kind="unconfirmed")


def _lines(preview: "InstructionPreview", to: "Terminal") -> list[str]:
    from texts.words import word

    goals, people = preview.goals, preview.people
    lines = [to.text("screen.steering.concerned", goals=goals, people=people, n=goals)]
    if preview.states:
        states = [f"{word('state', name, to.locale)} {number}" for name, number in preview.states.items()]
        lines.append(to.text("screen.steering.by_state", counts=states))
    if preview.outcomes:
        outcomes = [f"{word('outcome', name, to.locale)} {number}" for name, number in preview.outcomes.items()]
        lines.append(to.text("screen.steering.by_outcome", counts=outcomes))
    if preview.unchanged:
        lines.append(to.text("screen.steering.unchanged", goals=preview.unchanged))
    return lines


async def _answer() -> str:
    """A line from the terminal. Waits without blocking, so that Ctrl-C works."""
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()
