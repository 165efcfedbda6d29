"""`meguri repair`: goals about which PostgreSQL and Temporal do not agree, workflows that were lost, and repairing both."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson
from cli.session.output import Exit, print_json, print_line

if TYPE_CHECKING:
    from cli.session.session import Acting, Terminal
    from service.repairs import Repair, Repairs


def repair(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="help.option.of_cycle")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="help.option.yes_repair")] = False,
    actor: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.actor")] = None,
    as_json: AsJson = False,
) -> None:
    """Find goals that one of the stores lost, and workflows that do not run; with --yes, repair them."""
    from cli.session.callers import caller_for
    from cli.session.session import acting, run, terminal
    from service.repairs import Repairing

    async def work(session: "Acting") -> Exit | None:
        repairing, caller = Repairing(session.engine, session.temporal), caller_for(actor)
        found = await (repairing.mend if yes else repairing.find)(caller, cycle_id)
        if as_json:
            print_json(found)
        else:
            _print(found, session.terminal, mended=yes)
        return None if found.all_sound else Exit.REFUSED

    run(terminal(as_json), acting, work)


def _print(found: "Repairs", to: "Terminal", *, mended: bool) -> None:
    to.tell("screen.repair.looked", goals=found.goals, n=len(found.repairs))
    for one in found.repairs:
        _print_one(one, to)
    for lost in found.workflows:
        to.tell(f"screen.repair.restarted.{lost.of}" if lost.started else f"screen.repair.lost.{lost.of}", id=lost.id)
    for table in found.tables:
        to.tell(f"screen.repair.table.{table.code}", what=table.what)
    if (found.repairs or found.workflows) and not mended:
        to.tell("screen.repair.dry_run")


def _print_one(one: "Repair", to: "Terminal") -> None:
    faults = " ".join(
        to.text(f"screen.repair.fault.{fault}", ledger=one.ledger, workflow=one.workflow or 0) for fault in one.faults
    )
    print_line(f"{one.goal}  {faults}")
    if one.entry is not None:
        to.tell(
            "screen.repair.repaired", how=[to.text(f"screen.repair.step.{step}") for step in one.done], entry=one.entry
        )
    elif one.left is not None:
        to.tell("screen.repair.left", code=one.left)
