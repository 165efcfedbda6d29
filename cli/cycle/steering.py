"""`meguri cycle extend|pause|resume|add|remove|cancel|reopen|close`, `reassign`, `delegate`: one instruction, many goals.

Each is written down first and carried out by a worker: the command waits and shows how far it is, and whoever stops
waiting loses nothing (`meguri instruction ID`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.cycle.cycle import cycle
from cli.session.options import Actor, AsJson, Reason
from cli.session.output import Exit, print_json, print_line

if TYPE_CHECKING:
    from cli.session.session import Acting

_Cycle = Annotated[str, typer.Argument(metavar="CYCLE", help="the cycle's id")]
_Departments = Annotated[
    list[str] | None, typer.Option("--department", help="only this department's goals; may be repeated")
]
_People = Annotated[
    list[str] | None, typer.Option("--person", metavar="EMPLOYEE", help="only this person's goals; may be repeated")
]
_Id = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="the instruction's own id: given again, it is done once")
]
_NoWait = Annotated[bool, typer.Option("--no-wait", help="return at once; `meguri instruction ID` says how far it is")]
_Closes = Annotated[
    datetime | None, typer.Option("--closes", formats=["%Y-%m-%d"], metavar="DATE", help="the cycle's new last day")
]


class InstructionOptions(NamedTuple):
    """The options that all instructions have: who gives it, about options, and how its result is printed."""

    cycle: str | None
    actor: str
    reason: str
    departments: list[str] | None = None
    people: list[str] | None = None
    identity: str | None = None
    no_wait: bool = False
    as_json: bool = False


def instruct(kind: str, options: InstructionOptions, fields: Mapping[str, Any] | None = None) -> None:
    """Gives the instruction, waits for it, and prints its result at each goal."""
    from cli.session.callers import caller_for
    from cli.session.session import acting, run, terminal

    async def work(session: "Acting") -> Exit:
        from domain.instructions import instructions
        from domain.values import CycleId
        from service.answers import compose

        kinds: dict[str, type[Any]] = {model.model_fields["kind"].default: model for model in instructions.KINDS}
        selection = {"departments": tuple(options.departments or ()), "people": tuple(options.people or ())}
        asked = compose(kinds[kind], {"selection": selection, "reason": options.reason, **(fields or {})})
        one = CycleId(options.cycle) if options.cycle else None
        identity = await session.instructions.give(caller_for(options.actor), asked, one, options.identity)
        return await report(session, identity, kind, wait=not options.no_wait)

    run(terminal(options.as_json), acting, work)


async def report(session: "Acting", identity: str, kind: str, *, wait: bool) -> Exit:
    """Waits, where wanted, with a bar; then counts, and every goal that refused."""
    from cli.cycle.cycle_waiting import for_instruction
    from cli.cycle.instruction_screen import document, show_refused, summary
    from cli.session.callers import caller_for
    from cli.session.wording import instruction_name

    to = session.terminal
    if not to.as_json:
        to.tell("screen.instruction.given", id=identity, kind=kind)
    if wait:
        await for_instruction(session, identity, instruction_name(kind, to.locale))
    page = await session.instructions.read(caller_for(None), identity)
    if to.as_json:
        print_json(document(page, to.locale))
    else:
        print_line(summary(page.progress, to))
        show_refused(page.not_done, to)
    return Exit.REFUSED if page.not_done else Exit.DONE


@cycle.command("extend")
def extend(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    due: Annotated[
        datetime | None,
        typer.Option("--due", formats=["%Y-%m-%d"], metavar="DATE", help="the open tasks are due on this day"),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="KIND", help="only draft, approval, step, self_review or verdict tasks"),
    ] = None,
    closes: _Closes = None,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: move the due dates of open tasks, the cycle's last day, or both."""
    options = InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json)
    instruct("extend", options, {"due": due and due.date(), "task": task, "closes": closes and closes.date()})


@cycle.command("pause")
def pause(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: stop the clock of open goals; nobody is reminded, and nothing is due."""
    instruct("pause", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json))


@cycle.command("resume")
def resume(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: let the clock run again; due dates move by the business days that the pause lasted."""
    instruct("resume", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json))


@cycle.command("add")
def add(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: let people take part from now on; they get their drafts. Who takes part already is left alone."""
    instruct("add", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json))


@cycle.command("remove")
def remove(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: take people out; their goals are closed as they stand, with the points they have."""
    instruct("remove", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json))


@cycle.command("cancel")
def cancel(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: call goals off, and take back the notices about them that nobody has got yet."""
    instruct("cancel", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json))


@cycle.command("reopen")
def reopen(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    closes: _Closes = None,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: bring a cycle that ended back, each goal to the state it was in; past its last day with a new one."""
    options = InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json)
    instruct("reopen", options, {"closes": closes and closes.date()})


@cycle.command("close")
def close(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: settle open goals as they stand; of everybody, and the cycle ends."""
    instruct("close", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json))


def reassign(
    person: Annotated[str, typer.Argument(metavar="FROM", help="on options tasks wait now")],
    to: Annotated[str, typer.Argument(metavar="TO", help="who takes them over")],
    *,
    actor: Actor,
    reason: Reason,
    cycle_id: Annotated[str | None, typer.Option("--cycle", help="of one cycle; unset: of every open one")] = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: give everything that waits on one person to another; goals of the one who takes over stay where they are."""
    options = InstructionOptions(cycle_id, actor, reason, identity=identity, no_wait=no_wait, as_json=as_json)
    instruct("reassign", options, {"person": person, "to": to})


def delegate(
    person: Annotated[str, typer.Argument(metavar="FROM", help="who is away")],
    to: Annotated[str, typer.Argument(metavar="TO", help="who acts for them")],
    *,
    actor: Actor,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="first day")],
    last: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], metavar="DATE", help="last day")],
    reason: Annotated[str | None, typer.Option("--reason", help="kept in the ledger")] = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Let somebody act in your name, from one day to another, in what waits now and in what comes; HR may, for anybody.

    Both may act. Nobody acts in a goal of their own, and a delegate has no delegate. It ends by itself.
    """
    options = InstructionOptions(None, actor, reason or "-", identity=identity, no_wait=no_wait, as_json=as_json)
    delegation = {"delegator": person, "to": to, "first": first.date(), "last": last.date()}
    instruct("delegate", options, {"delegation": delegation})
