"""Giving commands to goals: one command to one goal, or the same to several, each with its own result."""

import asyncio
import secrets
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.session.options import Who
from cli.session.output import Exit, print_findings, print_json, spoken
from cli.session.session import Acting, Terminal, acting, run, terminal
from cli.session.wording import local, person, state_name, task_name, visible
from domain.findings import Level
from domain.goal.commands import COMMANDS
from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CommandId, Frozen, GoalId, Moment, Number
from domain.writing.rules import check
from service.goals import NoAnswer, compose
from texts.findings import documents_of
from texts.refusals import refusal_with_hint

if TYPE_CHECKING:
    from domain.writing.content import Content

_AT_ONCE = 8  # commands in flight

# What stands between asking and doing, for those who decide on what they see.
_DECISIONS = frozenset({"approve", "decide_review"})


class Waiting(Frozen):
    """What the goal waits for after the command."""

    kind: str
    assignees: tuple[str, ...]
    due_at: Moment | None


class Given(Frozen):
    """What a command did. `saw` is the number of the goal on which a decision was made."""

    goal: GoalId
    command_id: CommandId
    saw: int | None
    seq: int
    revision: int
    state: str
    score: Number
    head: str
    task: Waiting | None


def give(goal: str, name: str, who: Who, fields: dict[str, Any], *, as_json: bool, seen: int | None = None) -> None:
    """Gives the command called `name` and prints what became of it."""

    async def work(session: Acting) -> None:
        found = await session.goals.require(GoalId(goal))
        if name in _DECISIONS and seen is None:
            _show_what_is_seen(found, session.terminal)
        given = await _give(session, found, name, who, fields, seen=seen)
        if as_json:
            print_json(given)
        else:
            await _print(session, given)

    run(terminal(as_json), acting, work)


def approve_each(goals: Sequence[str], who: Who, comment: str | None, *, seen: int | None, as_json: bool) -> None:
    """Approves each goal by itself: one that is refused keeps no other from being approved."""

    async def work(session: Acting) -> Exit:
        found = {goal: await _look(session, goal, seen) for goal in goals}
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(goal: "Goal | Refusal") -> "Given | Refusal | NoAnswer":
            if isinstance(goal, Refusal):
                return goal
            async with room:
                try:
                    return await _give(session, goal, "approve", who, {"comment": comment}, seen=seen)
                except (Refusal, NoAnswer) as no:
                    return no

        results = await asyncio.gather(*map(one, found.values()))
        return await _report(session, dict(zip(found, results, strict=True)))

    run(terminal(as_json), acting, work)


async def _look(session: Acting, goal: str, seen: int | None) -> "Goal | Refusal":
    """The goal as it is, shown to whoever has not seen it; or that there is none."""
    try:
        found = await session.goals.require(GoalId(goal))
    except Refusal as refusal:
        return refusal
    if seen is None:
        _show_what_is_seen(found, session.terminal)
    return found


def submit(goal: str, who: Who, content: "Content | None", *, as_json: bool) -> None:
    """Submits; where the goal is not ready, each finding stands on a line of its own, in the reader's language."""

    async def work(session: Acting) -> None:
        to, found = session.terminal, await session.goals.require(GoalId(goal))
        findings = check(content or found.content, found.policy)
        try:
            given = await _give(session, found, "submit", who, {"content": content})
        except Refusal as refusal:
            if refusal.code is not Code.NOT_READY:
                raise
            refused = [finding for finding in findings if finding.level is Level.REFUSE]
            message = to.words(
                f"{found.id}: まだ提出できません。次の点を直してください。",
                f"{found.id}: not ready to submit; please mend:",
            )
            raise to.refuse(message, kind=refusal.code, findings=refused) from refusal
        if as_json:
            print_json({**given.model_dump(mode="json"), "advice": documents_of(findings)})
            return
        await _print(session, given)
        print_findings(findings, to.locale)

    run(terminal(as_json), acting, work)


async def _give(
    session: Acting, found: Goal, name: str, who: Who, fields: dict[str, Any], *, seen: int | None = None
) -> Given:
    """Raises `Refusal`, `NoAnswer`."""
    identity = CommandId(who.command_id or secrets.token_hex(8))
    saw = seen or (found.seq if name in _DECISIONS else None)
    command = compose(
        COMMANDS[name],
        {"id": identity, "actor": who.actor, "acting_for": who.acting_for, "expected_seq": saw} | fields,
    )
    receipt = await session.goals.give(found.id, command, identity)
    after = await session.goals.require(found.id)
    task = after.task and Waiting(kind=after.task.kind, assignees=after.task.assignees, due_at=after.due_at)
    return Given(
        goal=found.id, command_id=identity, saw=saw, seq=receipt.seq, revision=receipt.revision, state=receipt.state,
        score=receipt.score, head=receipt.head, task=task,
    )  # fmt: skip


def _show_what_is_seen(goal: Goal, to: Terminal) -> None:
    """What a decision is about, in a line; nobody signs off a number alone."""
    measure = goal.content.measure
    said = (visible(one, 80) for one in (goal.content.theme, measure.name if measure else "") if one)
    about = " / ".join(said) or to.words("(未記入)", "(nothing written yet)")
    if not to.as_json:
        to.say(f"{goal.id} 番号 {goal.seq} を確認: {about}", f"{goal.id} as of number {goal.seq}: {about}")
        if goal.state is State.PENDING_APPROVAL:
            print_findings(check(goal.content, goal.policy), to.locale, sys.stdout)


async def _report(session: Acting, results: dict[str, "Given | Refusal | NoAnswer"]) -> Exit:
    """Prints every goal's result; unanswered weighs more than refused, refused more than done."""
    to, code = session.terminal, Exit.DONE
    documents: list[Any] = []
    for goal, result in results.items():
        if isinstance(result, Given):
            documents.append(result)
            if not to.as_json:
                await _print(session, result)
            continue
        refused = isinstance(result, Refusal)
        message = (
            refusal_with_hint(result, to.locale) if isinstance(result, Refusal) else spoken(result.message, to.locale)
        )
        kind = result.code.value if isinstance(result, Refusal) else "no_answer"
        documents.append({"goal": goal, "error": {"code": kind, "message": message}})
        to.complain(f"{visible(goal, 80)}: {message}")
        code = max(code, Exit.REFUSED if refused else Exit.UNREACHABLE)
    if to.as_json:
        print_json({"results": documents})
    return code


async def _print(session: Acting, given: Given) -> None:
    """Where the goal is now, and whom it waits for."""
    to, locale = session.terminal, session.terminal.locale
    state = state_name(given.state, locale)
    to.say(
        f"{given.goal}: {state}(版 {given.revision}、番号 {given.seq}、{given.score} 点)",
        f"{given.goal}: {state} (revision {given.revision}, number {given.seq}, {given.score} points)",
    )
    if given.task is None:
        return
    names = await session.names(given.task.assignees)
    people = ", ".join(person(one, names) for one in given.task.assignees)
    zone = (await session.cycles.time_zones()).get(given.goal.partition("/")[0], "UTC")
    due = local(given.task.due_at, zone) if given.task.due_at else "-"
    task = task_name(given.task.kind, locale)
    to.say(f"  次: {task} — {people}、期限 {due}", f"  next: {task} by {people}, due {due}")
