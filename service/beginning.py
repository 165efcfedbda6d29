"""Use case: a person begins a goal while the cycle runs. The rules are in domain/cycle/beginning.py; the worker checks them."""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller, actor_of
from domain.cycle.beginning import Beginning
from domain.cycle.carry_over import carried_content
from domain.lifecycle import State
from domain.people.organisation import Employee
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal, wrong_state
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from domain.writing import catalog
from domain.writing.content import Content
from domain.writing.working_days import on_working_days
from service.answers import ANSWER_SECONDS, NoAnswer, compose
from service.cycle_lookup import require_cycle
from service.giving import Given, given_of
from service.projection import require_goal
from service.relations import require_colleague, visible_goal
from service.sharing import contributors_gone
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

    from workflows.beginning import Begun


class BeginningSource(NamedTuple):
    """What the draft begins with: a content, an entry of the catalogue, a goal of another cycle; nothing if all are None."""

    content: Content | None = None
    catalog: str | None = None
    carried_from: GoalId | None = None


class Beginnings:
    """Goals that people begin while a cycle runs."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal

    async def begin(
        self,
        caller: Caller,
        cycle: CycleId,
        source: BeginningSource,
        *,
        owner: EmployeeId | None = None,
        post: str | None = None,
        command_id: str | None = None,
    ) -> Given:
        """Begins the next goal of `owner` (None: of the caller) as a draft. Keyed by the command's id: a repeat begins nothing.
        `post` is the department of an additional post to which the goal belongs; None: the main post, or the one of the goal that is
        carried over.

        Raises `Refusal` (nothing was written) and `NoAnswer`.
        """
        actor = actor_of(caller)
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            row = await require_cycle(connection, cycle)
            person = await find_employee(connection, owner or actor)
            if person is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=(owner or actor)[:80], near="")
            content = await _content(connection, caller, row, person, source)
        fields = {
            "cycle": row.id,
            "owner": person.id,
            "actor": actor,
            "command": CommandId(command_id or secrets.token_hex(8)),
            "content": content,
            "is_proposed": (source.catalog, source.carried_from) != (None, None),
            "carried_from": source.carried_from,
            "post": post,
        }
        asked = compose(Beginning, fields)
        goal = await self._goal_of(asked)
        async with read_transaction(self._engine) as connection:
            return await given_of(connection, await require_goal(connection, goal), asked.command)

    async def _goal_of(self, asked: Beginning) -> GoalId:
        """The goal that the workflow wrote and started. Raises a `Refusal` if it wrote none."""
        begun = await self._answer(asked)
        if begun.refused is not None:
            raise Refusal(begun.refused.code, **begun.refused.fields)
        if begun.goal is None or not await self._is_of(begun.goal, asked):
            raise Refusal(Code.COMMAND_ID_USED, command_id=asked.command, seq=1)
        return begun.goal

    async def _answer(self, asked: Beginning) -> "Begun":
        from temporalio.common import WorkflowIDConflictPolicy

        from workflows.beginning import BeginningWorkflow, beginning_workflow_id
        from workflows.queues import GOALS

        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._temporal.execute_workflow(
                    BeginningWorkflow.run,
                    asked,
                    id=beginning_workflow_id(asked.cycle, asked.owner, asked.command),
                    task_queue=GOALS,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
        except TimeoutError as error:
            raise NoAnswer(asked.command, ANSWER_SECONDS) from error

    async def _is_of(self, goal: GoalId, asked: Beginning) -> bool:
        """Whether this request made the goal: a workflow with the same id may have run for another one at the same moment."""
        from domain.goal.events import Event
        from storage.goals import read_ledger

        async with read_transaction(self._engine) as connection:
            [first] = await read_ledger(connection, goal, limit=1)
        return asked.has_made(Event.model_validate(first.event))


async def _content(
    connection: "AsyncConnection", caller: Caller, cycle: Cycle, owner: Employee, source: BeginningSource
) -> Content:
    """The draft's content. What the program proposes has its steps on working days; what a person wrote stays."""
    if source.content is not None:
        return source.content
    policy = cycle.rules
    calendar = policy.calendar_at(owner.site)
    first = min(max(policy.starts, calendar.day_of(datetime.now(UTC))), policy.ends)
    if source.catalog is not None:
        content = catalog.draft(catalog.find(source.catalog), owner.locale, first, policy.ends)
    elif source.carried_from is not None:
        content = await _carried(connection, caller, cycle, owner.id, source.carried_from)
    else:
        content = Content()
    return on_working_days(content, calendar, policy.ends)


async def _carried(
    connection: "AsyncConnection", caller: Caller, cycle: Cycle, owner: EmployeeId, source: GoalId
) -> Content:
    """The content of a closed goal of the owner in another cycle. Raises a `Refusal` for any other goal."""
    goal = await visible_goal(connection, caller, source)
    if goal.owner != owner or goal.cycle == cycle.id:
        raise Refusal(Code.OTHER_OWNER, goal=goal.id, owner=owner)
    if not goal.is_closed:
        raise wrong_state(goal.state, State.CLOSED)
    policy: Policy = cycle.rules
    first = min(max(policy.starts, goal.calendar.day_of(datetime.now(UTC))), policy.ends)
    nodes = {*(one.id for one in cycle.file.themes), *(one.id for one in cycle.file.department_goals)}
    gone = await contributors_gone(connection, [goal.content])
    return carried_content(goal, first, policy.starts, policy.ends, nodes).without(gone)
