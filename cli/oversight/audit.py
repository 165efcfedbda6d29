"""`meguri inbox` and `meguri audit`: what waits on a person, and what happened to a goal, with the proof of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.help import Commands
from cli.session.options import AsJson, GoalArgument
from cli.session.output import Exit, print_json, print_line, print_table
from domain.locale import Locale

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from service.audit import LedgerPage
    from service.inbox import InboxItem, InboxPage
    from service.proof import LedgerProof
    from storage.goals import LedgerLine

audit = Commands()

_SHORT_HASH = 12
_THEME = 60  # characters of it in an inbox


def inbox(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="help.option.inbox_employee")],
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="help.option.limit")] = 100,
    after: Annotated[str, typer.Option("--after", metavar="ID", help="help.option.after")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what waits on a person, the most urgent first, and the command that answers it."""
    from cli.session.callers import caller_for
    from cli.session.session import reading, run, terminal
    from domain.values import EmployeeId
    from service.inbox import Inbox

    async def work(session: "Reading") -> None:
        page = await Inbox(session.engine).read(
            caller_for(None), EmployeeId(employee), datetime.now(UTC), after=after, limit=limit
        )
        if as_json:
            waiting = _waiting(page, employee)
            print_json({"employee": employee, "name": page.name, "waiting": waiting, "next": page.next})
        else:
            _print_inbox(page, employee, session.terminal)

    run(terminal(as_json), reading, work)


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


# --- inbox -----------------------------------------------------------------------------------------------------------


def _command(item: "InboxItem", employee: str, locale: Locale) -> str:
    """The command that answers the task, with placeholders in the language of the help."""
    from texts.say import say

    file, text, verdict = (say(f"help.metavar.{one}", locale) for one in ("file", "text", "verdict"))
    line, acts = item.goal, f" --as {employee}" + (f" --for {item.acting_for}" if item.acting_for else "")
    step = None if item.step is None else item.step + 1
    command = {
        "submit": f"submit {line.id} {file}",
        "approve": f"approve {line.id} --seen {line.seq}",
        "complete_step": f"step {line.id} {step}",
        "self_review": f"review self {line.id} --went-well {text}",
        "decide": f"review decide {line.id} {verdict} --seen {line.seq}",
    }
    if item.action == "comment":
        return f"meguri goal comment {line.id}{acts} --text {text}"
    return f"meguri goal {command[item.action]}{acts}"


def _waiting(page: "InboxPage", employee: str) -> list[dict[str, Any]]:
    return [
        {
            **one.goal._asdict(), "acting_for": one.acting_for, "overdue": one.is_overdue,
            "next": _command(one, employee, Locale.EN),
        }
        for one in page.items
    ]  # fmt: skip


def _print_inbox(page: "InboxPage", employee: str, to: "Terminal") -> None:
    from cli.goal.goal_screen import due_mark
    from cli.session.wording import person, task_name, visible

    if not page.items:
        to.tell("screen.inbox.empty")
        return
    now = datetime.now(UTC)
    for one in page.items:
        line = one.goal
        due = due_mark(line.due_at, one.time_zone, now, to)
        owner = "" if line.owner_id == employee else f" {visible(line.owner)} ({line.owner_id})"
        if one.acting_for:
            owner += "  " + to.text("screen.inbox.acting_for", whom=person(one.acting_for, page.names))
        print_line(
            f"{due}  {task_name(line.task or '', to.locale)}  {line.id}{owner}  {visible(line.theme, _THEME)}".rstrip()
        )
        print_line(f"    {_command(one, employee, to.locale)}")
    if page.next:
        to.tell("screen.goal.more", after=page.next)


# --- audit -----------------------------------------------------------------------------------------------------------


def _print_ledger(page: "LedgerPage", to: "Terminal") -> None:
    from cli.session.wording import event_name, facts, local, person

    names, zone = page.names, page.time_zone

    def row(line: "LedgerLine") -> tuple[str | int, ...]:
        event, instead = line.event, line.event.get("acting_for")
        return (
            event["seq"], event["revision"], local(event["at"], zone), person(event["actor"], names),
            person(instead, names) if instead else "", event_name(line.kind, to.locale), facts(event["body"], to.locale),
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
