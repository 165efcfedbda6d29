"""`meguri instruction` and `meguri delegations`: instructions to many goals, their progress, and the goals that refused them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.options import AsJson
from cli.session.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Reading, Terminal
    from domain.refusals import Refusal
    from domain.values import Locale
    from service.instruction_documents import InstructionPage
    from storage.instructions import InstructionResult, Progress

    Names = Mapping[str, str]

_SHOWN = 50


def instruction(
    identity: Annotated[str | None, typer.Argument(metavar="ID", help="help.option.instruction")] = None,
    cycle_id: Annotated[str | None, typer.Option("--cycle", metavar="CYCLE", help="help.option.of_cycle")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the instructions to many goals, or the progress of one and which goals refused it."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> Exit | None:
        if identity is None:
            await _show_latest(session, cycle_id)
            return None
        return await _show_one(session, identity)

    run(terminal(as_json), reading, work)


def delegations(
    employee: Annotated[str | None, typer.Argument(metavar="EMPLOYEE", help="help.option.delegations_of")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who acts for whom, today and in the coming year."""
    from cli.session.callers import caller_for
    from cli.session.session import reading, run, terminal
    from cli.session.wording import person, visible
    from domain.values import EmployeeId

    async def work(session: "Reading") -> None:
        to, one_employee = session.terminal, EmployeeId(employee) if employee else None
        page = await session.instructions.list_delegations(caller_for(None), one_employee, datetime.now(UTC))
        found, names = page.delegations, page.names
        if to.as_json:
            print_json({"delegations": found})
            return
        if not found:
            to.tell("screen.delegations.none")
            return
        rows = [
            (
                person(one.delegator_id, names),
                person(one.to_id, names),
                str(one.first),
                str(one.last),
                visible(one.reason or "-"),
            )
            for one in found
        ]
        print_table(to.heads("screen.delegations.heads"), rows)

    run(terminal(as_json), reading, work)


async def _show_latest(session: "Reading", cycle_id: str | None) -> None:
    from cli.session.callers import caller_for
    from cli.session.wording import instruction_name, result_name
    from cli.session.zones import zone_for, zones_by_cycle
    from texts.dates import moment_text

    to, found = session.terminal, await session.instructions.list_latest(caller_for(None), cycle_id)
    rows = found.instructions
    if to.as_json:
        print_json(found)
        return
    if not rows:
        to.tell("screen.instruction.none")
        return
    zones = await zones_by_cycle(session.engine)
    table = [
        (
            row.id,
            instruction_name(row.kind, to.locale),
            row.cycle_id or "-",
            result_name(row.state, to.locale),
            moment_text(row.given_at, zone_for(row.cycle_id, zones)),
        )
        for row in rows
    ]
    print_table(to.heads("screen.instruction.heads"), table)


async def _show_one(session: "Reading", identity: str) -> Exit:
    from cli.session.callers import caller_for

    to, page = session.terminal, await session.instructions.read(caller_for(None), identity)
    row, progress, refused = page.instruction, page.progress, page.not_done
    names = await names_of(page, session.engine)
    if to.as_json:
        print_json(document(page, names, to.locale) | {"asked": row.asked_form, "actor": row.actor})
    else:
        from cli.session.wording import instruction_name, visible

        reason = visible(row.asked.reason)
        print_line(f"{identity}  {instruction_name(row.kind, to.locale)}  {row.cycle_id or '-'}  {row.actor}  {reason}")
        print_line(summary(progress, to))
        show_refused(refused, names, to)
    return Exit.REFUSED if refused else Exit.DONE


def document(page: "InstructionPage", names: "Names", locale: "Locale") -> dict[str, Any]:
    goals = [
        {"goal": one.goal_id, "result": one.result, "code": one.code, "message": reason_of(one, names, locale)}
        for one in page.results
    ]
    row, progress = page.instruction, page.progress
    return {
        "instruction": row.id, "kind": row.kind, "state": progress.state, "counts": progress.by_result, "goals": goals,
    }  # fmt: skip


def _refusal_of(result: "InstructionResult") -> "Refusal | None":
    from domain.refusals import Refusal

    if result.result != "refused" or not result.code:
        return None
    return Refusal.from_json(result.code, result.detail or {})


async def names_of(page: "InstructionPage", engine: "AsyncEngine") -> "Names":
    """The names of the people in the refusals of the page."""
    from cli.session.names import names_in

    refusals = (_refusal_of(one) for one in page.results)
    return await names_in([one.message for one in refusals if one], engine)


def reason_of(result: "InstructionResult", names: "Names", locale: "Locale") -> str | None:
    """Why the instruction changed nothing at that goal, in the reader's language; none where it did."""
    from texts.refusals import refusal_text
    from texts.say import say
    from texts.words import word

    if refusal := _refusal_of(result):
        return refusal_text(refusal, locale, names)
    if result.code is None:
        return None
    words = word("skipped", result.code, locale)
    if result.code == "not_started":
        words = say("screen.instruction.not_started", locale)
    return f"{words} ({reason})" if (reason := (result.detail or {}).get("reason")) else words


def summary(progress: "Progress", to: "Terminal") -> str:
    """The counts, in one line."""
    by = progress.by_result
    done, skipped, refused = by.get("done", 0), by.get("skipped", 0), by.get("refused", 0)
    counts = to.text("screen.instruction.counts", total=progress.total, done=done, skipped=skipped, refused=refused)
    rest = [to.text(f"screen.instruction.{one}", goals=by[one]) for one in ("failed", "waiting") if by.get(one)]
    return "".join((counts, *rest))


def show_refused(refused: "Sequence[InstructionResult]", names: "Names", to: "Terminal") -> None:
    """Each reason once, with the goals that it concerns; at most `_SHOWN` of them."""
    for reason, goals in by_reason(refused, names, to.locale).items():
        if len(goals) == 1:
            to.complain(f"{goals[0]}: {reason}")
            continue
        to.complain(to.text("screen.instruction.same_reason", n=len(goals), reason=reason))
        for goal in goals[:_SHOWN]:
            to.complain(f"  {goal}")
        if (more := len(goals) - _SHOWN) > 0:
            to.complain("  " + to.text("screen.cycle.more", more=more))


def by_reason(refused: "Sequence[InstructionResult]", names: "Names", locale: "Locale") -> dict[str, list[str]]:
    """The ids of the goals by the reason of their refusal, in the order in which the reasons came."""
    found: dict[str, list[str]] = {}
    for one in refused:
        found.setdefault(reason_of(one, names, locale) or "-", []).append(one.goal_id)
    return found
