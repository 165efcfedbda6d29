"""Giving commands to goals at the terminal: what is shown before a decision, and what is printed afterwards."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cli.goal.goal_screen import measure_lines
from cli.goal.seen_screen import seen_lines
from cli.session.asking import agrees, can_ask
from cli.session.callers import caller_for
from cli.session.names import names_in
from cli.session.options import CommandOptions
from cli.session.output import Exit, print_findings, print_json, print_line, sentence_of
from cli.session.session import Acting, Terminal, acting, run, terminal
from domain.refusals import Refusal
from domain.values import GoalId
from service.answers import NoAnswer
from service.giving import Given, NotReady, Request
from service.goals import SeenGoal
from texts.dates import moment_text
from texts.refusals import refusal_with_hint
from texts.wording import person, state_name, task_name, visible

if TYPE_CHECKING:
    from domain.writing.content import Content

_Result = Given | Refusal | NoAnswer


def give(
    goal: str, name: str, options: CommandOptions, fields: dict[str, Any], *, as_json: bool, seen: int | None = None
) -> None:
    """Gives the command called `name` and prints what it did. `seen` is the number of the goal that the caller saw."""

    async def work(session: Acting) -> None:
        await _give(session, goal, Request(name, fields, options.acting_for, seen, options.command_id), options)

    run(terminal(as_json), acting, work)


def report_progress(goal: str, options: CommandOptions, fields: dict[str, Any], *, as_json: bool) -> None:
    """Reports the measure's progress, and prints the measure with its value as it is now, and how much of it is reached."""

    async def work(session: Acting) -> None:
        request = Request("report_progress", fields, options.acting_for, None, options.command_id)
        await _give(session, goal, request, options)
        if not as_json:
            page = await session.goals.look(caller_for(options.actor), GoalId(goal))
            for line in measure_lines(page.goal, session.terminal):
                print_line(f"  {line}")

    run(terminal(as_json), acting, work)


def decide(
    goal: str, options: CommandOptions, fields: dict[str, Any], *, as_json: bool, seen: int | None = None
) -> None:
    """Decides on a review. Without `seen` the goal is shown, and the caller is asked."""
    to = terminal(as_json)
    _require_seen(seen, to)

    async def work(session: Acting) -> Exit:
        number = seen or await _shown_and_agreed(session, goal, options)
        if number is None:
            return Exit.REFUSED
        request = Request("decide_review", fields, options.acting_for, number, options.command_id)
        await _give(session, goal, request, options)
        return Exit.DONE

    run(to, acting, work)


async def _give(session: Acting, goal: str, request: Request, options: CommandOptions) -> None:
    given = await session.goals.give(caller_for(options.actor), GoalId(goal), request)
    if session.terminal.as_json:
        print_json(given)
    else:
        print_given(given, session.terminal)


def _require_seen(seen: int | Mapping[str, int] | None, to: Terminal) -> None:
    """Ends the command where nobody can look at the goal: then `--seen` says which version was looked at."""
    if seen is None and not can_ask(to):
        raise to.refuse(to.text("screen.goal.seen_is_needed"), kind="usage", code=Exit.USAGE)


def approve_each(
    goals: Sequence[str],
    options: CommandOptions,
    comment: str | None,
    *,
    seen: Mapping[str, int] | None,
    as_json: bool,
) -> None:
    """Approves each goal by itself and prints every result.

    `seen` is the number of each goal that the caller saw; without it each goal is shown, and the caller is asked.
    """
    to = terminal(as_json)
    _require_seen(seen, to)

    async def work(session: Acting) -> Exit:
        caller, ids = caller_for(options.actor), [GoalId(goal) for goal in goals]
        results: dict[GoalId, _Result] = {}
        numbers = {GoalId(goal): number for goal, number in (seen or {}).items()}
        if seen is None:
            for goal, found in (await session.goals.read_before_deciding(caller, ids)).items():
                if isinstance(found, Refusal):
                    results[goal] = found
                elif _agrees(found, "screen.goal.approve_it", to):
                    numbers[goal] = found.goal.seq
        results |= await session.goals.approve_each(
            caller, numbers, comment=comment, acting_for=options.acting_for, command_id=options.command_id
        )
        refusals = [one.message for one in results.values() if isinstance(one, Refusal)]
        names = await names_in(refusals, session.engine)
        code = _report({goal: results[goal] for goal in ids if goal in results}, names, to)
        return code if len(results) == len(ids) else max(code, Exit.REFUSED)

    run(to, acting, work)


def submit(
    goal: str, options: CommandOptions, content: "Content | None", *, as_json: bool, seen: int | None = None
) -> None:
    """Submits; where the goal is not ready, each finding is on a line of its own, in the reader's language."""

    async def work(session: Acting) -> None:
        to = session.terminal
        request = Request("submit", {"content": content}, options.acting_for, seen, options.command_id)
        try:
            submitted = await session.goals.submit(caller_for(options.actor), GoalId(goal), request)
        except NotReady as refusal:
            message = to.text("screen.goal.not_ready", goal=goal)
            raise to.refuse(message, kind=refusal.code, findings=refusal.refusing) from refusal
        if as_json:
            print_json(submitted)
            return
        print_given(submitted, to)
        print_findings(submitted.findings, to.locale)

    run(terminal(as_json), acting, work)


async def _shown_and_agreed(session: Acting, goal: str, options: CommandOptions) -> int | None:
    """Shows the goal and asks; the number of what was shown, None for a no. Raises a `Refusal`."""
    found = (await session.goals.read_before_deciding(caller_for(options.actor), [GoalId(goal)]))[GoalId(goal)]
    if isinstance(found, Refusal):
        raise found
    return found.goal.seq if _agrees(found, "screen.goal.decide_it", session.terminal) else None


def _agrees(seen: SeenGoal, question: str, to: Terminal) -> bool:
    """Shows what the decision is about, and asks. A no is said again, so that nobody takes it for done."""
    for line in seen_lines(seen, to):
        print_line(line)
    if agrees(to, question, goal=seen.goal.id):
        return True
    to.complain(to.text("screen.goal.not_decided", goal=seen.goal.id))
    return False


def _report(results: dict[GoalId, _Result], names: Mapping[str, str], to: Terminal) -> Exit:
    """Prints every goal's result. The exit code is the worst: no answer, then refused, then done."""
    if to.as_json:
        print_json({"results": [_document(goal, result, names, to) for goal, result in results.items()]})
    code = Exit.DONE
    for goal, result in results.items():
        if isinstance(result, Given):
            if not to.as_json:
                print_given(result, to)
            continue
        to.complain(f"{visible(goal, 80)}: {_reason(result, names, to)}")
        code = max(code, Exit.REFUSED if isinstance(result, Refusal) else Exit.UNREACHABLE)
    return code


def _document(goal: GoalId, result: _Result, names: Mapping[str, str], to: Terminal) -> Any:
    if isinstance(result, Given):
        return result
    kind = result.code.value if isinstance(result, Refusal) else "no_answer"
    return {"goal": goal, "error": {"code": kind, "message": _reason(result, names, to)}}


def _reason(result: Refusal | NoAnswer, names: Mapping[str, str], to: Terminal) -> str:
    if isinstance(result, Refusal):
        return refusal_with_hint(result, to.locale, names)
    return sentence_of(result.message, to.locale)


def print_given(given: Given, to: Terminal) -> None:
    """Where the goal is now, and whom it waits for."""
    state = state_name(given.state, to.locale)
    to.tell("screen.goal.now", goal=given.goal, state=state, revision=given.revision, seq=given.seq, score=given.score)
    if given.task is None:
        return
    people = ", ".join(person(one, given.names) for one in given.task.assignees)
    due = moment_text(given.task.due_at, given.time_zone) if given.task.due_at else "-"
    task = task_name(given.task.kind, to.locale)
    to.tell("screen.goal.next", task=task, people=people, due=due)
