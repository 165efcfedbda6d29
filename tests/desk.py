"""Goals, cycles and instructions for tests: sends commands as activities do, and reads as the operator."""

from datetime import UTC, date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.instructions.instructions import AnyInstruction
from domain.values import CycleId, EmployeeId, GoalId
from service.cycle_documents import CycleStatus
from service.cycle_lookup import require_cycle
from service.cycle_updates import CycleUpdates
from service.cycles import Checked, Cycles
from service.goal_documents import GoalFilter, ListedGoal
from service.goal_updates import GoalUpdates
from service.goals import GoalReads
from service.inbox import Inbox, InboxItem
from service.instruction_documents import InstructionSummary
from service.instructions import Instructions
from service.projection import require_goal
from service.proof import LedgerProof
from storage.cycles import Cycle, list_cycles
from storage.database import read_transaction
from storage.instructions import Instruction, InstructionResult, Progress
from tests.callers import OPERATOR, by
from workflows.goal import Receipt


class GoalDesk:
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._reads, self._updates = GoalReads(engine), GoalUpdates(engine, client)

    async def give(self, goal: GoalId, command: Command, command_id: str | None = None) -> Receipt:
        return await self._updates.send(goal, command, command_id)

    async def require(self, goal: GoalId) -> Goal:
        """The goal; raises a `Refusal` if there is none."""
        async with read_transaction(self._engine) as connection:
            return await require_goal(connection, goal)

    async def find_all(self, *, cycle: str | None = None, owner: str | None = None) -> tuple[ListedGoal, ...]:
        return (await self._reads.list_goals(OPERATOR, GoalFilter(cycle=cycle, owner=owner))).goals

    async def inbox(self, employee: EmployeeId, now: datetime | None = None) -> list[InboxItem]:
        page = await Inbox(self._engine).read(OPERATOR, employee, now or datetime.now(UTC), limit=1_000)
        assert page.next is None
        return list(page.items)

    async def prove(self, goal: GoalId) -> LedgerProof:
        return await self._reads.prove(OPERATOR, goal)


class CycleDesk:
    """Cycles for tests: the operator checks and reads, HR launches."""

    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._cycles, self._updates = Cycles(engine, client), CycleUpdates(engine, client)

    async def check(self, data: bytes, today: date, starts: date | None = None) -> Checked:
        return await self._cycles.check(OPERATOR, data, today, starts, confirmed=True)

    async def launch(self, checked: Checked, launched_by: EmployeeId, now: datetime) -> None:
        await self._cycles.launch(by(launched_by), checked, now)

    async def retry(self, cycle: CycleId) -> None:
        await self._updates.retry(cycle)

    async def status(self, cycle: CycleId, now: datetime) -> CycleStatus:
        return await self._cycles.status(OPERATOR, cycle, now)

    async def require(self, cycle: CycleId) -> Cycle:
        """The cycle with its file and rules."""
        async with read_transaction(self._engine) as connection:
            return await require_cycle(connection, cycle)

    async def find_all(self) -> list[Cycle]:
        async with read_transaction(self._engine) as connection:
            return await list_cycles(connection)


class InstructionDesk:
    """Instructions for tests: an employee gives them, the operator reads."""

    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._instructions = Instructions(engine, client)

    async def give(
        self, asked: AnyInstruction, actor: EmployeeId, cycle: CycleId | None = None, instruction: str | None = None
    ) -> str:
        return await self._instructions.give(by(actor), asked, cycle, instruction)

    async def end(self, instruction: str, actor: EmployeeId, reason: str) -> None:
        await self._instructions.end(by(actor), instruction, reason, datetime.now(UTC))

    async def retry(self, instruction: str, actor: EmployeeId) -> None:
        await self._instructions.retry(by(actor), instruction)

    async def latest(self) -> tuple[InstructionSummary, ...]:
        return (await self._instructions.list_latest(OPERATOR)).instructions

    async def require(self, instruction: str) -> Instruction:
        return (await self._instructions.read(OPERATOR, instruction)).instruction

    async def progress(self, instruction: str) -> Progress:
        return await self._instructions.progress(OPERATOR, instruction)

    async def results(self, instruction: str, *wanted: str) -> list[InstructionResult]:
        """The results at goals; with `wanted`, only those with one of these results."""
        found = (await self._instructions.read(OPERATOR, instruction)).results
        return [one for one in found if not wanted or one.result in wanted]
