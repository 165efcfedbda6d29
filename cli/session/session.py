"""One command at the terminal: it reaches the servers, does its work, and ends with the exit code of what happened.

Reads need the database only: they are answered while Temporal is down. Commands need both.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import typer

from cli.session.names import refusal_with_names
from cli.session.output import (
    Exit,
    exit_code,
    heads,
    print_error,
    print_findings,
    print_json,
    print_line,
    reader_locale,
    sentence_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from domain.findings import Finding
    from domain.refusals import Refusal
    from domain.values import Locale
    from service.connection import Unreachable
    from service.cycles import CycleReads, Cycles
    from service.giving import Goals
    from service.goals import GoalReads
    from service.instructions import InstructionReads, Instructions
    from settings import Settings
    from storage.migrate import OtherSchema


@dataclass(frozen=True)
class Terminal:
    """Who reads: a person in their language, or a program that takes JSON."""

    settings: "Settings"
    locale: "Locale"
    as_json: bool

    def text(self, key: str, /, **fields: Any) -> str:
        """The catalogue's text in the reader's language."""
        from texts.say import say

        return say(key, self.locale, **fields)

    def tell(self, key: str, /, **fields: Any) -> None:
        """Prints the catalogue's text as a line."""
        print_line(self.text(key, **fields))

    def heads(self, key: str) -> tuple[str, ...]:
        """The headers of a table."""
        return heads(key, self.locale)

    def complain(self, line: str) -> None:
        sys.stderr.write(line + "\n")

    def refuse(
        self,
        message: str,
        *,
        kind: str,
        code: Exit = Exit.REFUSED,
        findings: "Sequence[Finding]" = (),
        where: str | None = None,
    ) -> typer.Exit:
        """Prints why the command is refused, on stderr and with `--json` as the document; raise what is returned."""
        sys.stderr.write(message + "\n")
        print_findings(findings, self.locale)
        if self.as_json:
            from texts.findings import documents_of

            print_error(kind, message, where=where, findings=documents_of(findings))
        return typer.Exit(code)


def terminal(as_json: bool) -> Terminal:
    """The terminal as the settings and the environment describe it."""
    from settings import Settings

    settings = Settings()
    return Terminal(settings, reader_locale(settings), as_json)


@dataclass(frozen=True)
class Reading:
    """What a command has that only looks."""

    terminal: Terminal
    engine: "AsyncEngine"
    goals: "GoalReads"
    cycles: "CycleReads"
    instructions: "InstructionReads"


@dataclass(frozen=True)
class Acting(Reading):
    """What a command has that changes something."""

    goals: "Goals"
    cycles: "Cycles"
    instructions: "Instructions"
    temporal: "Client"


Opened = TypeVar("Opened", bound=Reading)
Answer = TypeVar("Answer")


@asynccontextmanager
async def reading(to: Terminal) -> AsyncIterator[Reading]:
    from service.connection import connect_database
    from service.cycles import CycleReads
    from service.goals import GoalReads
    from service.instructions import InstructionReads

    engine = await connect_database(to.settings)
    try:
        yield Reading(to, engine, GoalReads(engine), CycleReads(engine), InstructionReads(engine))
    finally:
        await engine.dispose()


@asynccontextmanager
async def acting(to: Terminal) -> AsyncIterator[Acting]:
    import asyncio

    from service.connection import Unreachable, connect_database, connect_temporal
    from service.cycles import Cycles
    from service.giving import Goals
    from service.instructions import Instructions

    engine, client = await asyncio.gather(
        connect_database(to.settings), connect_temporal(to.settings), return_exceptions=True
    )
    try:
        if isinstance(engine, Unreachable) and isinstance(client, Unreachable):
            to.complain(sentence_of(client.message, to.locale))
        if isinstance(engine, BaseException):
            raise engine
        if isinstance(client, BaseException):
            raise client
        yield Acting(to, engine, Goals(engine, client), Cycles(engine, client), Instructions(engine, client), client)
    finally:
        if not isinstance(engine, BaseException):
            await engine.dispose()


def run(
    to: Terminal,
    servers: Callable[[Terminal], AbstractAsyncContextManager[Opened]],
    work: Callable[[Opened], Awaitable[Exit | None]],
    departments: Sequence[str | None] = (),
) -> None:
    """Carries out `work` and ends the command with the exit code that it returns, or that its error has.

    `departments` are the names that were asked for; it says which of them are former names.
    """
    import asyncio  # like all that takes long to import: `--help` has no use for it

    from domain.errors import MeguriError

    async def session() -> Exit | None:
        async with servers(to) as opened:
            try:
                await _tell_renamed(opened.engine, to, departments)
                return await _worked(opened, work)
            except Exception as error:
                if meaning := await _explained(error, opened):
                    raise meaning from error
                raise

    try:
        code = asyncio.run(session())
    except MeguriError as error:
        raise to.refuse(sentence_of(error.message, to.locale), kind=error.code, code=exit_code(error)) from error
    if code:
        raise typer.Exit(code)


def answer(
    asked: "Callable[[AsyncEngine, Settings, datetime], Awaitable[Answer]]",
    show: Callable[[Answer, Terminal], None],
    *,
    as_json: bool,
) -> None:
    """A whole command that needs the database alone: asks, and prints what came, as JSON or by `show`."""
    from datetime import UTC, datetime

    to = terminal(as_json)

    async def work(session: Reading) -> None:
        found = await asked(session.engine, to.settings, datetime.now(UTC))
        if to.as_json:
            print_json(found)
        else:
            show(found, to)

    run(to, reading, work)


async def _tell_renamed(engine: "AsyncEngine", to: Terminal, names: Sequence[str | None]) -> None:
    """Says on stderr which of these departments have another name now; None is left out."""
    given = [name for name in names if name]
    if not given:
        return
    from storage.database import read_transaction
    from storage.departments import load_departments

    async with read_transaction(engine) as connection:
        found = await load_departments(connection)
    for name in given:
        if (now := found.current(name)) != name:
            to.complain(to.text("screen.department.renamed_since", old=name, new=now))


async def _worked(opened: Opened, work: Callable[[Opened], Awaitable[Exit | None]]) -> Exit | None:
    """The work's answer; a refusal is printed while the database is connected, since it has people's names."""
    from pydantic import ValidationError

    from domain.refusals import Refusal

    try:
        return await work(opened)
    except ValidationError as error:  # what was typed is not what a command or an instruction takes
        from workflows.failures import invalid

        raise await _refused(invalid(error), opened) from error
    except Refusal as refusal:
        raise await _refused(refusal, opened) from refusal


async def _refused(refusal: "Refusal", opened: Opened) -> typer.Exit:
    sentence = await refusal_with_names(refusal, opened.engine, opened.terminal.locale)
    return opened.terminal.refuse(sentence, kind=refusal.code)


async def _explained(error: Exception, opened: Reading) -> Exception | None:
    """What `error` means to the reader: a server that went away, a schema of another version; None for anything else."""
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, OSError | DBAPIError):
        return await _database_left(opened, cut=getattr(error, "connection_invalidated", False)) or (
            await _schema_differs(opened.engine)
        )
    if "temporalio" in sys.modules:
        from temporalio.service import RPCError, RPCStatusCode

        if isinstance(error, RPCError) and error.status is RPCStatusCode.UNAVAILABLE:
            return _lost("Temporal", error.message)
    return None


async def _database_left(opened: Reading, *, cut: bool) -> "Unreachable | None":
    """Asks once more whether the database is there; `cut` says that the connection was lost, though it may be back."""
    from service.connection import Unreachable, connect_database
    from storage.database_url import shown

    try:
        engine = await connect_database(opened.terminal.settings)
    except Unreachable as unreachable:
        return unreachable
    await engine.dispose()
    return _lost("PostgreSQL", shown(opened.engine.url)) if cut else None


async def _schema_differs(engine: "AsyncEngine") -> "OtherSchema | None":
    """Checked only after a statement failed: the check costs a fifth of a second."""
    from storage.migrate import OtherSchema, require_current

    try:
        await require_current(engine)
    except OtherSchema as other:
        return other
    return None


def _lost(server: Literal["PostgreSQL", "Temporal"], looked_at: str) -> "Unreachable":
    from domain.messages import message
    from service.connection import Unreachable

    return Unreachable(server, looked_at, message("error.connection_lost"))
