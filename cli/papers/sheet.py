"""`meguri sheet`: goal sheets (目標管理シート) and tables out, filled ones in; and the results of a cycle."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.papers.output_file import OutputFile
from cli.session.callers import caller_for
from cli.session.files import reason_of
from cli.session.help import Commands
from cli.session.options import Actor, AsJson
from cli.session.output import Exit, print_findings, print_json
from cli.session.session import Acting, Reading, Terminal, acting, reading, run, terminal

if TYPE_CHECKING:
    from domain.findings import Finding
    from domain.goal.goal import Goal
    from domain.values import Locale
    from service.sheets import Plan

sheet = Commands()
_NAMED = 10  # files that were kept

_Cycle = Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="help.option.overwrite")]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="help.option.sheet_file")]


@sheet.command()
def export(
    cycle_id: _Cycle,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="help.option.folder")],
    *,
    actor: Actor,
    person: Annotated[str | None, typer.Option("--person", metavar="EMPLOYEE", help="help.option.of_person")] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    overwrite: _Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write a sheet for each person whom you may see: HR everybody, a manager those below, others their own.

    A sheet that is in the folder already is kept, since somebody may have filled it in.
    """

    async def work(session: Reading) -> Exit:
        from domain.values import CycleId
        from service.sheets import Sheets
        from sheets.goal_sheet import write_goal_sheet

        to, began = session.terminal, time.monotonic()
        found = Sheets(session.engine).sheets_of(
            caller_for(actor), CycleId(cycle_id), person=person, department=department
        )
        written: list[Path] = []
        kept: list[Path] = []
        async with aclosing(found):  # a file that cannot be written ends the reading too
            async for one in found:
                path = folder / f"{one.cycle_id}_{one.person.id}.xlsx"
                if path.exists() and not overwrite:
                    kept.append(path)
                    continue
                with OutputFile(path, to, overwrite=True) as out:
                    out.write(write_goal_sheet(one, to.locale))
                written.append(path)
        if as_json:
            print_json({"files": [str(one) for one in written], "kept": [str(one) for one in kept]})
        else:
            seconds = f"{time.monotonic() - began:.1f}"
            to.tell("screen.sheet.written", n=len(written), folder=folder, seconds=seconds)
        return _tell_kept(kept, to)

    run(terminal(as_json), reading, work, (department,))


def _tell_kept(kept: list[Path], to: Terminal) -> Exit:
    if not kept:
        return Exit.DONE
    named = [one.name for one in kept[:_NAMED]]
    to.complain(to.text("screen.sheet.kept", n=len(kept), named=named, more="…" if len(kept) > _NAMED else ""))
    return Exit.REFUSED


@sheet.command("goals")
def write_goals(
    cycle_id: _Cycle,
    file: _File,
    *,
    actor: Actor,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    overwrite: _Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write goals as CSV, one per row, to change in a table and import again."""

    async def work(session: Reading) -> None:
        from domain.values import CycleId
        from service.sheets import Sheets
        from sheets.goals_csv import table_head, table_rows

        to, goals = session.terminal, 0
        pages = Sheets(session.engine).goals_for_table(caller_for(actor), CycleId(cycle_id), department=department)
        async with aclosing(pages):
            with OutputFile(file, to, overwrite=overwrite) as out:
                out.write(table_head(to.locale))
                async for page in pages:
                    out.write(table_rows(page, to.locale))
                    goals += len(page)
        _say_written(to, file, goals)

    run(terminal(as_json), reading, work, (department,))


@sheet.command()
def results(
    cycle_id: _Cycle, file: _File, *, actor: Actor, overwrite: _Overwrite = False, as_json: AsJson = False
) -> None:
    """HR: write the results of a cycle: a workbook (.xlsx) with a chart, or the goals as CSV (.csv)."""

    async def work(session: Reading) -> None:
        from domain.values import CycleId
        from service.results_export import ResultsExport

        to, caller, cycle = session.terminal, caller_for(actor), CycleId(cycle_id)
        export, kind = ResultsExport(session.engine), file.suffix.lower()
        if kind not in (".xlsx", ".csv"):
            raise to.refuse(to.text("screen.sheet.wrong_ending"), kind="usage", code=Exit.USAGE)
        with OutputFile(file, to, overwrite=overwrite) as out:
            if kind == ".xlsx":
                goals = await export.write_book(caller, cycle, out.path, to.locale)
            else:
                goals = await _write_csv(export.goals(caller, cycle), out, to.locale)
        _say_written(to, file, goals)

    run(terminal(as_json), reading, work)


async def _write_csv(
    pages: "AsyncIterator[tuple[list[Goal], dict[str, str]]]", out: OutputFile, locale: "Locale"
) -> int:
    """Writes the pages as they come; how many goals."""
    from sheets.results import results_csv_head, results_csv_rows

    goals = 0
    out.write(results_csv_head(locale))
    async for page, names in pages:
        out.write(results_csv_rows(page, names, locale))
        goals += len(page)
    return goals


@sheet.command("import")
def import_filled(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="help.option.filled_files")],
    *,
    actor: Actor,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.option.sheet_dry_run")] = False,
    as_json: AsJson = False,
) -> None:
    """Owner, HR: import filled sheets and tables, all of them or nothing.

    Only drafts change; the owner submits them.
    """
    from service.sheet_reading import read_filled

    to = terminal(as_json)
    filled = read_filled((file.name, _bytes_of(file, to)) for file in files)
    if filled.findings:
        raise _refused(to, filled.findings)

    async def work(session: Acting) -> None:
        from service.sheets import Sheets

        sheets, caller = Sheets(session.engine), caller_for(actor)
        plan = await sheets.compare(caller, filled.goals)
        if plan.findings:
            raise _refused(to, plan.findings)
        if not dry_run:
            await sheets.apply(caller, session.temporal, plan)
        _report(plan, to, dry_run=dry_run)

    run(to, acting, work)


def _bytes_of(file: Path, to: Terminal) -> bytes:
    """The file's content; ends the command where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        message = to.text("screen.sheet.unreadable", file=file, reason=reason_of(error))
        raise to.refuse(message, kind="unreadable", code=Exit.USAGE) from error


def _refused(to: Terminal, findings: "tuple[Finding, ...]") -> typer.Exit:
    message = to.text("screen.sheet.refused", n=len(findings))
    return to.refuse(message, kind="findings", findings=findings)


def _report(plan: "Plan", to: Terminal, *, dry_run: bool) -> None:
    if to.as_json:
        print_json(plan.document(dry_run=dry_run))
        return
    for one in plan.changed:
        fields = ", ".join(one.fields)
        to.tell("screen.sheet.changes", goal=one.goal.id, fields=fields)
        print_findings(one.advice, to.locale)
    number = len(plan.changed)
    if dry_run:
        to.tell("screen.sheet.would_change", number=number, unchanged=plan.unchanged)
    else:
        to.tell("screen.sheet.changed", number=number, unchanged=plan.unchanged)


def _say_written(to: Terminal, file: Path, goals: int) -> None:
    if to.as_json:
        print_json({"files": [str(file)], "goal_count": goals})
    else:
        to.tell("screen.sheet.table", file=file, n=goals)
