"""`meguri goal begin`: a person's next goal, while the cycle runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.options import Actor, AsJson, CommandId
from cli.session.output import Exit, print_json
from cli.session.session import Acting, acting, run, terminal

if TYPE_CHECKING:
    from service.beginning import BeginningSource


def begin(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.begin_cycle")],
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="help.option.begin_file")] = None,
    *,
    actor: Actor,
    owner: Annotated[str | None, typer.Option("--for", metavar="EMPLOYEE", help="help.option.begin_for")] = None,
    catalog: Annotated[str | None, typer.Option("--catalog", metavar="ENTRY", help="help.option.from_catalog")] = None,
    carried_from: Annotated[str | None, typer.Option("--from", metavar="GOAL", help="help.option.begin_from")] = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Begin a goal while the cycle runs: the next one of the owner, as a draft."""

    async def work(session: Acting) -> None:
        from cli.goal.giving import print_given
        from domain.values import CycleId, EmployeeId
        from service.beginning import Beginnings

        given = await Beginnings(session.engine, session.temporal).begin(
            caller_for(actor),
            CycleId(cycle_id),
            source,
            owner=EmployeeId(owner) if owner else None,
            command_id=command_id,
        )
        if as_json:
            print_json(given)
        else:
            print_given(given, session.terminal)

    source = _source(file, catalog, carried_from, as_json=as_json)
    run(terminal(as_json), acting, work)


def _source(file: Path | None, catalog: str | None, carried_from: str | None, *, as_json: bool) -> "BeginningSource":
    """What the draft begins with; ends the command for more than one source, and for a file that cannot be read."""
    from cli.goal.writing import read_content_file
    from domain.values import GoalId
    from service.beginning import BeginningSource

    to = terminal(as_json)
    if sum(one is not None for one in (file, catalog, carried_from)) > 1:
        raise to.refuse(to.text("screen.goal.one_beginning"), kind="usage", code=Exit.USAGE)
    content = read_content_file(file, to).content if file else None
    return BeginningSource(content, catalog, GoalId(carried_from) if carried_from else None)
