"""What `cycle check` and `cycle status` print, once or live."""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.session.callers import caller_for
from cli.session.output import print_json, print_table
from cli.session.session import Reading, Terminal
from domain.findings import refuses
from domain.lifecycle import State
from domain.values import CycleId
from service.cycle_documents import CycleStatus
from service.cycles import Checked
from texts.dates import moment_text
from texts.findings import documents_of
from texts.wording import cycle_state, person, result_name, state_name, visible
from texts.words import reason_text

_EVERY = 1.0  # seconds between two looks
_PIPED_WIDTH = 240
_MOST_NAMED = 20  # problems; `hearing list --unanswered` has all


def checked_document(checked: Checked) -> dict[str, Any]:
    return {
        "cycle": checked.file.cycle.id if checked.file else None,
        "name": checked.file.name if checked.file else None,
        "refused": refuses(checked.findings),
        "already_launched": checked.already_launched,
        "people": checked.people,
        "goals": checked.goals,
        "findings": documents_of(checked.findings),
    }


def describe_checked(checked: Checked, to: Terminal) -> None:
    """What a launch would do."""
    if checked.file is None:
        return
    one = checked.file.cycle.id
    if checked.already_launched:
        to.tell("screen.cycle.launched_already", cycle=one)
    else:
        to.tell("screen.cycle.startable", cycle=one, people=checked.people, goals=checked.goals)
        if checked.file.cycle.name is None:
            to.tell("screen.cycle.named", name=checked.file.name)


async def show_cycles(session: Reading) -> None:
    to, listed = session.terminal, await session.cycles.list_cycles(caller_for(None))
    rows = listed.cycles
    if to.as_json:
        print_json(listed)
        return
    if not rows:
        to.tell("screen.cycle.none")
        return
    table = [
        (
            row.cycle,
            visible(row.name),
            cycle_state(row.state, to.locale),
            moment_text(row.launched_at, row.time_zone),
            person(row.launched_by, {row.launched_by: row.launched_by_name} if row.launched_by_name else {}),
        )
        for row in rows
    ]
    print_table(to.heads("screen.cycle.heads"), table)


async def show_status(session: Reading, cycle: CycleId) -> None:
    to = session.terminal
    status = await _look(session, cycle)
    if to.as_json:
        print_json(status)
        return
    terminal_width = None if sys.stdout.isatty() else _PIPED_WIDTH
    Console(file=sys.stdout, width=terminal_width).print(_screen(status, to))
    unanswered = status.problems.unanswered
    if heard := status.problems.heard:
        named = " ".join(unanswered[:_MOST_NAMED])
        to.tell("screen.cycle.problems", heard=heard, unanswered=len(unanswered), named=named)


async def watch(session: Reading, cycle: CycleId) -> None:
    """Looks every second, until the cycle is closed or the reader has seen enough."""
    status = await _look(session, cycle)
    with Live(_screen(status, session.terminal), auto_refresh=False, console=Console(file=sys.stdout)) as live:
        while status.state.is_running:
            await asyncio.sleep(_EVERY)
            status = await _look(session, cycle)
            live.update(_screen(status, session.terminal), refresh=True)


async def _look(session: Reading, cycle: CycleId) -> CycleStatus:
    return await session.cycles.status(caller_for(None), cycle, datetime.now(UTC))


def _screen(status: CycleStatus, to: Terminal) -> RenderableType:
    people = ", ".join(f"{result_name(result, to.locale)} {number}" for result, number in status.participants.items())
    lines = [
        f"{status.cycle}  {visible(status.name)}  {cycle_state(status.state, to.locale)}",
        to.text("screen.cycle.participants", people=people),
        to.text("screen.cycle.overdue", goals=status.overdue),
    ]
    lines += [
        to.text("screen.cycle.part_hr", part=visible(one.name), people=", ".join(one.people)) for one in status.hr_of
    ]
    if status.paused:
        lines.append(to.text("screen.cycle.paused", goals=status.paused))
    failed = [f"{one.employee}: {visible(reason_text(one.reason, to.locale))}" for one in status.failed]
    return Group(*_texts(lines), _by_department(status, to), *_texts(failed))


def _texts(lines: Iterable[str]) -> list[Text]:
    return [Text(line) for line in lines]


def _by_department(status: CycleStatus, to: Terminal) -> Table:
    """Goals by department and state, departments as a tree, with totals both ways."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(to.text("screen.cycle.department"))
    for header in (*(state_name(state, to.locale) for state in State), to.text("screen.cycle.total")):
        table.add_column(header, justify="right")
    for one in status.departments:
        row = [one.counts.get(state, 0) for state in State]
        name = to.text("screen.cycle.with_below", department=one.department) if one.with_below else one.department
        table.add_row(Text("  " * one.depth + name), *(str(number) for number in (*row, sum(row))))
    totals = [sum(by_state.get(state, 0) for by_state in status.goals.values()) for state in State]
    table.add_row(to.text("screen.cycle.total"), *(str(number) for number in (*totals, sum(totals))))
    return table
