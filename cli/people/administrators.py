"""`meguri people admins`: who may change the directory without being HR of the open cycles."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.help import Commands
from cli.session.options import AsJson, Viewer
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from service.administrators import AdministratorList, Administrators

admins = Commands()
_Person = Annotated[str, typer.Argument(metavar="EMPLOYEE", help="help.option.administrator")]
_Actor = Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.administrator_actor")]


@admins.command("list")
def list_administrators(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List the administrators of the directory."""
    from cli.session.callers import caller_for

    _run(lambda found: found.list_active(caller_for(viewer)), as_json=as_json)


@admins.command("add")
def add_administrator(employee: _Person, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """Name an administrator of the directory: import, sync and departments, without being HR of the open cycles."""
    from cli.session.callers import operator
    from domain.values import EmployeeId

    _run(lambda found: found.add(operator(actor), EmployeeId(employee)), as_json=as_json)


@admins.command("remove")
def remove_administrator(employee: _Person, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """End the role of an administrator of the directory."""
    from cli.session.callers import operator
    from domain.values import EmployeeId

    _run(lambda found: found.remove(operator(actor), EmployeeId(employee)), as_json=as_json)


def _run(asked: "Callable[[Administrators], Awaitable[AdministratorList]]", *, as_json: bool) -> None:
    from cli.session.session import Reading, reading, run, terminal

    to = terminal(as_json)

    async def work(session: Reading) -> None:
        from service.administrators import Administrators

        found = await asked(Administrators(session.engine))
        if to.as_json:
            print_json(found)
        elif not found.administrators:
            to.tell("screen.administrators.nobody")
        else:
            rows = [(one.employee, one.name) for one in found.administrators]
            print_table(to.heads("screen.administrators.heads"), rows)

    run(to, reading, work)
