"""`meguri goal draft`, `check` and `score`: help with writing a goal, and the account of its points."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.options import AsJson, GoalArgument, Viewer
from cli.session.output import Exit, print_findings, print_json, print_line, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from domain.findings import Finding
    from domain.writing.content_file import WrittenContent

_Baseline = Annotated[str | None, typer.Option("--baseline", metavar="NUMBER", help="help.option.baseline")]
_Target = Annotated[str | None, typer.Option("--target", metavar="NUMBER", help="help.option.draft_target")]


def draft(
    goal_id: GoalArgument,
    *,
    catalog: Annotated[str | None, typer.Option("--catalog", metavar="ENTRY", help="help.option.from_catalog")] = None,
    exemplar: Annotated[str | None, typer.Option("--exemplar", metavar="ID", help="help.option.from_exemplar")] = None,
    baseline: _Baseline = None,
    target: _Target = None,
    parent: Annotated[str | None, typer.Option("--parent", metavar="ID", help="help.option.parent")] = None,
    answer: Annotated[list[str] | None, typer.Option("--answer", metavar="ID", help="help.option.answers")] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Print a goal's content to edit: the present one, or one made from the catalogue or an example, with dates within its cycle."""

    async def work(session: Reading) -> None:
        from cli.goal.review_form import number
        from domain.refusals import Code, Refusal
        from domain.values import GoalId
        from service.content_toml import as_toml
        from service.writing import DraftSource, Writing

        to = session.terminal
        if catalog is not None and exemplar is not None:
            message = to.text("screen.goal.one_source")
            raise to.refuse(message, kind="usage", code=Exit.USAGE)
        numbers = number(baseline, "--baseline", to), number(target, "--target", to)
        source = DraftSource(catalog, exemplar, *numbers, parent, tuple(answer or ()))
        try:
            made = await Writing(session.engine).draft(caller_for(viewer), GoalId(goal_id), source)
        except Refusal as refusal:
            if refusal.code is not Code.WRONG_MEASURE:
                raise
            message = to.text("screen.goal.no_number")
            raise to.refuse(message, kind="usage", code=Exit.USAGE) from refusal
        if as_json:
            print_json({"goal": goal_id, "seen": made.seen, "content": made.content})
        else:
            print_line(as_toml(made.content, GoalId(goal_id), made.seen).rstrip())

    run(terminal(as_json), reading, work)


def check(
    goal_id: GoalArgument,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="help.option.check_file")] = None,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Check a goal, or a file for it, by the writing rules: errors to fix, and suggestions."""

    async def work(session: Reading) -> Exit:
        from domain.findings import Level
        from domain.values import GoalId
        from service.writing import Writing

        to = session.terminal
        content = read_content_file(file, to).content if file else None
        checked = await Writing(session.engine).check(caller_for(viewer), GoalId(goal_id), content)
        if to.as_json:
            print_json(checked.document())
        elif not checked.findings:
            to.tell("screen.goal.nothing_found", goal=checked.goal)
        else:
            for level in Level:
                _print_level([one for one in checked.findings if one.level is level], level, to)
        return Exit.REFUSED if checked.is_refused else Exit.DONE

    run(terminal(as_json), reading, work)


def _print_level(findings: "list[Finding]", level: str, to: Terminal) -> None:
    import sys

    if findings:
        to.tell("screen.goal.must_fix" if level == "refuse" else "screen.goal.suggestions")
        print_findings(findings, to.locale, sys.stdout)


def read_content_file(file: Path, to: Terminal) -> "WrittenContent":
    """The file's content; ends the command where it cannot be read or has findings."""
    from cli.session.files import read_small
    from domain.writing.content_file import WrittenContent, read_written

    found = read_written(read_small(file, to))
    if isinstance(found, WrittenContent):
        return found
    message = to.text("screen.goal.unreadable", file=file)
    raise to.refuse(message, kind="invalid_file", findings=found)


def score(goal_id: GoalArgument, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """Show how a goal's score is calculated, term by term."""

    async def work(session: Reading) -> None:
        from cli.goal.score_screen import rows, summary
        from domain.values import GoalId

        to = session.terminal
        sheet = await session.goals.score_sheet(caller_for(viewer), GoalId(goal_id))
        if to.as_json:
            print_json(sheet.document())
            return
        print_table(to.heads("screen.score.heads"), rows(sheet, to))
        for line in summary(sheet, to):
            print_line(line)

    run(terminal(as_json), reading, work)
