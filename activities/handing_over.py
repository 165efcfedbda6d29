"""Handing a goal over: the command to its workflow, and then to the workflows of the goals under it. Both may be repeated."""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.heartbeating import heartbeating
from domain.cycle.succession import MAX_ATTEMPTS, Handover, next_goal_of
from domain.goal.commands import SYSTEM, FollowParent
from domain.goal.events import Event, HandedOver
from domain.goal.goal import Goal
from domain.lifecycle import EventKind
from domain.refusals import Code, Refusal
from domain.values import CommandId, GoalId
from service.goal_updates import GoalUpdates
from service.projection import require_goal
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals_under, read_ledger
from workflows.beginning import Begun
from workflows.handing_over import GoalHandover
from workflows.recording import RecordedRefusal

log = structlog.get_logger()


class HandoverActivities(GoalHandover):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._goals = GoalUpdates(engine, client)

    @activity.defn(name="hand_goal_over")
    async def hand_goal_over(self, asked: Handover) -> Begun:
        """Sends the command to the goal. Keyed by the command's id: a repeat finds the goal that was begun.

        A command whose number was taken is answered for good, so the next attempt has an id of its own.
        """
        try:
            async with heartbeating():
                return Begun(goal=await self._hand_over(asked))
        except Refusal as refusal:
            return Begun(refused=RecordedRefusal(code=refusal.code, fields=refusal.message.fields))

    async def _hand_over(self, asked: Handover) -> GoalId:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            async with read_transaction(self._engine) as connection:
                goal = await require_goal(connection, asked.goal)
                if goal.handed_to is not None:
                    return await _handed_before(connection, goal, asked)
                loaded = await load_aggregates(connection, owners=[asked.to], cycle=goal.cycle)
            successor = next_goal_of(goal, asked.to, [Goal.model_validate(one) for one in loaded])
            command = asked.command_of(attempt)
            try:
                await self._goals.send(asked.goal, asked.as_command(successor, command), command)
                break
            except Refusal as refusal:
                if refusal.code is not Code.NOT_NEXT_GOAL or attempt == MAX_ATTEMPTS:
                    raise
        async with read_transaction(self._engine) as connection:
            return await _handed_before(connection, await require_goal(connection, asked.goal), asked)

    @activity.defn(name="follow_successor")
    async def follow_successor(self, goal: GoalId) -> None:
        """Sends each open goal under the goal its new parent. A goal that has it, or was closed meanwhile, stays as it is."""
        async with heartbeating():
            async with read_transaction(self._engine) as connection:
                handed = await require_goal(connection, goal)
                under = await open_goals_under(connection, handed.cycle, goal)
            for child in under if handed.handed_to else ():
                await self._follow(GoalId(child), goal, GoalId(str(handed.handed_to)))

    async def _follow(self, child: GoalId, before: GoalId, parent: GoalId) -> None:
        command = FollowParent(id=CommandId(f"follow:{before}"), actor=SYSTEM, before=before, parent=parent)
        try:
            await self._goals.send(child, command, command.id)
        except Refusal as refusal:
            log.info("goal_did_not_follow", goal_id=child, code=refusal.code)


async def _handed_before(connection: AsyncConnection, goal: Goal, asked: Handover) -> GoalId:
    """The goal that this request began. Raises a `Refusal` if another request handed the goal over."""
    for line in reversed(await read_ledger(connection, goal.id)):
        if line.kind == EventKind.HANDED_OVER and _is_of(asked, Event.model_validate(line.event)):
            return GoalId(str(goal.handed_to))
    raise Refusal(Code.HANDED_OVER, goal=goal.id, to=goal.handed_to or "")


def _is_of(asked: Handover, event: Event) -> bool:
    body = event.body
    return (
        isinstance(body, HandedOver)
        and event.command in {asked.command_of(attempt) for attempt in range(1, MAX_ATTEMPTS + 1)}
        and (event.actor, event.acting_for) == (asked.actor, asked.acting_for)
        and (body.to, body.weight) == (asked.to, asked.weight)
    )
