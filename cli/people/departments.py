"""`meguri people departments`: the tree of departments; with a file, what it changes, and the change itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.choices import encoding_name
from cli.session.options import AsJson
from cli.session.output import Exit, print_json, print_table

if TYPE_CHECKING:
    from cli.session.session import Acting, Reading, Terminal
    from service.departments import DepartmentLine, DepartmentTree


def departments(
    *,
    file: Annotated[Path | None, typer.Argument(help="help.option.department_file")] = None,
    actor: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.hr_with_file")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.option.departments_dry_run")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=HEADER", help="help.option.map_departments")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="ENCODING", parser=encoding_name, help="help.option.encoding"),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="help.option.reason")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="help.option.no_wait")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the tree of departments with heads and numbers of people. With a file, change them: names, parents, heads."""
    from cli.session.session import acting, reading, run, terminal

    to = terminal(as_json)
    if file is None:

        async def look(session: "Reading") -> None:
            from cli.session.callers import caller_for
            from service.departments import DepartmentRecords

            _show_tree(await DepartmentRecords(session.engine).tree(caller_for(actor)), to)

        run(to, reading, look)
        return

    from cli.people.people import mapping_of, read_file

    path, data, mapping = file, read_file(file, to.locale), mapping_of(columns or (), to.locale)

    async def work(session: "Acting") -> Exit:
        from cli.cycle.steering import report
        from cli.people.people_sync import show
        from cli.session.callers import operator
        from service.departments import DepartmentRecords
        from service.reorganisation import Reorganisation

        caller = operator(actor)
        compared = await DepartmentRecords(session.engine).compare(caller, data, mapping, encoding=encoding)
        if compared.difference is None:
            message = to.text("screen.sync.refused", file=path)
            raise to.refuse(message, kind="findings", findings=compared.findings)
        if dry_run or compared.is_empty or not as_json:
            await show(session, compared, compared.difference)
        if dry_run or compared.is_empty:
            if not as_json:
                to.tell("screen.sync.nothing" if compared.is_empty else "screen.department.dry_run")
            return Exit.DONE
        why = reason or to.text("screen.sync.reason")
        identity = await Reorganisation(session.engine).apply(caller, session.temporal, compared, why)
        return await report(session, identity, "sync", wait=not no_wait)

    run(to, acting, work)


def _show_tree(found: "DepartmentTree", to: "Terminal") -> None:
    if to.as_json:
        print_json(found)
    elif not found.departments:
        to.tell("screen.people.nobody")
    else:
        print_table(to.heads("screen.department.heads"), [_row(one) for one in found.departments])


def _row(one: "DepartmentLine") -> tuple[str | int, ...]:
    head = f"{one.department_head_name} ({one.department_head})" if one.department_head else ""
    return (
        "  " * one.depth + one.department,
        one.department_id,
        head,
        one.active,
        one.active_below_count,
        ", ".join(one.former_names),
    )
