"""Goals in the hands of a test: commands as activities send them, and what an operator reads."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.values import EmployeeId, GoalId
from service.goal_documents import GoalFilter, ListedGoal
from service.goal_updates import GoalUpdates
from service.goals import GoalReads
from service.projection import require_goal
from service.proof import LedgerProof
from storage.database import read_transaction
from storage.goals import InboxLine
from tests.callers import OPERATOR
from workflows.goal import Receipt


class Desk:
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._reads, self._updates = GoalReads(engine), GoalUpdates(engine, client)

    async def give(self, goal: GoalId, command: Command, command_id: str | None = None) -> Receipt:
        return await self._updates.send(goal, command, command_id)

    async def require(self, goal: GoalId) -> Goal:
        """The whole goal, with its policy."""
        async with read_transaction(self._engine) as connection:
            return await require_goal(connection, goal)

    async def find_all(self, *, cycle: str | None = None, owner: str | None = None) -> tuple[ListedGoal, ...]:
        return (await self._reads.list_goals(OPERATOR, GoalFilter(cycle=cycle, owner=owner))).goals

    async def inbox(self, employee: EmployeeId, now: datetime | None = None) -> list[InboxLine]:
        return await self._reads.inbox(OPERATOR, employee, now)

    async def prove(self, goal: GoalId) -> LedgerProof:
        return await self._reads.prove(OPERATOR, goal)
