"""Options that several commands take, spelled and explained once."""

from typing import Annotated, NamedTuple

import typer

AsJson = Annotated[bool, typer.Option("--json", help="one JSON document on stdout")]
GoalArgument = Annotated[str, typer.Argument(metavar="GOAL", help="the goal's id, as in 2026-q4/M0025/1")]
Actor = Annotated[str, typer.Option("--as", metavar="EMPLOYEE", help="who does this")]
Viewer = Annotated[
    str | None, typer.Option("--as", metavar="EMPLOYEE", help="show what this person may see; unset: everything")
]
ActingFor = Annotated[str | None, typer.Option("--for", metavar="EMPLOYEE", help="in whose name, as their delegate")]
CommandId = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="the command's own id: given again, it is done once")
]
Seen = Annotated[
    int | None, typer.Option("--seen", metavar="NUMBER", min=1, help="the goal's number as you saw it; unset: as it is")
]
Comment = Annotated[str | None, typer.Option("--comment", help="for the owner to read")]
Evidence = Annotated[str | None, typer.Option("--evidence", help="text or a link")]
Reason = Annotated[str, typer.Option("--reason", help="kept in the ledger")]


class Who(NamedTuple):
    """Who gives a command, in whose name, and under which id (None: a fresh one)."""

    actor: str
    acting_for: str | None = None
    command_id: str | None = None
