"""`meguri hearing`: problems of today (現状の課題), as managers and staff name them."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.help import Commands
from cli.session.options import Actor, AsJson, CommandId, Viewer
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal

hearing = Commands()

_Cycle = Annotated[str, typer.Option("--cycle", metavar="CYCLE", help="help.option.hearing_cycle")]


@hearing.command()
def add(
    *,
    cycle: _Cycle,
    text: Annotated[str, typer.Option("--text", help="help.option.problem")],
    actor: Actor,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.hearing_department")
    ] = None,
    planned: Annotated[bool, typer.Option("--planned", help="help.option.planned")] = False,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Add a problem. A goal refers to it by the printed id: `answers = ["H1"]`."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from service.hearing import Hearing

        problem = await Hearing(session.engine).add(
            caller_for(actor), cycle=cycle, text=text, department=department, command_id=command_id, planned=planned
        )
        if as_json:
            print_json({"problem": problem})
        else:
            session.terminal.tell("screen.hearing.recorded", problem=problem)

    run(terminal(as_json), reading, work, (department,))


_Problem = Annotated[str, typer.Argument(metavar="PROBLEM", help="help.option.problem_id")]


@hearing.command()
def correct(
    problem: _Problem,
    *,
    text: Annotated[str, typer.Option("--text", help="help.option.problem")],
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """Correct the text of a problem: whoever added it, or HR."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from service.hearing import Hearing

        await Hearing(session.engine).correct(caller_for(actor), problem, text)
        _tell(session.terminal, "screen.hearing.corrected", problem)

    run(terminal(as_json), reading, work)


@hearing.command("withdraw")
def take_back(
    problem: _Problem,
    *,
    reason: Annotated[str, typer.Option("--reason", help="help.option.reason_journal")],
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """Take back a problem that no goal answers: whoever added it, or HR."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from service.hearing import Hearing

        await Hearing(session.engine).take_back(caller_for(actor), problem, reason)
        _tell(session.terminal, "screen.hearing.taken_back", problem)

    run(terminal(as_json), reading, work)


def _tell(to: "Terminal", key: str, problem: str) -> None:
    if to.as_json:
        print_json({"problem": problem})
    else:
        to.tell(key, problem=problem)


@hearing.command("list")
def list_problems(
    *,
    cycle: _Cycle,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="help.option.search_problems")] = "",
    unanswered: Annotated[bool, typer.Option("--unanswered", help="help.option.unanswered")] = False,
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """List the problems of a cycle, and how many goals answer each."""
    from cli.session.session import reading, run, terminal
    from texts.wording import person, visible

    async def work(session: "Reading") -> None:
        from service.hearing import Hearing

        to = session.terminal
        found = await Hearing(session.engine).list_problems(
            caller_for(viewer), cycle, department=department, search=search, unanswered=unanswered
        )
        if as_json:
            print_json(found)
        elif not found.problems:
            to.tell("screen.hearing.none")
        else:
            rows = [
                (one.id, one.department, person(one.added_by, {one.added_by: one.name}), one.answers, visible(one.text))
                for one in found.problems
            ]
            print_table(to.heads("screen.hearing.heads"), rows)

    run(terminal(as_json), reading, work, (department,))
