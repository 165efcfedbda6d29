"""Servers and workers from the command line: `up`, `demo`, `migrate`, `worker`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.session.choices import Choice
from cli.session.options import AsJson
from cli.session.output import print_json

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from embedded.addresses import Addresses
    from settings import Settings


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
    from cli.session.output import reader_locale
    from cli.session.sample_company import Opened, set_up, show_drafts
    from cli.session.session import Terminal
    from embedded.stopping import stop_event
    from web.provider import allows_choosing

    with stop_event() as stop:
        _tell(settings, "screen.servers.starting")
        # Nobody watches a demo until tomorrow morning, and its people have no accounts.
        at_once = settings.model_copy(update={"digest": "minute", "choose_person": allows_choosing(settings)})
        async with _everything(at_once) as (at, engine, client):
            opened = Opened(engine, client, Terminal(settings, reader_locale(settings), as_json=False))
            is_set_up = await _unless(stop, set_up(opened))
            if is_set_up:
                await show_drafts(opened)
                _print_addresses(at, settings)
                _tell(settings, "screen.servers.what_next")
                if not exit_when_launched:
                    await stop.wait()
            _tell(settings, "screen.servers.stopping")
    return 1 if is_set_up is False else 0


async def _unless(stop: "asyncio.Event", work: "Coroutine[Any, Any, bool]") -> bool | None:
    """The result of the work; None, and the work is cancelled, if somebody stops the program before."""
    import asyncio

    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.wait((working,))
    return None


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
    _tell(settings, "screen.servers.console", address=running.web)
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
