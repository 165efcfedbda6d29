"""`meguri account`: accounts of programs, and the people who answer for them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.session.choices import Choice
from cli.session.help import Commands
from cli.session.options import AsJson, Viewer
from cli.session.output import print_line, print_table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Terminal
    from service.programs import ListedProgram, ProgramList, Programs
    from service.tokens import NewToken
    from settings import Settings

account = Commands()
Answer = TypeVar("Answer")


class ScopeName(StrEnum):
    """The scopes of programs (domain.programs.ProgramScope)."""

    READ = "read"
    PEOPLE = "people"
    AUDIT = "audit"
    PROVISION = "provision"


_Name = Annotated[str, typer.Argument(metavar="NAME", help="help.option.account")]
_Owner = Annotated[str, typer.Option("--owner", metavar="EMPLOYEE", help="help.option.account_owner")]
_Actor = Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.role_actor")]


@account.command("create")
def create_account(
    name: _Name,
    *,
    owner: _Owner,
    purpose: Annotated[str, typer.Option("--purpose", help="help.option.account_purpose")],
    actor: _Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make an account of a program. Its roles and tokens follow."""
    from cli.session.callers import operator

    wish = {"name": name, "purpose": purpose, "owner": owner}
    _run(lambda found, now: found.make(operator(actor), wish, now), _show_one, as_json=as_json)


@account.command("list")
def list_accounts(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List the accounts for which one answers; for a system administrator and without --as, all."""
    from cli.session.callers import caller_for

    def show(found: "ProgramList", to: "Terminal") -> None:
        if found.programs:
            print_table(to.heads("screen.account.heads"), [_row(one, to) for one in found.programs])
        else:
            to.tell("screen.account.none")

    _run(lambda found, _: found.list_programs(caller_for(viewer)), show, as_json=as_json)


@account.command("assign")
def assign_account(name: _Name, *, owner: _Owner, actor: _Actor = None, as_json: AsJson = False) -> None:
    """Name who answers for the account from now on."""
    from cli.session.callers import operator

    _run(lambda found, _: found.answer(operator(actor), name, owner), _show_one, as_json=as_json)


@account.command("end")
def end_account(name: _Name, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """End the account with its roles and tokens, for good."""
    from cli.session.callers import operator

    _run(lambda found, now: found.end(operator(actor), name, now), _show_one, as_json=as_json)


@account.command("token")
def create_account_token(
    name: _Name,
    label: Annotated[str, typer.Argument(metavar="TEXT", help="help.option.token_label")],
    *,
    scopes: Annotated[
        list[ScopeName] | None,
        typer.Option("--scope", parser=Choice("scope", ScopeName), metavar="SCOPE", help="help.option.account_scope"),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="NUMBER", help="help.option.token_days")] = 90,
    actor: _Actor = None,
    as_json: AsJson = False,
) -> None:
    """Make an API token of the account. It is shown once."""
    from cli.session.callers import operator

    wish = {"label": label, "scopes": [one.value for one in scopes] if scopes else None, "days": days}

    def show(made: "NewToken", to: "Terminal") -> None:
        print_line(made.secret)
        to.complain(to.text("screen.token.shown_once"))

    _run(lambda found, now: found.make_token(operator(actor), name, wish, now), show, as_json=as_json)


def _show_one(one: "ListedProgram", to: "Terminal") -> None:
    print_table(to.heads("screen.account.heads"), [_row(one, to)])


def _row(one: "ListedProgram", to: "Terminal") -> tuple[str, ...]:
    from domain.people.organisation import DIRECTORY_ZONE
    from texts.dates import moment_text
    from texts.words import word

    state = "usable" if one.usable else "ended" if one.ended_at else "unanswered"
    roles = to.text("join.list").join(word("company_role", role, to.locale) for role in one.roles)
    owner = f"{one.owner_name} ({one.owner})" if one.owner_name else one.owner or ""
    ended = moment_text(one.ended_at, DIRECTORY_ZONE.key) if one.ended_at else ""
    return (one.program, one.purpose, owner, roles, word("token_state", state, to.locale), ended)


def _run(
    asked: "Callable[[Programs, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from cli.session.session import answer

    async def work(engine: "AsyncEngine", _: "Settings", now: datetime) -> Answer:
        from service.programs import Programs

        return await asked(Programs(engine), now)

    answer(work, show, as_json=as_json)
