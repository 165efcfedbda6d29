"""`meguri cycle amend`: new rules for a running cycle; their effect is shown first."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.choices import day
from cli.session.options import Actor, AsJson, Reason
from cli.session.output import Exit, print_findings, print_json, print_line, print_table

if TYPE_CHECKING:
    from cli.session.session import Acting, Terminal
    from service.amending import Amendment, RuleChange

_SHOWN = 20


def amend(
    cycle_id: Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.option.amend_file")],
    *,
    actor: Actor,
    reason: Reason,
    apply: Annotated[bool, typer.Option("--apply", help="help.option.apply")] = False,
    starts: Annotated[
        date | None,
        typer.Option("--starts", parser=day, metavar="DATE", help="help.option.amend_starts"),
    ] = None,
    departments: Annotated[
        list[str] | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.departments")
    ] = None,
    people: Annotated[list[str] | None, typer.Option("--person", metavar="EMPLOYEE", help="help.option.people")] = None,
    identity: Annotated[str | None, typer.Option("--id", metavar="ID", help="help.option.instruction_id")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="help.option.no_wait")] = False,
    as_json: AsJson = False,
) -> None:
    """HR: show how the file's rules differ from the cycle's, and which due dates move.

    With --apply, apply the new rules.
    """
    from cli.session.files import read_small
    from cli.session.session import acting, run, terminal

    to = terminal(as_json)
    data = read_small(file, to)

    async def work(session: "Acting") -> Exit:
        from cli.cycle.steering import report
        from cli.session.callers import caller_for
        from domain.instructions.instructions import Selection
        from domain.values import CycleId, EmployeeId
        from service.amending import Amending

        one = CycleId(cycle_id)
        chosen = Selection(departments=tuple(departments or ()), people=tuple(EmployeeId(one) for one in people or ()))
        amendment = await Amending(session.engine).compare(
            caller_for(actor), one, data, chosen, now=datetime.now(UTC), starts=starts
        )
        if amendment.after is None:
            message = to.text("screen.amend.not_possible", file=file)
            raise to.refuse(message, kind="findings", findings=amendment.findings)
        if not (apply and as_json):
            show(amendment, to)
        if not apply or not amendment.rules:
            if not as_json and amendment.rules:
                to.tell("screen.amend.shown_only")
            return Exit.DONE
        given = await session.instructions.give(caller_for(actor), amendment.instruction(chosen, reason), one, identity)
        return await report(session, given, "amend", wait=not no_wait)

    run(to, acting, work, departments or ())


def show(amendment: "Amendment", to: "Terminal") -> None:
    """What the new rules would change, before they are given."""
    if to.as_json:
        print_json(_document(amendment))
        return
    if not amendment.rules:
        to.tell("screen.amend.same")
        return
    print_table(to.heads("screen.amend.heads"), [_rule(one, to) for one in amendment.rules])
    departments = Counter(one.department for one in amendment.dues)
    to.tell("screen.amend.counts", goals=amendment.goals, dues=len(amendment.dues))
    if departments:
        print_line("  " + ", ".join(f"{name} {number}" for name, number in sorted(departments.items())))
    for one in amendment.dues[:_SHOWN]:
        print_line(f"  {one.goal}: {one.before} → {one.after}")
    if (more := len(amendment.dues) - _SHOWN) > 0:
        print_line("  " + to.text("screen.cycle.more", more=more))
    if amendment.hr:
        to.tell("screen.amend.hr", goals=len(amendment.hr), n=len(amendment.hr))
    for change in amendment.hr[:_SHOWN]:
        before, after = (", ".join(people) or "-" for people in (change.before, change.after))
        print_line(f"  {change.goal}: {before} → {after}")
    if (more := len(amendment.hr) - _SHOWN) > 0:
        print_line("  " + to.text("screen.cycle.more", more=more))
    _show_ending(amendment, to)
    if amendment.misfits:
        named = ", ".join(amendment.misfits[:_SHOWN])
        to.tell("screen.amend.misfits", goals=len(amendment.misfits), named=named)
    print_findings(amendment.findings, to.locale)


def _show_ending(amendment: "Amendment", to: "Terminal") -> None:
    """The goals that would end at once, and how many reviews would open at once."""
    from texts.words import word

    if amendment.ending:
        to.tell("screen.amend.ending", goals=len(amendment.ending), n=len(amendment.ending))
    for one in amendment.ending[:_SHOWN]:
        print_line(f"  {one.goal}: {word('outcome', one.outcome, to.locale)}")
    if (more := len(amendment.ending) - _SHOWN) > 0:
        print_line("  " + to.text("screen.cycle.more", more=more))
    if amendment.reviews_now:
        to.tell("screen.amend.reviews", goals=len(amendment.reviews_now), n=len(amendment.reviews_now))


def _rule(change: "RuleChange", to: "Terminal") -> tuple[str, str, str]:
    from texts.say import say

    ladder = change.rule.removeprefix("ladders.")
    ladders = ladder != change.rule
    rule = say("rule.ladder_of", to.locale, task=ladder) if ladders else say("format.rule", to.locale, rule=change.rule)
    return rule, say(change.before, to.locale), say(change.after, to.locale)


def _document(amendment: "Amendment") -> dict[str, Any]:
    from texts.findings import documents_of
    from texts.say import say_both

    return {
        "rules": [
            {"rule": one.rule, "before": say_both(one.before), "after": say_both(one.after)} for one in amendment.rules
        ],
        "goals": amendment.goals,
        "dues": [one._asdict() for one in amendment.dues],
        "ending": [one._asdict() for one in amendment.ending],
        "reviews_now": amendment.reviews_now,
        "hr_changes": [one._asdict() for one in amendment.hr],
        "misfits": amendment.misfits,
        "findings": documents_of(amendment.findings),
    }
