"""What `cycle check` and `cycle status` print, once or live."""

import asyncio
import sys
from collections import Counter
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
from cli.session.wording import cycle_state, local, person, result_name, state_name, visible
from domain.findings import refuses
from domain.lifecycle import State
from domain.values import CycleId
from service.cycles import Checked
from service.hearing import Hearing
from storage.cycles import Counts, Cycle
from texts.findings import documents_of
from texts.words import reason_text

_EVERY = 1.0  # seconds between two looks
_PIPED_WIDTH = 240
_MOST_NAMED = 20  # problems; `hearing list --unanswered` has all


def checked_document(checked: Checked) -> dict[str, Any]:
    return {
        "cycle": checked.file.cycle.id if checked.file else None,
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


async def show_cycles(session: Reading) -> None:
    to, rows = session.terminal, await session.cycles.find_all()
    if to.as_json:
        print_json({"cycles": [_cycle_document(row) for row in rows]})
        return
    if not rows:
        to.tell("screen.cycle.none")
        return
    names, zones = await session.names({row.launched_by for row in rows}), await session.cycles.time_zones()
    table = [
        (
            row.id,
            visible(row.name),
            cycle_state(row.state, to.locale),
            local(row.launched_at, zones[row.id]),
            person(row.launched_by, names),
        )
        for row in rows
    ]
    print_table(to.heads("screen.cycle.heads"), table)


async def show_status(session: Reading, cycle: CycleId) -> None:
    to = session.terminal
    row, counts = await _look(session, cycle)
    problems = (await Hearing(session.engine).list_problems(caller_for(None), cycle)).problems
    unanswered = [one.id for one in problems if not one.answers]
    if to.as_json:
        heard = {"problems": {"heard": len(problems), "unanswered": unanswered}}
        print_json(_cycle_document(row) | _counts_document(counts) | heard)
        return
    terminal_width = None if sys.stdout.isatty() else _PIPED_WIDTH
    Console(file=sys.stdout, width=terminal_width).print(_screen(row, counts, to))
    if problems:
        named = " ".join(unanswered[:_MOST_NAMED])
        to.tell("screen.cycle.problems", heard=len(problems), unanswered=len(unanswered), named=named)


async def watch(session: Reading, cycle: CycleId) -> None:
    """Looks every second, until the cycle is closed or the reader has seen enough."""
    row, counts = await _look(session, cycle)
    with Live(_screen(row, counts, session.terminal), auto_refresh=False, console=Console(file=sys.stdout)) as live:
        while row.state.is_running:
            await asyncio.sleep(_EVERY)
            row, counts = await _look(session, cycle)
            live.update(_screen(row, counts, session.terminal), refresh=True)


async def _look(session: Reading, cycle: CycleId) -> tuple[Cycle, Counts]:
    row = await session.cycles.require(cycle)
    return row, await session.cycles.status(cycle, datetime.now(UTC))


def _cycle_document(row: Cycle) -> dict[str, Any]:
    return {
        "cycle": row.id,
        "name": row.name,
        "state": row.state,
        "launched_by": row.launched_by,
        "launched_at": row.launched_at,
        "closed_at": row.closed_at,
    }


def _counts_document(counts: Counts) -> dict[str, Any]:
    goals: dict[str, dict[str, int]] = {}
    for department, state, number in counts.goals:
        goals.setdefault(department, {})[state] = number
    return {
        "participants": counts.participants,
        "goals": goals,
        "overdue": counts.overdue,
        "failed": [{"employee": employee, "reason": reason} for employee, reason in counts.failed],
    }


def _screen(row: Cycle, counts: Counts, to: Terminal) -> RenderableType:
    people = ", ".join(f"{result_name(result, to.locale)} {number}" for result, number in counts.participants.items())
    lines = [
        f"{row.id}  {visible(row.name)}  {cycle_state(row.state, to.locale)}",
        to.text("screen.cycle.participants", people=people),
        to.text("screen.cycle.overdue", goals=counts.overdue),
    ]
    failed = [f"{employee}: {visible(reason_text(reason, to.locale))}" for employee, reason in counts.failed]
    return Group(*_texts(lines), _by_department(counts, to), *_texts(failed))


def _texts(lines: Iterable[str]) -> list[Text]:
    return [Text(line) for line in lines]


def _by_department(counts: Counts, to: Terminal) -> Table:
    """Goals by department and state, with totals both ways."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(to.text("screen.cycle.department"))
    for header in (*(state_name(state, to.locale) for state in State), to.text("screen.cycle.total")):
        table.add_column(header, justify="right")
    numbers = Counter({(department, state): number for department, state, number in counts.goals})
    departments = sorted({department for department, _, _ in counts.goals})
    for department in departments:
        row = [numbers[department, state.value] for state in State]
        table.add_row(Text(department), *(str(number) for number in (*row, sum(row))))
    totals = [sum(numbers[department, state.value] for department in departments) for state in State]
    table.add_row(to.text("screen.cycle.total"), *(str(number) for number in (*totals, sum(totals))))
    return table
