"""`meguri identity`: accounts at the sign-in provider, and the people to whom they are bound."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.session.help import Commands
from cli.session.options import AsJson, Viewer
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from cli.session.session import Terminal
    from service.identities import Identities, IdentityList, ListedIdentity

identity = Commands()
Answer = TypeVar("Answer")


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
    viewer: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.identity_actor")] = None,
    as_json: AsJson = False,
) -> None:
    """Unbind an account and sign its person out. Their next sign-in binds an account anew."""
    from cli.session.callers import caller_for

    def show(_ended: "ListedIdentity", to: "Terminal") -> None:
        to.tell("screen.identity.unbound", identity=identity_id)

    _run(lambda found, now: found.unbind(caller_for(viewer), identity_id, now), show, as_json=as_json)


def _row(one: "ListedIdentity") -> tuple[str, ...]:
    from domain.people.organisation import DIRECTORY_ZONE
    from texts.dates import moment_text

    def moment(at: datetime | None) -> str:
        return moment_text(at, DIRECTORY_ZONE.key) if at else ""

    person = f"{one.name} ({one.employee})" if one.name else one.employee
    return (one.identity, person, one.issuer, moment(one.bound_at), moment(one.unbound_at))


def _run(
    asked: "Callable[[Identities, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from datetime import UTC

    from cli.session.session import Reading, reading, run, terminal

    to = terminal(as_json)

    async def work(session: Reading) -> None:
        from service.identities import Identities

        found = await asked(Identities(session.engine), datetime.now(UTC))
        if to.as_json:
            print_json(found)
        else:
            show(found, to)

    run(to, reading, work)
