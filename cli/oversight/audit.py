"""`meguri audit`: what happened to a goal, with the proof of it."""

from typing import TYPE_CHECKING

from cli.session.help import Commands
from cli.session.options import AsJson, GoalArgument
from cli.session.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from service.audit import LedgerPage
    from service.proof import LedgerProof
    from storage.goals import LedgerLine

audit = Commands()

_SHORT_HASH = 12


@audit.command("show")
def show(goal_id: GoalArgument, as_json: AsJson = False) -> None:
    """Show a goal's ledger, and whether its hash chain holds and the goal agrees with it. Exit code 1 where not."""
    from cli.session.callers import caller_for
    from cli.session.session import reading, run, terminal
    from domain.values import GoalId
    from service.audit import Audit

    async def work(session: "Reading") -> Exit:
        page = await Audit(session.engine).ledger(caller_for(None), GoalId(goal_id))
        if as_json:
            print_json(page.document)
        else:
            _print_ledger(page, session.terminal)
        return _verdict(session.terminal, page.proof)

    run(terminal(as_json), reading, work)


def _print_ledger(page: "LedgerPage", to: "Terminal") -> None:
    from cli.session.wording import event_name, facts, person_then
    from texts.dates import moment_text

    names, zone = page.names, page.time_zone

    def row(line: "LedgerLine") -> tuple[str | int, ...]:
        event, instead = line.event, line.event.get("acting_for")
        return (
            event["seq"], event["revision"], moment_text(event["at"], zone), person_then(event["actor"], event["at"], names),
            person_then(instead, event["at"], names) if instead else "", event_name(line.kind, to.locale), facts(event["body"], to.locale, zone),
            line.hash[:_SHORT_HASH],
        )  # fmt: skip

    print_line(f"{page.goal}  ({zone})")
    print_table(to.heads("screen.audit.heads"), [row(line) for line in page.proof.lines])


def _verdict(to: "Terminal", proof: "LedgerProof") -> Exit:
    """Says whether the ledger holds; what does not goes to stderr."""
    if proof.holds:
        if not to.as_json:
            to.tell("screen.audit.holds", entries=len(proof.lines))
        return Exit.DONE
    if proof.broken:
        seq, reason = proof.broken
        to.complain(to.text("screen.audit.broken", seq=seq, reason=to.text(f"screen.broken.{reason}")))
    if proof.differs:
        to.complain(to.text("screen.audit.differs", fields=proof.differs))
    return Exit.REFUSED
