"""`meguri people sync`: a new file of people compared with the directory; applied only with `--apply`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.people.people import New, Same
from cli.session.choices import encoding_name
from cli.session.options import AsJson
from cli.session.output import Exit, print_findings, print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.session.session import Acting, Terminal
    from domain.instructions.reorganisation import Difference, FieldChange
    from service.reorganisation import Compared

_SHOWN = 20  # people named under a heading


def sync(
    *,
    file: Annotated[Path, typer.Argument(help="help.option.people_file_whole")],
    actor: Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="help.option.directory_changer")],
    apply: Annotated[bool, typer.Option("--apply", help="help.option.apply")] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=HEADER", help="help.option.map"),
    ] = None,
    top: Annotated[list[str] | None, typer.Option("--top", metavar="EMPLOYEE", help="help.option.top")] = None,
    orphans_to: Annotated[
        str | None,
        typer.Option("--orphans-to", metavar="EMPLOYEE", help="help.option.orphans_to"),
    ] = None,
    same: Same = None,
    new: New = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="ENCODING", parser=encoding_name, help="help.option.encoding"),
    ] = None,
    leavers_absent: Annotated[bool, typer.Option("--leavers-absent", help="help.option.leavers_absent")] = False,
    yes_many: Annotated[bool, typer.Option("--yes-many", help="help.option.yes_many")] = False,
    renamed: Annotated[
        list[str] | None, typer.Option("--renamed", metavar="OLD=NEW", help="help.option.renamed")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="help.option.reason")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="help.option.no_wait")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a file with the directory: joiners, leavers, moves, managers.

    With --apply, apply the changes to all open goals.
    """
    from cli.people.people import mapping_of, read_file, said_of
    from cli.session.callers import operator
    from cli.session.session import acting, run, terminal

    to = terminal(as_json)
    data, mapping = read_file(file, to.locale), mapping_of(columns or (), to.locale)
    said = said_of(same or (), new or (), to.locale)
    new_names = renamings(renamed or (), to)

    async def work(session: "Acting") -> Exit:
        from domain.people.provisioned import owned_fields
        from domain.values import EmployeeId, Locale
        from service.reorganisation import Reorganisation

        reorganisation = Reorganisation(session.engine, owned_fields(to.settings.scim_owns))
        caller = operator(actor)
        compared = await reorganisation.compare(
            caller,
            data,
            mapping,
            tops=[EmployeeId(one) for one in top or ()],
            orphans_to=EmployeeId(orphans_to) if orphans_to else None,
            encoding=encoding,
            locale=Locale(to.settings.company_locale),
            said=said,
            absent_left=leavers_absent,
            renamed=new_names,
        )
        difference = compared.difference
        if difference is None:
            message = to.text("screen.sync.refused", file=file)
            raise to.refuse(message, kind="findings", findings=compared.findings)
        if not (as_json and apply):
            await show(session, compared, difference)
        if compared.is_empty or not apply:
            _say_nothing_changed(to, compared)
            return Exit.DONE
        if compared.many and not yes_many:
            message = to.text("screen.sync.many_leave", n=compared.many)
            raise to.refuse(message, kind="many_leave")
        from cli.cycle.steering import report

        identity = await reorganisation.apply(
            caller, session.temporal, compared, reason or to.text("screen.sync.reason")
        )
        return await report(session, identity, "sync", wait=not no_wait)

    run(to, acting, work)


def _say_nothing_changed(to: "Terminal", compared: "Compared") -> None:
    if to.as_json:
        return
    if compared.is_empty:
        to.tell("screen.sync.nothing")
    else:
        to.tell("screen.sync.preview")


def renamings(options: "Sequence[str]", to: "Terminal") -> dict[str, str]:
    """The new names by the old ones, of options like `総務部=管理部`; ends the command where one is wrong."""
    found: dict[str, str] = {}
    for option in options:
        old, _, new = (part.strip() for part in option.partition("="))
        if not old or not new or old == new or old in found:
            raise to.refuse(to.text("screen.sync.wrong_renaming", option=option), kind="usage", code=Exit.USAGE)
        found[old] = new
    return found


async def show(session: "Acting", compared: "Compared", difference: "Difference") -> None:
    """Prints the difference, the findings and the effects."""
    from cli.people.department_changes import list_changes

    to = session.terminal
    if to.as_json:
        print_json(compared.document())
        return
    list_changes(to, compared.departments)
    names = {one.id: one.name for one in difference.after}
    _list(to, "screen.sync.joiners", [f"{names[one]} ({one})" for one in difference.joined])
    _list(to, "screen.sync.leavers", [f"{names[one]} ({one})" for one in difference.left])
    for key, changes in (
        ("screen.sync.leaving", difference.leaving),
        ("screen.sync.moves", difference.moved),
        ("screen.sync.sites", difference.sites),
        ("screen.sync.managers", difference.managers),
        ("screen.sync.evaluators", difference.evaluators),
        ("screen.sync.joining", difference.joining),
        ("screen.sync.leave", difference.leave),
        ("screen.sync.posts", difference.posts),
        ("screen.sync.companies", difference.companies),
        ("screen.sync.numbers", difference.numbers),
    ):
        _list(to, key, [_change(one, names) for one in changes])
    other, absent = len(difference.other), len(difference.absent)
    if other:
        to.tell("screen.sync.other", n=other)
    if absent:
        to.tell("screen.sync.absent", n=absent)
    print_findings(compared.findings, to.locale)
    _show_effects(to, compared)


def _change(change: "FieldChange", names: dict[Any, str]) -> str:
    return f"{names[change.employee]} ({change.employee}): {change.before} → {change.after}"


def _list(to: "Terminal", key: str, lines: "Sequence[str]") -> None:
    if not lines:
        return
    to.tell(key, n=len(lines))
    for line in lines[:_SHOWN]:
        print_line(f"  {line}")
    if (more := len(lines) - _SHOWN) > 0:
        to.tell("screen.sync.more", n=more)


def _show_effects(to: "Terminal", compared: "Compared") -> None:
    if not compared.effects:
        return
    print_table(to.heads("screen.sync.heads"), [tuple(one.model_dump().values()) for one in compared.effects])
