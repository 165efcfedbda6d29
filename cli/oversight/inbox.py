"""`meguri inbox`: the open tasks of a person, and the command that answers each."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson
from cli.session.output import print_json, print_line

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from domain.locale import Locale
    from service.inbox import InboxItem, InboxPage

_THEME = 60  # characters of a theme
_COMMENT = 300  # characters of the comment of a returned draft


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
        person = EmployeeId(employee)
        page = await Inbox(session.engine).read(caller_for(None), person, datetime.now(UTC), after=after, limit=limit)
        if as_json:
            print_json(page.document([command(one, person, _english()) for one in page.items]))
        else:
            for line in inbox_lines(page, session.terminal):
                print_line(line)

    run(terminal(as_json), reading, work)


def _english() -> "Locale":
    from domain.locale import Locale

    return Locale.EN


def inbox_lines(page: "InboxPage", to: "Terminal") -> "Iterator[str]":
    """What the screen shows: each task, what was asked of its owner if it was returned, and the command that answers it."""
    if not page.items:
        yield to.text("screen.inbox.empty")
    for one in page.items:
        yield _task_line(one, page, to)
        if one.returned:
            yield "    " + _returned(one, page, to)
        answer = command(one, page.employee, to.locale)
        yield "    " + (answer or to.text("screen.inbox.paused"))
    if page.next:
        yield to.text("screen.goal.more", after=page.next)


def _task_line(one: "InboxItem", page: "InboxPage", to: "Terminal") -> str:
    from texts.wording import person, person_then, task_name, visible

    goal = one.goal
    owner = "" if goal.owner == page.employee else person(goal.owner, {goal.owner: goal.owner_name})
    acting = (
        to.text("screen.inbox.acting_for", whom=person_then(one.acting_for, None, page.names)) if one.acting_for else ""
    )
    task = task_name(goal.task.kind, to.locale) if goal.task else ""
    goal_of = f"{goal.goal} {owner}".rstrip() + (to.text("screen.goal.gone") if goal.gone else "")
    parts = (_due(one, to), task, goal_of, acting, visible(goal.theme, _THEME))
    return "  ".join(part for part in parts if part)


def _due(one: "InboxItem", to: "Terminal") -> str:
    from cli.goal.goal_screen import due_mark

    return to.text("screen.inbox.is_paused") if one.goal.paused else due_mark(one.goal, to)


def _returned(one: "InboxItem", page: "InboxPage", to: "Terminal") -> str:
    from texts.wording import person_then, visible

    if one.returned is None:
        return ""
    actor, at, comment = one.returned
    by = person_then(actor, at, page.names)
    return to.text("screen.inbox.returned", by=by, comment=visible(comment, _COMMENT))


def command(item: "InboxItem", employee: str, locale: "Locale") -> str | None:
    """The command that answers the task, with placeholders in the language of the help; none while the goal is paused."""
    from texts.say import say

    if item.goal.paused:
        return None
    file, text, verdict = (say(f"help.metavar.{one}", locale) for one in ("file", "text", "verdict"))
    goal, seq = item.goal.goal, item.goal.seq
    acts = f" --as {employee}" + (f" --for {item.acting_for}" if item.acting_for else "")
    step = None if item.step is None else item.step + 1
    commands = {
        "submit": f"submit {goal} {file}",
        "approve": f"approve {goal} --seen {seq}",
        "complete_step": f"step {goal} {step}",
        "self_review": f"review self {goal} --went-well {text}",
        "decide": f"review decide {goal} {verdict} --seen {seq}",
    }
    if item.action == "comment":
        return f"meguri goal comment {goal}{acts} --text {text}"
    return f"meguri goal {commands[item.action]}{acts}"
