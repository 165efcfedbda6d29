"""Servers and workers from the command line: `up`, `demo`, `migrate`, `worker`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from cli.session.choices import Choice
from cli.session.options import AsJson
from cli.session.output import print_json

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from embedded.addresses import Addresses
    from service.cycles import Cycles
    from settings import Settings

_SAMPLES = Path(__file__).parents[2] / "samples"
_LAUNCH_SECONDS = 300


def up() -> None:
    """Start the servers and a worker on this machine, with the data in ./var, until Ctrl-C."""
    _finish(_run(_up(_settings())))


def demo(
    exit_when_launched: Annotated[
        bool, typer.Option("--exit-when-launched", help="help.option.exit_when_launched")
    ] = False,
) -> None:
    """Start the sample company and its cycle on servers of this machine, until Ctrl-C."""
    _finish(_run(_demo(_settings(), exit_when_launched=exit_when_launched)))


def migrate(as_json: AsJson = False) -> None:
    """Bring the database's schema to this program's version."""
    _finish(_run(_migrate(_settings(), as_json=as_json)))


class Role(StrEnum):
    """What a worker carries out; `worker.Role` has the same values and is expensive to import."""

    GOALS = "goals"
    BULK = "bulk"
    DELIVERY = "delivery"
    ALL = "all"


def worker(
    role: Annotated[
        Role, typer.Option("--role", parser=Choice("role", Role), metavar="ROLE", help="help.option.role")
    ] = Role.ALL,
    processes: Annotated[int, typer.Option("--processes", metavar="COUNT", help="help.option.processes")] = 1,
) -> None:
    """Carry out goals, cycles and deliveries. `python worker.py` does the same."""
    import worker as worker_program

    _finish(worker_program.run(worker_program.Role(role), processes))


def web() -> None:
    """Serve the API. `python web.py` does the same."""
    from web.serving import run

    _finish(run())


def _settings() -> "Settings":
    from settings import Settings  # with what reads the environment it takes longer than `--help` may take

    return Settings()


def _run(work: "Coroutine[Any, Any, int]") -> int:
    import asyncio

    return asyncio.run(work)


def _finish(code: int) -> None:
    raise typer.Exit(code)


class Running(NamedTuple):
    """Where the servers of `meguri up` answer."""

    servers: "Addresses"
    web: str  # the URL


@asynccontextmanager
async def _everything(settings: "Settings") -> AsyncIterator["tuple[Running, AsyncEngine, Client]"]:
    """Servers, schema, a worker of all roles and the web server; logs and notices go to files in `var`, the screen stays free."""
    from functools import partial

    from channels.channel import ConsoleChannel
    from embedded.stack import running
    from service.connection import connect_temporal, time_limits
    from storage.database import open_database
    from web import serving as web
    from web.opened import Temporal
    from worker import Role, serving

    async with running(settings.var, prepare=partial(_prepared, settings)) as at:
        with (settings.var / "notices.txt").open("a") as notices:
            engine = open_database(at.database_url, pool=settings.database_pool, limits=time_limits(settings))
            try:
                client = await connect_temporal(settings, at=at.temporal_address)

                async def at_hand() -> "Client":
                    return client

                channel = ConsoleChannel(notices) if settings.channel == "console" else None
                async with (
                    serving(settings, Role.ALL, client, engine, channel),
                    web.serving(
                        settings,
                        engine,
                        Temporal(at_hand),
                        web.listen(settings.web_address, or_free=True),
                        is_embedded=True,
                    ) as url,
                ):
                    yield Running(at, url), engine, client
            finally:
                await engine.dispose()


async def _prepared(settings: "Settings", owner_url: str) -> str:
    """Brings the schema up to date as its owner. Returns the URL of the role that the worker and all commands use."""
    import logs
    from embedded.postgres import WORKER, worker_url
    from storage.migrate import upgrade

    logs.configure(settings, settings.var / "worker.log")
    url = await worker_url(owner_url)
    await upgrade(owner_url, WORKER)
    return url


async def _up(settings: "Settings") -> int:
    from embedded.stopping import stop_event

    with stop_event() as stop:
        async with _everything(settings) as (at, _, _):
            _print_addresses(at, settings)
            await stop.wait()
            _tell(settings, "screen.servers.stopping")
    return 0


async def _demo(settings: "Settings", *, exit_when_launched: bool) -> int:
    from embedded.stopping import stop_event

    with stop_event() as stop:
        _tell(settings, "screen.servers.starting")
        at_once = settings.model_copy(update={"digest": "minute"})  # nobody watches a demo until tomorrow morning
        async with _everything(at_once) as (at, engine, client):
            code = await _sample_company(settings, engine, client)
            if code == 0:
                await _sample_departments(settings, engine, client)
                await _show_drafts(settings, engine)
                _print_addresses(at, settings)
                _tell(settings, "screen.servers.what_next")
                if not exit_when_launched:
                    await stop.wait()
            _tell(settings, "screen.servers.stopping")
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
        _tell(settings, "screen.servers.launched_earlier", cycle=_DEMO_CYCLE)
        return 0
    imported = await People(engine).import_file(operator(), (_SAMPLES / "company.csv").read_bytes(), {}, dry_run=False)
    print_findings(imported.findings, locale)
    if imported.imported is None:
        return 1
    counts = imported.imported
    _tell(settings, "screen.servers.imported", added=counts.added, unchanged=counts.unchanged)
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    checked = await cycles.check(operator(), (_SAMPLES / "cycle.toml").read_bytes(), now.date(), now.date())
    print_findings(checked.findings, locale)
    if refuses(checked.findings) or checked.policy is None:
        return 1
    _tell(settings, "screen.servers.checked", people=checked.people, goals=checked.goals)
    await cycles.launch(caller_for(checked.policy.hr[0]), checked, now)
    return await _watch_launch(cycles, checked.people, settings)


async def _sample_departments(settings: "Settings", engine: "AsyncEngine", client: "Client") -> None:
    """Applies the department file, which renames a department of the running cycle; nothing if an earlier demo did."""
    import asyncio

    from cli.session.callers import caller_for, operator
    from domain.values import CycleId
    from service.departments import DepartmentRecords
    from service.instructions import Instructions
    from service.reorganisation import Reorganisation
    from storage.cycles import find_cycle
    from storage.database import read_transaction

    async with read_transaction(engine) as connection:
        row = await find_cycle(connection, CycleId(_DEMO_CYCLE))
    if row is None:
        return
    hr = caller_for(row.rules.hr[0])
    compared = await DepartmentRecords(engine).compare(hr, (_SAMPLES / "departments.csv").read_bytes())
    if compared.difference is None or compared.is_empty:
        return
    given = await Reorganisation(engine).apply(hr, client, compared, _text(settings, "screen.sync.reason"))
    async with asyncio.timeout(_LAUNCH_SECONDS):
        while (await Instructions(engine, client).progress(operator(), given)).state != "done":  # noqa: ASYNC110 - the database tells nobody when it changes
            await asyncio.sleep(0.2)
    _tell(settings, "screen.servers.departments", n=len(compared.departments))


async def _show_drafts(settings: "Settings", engine: "AsyncEngine") -> None:
    """What the writing rules find in each department's draft; in those from the catalogue, nothing."""
    from cli.session.output import print_findings, reader_locale
    from domain.writing.rules import check
    from storage.cycles import find_cycle
    from storage.database import read_transaction

    async with read_transaction(engine) as connection:
        row = await find_cycle(connection, _DEMO_CYCLE)
    if row is None:
        return
    _tell(settings, "screen.servers.drafts")
    for draft in row.file.drafts:
        findings = check(draft.content(), row.launched_policy)
        key = "screen.servers.draft_of_catalog" if draft.catalog else "screen.servers.draft"
        about = {"department": draft.department, "theme": draft.theme, "entry": draft.catalog}
        _tell(settings, key, **about, n=len(findings))
        print_findings(findings, reader_locale(settings), sys.stdout)


_DEMO_CYCLE = "2026-q4"


async def _watch_launch(cycles: "Cycles", people: int, settings: "Settings") -> int:
    import asyncio

    from rich.console import Console
    from rich.progress import Progress

    from cli.session.callers import operator
    from domain.values import CycleId

    with Progress(console=Console(file=sys.stdout)) as bar:
        task = bar.add_task(_text(settings, "screen.cycle.launching"), total=people)
        async with asyncio.timeout(_LAUNCH_SECONDS):
            while True:
                counts = await cycles.status(operator(), CycleId(_DEMO_CYCLE), datetime.now(ZoneInfo("UTC")))
                done = counts.participants.get("started", 0) + counts.participants.get("failed", 0)
                bar.update(task, completed=done)
                if done >= people:
                    break
                await asyncio.sleep(0.2)
    for one in counts.failed:
        _tell(settings, "screen.servers.failed", employee=one.employee, reason=one.reason)
    return 1 if counts.failed else 0


async def _migrate(settings: "Settings", *, as_json: bool) -> int:
    from service.connection import connect_database, resolve
    from storage.migrate import expected_version, upgrade

    await (await connect_database(settings)).dispose()  # says where it looked, where nobody answers
    await upgrade(resolve(settings).database_url, settings.database_worker)
    if as_json:
        print_json({"schema": expected_version()})
    else:
        _tell(settings, "screen.servers.migrated", version=expected_version())
    return 0


def _print_addresses(running: Running, settings: "Settings") -> None:
    """Where the servers answer, where their screens are, and which files hold what."""
    at = running.servers
    _tell(settings, "screen.servers.temporal", address=at.temporal_address)
    if at.ui_address:
        _tell(settings, "screen.servers.web_ui", address=f"{at.ui_address}/namespaces/default/workflows")
    _tell(settings, "screen.servers.postgresql", address=at.database_shown)
    _tell(settings, "screen.servers.api", address=f"{running.web}/api/v1")
    _tell(settings, "screen.servers.notices", file=settings.var / "notices.txt")
    _tell(settings, "screen.servers.logs", file=settings.var / "worker.log")
    _tell(settings, "screen.servers.running")


def _text(settings: "Settings", key: str, /, **fields: Any) -> str:
    from cli.session.output import reader_locale
    from texts.say import say

    return say(key, reader_locale(settings), **fields)


def _tell(settings: "Settings", key: str, /, **fields: Any) -> None:
    """Prints the catalogue's text at once: somebody waits for what comes next."""
    sys.stdout.write(_text(settings, key, **fields) + "\n")
    sys.stdout.flush()
