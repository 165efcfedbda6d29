"""`meguri cycle`: HR checks a cycle file, launches it for the company, watches it, retries what failed. Steering: cli/cycle/steering.py."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from cli.session.choices import day
from cli.session.help import Commands
from cli.session.options import Actor, AsJson
from cli.session.output import Exit, print_findings, print_json

if TYPE_CHECKING:
    from cli.session.session import Acting, Reading, Terminal
    from service.cycles import Checked

cycle = Commands()

_CycleArgument = Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="help.option.cycle_file")]
_Starts = Annotated[
    date | None,
    typer.Option("--starts", parser=day, metavar="DATE", help="help.option.starts"),
]
_NoWait = Annotated[bool, typer.Option("--no-wait", help="help.option.no_wait_launch")]


@cycle.command("check")
def check(file: _File, starts: _Starts = None, as_json: AsJson = False) -> None:
    """List everything that prevents the launch of a cycle file. Nothing is changed."""
    from cli.cycle.cycle_screen import checked_document, describe_checked
    from cli.session.callers import caller_for
    from cli.session.files import read_small
    from cli.session.session import reading, run, terminal
    from domain.findings import refuses

    to = terminal(as_json)
    data = read_small(file, to)

    async def work(session: "Reading") -> Exit:
        checked = await session.cycles.check(caller_for(None), data, _today(data), starts)
        refused = refuses(checked.findings)
        if as_json:
            print_json(checked_document(checked))
        if refused:
            to.complain(_not_startable(file, checked, to))
        print_findings(checked.findings, to.locale)
        if not refused and not as_json:
            describe_checked(checked, to)
        return Exit.REFUSED if refused else Exit.DONE

    run(to, reading, work)


@cycle.command("start")
def start(
    file: _File,
    *,
    actor: Actor,
    starts: _Starts = None,
    overlapping: Annotated[bool, typer.Option("--overlapping", help="help.option.overlapping")] = False,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Launch a cycle for everybody whom its file names. Nothing starts while an error is found."""
    from cli.session.callers import caller_for
    from cli.session.files import read_small
    from cli.session.session import acting, run, terminal
    from domain.findings import refuses

    to = terminal(as_json)
    data = read_small(file, to)

    async def work(session: "Acting") -> Exit:
        checked = await session.cycles.check(caller_for(actor), data, _today(data), starts, confirmed=overlapping)
        if refuses(checked.findings) or checked.file is None:
            raise to.refuse(_not_startable(file, checked, to), kind="findings", findings=checked.findings)
        print_findings(checked.findings, to.locale)
        await session.cycles.launch(caller_for(actor), checked, datetime.now(UTC))
        return await _launched(session, checked, wait=not no_wait)

    run(to, acting, work)


@cycle.command("status")
def status(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="help.option.status_cycle")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="help.option.watch")] = False,
    as_json: AsJson = False,
) -> None:
    """List the cycles, or show the progress of one: participants, goals by department and state, failures."""
    import sys

    from cli.cycle import cycle_screen
    from cli.session.session import reading, run, terminal
    from domain.values import CycleId

    to = terminal(as_json)
    if watch and (cycle_id is None or as_json or not sys.stdout.isatty()):
        raise to.refuse(to.text("screen.cycle.watch_needs"), kind="usage", code=Exit.USAGE)

    async def work(session: "Reading") -> None:
        if cycle_id is None:
            await cycle_screen.show_cycles(session)
        elif watch:
            await cycle_screen.watch(session, CycleId(cycle_id))
        else:
            await cycle_screen.show_status(session, CycleId(cycle_id))

    run(to, reading, work)


@cycle.command("retry")
def retry(cycle_id: _CycleArgument, *, actor: Actor, no_wait: _NoWait = False, as_json: AsJson = False) -> None:
    """HR: launch again only for the people whose launch failed."""
    from cli.cycle import cycle_waiting
    from cli.session.callers import caller_for
    from cli.session.session import acting, run, terminal
    from domain.values import CycleId

    to = terminal(as_json)

    async def work(session: "Acting") -> Exit:
        one = CycleId(cycle_id)
        await session.cycles.retry(caller_for(actor), one)
        if not no_wait:
            await cycle_waiting.for_retry(session, one)
        elif not as_json:
            to.tell("screen.cycle.accepted", cycle=one)
            return Exit.DONE
        return await _report_launch(session, one, {})

    run(to, acting, work)


async def _launched(session: "Acting", checked: "Checked", *, wait: bool) -> Exit:
    """Waits for the launch to finish, where wanted, and prints its result."""
    from cli.cycle import cycle_waiting
    from texts.findings import documents_of

    if checked.file is None:
        raise ValueError("a cycle is launched from its file")
    one, to = checked.file.cycle.id, session.terminal
    if checked.already_launched and not to.as_json:
        to.tell("screen.cycle.unchanged", cycle=one)
    if wait:
        await cycle_waiting.for_launch(session, one)
    elif not (checked.already_launched or to.as_json):
        to.tell("screen.cycle.accepted", cycle=one)
        return Exit.DONE
    return await _report_launch(
        session, one, {"already_launched": checked.already_launched, "findings": documents_of(checked.findings)}
    )


async def _report_launch(session: "Acting", one: str, facts: dict[str, Any]) -> Exit:
    """Prints the result of the launch; exit code 1 where it failed for somebody."""
    from cli.session.callers import caller_for
    from domain.lifecycles import ParticipantState
    from domain.values import CycleId

    to = session.terminal
    status = await session.cycles.status(caller_for(None), CycleId(one), datetime.now(UTC))
    people, goals, failed = status.people, status.number_of_goals, status.failed
    started = status.participants.get(ParticipantState.STARTED, 0)
    if to.as_json:
        print_json({"cycle": one, **facts, "participants": status.participants, "goals": goals, "failed": failed})
    else:
        to.tell("screen.cycle.launched", cycle=one, people=people, started=started, goals=goals)
    for launch in failed:
        to.complain(f"{launch.employee}: {launch.reason}")
    if failed:
        to.complain(to.text("screen.cycle.retry", cycle=one))
    return Exit.REFUSED if failed else Exit.DONE


def _today(data: bytes) -> date:
    """Today in the cycle's time zone, which may be another day than here."""
    from domain.cycle.file import CycleFile, read_cycle_file

    file = read_cycle_file(data)
    name = file.calendar.timezone if isinstance(file, CycleFile) else "UTC"
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the check names it as a finding
        zone = ZoneInfo("UTC")
    return datetime.now(zone).date()


def _not_startable(file: Path, checked: "Checked", to: "Terminal") -> str:
    from domain.findings import Level

    number = sum(finding.level is Level.REFUSE for finding in checked.findings)
    return to.text("screen.cycle.not_startable", file=file, findings=number)
