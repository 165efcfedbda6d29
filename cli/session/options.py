"""Options that several commands take, spelled and explained once."""

from typing import Annotated, NamedTuple

import typer

AsJson = Annotated[bool, typer.Option("--json", help="help.option.as_json")]
GoalArgument = Annotated[str, typer.Argument(metavar="GOAL", help="help.option.goal")]
Actor = Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="help.option.actor")]
Viewer = Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.viewer")]
ActingFor = Annotated[str | None, typer.Option("--for", metavar="EMPLOYEE", help="help.option.acting_for")]
CommandId = Annotated[str | None, typer.Option("--id", metavar="ID", help="help.option.command_id")]
Seen = Annotated[int | None, typer.Option("--seen", metavar="NUMBER", min=1, help="help.option.seen")]
SeenOfEach = Annotated[
    list[int] | None, typer.Option("--seen", metavar="NUMBER", min=1, help="help.option.seen_of_each")
]
Comment = Annotated[str | None, typer.Option("--comment", help="help.option.comment")]
Evidence = Annotated[str | None, typer.Option("--evidence", help="help.option.evidence")]
Reason = Annotated[str, typer.Option("--reason", help="help.option.reason")]


class CommandOptions(NamedTuple):
    """Who gives a command, in whose name, and under which id (None: a fresh one)."""

    actor: str
    acting_for: str | None = None
    command_id: str | None = None
