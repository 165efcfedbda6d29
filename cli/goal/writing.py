"""`meguri goal draft`, `check` and `score`: help with writing a goal, and the account of its points."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson, GoalArgument
from cli.session.output import Exit, print_findings, print_json, print_line, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal

if TYPE_CHECKING:
    from domain.findings import Finding
    from domain.goal.goal import Goal
    from domain.writing.content import Content

_Number = Annotated[str | None, typer.Option(metavar="NUMBER", show_default=False)]


def draft(
    goal_id: GoalArgument,
    *,
    catalog: Annotated[str | None, typer.Option("--catalog", metavar="ENTRY", help="from this entry")] = None,
    exemplar: Annotated[str | None, typer.Option("--exemplar", metavar="ID", help="from this example")] = None,
    baseline: _Number = None,
    target: _Number = None,
    parent: Annotated[
        str | None, typer.Option("--parent", metavar="ID", help="what it serves: see `cycle tree`")
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", metavar="ID", help="a problem that it answers; repeat")
    ] = None,
) -> None:
    """Print a goal's content to write on: as it is, or made from the catalogue or an example, dated within its cycle."""

    async def work(session: Reading) -> None:
        from cli.goal.content_writing import as_toml
        from domain.values import GoalId

        to = session.terminal
        if catalog is not None and exemplar is not None:
            said = to.words(
                "--catalog か --exemplar の一方を指定してください。", "give --catalog or --exemplar, not both"
            )
            raise to.refuse(said, kind="usage", code=Exit.USAGE)
        goal = await session.goals.require(GoalId(goal_id))
        content = await _made(session, goal, catalog, exemplar)
        linked = {"parent": parent or content.parent, "answers": tuple(answer or ()) or content.answers}
        content = content.model_copy(update=linked)
        print_line(as_toml(_with_numbers(content, baseline, target, to)).rstrip())

    run(terminal(as_json=False), reading, work)


async def _made(session: Reading, goal: "Goal", catalog: str | None, exemplar: str | None) -> "Content":
    from domain.writing import catalog as shelf
    from service.exemplars import Exemplars

    policy = goal.policy
    if catalog is not None:
        return shelf.draft(shelf.find(catalog), session.terminal.locale, policy.starts, policy.ends)
    if exemplar is not None:
        content = (await Exemplars(session.engine).require(exemplar)).content
        count = len(content.steps)
        days = (policy.ends - policy.starts) / max(count, 1)
        steps = tuple(
            step.model_copy(update={"due": policy.starts + days * (n + 1)}) for n, step in enumerate(content.steps)
        )
        return content.model_copy(update={"steps": steps})
    return goal.content


def _with_numbers(content: "Content", baseline: str | None, target: str | None, to: Terminal) -> "Content":
    from pydantic import ValidationError

    from domain.writing.content import NumericMeasure

    given = {name: value for name, value in (("baseline", baseline), ("target", target)) if value is not None}
    if not given:
        return content
    if not isinstance(content.measure, NumericMeasure):
        said = to.words(
            "この指標は数値ではありません。", "this measure is no number: leave --baseline and --target out"
        )
        raise to.refuse(said, kind="usage", code=Exit.USAGE)
    try:
        measure = NumericMeasure.model_validate(content.measure.model_dump() | given)
    except ValidationError as error:
        where = ", ".join(f"--{one['loc'][0]}: {one['msg']}" for one in error.errors(include_url=False))
        raise to.refuse(where, kind="usage", code=Exit.USAGE) from error
    return content.model_copy(update={"measure": measure})


def check(
    goal_id: GoalArgument,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="what it would say: TOML or JSON")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a goal, or a file for it, by the writing rules: what must be mended, and what is worth a look."""

    async def work(session: Reading) -> Exit:
        from domain.findings import Level, refuses
        from domain.goal.constraints import weigh
        from domain.values import GoalId
        from domain.writing.rules import check as check_content
        from texts.findings import documents_of

        to = session.terminal
        goal = await session.goals.require(GoalId(goal_id))
        content = read_content_file(file, to) if file else goal.content
        siblings = await session.goals.of_cycle(goal.cycle, owner=goal.owner)
        others = [one for one in siblings if one.id != goal.id]
        findings = (*check_content(content, goal.policy), *weigh(content, others, goal.policy))
        if to.as_json:
            print_json({"goal": goal.id, "refused": refuses(findings), "findings": documents_of(findings)})
        elif not findings:
            to.say(
                f"{goal.id}: 指摘はありません。提出できます。", f"{goal.id}: nothing against it; it can be submitted"
            )
        else:
            for level in Level:
                _print_level([one for one in findings if one.level is level], level, to)
        return Exit.REFUSED if refuses(findings) else Exit.DONE

    run(terminal(as_json), reading, work)


def _print_level(findings: "list[Finding]", level: str, to: Terminal) -> None:
    import sys

    if findings:
        to.say(*(("直してください:", "to mend:") if level == "refuse" else ("ご検討ください:", "worth a look:")))
        print_findings(findings, to.locale, sys.stdout)


def read_content_file(file: Path, to: Terminal) -> "Content":
    """The file's content; ends the command where it cannot be read or has findings."""
    from cli.session.files import read_small
    from domain.writing.content import Content
    from domain.writing.content_file import read_content

    found = read_content(read_small(file, to))
    if isinstance(found, Content):
        return found
    message = to.words(
        f"{file}: 目標として読めません。何も変更していません。", f"{file}: not a goal; nothing was changed"
    )
    raise to.refuse(message, kind="invalid_file", findings=found)


def score(goal_id: GoalArgument, as_json: AsJson = False) -> None:
    """Show how a goal's score is made, term by term."""

    async def work(session: Reading) -> None:
        from cli.goal.score_screen import document, rows, summary
        from domain.values import GoalId
        from storage.database import read_transaction
        from storage.goals import read_ledger

        to = session.terminal
        goal = await session.goals.require(GoalId(goal_id))
        async with read_transaction(session.engine) as connection:
            ledger = [line.event for line in await read_ledger(connection, goal.id)]
        if to.as_json:
            print_json(document(goal))
            return
        heads = (("項目", "計算", "点"), ("term", "how", "points"))
        print_table(heads[0 if to.japanese else 1], rows(goal, ledger, to))
        for line in summary(goal, to):
            print_line(line)

    run(terminal(as_json), reading, work)
