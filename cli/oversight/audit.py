"""`meguri inbox` and `meguri audit`: what waits on a person, and what happened to a goal, with the proof of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.callers import caller_for
from cli.session.options import AsJson, GoalArgument
from cli.session.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cli.session.session import Reading, Terminal
    from service.proof import LedgerProof
    from storage.goals import GoalLine, InboxLine, LedgerLine

audit = typer.Typer(no_args_is_help=True, help="The ledger: what happened, and the proof that nothing was altered.")

_SHORT_HASH = 12
_THEME = 60  # characters of it in an inbox


def inbox(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="whose")],
    as_json: AsJson = False,
) -> None:
    """Show what waits on a person, the most urgent first, and the command that answers it."""
    from cli.session.session import reading, run, terminal
    from domain.values import EmployeeId

    async def work(session: "Reading") -> None:
        name = await session.require_employee(employee)
        found = await session.goals.inbox(caller_for(None), EmployeeId(employee))
        steps = await _next_steps(session, [one.goal for one in found])
        if as_json:
            _print_inbox_document(employee, name, found, steps)
        else:
            await _print_inbox(session, employee, found, steps)

    run(terminal(as_json), reading, work)


@audit.command("show")
def show(goal_id: GoalArgument, as_json: AsJson = False) -> None:
    """Show a goal's ledger, and whether its chain holds and the goal's row agrees with it (1 where not)."""
    from cli.session.session import reading, run, terminal
    from domain.values import GoalId

    async def work(session: "Reading") -> Exit:
        proof = await session.goals.prove(caller_for(None), GoalId(goal_id))
        if as_json:
            print_json(_proof_document(goal_id, proof))
        else:
            await _print_ledger(session, goal_id, proof)
        return _verdict(session.terminal, proof)

    run(terminal(as_json), reading, work)


# --- inbox -----------------------------------------------------------------------------------------------------------


async def _next_steps(session: "Reading", found: "list[GoalLine]") -> dict[str, int | None]:
    """The number of the step that each goal waits for."""
    from domain.goal.goal import Goal
    from storage.goals import load_aggregates

    ids = [line.id for line in found if line.task == "step"]
    from storage.database import read_transaction

    async with read_transaction(session.engine) as connection:
        loaded = await load_aggregates(connection, ids=ids) if ids else []
    return {goal.id: goal.next_step for goal in map(Goal.model_validate, loaded)}


def _answer(one: "InboxLine", employee: str, steps: "Mapping[str, int | None]") -> str:
    """The command that answers the task. Who joined by escalation can remind the owner, whose the work stays."""
    line, acts = one.goal, f" --as {employee}" + (f" --for {one.acting_for}" if one.acting_for else "")
    whom = one.acting_for or employee
    if line.task in ("draft", "step") and whom != line.owner_id:
        return f"meguri goal comment {line.id}{acts} --text TEXT"
    said = {
        "draft": f"submit {line.id} FILE",
        "approval": f"approve {line.id} --seen {line.seq}",
        "step": f"step {line.id} {steps.get(line.id, 'N')}",
        "self_review": f"review self {line.id} --went-well TEXT",
        "verdict": f"review decide {line.id} VERDICT --seen {line.seq}",
    }
    task = "verdict" if line.task == "self_review" and whom != line.owner_id else line.task or ""
    return f"meguri goal {said[task]}{acts}"


def _print_inbox_document(
    employee: str, name: str, found: "list[InboxLine]", steps: "Mapping[str, int | None]"
) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    waiting = [
        {
            **one.goal._asdict(),
            "acting_for": one.acting_for,
            "overdue": _is_overdue(one.goal, now),
            "next": _answer(one, employee, steps),
        }
        for one in found
    ]
    print_json({"employee": employee, "name": name, "waiting": waiting})


def _is_overdue(line: "GoalLine", now: "datetime") -> bool:
    return line.due_at is not None and line.due_at < now


async def _print_inbox(
    session: "Reading", employee: str, found: "list[InboxLine]", steps: "Mapping[str, int | None]"
) -> None:
    from datetime import UTC, datetime

    from cli.goal.goal_screen import due_mark
    from cli.session.wording import person, task_name, visible

    to, now = session.terminal, datetime.now(UTC)
    if not found:
        to.tell("screen.inbox.empty")
        return
    zones = await session.cycles.time_zones()
    names = await session.names({one.acting_for for one in found if one.acting_for})
    for one in found:
        line = one.goal
        due = due_mark(line.due_at, zones[line.id.partition("/")[0]], now, to)
        owner = "" if line.owner_id == employee else f" {visible(line.owner)} ({line.owner_id})"
        if one.acting_for:
            owner += "  " + to.text("screen.inbox.acting_for", whom=person(one.acting_for, names))
        print_line(
            f"{due}  {task_name(line.task or '', to.locale)}  {line.id}{owner}  {visible(line.theme, _THEME)}".rstrip()
        )
        print_line(f"    {_answer(one, employee, steps)}")


# --- audit -----------------------------------------------------------------------------------------------------------


async def _print_ledger(session: "Reading", goal_id: str, proof: "LedgerProof") -> None:
    from cli.session.wording import event_name, facts, local, person

    to = session.terminal
    events = [line.event for line in proof.lines]
    names = await session.names({event[who] for event in events for who in ("actor", "acting_for") if event.get(who)})
    zone = (await session.cycles.time_zones())[goal_id.partition("/")[0]]

    def row(line: "LedgerLine") -> tuple[str | int, ...]:
        event, instead = line.event, line.event.get("acting_for")
        return (
            event["seq"], event["revision"], local(event["at"], zone), person(event["actor"], names),
            person(instead, names) if instead else "", event_name(line.kind, to.locale), facts(event["body"], to.locale),
            line.hash[:_SHORT_HASH],
        )  # fmt: skip

    print_line(f"{goal_id}  ({zone})")
    print_table(to.heads("screen.audit.heads"), [row(line) for line in proof.lines])


def _proof_document(goal_id: str, proof: "LedgerProof") -> dict[str, Any]:
    return {
        "goal": goal_id,
        "holds": proof.holds,
        "broken": proof.broken and {"seq": proof.broken.seq, "reason": proof.broken.reason},
        "differs": proof.differs,
        "ledger": [
            {
                **line.event,
                "kind": line.kind,
                "prev_hash": line.prev_hash,
                "hash": line.hash,
                "recorded_at": line.recorded_at,
            }
            for line in proof.lines
        ],
    }


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
