"""Servers and workers from the command line: `up`, `demo`, `migrate`, `worker`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from embedded.addresses import Addresses
    from service.cycles import Cycles
    from settings import Settings

_SAMPLES = Path(__file__).parents[2] / "samples"
_LAUNCH_SECONDS = 300


def up() -> None:
    """Servers and a worker on this machine, on the data in ./var, until Ctrl-C."""
    _finish(asyncio.run(_up(_settings())))


def demo(exit_when_launched: bool = False) -> None:
    """The sample company and its cycle, on servers of this machine, until Ctrl-C."""
    _finish(asyncio.run(_demo(_settings(), exit_when_launched=exit_when_launched)))


def migrate() -> None:
    """Bring the database's schema to this program's version."""
    _finish(asyncio.run(_migrate(_settings())))


def worker(role: str = "all", processes: int = 1) -> None:
    """Carry out goals, cycles and deliveries (`python worker.py` is the same)."""
    import worker as worker_program

    _finish(worker_program.run(worker_program.Role(role), processes))


def _settings() -> "Settings":
    from settings import Settings  # with what reads the environment it takes longer than `--help` may take

    return Settings()


def _finish(code: int) -> None:
    import typer

    raise typer.Exit(code)


@asynccontextmanager
async def _everything(settings: "Settings") -> AsyncIterator["tuple[Addresses, AsyncEngine, Client]"]:
    """Servers, schema and a worker of all roles; logs and notices go to files in `var`, the screen stays free."""
    import logs
    from channels.channel import ConsoleChannel
    from embedded.stack import running
    from service.connection import connect_temporal
    from storage.database import open_database
    from storage.migrate import upgrade
    from worker import Role, serving

    async with running(settings.var) as at:
        with (settings.var / "worker.log").open("a") as log, (settings.var / "notices.txt").open("a") as notices:
            logs.configure(settings, log)
            await upgrade(at.database_url)
            engine = open_database(at.database_url, pool=settings.database_pool)
            try:
                client = await connect_temporal(settings, at=at.temporal_address)
                channel = ConsoleChannel(notices) if settings.channel == "console" else None
                async with serving(settings, Role.ALL, client, engine, channel):
                    yield at, engine, client
            finally:
                await engine.dispose()


async def _up(settings: "Settings") -> int:
    from embedded.stopping import stop_requested

    with stop_requested() as stop:
        async with _everything(settings) as (at, _, _):
            _say(_where(at, settings))
            await stop.wait()
            _say("stopping …")
    return 0


async def _demo(settings: "Settings", *, exit_when_launched: bool) -> int:
    from embedded.stopping import stop_requested

    with stop_requested() as stop:
        _say("starting PostgreSQL, Temporal and a worker …")
        at_once = settings.model_copy(update={"digest": "minute"})  # nobody watches a demo until tomorrow morning
        async with _everything(at_once) as (at, engine, client):
            code = await _sample_company(settings, engine, client)
            if code == 0:
                await _show_drafts(settings, engine)
                _say(_where(at, settings))
                _say(_WHAT_NEXT)
                if not exit_when_launched:
                    await stop.wait()
            _say("stopping …")
    return code


async def _sample_company(settings: "Settings", engine: "AsyncEngine", client: "Client") -> int:
    """Imports the people and launches the cycle, unless an earlier demo did; the exit code."""
    from cli.session.callers import caller_for, operator
    from cli.session.output import print_findings, reader_locale
    from domain.findings import refuses
    from service.cycles import Cycles
    from service.people import People
    from storage.cycles import find_cycle
    from storage.database import read_transaction

    cycles, locale = Cycles(engine, client), reader_locale(settings)
    async with read_transaction(engine) as connection:
        launched = await find_cycle(connection, _DEMO_CYCLE)
    if launched:
        _say(f"the cycle {_DEMO_CYCLE} is here from an earlier demo; nothing was changed")
        return 0
    imported = await People(engine).import_file(operator(), (_SAMPLES / "company.csv").read_bytes(), {}, dry_run=False)
    print_findings(imported.findings, locale)
    if imported.imported is None:
        return 1
    _say(f"samples/company.csv: {imported.imported.added} people imported, {imported.imported.unchanged} were here")
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    checked = await cycles.check(operator(), (_SAMPLES / "cycle.toml").read_bytes(), now.date(), now.date())
    print_findings(checked.findings, locale)
    if refuses(checked.findings) or checked.policy is None:
        return 1
    _say(
        f"samples/cycle.toml, moved to start today: {checked.people} people, {checked.goals} goals; nothing against the launch"
    )
    await cycles.launch(caller_for(checked.policy.hr[0]), checked, now)
    return await _watch_launch(cycles, checked.people)


async def _show_drafts(settings: "Settings", engine: "AsyncEngine") -> None:
    """What the writing rules say to each department's draft; those from the catalogue need no word."""
    from cli.session.output import print_findings, reader_locale
    from domain.writing.rules import check
    from storage.cycles import find_cycle
    from storage.database import read_transaction

    async with read_transaction(engine) as connection:
        row = await find_cycle(connection, _DEMO_CYCLE)
    if row is None:
        return
    _say("\nwhat the writing rules say to the drafts (`meguri goal check GOAL` for one goal):")
    for draft in row.file.drafts:
        findings = check(draft.content(), row.launched_policy)
        source = f"from {draft.catalog}" if draft.catalog else "written by hand"
        _say(f"\n  {draft.department}: {draft.theme} ({source}): {len(findings) or 'no'} finding(s)")
        print_findings(findings, reader_locale(settings), sys.stdout)


_DEMO_CYCLE = "2026-q4"


async def _watch_launch(cycles: "Cycles", people: int) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from cli.session.callers import operator
    from domain.values import CycleId

    with Progress(console=Console(file=sys.stdout)) as bar:
        task = bar.add_task("launching", total=people)
        async with asyncio.timeout(_LAUNCH_SECONDS):
            while True:
                counts = await cycles.status(operator(), CycleId(_DEMO_CYCLE), datetime.now(ZoneInfo("UTC")))
                done = counts.participants.get("started", 0) + counts.participants.get("failed", 0)
                bar.update(task, completed=done)
                if done >= people:
                    break
                await asyncio.sleep(0.2)
    for one in counts.failed:
        _say(f"failed: {one.employee}: {one.reason}")
    return 1 if counts.failed else 0


async def _migrate(settings: "Settings") -> int:
    from service.connection import connect_database, resolve
    from storage.migrate import expected_version, upgrade

    await (await connect_database(settings)).dispose()  # says where it looked, where nobody answers
    await upgrade(resolve(settings).database_url)
    _say(f"the schema is at version {expected_version()}")
    return 0


def _where(at: "Addresses", settings: "Settings") -> str:
    lines = [
        "",
        f"  Temporal     {at.temporal_address}",
        f"  its screens  {at.ui_address}/namespaces/default/workflows" if at.ui_address else "",
        f"  PostgreSQL   {at.database_url}",
        f"  notices      {settings.var / 'notices.txt'}",
        f"  logs         {settings.var / 'worker.log'}",
    ]
    return "\n".join(line for line in lines if line) + "\n\nCtrl-C stops everything; the data stays."


_WHAT_NEXT = """
Try, in a second terminal of this folder:

  .venv/bin/meguri cycle status 2026-q4
  .venv/bin/meguri goal list --department 経理部
  .venv/bin/meguri inbox M0025
  .venv/bin/meguri catalog 経理部
  .venv/bin/meguri cycle tree 2026-q4

docs/first_goal.md goes from the catalogue to an approved goal.
"""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
