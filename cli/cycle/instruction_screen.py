"""`meguri instruction` and `meguri delegations`: instructions to many goals, their progress, and the goals that refused them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.options import AsJson
from cli.session.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Acting, Reading, Terminal
    from domain.refusals import Refusal
    from domain.values import Locale
    from service.instruction_documents import InstructionPage
    from storage.instructions import InstructionResult, Progress

    Names = Mapping[str, str]

_SHOWN = 50


def instruction(
    identity: Annotated[str | None, typer.Argument(metavar="ID", help="help.option.instruction")] = None,
    cycle_id: Annotated[str | None, typer.Option("--cycle", metavar="CYCLE", help="help.option.of_cycle")] = None,
    *,
    retry: Annotated[bool, typer.Option("--retry", help="help.option.retry_instruction")] = False,
    end: Annotated[bool, typer.Option("--end", help="help.option.end_instruction")] = False,
    actor: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.actor")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="help.option.reason")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the instructions to many goals, or the progress of one and which goals refused it.

    HR can end one that is not done (--end), and have the goals asked again that failed (--retry).
    """
    from cli.session.session import acting, reading, run, terminal

    to = terminal(as_json)
    if (retry and end) or ((retry or end) and not (identity and actor)) or (end and not reason):
        raise to.refuse(to.text("screen.instruction.steering_needs"), kind="usage", code=Exit.USAGE)

    async def steer(session: "Acting") -> Exit:
        return await _steer(session, identity or "", actor, reason if end else None)

    async def show(session: "Reading") -> Exit | None:
        if identity is None:
            await _show_latest(session, cycle_id)
            return None
        return await _show_one(session, identity)

    if retry or end:
        run(to, acting, steer)
    else:
        run(to, reading, show)


async def _steer(session: "Acting", identity: str, actor: str | None, reason: str | None) -> Exit:
    """Ends the instruction for the reason; without one, asks the goals again that failed, and waits for it."""
    from cli.cycle.cycle_waiting import for_instruction
    from cli.session.callers import caller_for

    if reason:
        await session.instructions.end(caller_for(actor), identity, reason, datetime.now(UTC))
    else:
        await session.instructions.retry(caller_for(actor), identity)
        await for_instruction(session, identity, identity)
    return await _show_one(session, identity)


def delegations(
    employee: Annotated[str | None, typer.Argument(metavar="EMPLOYEE", help="help.option.delegations_of")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who acts for whom, today and in the coming year."""
    from cli.session.callers import caller_for
    from cli.session.session import reading, run, terminal
    from domain.values import EmployeeId
    from texts.wording import person, visible

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
    from texts.dates import moment_text
    from texts.wording import instruction_name, result_name

    to, found = session.terminal, await session.instructions.list_latest(caller_for(None), cycle_id)
    rows = found.instructions
    if to.as_json:
        print_json(found)
        return
    if not rows:
        to.tell("screen.instruction.none")
        return
    table = [
        (
            row.id,
            instruction_name(row.kind, to.locale),
            row.cycle_id or "-",
            result_name(row.state, to.locale),
            moment_text(row.given_at, row.time_zone),
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
        from texts.wording import instruction_name, visible

        reason = visible(row.asked.reason)
        print_line(f"{identity}  {instruction_name(row.kind, to.locale)}  {row.cycle_id or '-'}  {row.actor}  {reason}")
        print_line(summary(progress, to))
        if row.ended_by:
            to.tell("screen.instruction.ended", who=row.ended_by, why=visible(row.ended_why or "-"))
        show_failure(page, to)
        show_refused(refused, names, to)
    return exit_of(page)


def exit_of(page: "InstructionPage") -> Exit:
    """Refused if a goal refused or did not answer, or if the instruction itself fails."""
    return Exit.REFUSED if page.not_done or page.progress.failures else Exit.DONE


def show_failure(page: "InstructionPage", to: "Terminal") -> None:
    """Why the last try failed, since when, and what can be done."""
    from texts.dates import moment_text

    progress = page.progress
    if progress.failures and progress.failed_at:
        at = moment_text(progress.failed_at, page.time_zone)
        to.complain(
            to.text(
                "screen.instruction.failing",
                tries=progress.failures,
                why=progress.failure,
                at=at,
                id=page.instruction.id,
            )
        )


def document(page: "InstructionPage", names: "Names", locale: "Locale") -> dict[str, Any]:
    goals = [
        {"goal": one.goal_id, "result": one.result, "code": one.code, "message": reason_of(one, names, locale)}
        for one in page.results
    ]
    row, progress = page.instruction, page.progress
    return {
        "instruction": row.id, "kind": row.kind, "state": progress.state, "counts": progress.by_result, "goals": goals,
        "failures": progress.failures, "failure": progress.failure, "ended_by": row.ended_by, "ended_why": row.ended_why,
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
