"""`meguri cycle extend|pause|resume|add|remove|cancel|reopen|close`, `reassign`, `delegate`: one instruction, many goals.

Each is written down first and carried out by a worker: the command waits and shows the progress. Somebody
who stops waiting loses nothing: `meguri instruction ID` shows the rest.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.cycle.cycle import cycle
from cli.session.choices import Choice, day
from cli.session.options import Actor, AsJson, Reason
from cli.session.output import Exit, print_json, print_line

if TYPE_CHECKING:
    from cli.session.session import Acting

_Cycle = Annotated[str, typer.Argument(metavar="CYCLE", help="help.option.cycle")]
_Departments = Annotated[
    list[str] | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.departments")
]
_People = Annotated[list[str] | None, typer.Option("--person", metavar="EMPLOYEE", help="help.option.people")]
_Id = Annotated[str | None, typer.Option("--id", metavar="ID", help="help.option.instruction_id")]
_Yes = Annotated[bool, typer.Option("--yes", help="help.option.yes")]
_NoWait = Annotated[bool, typer.Option("--no-wait", help="help.option.no_wait")]
_Closes = Annotated[date | None, typer.Option("--closes", parser=day, metavar="DATE", help="help.option.closes")]


class Task(StrEnum):
    """What a goal may wait for."""

    DRAFT = "draft"
    APPROVAL = "approval"
    STEP = "step"
    SELF_REVIEW = "self_review"
    VERDICT = "verdict"


class InstructionOptions(NamedTuple):
    """The options that all instructions have: who gives it, about which goals, and how its result is printed."""

    cycle: str | None
    actor: str
    reason: str
    departments: list[str] | None = None
    people: list[str] | None = None
    identity: str | None = None
    no_wait: bool = False
    as_json: bool = False
    yes: bool = False  # do not ask before an instruction to everybody


def instruct(kind: str, options: InstructionOptions, fields: Mapping[str, Any] | None = None) -> None:
    """Gives the instruction, waits for it, and prints its result at each goal."""
    from cli.session.callers import caller_for
    from cli.session.session import acting, run, terminal

    async def work(session: "Acting") -> Exit:
        from cli.cycle.confirming import confirm
        from domain.instructions import instructions
        from domain.values import CycleId
        from service.answers import compose
        from service.instruction_preview import InstructionPreviews, needs_confirmation

        kinds: dict[str, type[Any]] = {model.model_fields["kind"].default: model for model in instructions.KINDS}
        selection = {"departments": tuple(options.departments or ()), "people": tuple(options.people or ())}
        asked = compose(kinds[kind], {"selection": selection, "reason": options.reason, **(fields or {})})
        one, caller = CycleId(options.cycle) if options.cycle else None, caller_for(options.actor)
        if one and not options.yes and needs_confirmation(asked):
            await confirm(session, caller, asked, one)
        identity = await session.instructions.give(caller, asked, one, options.identity)
        if one and not options.as_json:
            for site, moved in (await InstructionPreviews(session.engine).moved_due(asked, one)).items():
                tell = "screen.steering.moved_due_at" if site else "screen.steering.moved_due"
                session.terminal.tell(tell, day=asked.due, moved=moved, site=site)
        return await report(session, identity, kind, wait=not options.no_wait)

    run(terminal(options.as_json), acting, work, options.departments or ())


async def report(session: "Acting", identity: str, kind: str, *, wait: bool) -> Exit:
    """Waits, where wanted, with a bar; then counts, and every goal that refused. Without waiting, how to follow it."""
    from cli.cycle.cycle_waiting import for_instruction
    from cli.cycle.instruction_screen import document, exit_of, names_of, show_failure, show_refused, summary
    from cli.session.callers import caller_for
    from service.answers import NoAnswer
    from texts.wording import instruction_name

    to = session.terminal
    if not to.as_json:
        to.tell("screen.instruction.given", id=identity, kind=kind)
    if wait:
        try:
            await for_instruction(session, identity, instruction_name(kind, to.locale))
        except NoAnswer as error:
            message = to.text("screen.instruction.no_worker", id=identity)
            raise to.refuse(message, kind=error.code, code=Exit.UNREACHABLE) from error
    page = await session.instructions.read(caller_for(None), identity)
    names = await names_of(page, session.engine)
    if to.as_json:
        print_json(document(page, names, to.locale))
    elif wait:
        print_line(summary(page.progress, to))
        show_failure(page, to)
        show_refused(page.not_done, names, to)
    else:
        to.tell("screen.instruction.accepted", id=identity)
    return exit_of(page)


@cycle.command("extend")
def extend(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    due: Annotated[
        date | None,
        typer.Option("--due", parser=day, metavar="DATE", help="help.option.due"),
    ] = None,
    task: Annotated[
        Task | None,
        typer.Option("--task", parser=Choice("task", Task), metavar="KIND", help="help.option.task"),
    ] = None,
    closes: _Closes = None,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    yes: _Yes = False,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: change the due dates of open tasks, the cycle's last day, or both."""
    options = InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json, yes)
    instruct("extend", options, {"due": due, "task": task, "closes": closes})


@cycle.command("pause")
def pause(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    yes: _Yes = False,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: stop the clock of open goals. Nobody is reminded, and nothing is due."""
    instruct("pause", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json, yes))


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
    """HR: let the clock run again. Due dates move by the business days that the pause lasted."""
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
    """HR: add people to the cycle from now on; they get their drafts. Participants are left as they are."""
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
    yes: _Yes = False,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: remove people from the cycle. Their goals are closed with the points they have."""
    instruct(
        "remove", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json, yes)
    )


@cycle.command("cancel")
def cancel(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    yes: _Yes = False,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: cancel goals, and withdraw the notices about them that were not sent yet."""
    instruct(
        "cancel", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json, yes)
    )


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
    """HR: reopen a cycle that ended, each goal in its earlier state. After its last day, give a new one."""
    options = InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json)
    instruct("reopen", options, {"closes": closes})


@cycle.command("close")
def close(
    cycle_id: _Cycle,
    *,
    actor: Actor,
    reason: Reason,
    departments: _Departments = None,
    people: _People = None,
    identity: _Id = None,
    yes: _Yes = False,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: settle open goals as they are. Without a selection of goals, the cycle ends."""
    instruct("close", InstructionOptions(cycle_id, actor, reason, departments, people, identity, no_wait, as_json, yes))


def reassign(
    person: Annotated[str, typer.Argument(metavar="FROM", help="help.option.reassign_from")],
    to: Annotated[str, typer.Argument(metavar="TO", help="help.option.reassign_to")],
    *,
    actor: Actor,
    reason: Reason,
    cycle_id: Annotated[str | None, typer.Option("--cycle", metavar="CYCLE", help="help.option.reassign_cycle")] = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """HR: hand over all open tasks of one person to another. The new person's own goals stay as they are."""
    options = InstructionOptions(cycle_id, actor, reason, identity=identity, no_wait=no_wait, as_json=as_json)
    instruct("reassign", options, {"person": person, "to": to})


def delegate(
    person: Annotated[str, typer.Argument(metavar="FROM", help="help.option.delegate_from")],
    to: Annotated[str, typer.Argument(metavar="TO", help="help.option.delegate_to")],
    *,
    actor: Actor,
    first: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="DATE", help="help.option.first_day")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--until", parser=day, metavar="DATE", help="help.option.last_day")
    ] = None,
    own_goals: Annotated[bool, typer.Option("--own-goals", help="help.option.own_goals")] = False,
    end: Annotated[bool, typer.Option("--end", help="help.option.end_delegation")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="help.option.reason")] = None,
    identity: _Id = None,
    no_wait: _NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Let a person act in another's name between two days, in open tasks and in new ones; or end that early.

    HR may do so for anybody.

    Both may act. Nobody acts on a goal of their own, and a delegate has no delegate. The delegation ends by itself.
    """
    options = InstructionOptions(None, actor, reason or "-", identity=identity, no_wait=no_wait, as_json=as_json)
    if end:
        instruct("end_delegation", options, {"delegator": person, "to": to})
        return
    if first is None or last is None:
        from cli.session.session import terminal

        to_reader = terminal(as_json)
        raise to_reader.refuse(to_reader.text("screen.steering.days_of_delegation"), kind="usage", code=Exit.USAGE)
    delegation = {"delegator": person, "to": to, "first": first, "last": last, "own_goals": own_goals}
    instruct("delegate", options, {"delegation": delegation})
