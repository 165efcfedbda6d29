"""`meguri audit`: what happened to a goal, and to what concerns no single goal, with the proof of it."""

import json
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from cli.session.choices import Choice, day
from cli.session.help import Commands
from cli.session.options import Actor, AsJson, GoalArgument, Reason, Viewer
from cli.session.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from domain.journal import Entry
    from service.audit import JournalPage, LedgerPage, LogProof
    from service.proof import LedgerProof
    from storage.goals import LedgerLine

audit = Commands()


class LogName(StrEnum):
    """The logs of the journal (domain.journal.Log, which takes long to import)."""

    DELEGATIONS = "delegations"
    DIRECTORY = "directory"
    HEARINGS = "hearings"
    INSTRUCTIONS = "instructions"
    PREFERENCES = "preferences"
    TOKENS = "tokens"
    IDENTITIES = "identities"
    ROLES = "roles"
    PROVISIONING = "provisioning"
    HOOKS = "hooks"
    PROGRAMS = "programs"
    LOOKS = "looks"


_SHORT_HASH = 12
_SHORT_BODY = 60


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


@audit.command("journal")
def show_journal(
    *,
    log: Annotated[
        LogName | None, typer.Option("--log", parser=Choice("log", LogName), metavar="LOG", help="help.option.log")
    ] = None,
    since: Annotated[date | None, typer.Option("--since", parser=day, metavar="DATE", help="help.option.since")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="COUNT", min=1, max=10_000, help="help.option.limit")] = 100,
    after: Annotated[str, typer.Option("--after", metavar="ID", help="help.option.after")] = "",
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """Show who changed the directory, delegations, problems, instructions and preferences, and whether the chains hold."""
    from cli.session.callers import caller_for
    from cli.session.session import reading, run, terminal
    from cli.session.zones import zone_for, zones_by_cycle
    from domain.journal import Log
    from service.audit import Audit, JournalFilter

    async def work(session: "Reading") -> Exit:
        zone = zone_for(None, await zones_by_cycle(session.engine))
        wanted = JournalFilter((Log(log),) if log else tuple(Log), _start_of(since, zone), limit, after)
        page = await Audit(session.engine).journal(caller_for(viewer), wanted)
        if as_json:
            print_json(page.document)
        else:
            _print_journal(page, zone, session.terminal)
        for proof in page.proofs:
            if proof.broken:
                session.terminal.complain(_broken_log(proof, session.terminal))
        return Exit.DONE if all(one.holds for one in page.proofs) else Exit.REFUSED

    run(terminal(as_json), reading, work)


@audit.command("erase")
def erase(
    log: Annotated[LogName, typer.Argument(parser=Choice("log", LogName), metavar="LOG", help="help.option.log")],
    entries: Annotated[list[int], typer.Argument(metavar="NUMBER", min=1, max=2**31 - 1, help="help.option.entries")],
    *,
    actor: Actor,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """HR: erase what people wrote in these entries of the journal. The entries stay, and a new one says so."""
    from cli.session.callers import caller_for
    from cli.session.session import reading, run, terminal
    from domain.journal import Log
    from service.erasure import erase_in_journal

    async def work(session: "Reading") -> None:
        erased = await erase_in_journal(session.engine, caller_for(actor), Log(log), entries, reason)
        if as_json:
            print_json({"log": log, "erased": erased})
        else:
            session.terminal.tell("screen.journal.erased", count=len(erased))

    run(terminal(as_json), reading, work)


def _start_of(since: date | None, zone: str) -> datetime | None:
    """The first moment of the day in that zone; the first day of the calendar is no limit, since UTC may not have its moment."""
    if since is None or since == date.min:
        return None
    return datetime.combine(since, time(), ZoneInfo(zone))


def _print_journal(page: "JournalPage", zone: str, to: "Terminal") -> None:
    from service.audit import opened
    from texts.dates import moment_text
    from texts.wording import actor_name, journal_facts, visible
    from texts.words import word

    def said(proof: "LogProof", entry: "Entry") -> str:
        if proof.covers(entry):
            return journal_facts(opened(entry), to.locale, zone)
        return visible(json.dumps(entry.body, ensure_ascii=False), _SHORT_BODY)

    def row(proof: "LogProof", entry: "Entry") -> tuple[str | int, ...]:
        kind = word("entry", visible(entry.kind), to.locale)
        when, who = moment_text(entry.at, zone), actor_name(entry.actor, entry.at, page.names, to.locale)
        return entry.seq, when, who, kind, said(proof, entry), entry.hash[:_SHORT_HASH]

    for proof in page.proofs:
        if proof.holds:
            to.tell("screen.journal.holds", log=proof.log, entries=proof.entries)
        if rows := [row(proof, entry) for log, entry in page.entries if log is proof.log]:
            print_table(to.heads("screen.journal.heads"), rows)
    if page.next:
        to.tell("screen.goal.more", after=page.next)


def _broken_log(proof: "LogProof", to: "Terminal") -> str:
    broken = proof.broken
    reason = to.text(f"screen.broken.{broken.reason}") if broken else ""
    return to.text("screen.journal.broken", log=proof.log, seq=broken.seq if broken else 0, reason=reason)


def _print_ledger(page: "LedgerPage", to: "Terminal") -> None:
    from texts.dates import moment_text
    from texts.wording import event_name, facts, person_then, visible

    names, zone = page.names, page.time_zone

    def said(line: "LedgerLine") -> str:
        if page.proof.is_proven(line):
            return facts(line.event["body"], to.locale, zone)
        return visible(json.dumps(line.event["body"], ensure_ascii=False), _SHORT_BODY)

    def row(line: "LedgerLine") -> tuple[str | int, ...]:
        event, instead = line.event, line.event.get("acting_for")
        return (
            event["seq"], event["revision"], moment_text(event["at"], zone), person_then(event["actor"], event["at"], names),
            person_then(instead, event["at"], names) if instead else "", event_name(line.kind, to.locale) if line.kind else "", said(line),
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
