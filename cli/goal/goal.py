"""`meguri goal`: what owners, approvers and reviewers do with goals, and how everybody looks at them."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cli.goal.review import review
from cli.session.choices import Choice
from cli.session.help import Commands
from cli.session.options import (
    ActingFor,
    Actor,
    AsJson,
    CommandId,
    CommandOptions,
    Comment,
    Evidence,
    GoalArgument,
    Reason,
    Seen,
    SeenOfEach,
    Viewer,
)
from cli.session.output import Exit
from domain.lifecycle import State

goal = Commands()
goal.add_typer(review, name="review")

_File = Annotated[Path, typer.Argument(metavar="FILE", help="help.option.content_file")]
_FileOrNone = Annotated[Path | None, typer.Argument(metavar="FILE", help="help.option.revise_file")]


@goal.command("list")
def list_goals(
    *,
    cycle: Annotated[str | None, typer.Option("--cycle", metavar="CYCLE", help="help.option.of_cycle")] = None,
    owner: Annotated[str | None, typer.Option("--owner", metavar="EMPLOYEE", help="help.option.of_owner")] = None,
    contributor: Annotated[
        str | None, typer.Option("--contributor", metavar="EMPLOYEE", help="help.option.of_contributor")
    ] = None,
    state: Annotated[
        State | None, typer.Option("--state", parser=Choice("state", State), metavar="STATE", help="help.option.state")
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="DEPARTMENT", help="help.option.of_department")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="COUNT", min=1, max=10_000, help="help.option.limit")] = 100,
    after: Annotated[str, typer.Option("--after", metavar="GOAL", help="help.option.after")] = "",
    viewer: Viewer = None,
    as_json: AsJson = False,
) -> None:
    """List goals by id, page by page."""
    from cli.goal.goal_screen import show_list
    from service.goal_documents import GoalFilter

    show_list(GoalFilter(cycle, owner, state, department, limit, after, contributor), viewer, as_json=as_json)


@goal.command("show")
def show(goal_id: GoalArgument, viewer: Viewer = None, as_json: AsJson = False) -> None:
    """Show a goal: its content, its steps, whom it waits for, its score, and what happened last."""
    from cli.goal.goal_screen import show_goal

    show_goal(goal_id, viewer, as_json=as_json)


@goal.command()
def revise(
    goal_id: GoalArgument,
    file: _File,
    *,
    actor: Actor,
    seen: Seen = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: replace the draft's content by the file's."""
    from cli.goal.giving import give
    from cli.goal.writing import read_content_file
    from cli.session.session import terminal

    read = read_content_file(file, terminal(as_json))
    options = CommandOptions(actor, acting_for, command_id)
    seen = seen or read.seen_of(goal_id)
    give(goal_id, "revise", options, {"content": read.content}, seen=seen, as_json=as_json)


@goal.command()
def submit(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    file: _FileOrNone = None,
    seen: Seen = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: submit the draft to its approver. With a file, revise it first."""
    from cli.goal import giving
    from cli.goal.writing import read_content_file
    from cli.session.session import terminal

    options = CommandOptions(actor, acting_for, command_id)
    read = read_content_file(file, terminal(as_json)) if file else None
    content, seen = (read.content, seen or read.seen_of(goal_id)) if read else (None, seen)
    giving.submit(goal_id, options, content, seen=seen, as_json=as_json)


@goal.command()
def recall(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: take a submitted goal back before it is approved."""
    from cli.goal.giving import give

    give(goal_id, "recall", CommandOptions(actor, acting_for, command_id), {}, as_json=as_json)


@goal.command()
def approve(
    goals: Annotated[list[str], typer.Argument(metavar="GOAL", help="help.option.goals")],
    *,
    actor: Actor,
    seen: SeenOfEach = None,
    comment: Comment = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Approver: approve what you saw. Without --seen, each goal is shown, and you are asked."""
    from cli.goal.giving import approve_each
    from cli.session.session import terminal

    if seen and len(goals) != len(seen):
        to = terminal(as_json)
        raise to.refuse(to.text("screen.goal.seen_of_each"), kind="usage", code=Exit.USAGE)
    saw = dict(zip(goals, seen, strict=True)) if seen else None
    options = CommandOptions(actor, acting_for, command_id)
    approve_each(list(dict.fromkeys(goals)), options, comment, seen=saw, as_json=as_json)


@goal.command("return")
def return_for_changes(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    comment: Annotated[str, typer.Option("--comment", help="help.option.return_comment")],
    seen: Seen = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Approver: return the goal to its owner, with what to change."""
    from cli.goal.giving import give

    options = CommandOptions(actor, acting_for, command_id)
    give(goal_id, "return_for_changes", options, {"comment": comment}, seen=seen, as_json=as_json)


@goal.command()
def progress(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    value: Annotated[str | None, typer.Option("--value", metavar="NUMBER", help="help.option.value")] = None,
    met: Annotated[str | None, typer.Option("--met", metavar="1,3", help="help.option.met")] = None,
    evidence: Evidence = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: report the measure's progress: --value for a number, --met for criteria."""
    from cli.goal.giving import report_progress
    from cli.session.session import terminal

    to = terminal(as_json)
    if (value is None) == (met is None):
        message = to.text("screen.goal.value_or_met")
        raise to.refuse(message, kind="usage", code=Exit.USAGE)
    fields = {"value": value, "met": None if met is None else _indexes(met), "evidence": evidence}
    report_progress(goal_id, CommandOptions(actor, acting_for, command_id), fields, as_json=as_json)


def _indexes(numbers: str) -> tuple[str, ...]:
    """The indexes from 0 of numbers from 1, as in `1,3`; what is no number stays, and is refused with the command."""
    typed = (one.strip() for one in re.split("[,、]", numbers))
    return tuple(str(int(one) - 1) if one.isdecimal() else one for one in typed if one)


@goal.command()
def step(
    goal_id: GoalArgument,
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="help.option.step")],
    *,
    actor: Actor,
    evidence: Evidence = None,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: report that a step is done, with the evidence."""
    from cli.goal.giving import give

    fields = {"step": number - 1, "evidence": evidence}
    give(goal_id, "complete_step", CommandOptions(actor, acting_for, command_id), fields, as_json=as_json)


@goal.command()
def undo(
    goal_id: GoalArgument,
    number: Annotated[int | None, typer.Argument(metavar="N", min=1, help="help.option.undo_step")] = None,
    *,
    actor: Actor,
    reason: Reason,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: take back a completed step, or the last report of progress, until a review has confirmed it."""
    from cli.goal.giving import give

    fields = {"step": None if number is None else number - 1, "reason": reason}
    give(goal_id, "undo_report", CommandOptions(actor, acting_for, command_id), fields, as_json=as_json)


@goal.command()
def withdraw(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    reason: Reason,
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Owner: withdraw the goal before it is approved."""
    from cli.goal.giving import give

    give(goal_id, "withdraw", CommandOptions(actor, acting_for, command_id), {"reason": reason}, as_json=as_json)


@goal.command()
def comment(
    goal_id: GoalArgument,
    *,
    actor: Actor,
    text: Annotated[str, typer.Option("--text", help="help.option.comment_text")],
    acting_for: ActingFor = None,
    command_id: CommandId = None,
    as_json: AsJson = False,
) -> None:
    """Comment on the goal. A comment does not invalidate a decision that is being made."""
    from cli.goal.giving import give

    give(goal_id, "comment", CommandOptions(actor, acting_for, command_id), {"text": text}, as_json=as_json)
