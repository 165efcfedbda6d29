"""Use cases that give commands to goals: a command to one goal, or approvals of several goals, each with its own result."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field

from domain.access import Action, Caller, Relation, actor_of
from domain.findings import Finding, Level
from domain.goal.commands import COMMANDS, MAX_COMMAND_BYTES, Command
from domain.goal.goal import Goal
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CommandId, EmployeeId, Frozen, GoalId, Moment, Number
from domain.writing.content import Content
from domain.writing.rules import check
from domain.writing.working_days import moved_steps
from service.answers import NoAnswer, compose
from service.goal_documents import Names
from service.goal_updates import GoalUpdates
from service.goals import GoalReads
from service.projection import names_by_id, require_goal
from service.relations import is_colleague, relations_to_company, require_goal_relation
from storage.database import read_transaction
from texts.findings import FindingDocument, documents_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

MAX_IN_FLIGHT = 8  # approvals that run at the same time


class Request(NamedTuple):
    """A command that a caller wants to give: its name, its own fields, and the fields that every command has.

    The actor is always the caller. `seen` is the `seq` of the goal that the caller saw when deciding. Without a `command_id` the
    command gets a random one.
    """

    name: str
    fields: Mapping[str, Any]
    acting_for: str | None = None
    seen: int | None = None
    command_id: str | None = None


class NextTask(Frozen):
    """The open task of the goal after the command."""

    kind: str
    assignees: tuple[EmployeeId, ...]
    due_at: Moment | None


class Given(Frozen):
    """The result of a command. `saw` is the `seq` of the goal that the caller saw when deciding."""

    goal: GoalId
    command_id: CommandId
    saw: int | None
    seq: int
    revision: int
    state: State
    score: Number
    head: str
    task: NextTask | None
    names: Names = Field(exclude=True)  # of the task's assignees
    time_zone: str = Field(exclude=True)  # of the task's site


class Submitted(Given):
    """The result of submitting a goal, and the suggestions of the writing rules."""

    advice: tuple[FindingDocument, ...]
    findings: tuple[Finding, ...] = Field(exclude=True)


class NotReady(Refusal):
    """The goal cannot be submitted; `refusing` are the findings that prevent it."""

    def __init__(self, refusal: Refusal, goal: GoalId, findings: Iterable[Finding]) -> None:
        super().__init__(refusal.code, **refusal.message.fields)
        self.goal = goal
        self.refusing = tuple(finding for finding in findings if finding.level is Level.REFUSE)


# Refusals that tell nothing of the goal but who may decide on it.
_ABOUT_THE_CALLER = frozenset({Code.NOT_ALLOWED, Code.NOT_DELEGATED})


class Goals(GoalReads):
    """Use cases of goals that need Temporal. For every change, the caller must be an active employee."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._updates = GoalUpdates(engine, temporal)

    async def give(self, caller: Caller, goal: GoalId, request: Request) -> Given:
        """Carries out a command. Keyed by the command's id. Raises `Refusal` (nothing changed) and `NoAnswer`."""
        await self._require_employee(caller, goal, request)
        return await self._give(caller, goal, request)

    async def submit(self, caller: Caller, goal: GoalId, request: Request) -> Submitted:
        """Submits the goal, revised by the request's `content` if it has one. Raises `NotReady`, `Refusal` and `NoAnswer`."""
        before = await self._require_employee(caller, goal, request)
        content = request.fields.get("content")
        written = content if isinstance(content, Content) else before.content
        findings = (*check(written, before.policy), *moved_steps(written, before.calendar))
        try:
            given = await self._give(caller, goal, request)
        except Refusal as refusal:
            if refusal.code is not Code.NOT_READY:
                raise
            raise NotReady(refusal, goal, findings) from refusal
        return Submitted(**dict(given), advice=tuple(documents_of(findings)), findings=findings)

    async def approve_each(
        self,
        caller: Caller,
        seen: Mapping[GoalId, int],
        *,
        comment: str | None = None,
        acting_for: str | None = None,
        command_id: str | None = None,
    ) -> dict[GoalId, Given | Refusal | NoAnswer]:
        """Approves each goal, independently of the others. `seen` holds the `seq` of each goal that the caller saw."""
        limit = asyncio.Semaphore(MAX_IN_FLIGHT)

        async def approve(goal: GoalId, number: int) -> Given | Refusal | NoAnswer:
            async with limit:
                try:
                    request = Request("approve", {"comment": comment}, acting_for, number, command_id)
                    return await self.give(caller, goal, request)
                except (Refusal, NoAnswer) as reason:
                    return reason

        results = await asyncio.gather(*(approve(goal, number) for goal, number in seen.items()))
        return dict(zip(seen, results, strict=True))

    async def _require_employee(self, caller: Caller, goal: GoalId, request: Request) -> Goal:
        """The goal, if the caller, and the person in whose name they act, are active employees.

        The goal's workflow decides whether they may give the command.
        """
        actor, acting_for = actor_of(caller), EmployeeId(request.acting_for or "")
        async with read_transaction(self._engine) as connection:
            found = await require_goal(connection, goal)
            if Relation.COLLEAGUE not in await relations_to_company(connection, caller):
                require_goal_relation(caller, Action.SEE_GOAL, found, frozenset())
            if acting_for and not await is_colleague(connection, acting_for):
                raise Refusal(Code.NOT_DELEGATED, actor=actor, acting_for=acting_for[:80])
        return found

    async def _require_visible(self, caller: Caller, goal: GoalId) -> None:
        """Raises a `Refusal` that tells only who may, for a caller who may not see the goal: others tell what state it is in, or why it is paused."""
        async with read_transaction(self._engine) as connection:
            company = await relations_to_company(connection, caller)
            require_goal_relation(caller, Action.SEE_GOAL, await require_goal(connection, goal), company)

    async def _give(self, caller: Caller, goal: GoalId, request: Request) -> Given:
        if request.name not in COMMANDS:
            raise Refusal(Code.UNKNOWN_COMMAND, command=request.name[:40], known=COMMANDS)
        identity = CommandId(request.command_id or secrets.token_hex(8))
        fields = {
            "id": identity,
            "actor": actor_of(caller),
            "acting_for": request.acting_for,
            "expected_seq": request.seen,
        }
        command = compose(COMMANDS[request.name], {**request.fields, **fields})
        _require_small(command)
        try:
            receipt = await self._updates.send(goal, command, identity)
        except Refusal as refusal:
            if refusal.code not in _ABOUT_THE_CALLER:
                await self._require_visible(caller, goal)
            raise
        if request.command_id is not None:
            await self._updates.require_same(goal, command, identity)
        async with read_transaction(self._engine) as connection:
            after = await require_goal(connection, goal)
            names = await names_by_id(connection, after.task.assignees if after.task else ())
        task = after.task and NextTask(kind=after.task.kind, assignees=after.task.assignees, due_at=after.due_at)
        return Given(
            goal=goal, command_id=identity, saw=request.seen, seq=receipt.seq, revision=receipt.revision,
            state=receipt.state, score=receipt.score, head=receipt.head, task=task, names=names,
            time_zone=after.task_zone,
        )  # fmt: skip


async def given_of(connection: "AsyncConnection", goal: Goal, command_id: CommandId) -> Given:
    """The goal as it is, as the result of the command that made it."""
    names = await names_by_id(connection, goal.task.assignees if goal.task else ())
    task = goal.task and NextTask(kind=goal.task.kind, assignees=goal.task.assignees, due_at=goal.due_at)
    return Given(
        goal=goal.id, command_id=command_id, saw=None, seq=goal.seq, revision=goal.revision, state=goal.state,
        score=score(goal), head=goal.head, task=task, names=names, time_zone=goal.task_zone,
    )  # fmt: skip


def _require_small(command: Command) -> None:
    """Raises a `Refusal` for a command that Temporal could not carry, before it is sent."""
    size = len(command.model_dump_json().encode())
    if size > MAX_COMMAND_BYTES:
        raise Refusal(Code.TOO_LARGE, size=size, most=MAX_COMMAND_BYTES)
