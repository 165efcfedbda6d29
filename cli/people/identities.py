"""`meguri identity`: what people sign in with: accounts at the provider, and passkeys."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.session.help import Commands
from cli.session.options import AsJson, Viewer
from cli.session.output import print_line, print_table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Terminal
    from service.identities import Identities, IdentityList, ListedIdentity
    from service.passkeys import ListedPasskey, PasskeyLink, PasskeyList, Passkeys
    from service.sessions import SignedOut
    from settings import Settings

identity = Commands()
Answer = TypeVar("Answer")
_Administrator = Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.identity_actor")]


@identity.command("list")
def list_identities(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List the accounts that are bound to oneself; for a system administrator and without --as, everybody's."""
    from cli.session.callers import caller_for

    def show(found: "IdentityList", to: "Terminal") -> None:
        if found.identities:
            print_table(to.heads("screen.identity.heads"), [_row(one) for one in found.identities])
        else:
            to.tell("screen.identity.none")

    _run(lambda found, _: found.list_identities(caller_for(viewer)), show, as_json=as_json)


@identity.command("unbind")
def unbind_identity(
    identity_id: Annotated[str, typer.Argument(metavar="ID", help="help.option.identity")],
    *,
    viewer: _Administrator = None,
    as_json: AsJson = False,
) -> None:
    """Unbind an account and sign its person out. Their next sign-in binds an account anew."""
    from cli.session.callers import caller_for

    def show(_ended: "ListedIdentity", to: "Terminal") -> None:
        to.tell("screen.identity.unbound", identity=identity_id)

    _run(lambda found, now: found.unbind(caller_for(viewer), identity_id, now), show, as_json=as_json)


@identity.command("invite")
def invite(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="help.option.invited")],
    *,
    viewer: _Administrator = None,
    as_json: AsJson = False,
) -> None:
    """Make a link by which this person adds a passkey. It is shown once, works once, and replaces the link before."""
    from cli.session.callers import caller_for
    from domain.values import EmployeeId

    def show(made: "PasskeyLink", to: "Terminal") -> None:
        print_line(made.link)
        until = _moment(made.expires_at)
        to.complain(to.text("screen.identity.link", person=_person(made.name, made.employee), until=until))

    def work(found: "Passkeys", now: datetime) -> Awaitable["PasskeyLink"]:
        return found.make_link(caller_for(viewer), EmployeeId(employee), now)

    _run_passkeys(work, show, as_json=as_json)


@identity.command("passkeys")
def list_passkeys(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List one's own passkeys; for a system administrator and without --as, everybody's."""
    from cli.session.callers import caller_for

    def show(found: "PasskeyList", to: "Terminal") -> None:
        if found.passkeys:
            rows = [_passkey_row(one, to) for one in found.passkeys]
            print_table(to.heads("screen.identity.passkey_heads"), rows)
        else:
            to.tell("screen.identity.no_passkeys")

    _run_passkeys(lambda found, _: found.list_passkeys(caller_for(viewer)), show, as_json=as_json)


@identity.command("remove")
def remove_passkey(
    passkey: Annotated[str, typer.Argument(metavar="ID", help="help.option.passkey")],
    *,
    viewer: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.passkey_remover")] = None,
    as_json: AsJson = False,
) -> None:
    """Remove a passkey and sign its person out everywhere. It does not sign them in again."""
    from cli.session.callers import caller_for

    def show(_ended: "ListedPasskey", to: "Terminal") -> None:
        to.tell("screen.identity.removed", passkey=passkey)

    _run_passkeys(lambda found, now: found.remove(caller_for(viewer), passkey, now), show, as_json=as_json)


@identity.command("sign-out")
def sign_out(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="help.option.signed_out")],
    *,
    viewer: _Administrator = None,
    as_json: AsJson = False,
) -> None:
    """Sign a person out in every browser, such as after a loss."""
    from cli.session.callers import caller_for
    from cli.session.session import answer
    from domain.values import EmployeeId

    def show(done: "SignedOut", to: "Terminal") -> None:
        to.tell("screen.identity.signed_out", employee=done.employee, ended=done.ended)

    async def work(engine: "AsyncEngine", settings: "Settings", now: datetime) -> "SignedOut":
        from service.sessions import Sessions

        idle = timedelta(minutes=settings.session_idle_minutes)
        return await Sessions(engine, idle).sign_out(caller_for(viewer), EmployeeId(employee), now)

    answer(work, show, as_json=as_json)


def _row(one: "ListedIdentity") -> tuple[str, ...]:
    person = _person(one.name, one.employee)
    return (one.identity, person, one.issuer, _moment(one.bound_at), _moment(one.unbound_at))


def _passkey_row(one: "ListedPasskey", to: "Terminal") -> tuple[str, ...]:
    from texts.say import say

    kept = say("screen.identity.synced" if one.synced else "screen.identity.one_device", to.locale)
    moments = (_moment(at) for at in (one.added_at, one.last_used_at, one.ended_at))
    return (one.passkey, _person(one.name, one.employee), kept, *moments)


def _person(name: str | None, employee: str) -> str:
    return f"{name} ({employee})" if name else employee


def _moment(at: datetime | None) -> str:
    from domain.people.organisation import DIRECTORY_ZONE
    from texts.dates import moment_text

    return moment_text(at, DIRECTORY_ZONE.key) if at else ""


def _run(
    asked: "Callable[[Identities, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from cli.session.session import answer

    async def work(engine: "AsyncEngine", _: "Settings", now: datetime) -> Answer:
        from service.identities import Identities

        return await asked(Identities(engine), now)

    answer(work, show, as_json=as_json)


def _run_passkeys(
    asked: "Callable[[Passkeys, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from cli.session.session import answer

    async def work(engine: "AsyncEngine", settings: "Settings", now: datetime) -> Answer:
        from service.passkeys import Passkeys, site_of_settings

        return await asked(Passkeys(engine, site_of_settings(settings)), now)

    answer(work, show, as_json=as_json)
