"""`meguri role`: roles in the company. `meguri people admins` is a short form for the role `directory`."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.choices import Choice
from cli.session.help import Commands
from cli.session.options import AsJson, Viewer
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from service.roles import RoleList, Roles

role = Commands()
admins = Commands()


class RoleName(StrEnum):
    """The roles (domain.roles.CompanyRole)."""

    DIRECTORY = "directory"
    AUDITOR = "auditor"
    SYSTEM = "system"


_Person = Annotated[str, typer.Argument(metavar="EMPLOYEE", help="help.option.role_holder")]
_Role = Annotated[
    RoleName,
    typer.Argument(parser=Choice("company_role", RoleName), metavar="ROLE", help="help.option.company_role"),
]
_Actor = Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.role_actor")]


@role.command("list")
def list_holders(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List who holds which role."""
    from cli.session.callers import caller_for

    _run(lambda found: found.list_holders(caller_for(viewer)), as_json=as_json)


@role.command("give")
def give_role(employee: _Person, name: _Role, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """Give a role to a person."""
    _change("give", employee, name, actor, as_json=as_json)


@role.command("end")
def end_role(employee: _Person, name: _Role, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """End a role of a person."""
    _change("end", employee, name, actor, as_json=as_json)


@admins.command("list")
def list_administrators(*, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """List the administrators of the directory."""
    from cli.session.callers import caller_for
    from domain.roles import CompanyRole

    _run(
        lambda found: found.list_holders(caller_for(viewer), CompanyRole.DIRECTORY),
        as_json=as_json,
        nobody="screen.roles.no_administrators",
    )


@admins.command("add")
def add_administrator(employee: _Person, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """Name an administrator of the directory: import, sync and departments, without being HR of the open cycles."""
    _change("give", employee, RoleName.DIRECTORY, actor, as_json=as_json)


@admins.command("remove")
def remove_administrator(employee: _Person, *, actor: _Actor = None, as_json: AsJson = False) -> None:
    """End the role of an administrator of the directory."""
    _change("end", employee, RoleName.DIRECTORY, actor, as_json=as_json)


def _change(how: str, employee: str, name: RoleName, actor: str | None, *, as_json: bool) -> None:
    from cli.session.callers import operator
    from domain.roles import CompanyRole
    from domain.values import EmployeeId

    person, one, caller = EmployeeId(employee), CompanyRole(name.value), operator(actor)
    if how == "give":
        _run(lambda found: found.give(caller, person, one), as_json=as_json)
    else:
        _run(lambda found: found.end(caller, person, one), as_json=as_json)


def _run(work: "Callable[[Roles], Awaitable[RoleList]]", *, as_json: bool, nobody: str = "screen.roles.nobody") -> None:
    from cli.session.session import Reading, reading, run, terminal

    to = terminal(as_json)

    async def listed(session: Reading) -> None:
        from service.roles import Roles
        from texts.words import word

        found = await work(Roles(session.engine))
        if to.as_json:
            print_json(found)
        elif not found.roles:
            to.tell(nobody)
        else:
            rows = [
                (
                    one.employee,
                    one.name,
                    word("company_role", one.role, to.locale),
                    word("role_source", one.source, to.locale),
                )
                for one in found.roles
            ]
            print_table(to.heads("screen.roles.heads"), rows)

    run(to, reading, listed)
