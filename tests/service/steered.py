"""A small company for tests of instructions: real servers, a worker for all roles, and as many cycles as a test needs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

import activities.instruction
from channels.channel import NullChannel
from domain.goal.goal import Goal
from domain.instructions.instructions import AnyInstruction, Selection
from domain.refusals import Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.people import People
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.tables import CycleRow, ParticipantRow
from tests.acceptance.scene import quiet_settings
from tests.callers import OPERATOR
from tests.desk import CycleDesk, GoalDesk, InstructionDesk
from worker import Role, serving

# The top, two of HR, a manager; three who report to the manager, and one of sales.
TOP, HR, HR_TOO, MANAGER = (EmployeeId(one) for one in ("E1", "E2", "E3", "E4"))
MORI, HARA, ONO, SALES = (EmployeeId(one) for one in ("E11", "E12", "E13", "E21"))
GONE = EmployeeId("E99")
EVERYBODY = (MORI, HARA, ONO, SALES, MANAGER)  # who takes part
ACCOUNTING = "経理部"
_PEOPLE = f"""社員番号,氏名,部署,上長,在籍
{TOP},社長 一,経営,,はい
{HR},西村 直美,人事部,{TOP},はい
{HR_TOO},東 京子,人事部,{TOP},はい
{MANAGER},清水 幸恵,{ACCOUNTING},{TOP},はい
{MORI},森 香織,{ACCOUNTING},{MANAGER},はい
{HARA},原田 修,{ACCOUNTING},{MANAGER},はい
{ONO},大野 あかり,{ACCOUNTING},{MANAGER},はい
{SALES},岡 一郎,営業部,{TOP},はい
{GONE},去 った,営業部,{TOP},いいえ
"""
_CYCLE = """
[cycle]
id = "{id}"
name = "2026年度 第4四半期"
starts = 2026-11-24
ends = 2027-03-12
closes = 2027-03-26
reviews = []
hr = ["{hr}", "{hr_too}"]
without = [{without}]

[[drafts]]
department = "経理部"
theme = "月次決算の早期化"
challenge = "請求書の回収が月初に集中し、月次決算の確定が遅れている"
measure = {{ kind = "numeric", name = "平均日数", unit = "日", direction = "down", baseline = 10, target = 7 }}
steps = [
    {{ title = "遅れの原因を三つ挙げる", due = 2026-12-11 }},
    {{ title = "電子受領を五社で始める", due = 2027-01-22 }},
]
"""
_PATIENCE = 40  # seconds; two cores may be busy


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Tokyo")).date()


def in_days(days: int) -> date:
    return today() + timedelta(days=days)


def of(*people: EmployeeId, departments: Sequence[str] = ()) -> Selection:
    return Selection(people=people, departments=tuple(departments))


@dataclass(frozen=True)
class Steered:
    engine: AsyncEngine
    client: Client

    @property
    def cycles(self) -> CycleDesk:
        return CycleDesk(self.engine, self.client)

    @property
    def goals(self) -> GoalDesk:
        return GoalDesk(self.engine, self.client)

    @property
    def instructions(self) -> InstructionDesk:
        return InstructionDesk(self.engine, self.client)

    async def launch(
        self, cycle: str, *, without: Sequence[str] = (), days_ago: int = 0, more: str = "", until: str = "open"
    ) -> CycleId:
        """Launches a cycle, dated some days ago; if it is past its end, all its goals end at once."""
        file = cycle_file(cycle, without=without) + more
        launched = datetime.now(UTC) - timedelta(days=days_ago)
        checked = await self.cycles.check(file.encode(), launched.date(), starts=in_days(-days_ago))
        assert checked.policy, checked.findings
        await self.cycles.launch(checked, HR, launched)
        await self.until(CycleId(cycle), until)
        return CycleId(cycle)

    async def until(self, cycle: CycleId, state: str) -> None:
        async with asyncio.timeout(_PATIENCE):
            while (await self.cycles.require(cycle)).state != state:  # noqa: ASYNC110 - the database tells nobody when it changes
                await asyncio.sleep(0.05)

    async def carried_out(
        self,
        asked: AnyInstruction,
        cycle: CycleId | None = None,
        *,
        actor: EmployeeId = HR,
        identity: str | None = None,
    ) -> dict[str, str]:
        """Gives the instruction and waits for it; returns result and code at each goal, by owner."""
        given = await self.instructions.give(asked, actor, cycle, identity)
        await self.done(given)
        return {
            one.goal_id.split("/")[1]: " ".join(filter(None, (one.result, one.code)))
            for one in await self.instructions.results(given)
            if cycle is None or one.goal_id.startswith(f"{cycle}/")
        }

    async def done(self, instruction: str) -> None:
        async with asyncio.timeout(_PATIENCE):
            while (await self.instructions.progress(instruction)).state != "done":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    async def refusal(self, asked: AnyInstruction, cycle: CycleId | None = None, actor: EmployeeId = HR) -> Refusal:
        """The refusal of an instruction that is not written."""
        before = len(await self.instructions.latest())
        try:
            await self.instructions.give(asked, actor, cycle)
        except Refusal as refusal:
            assert len(await self.instructions.latest()) == before
            return refusal
        raise AssertionError(f"{asked.kind} was not refused")

    async def set_state_directly(self, cycle: CycleId, state: str) -> None:
        """Sets the state of the cycle directly, without its workflow."""
        async with self.engine.begin() as connection:
            await connection.execute(update(CycleRow).where(CycleRow.id == cycle).values(state=state))

    async def goal(self, cycle: CycleId, owner: EmployeeId) -> Goal:
        return await self.goals.require(goal_of(cycle, owner))

    async def states(self, cycle: CycleId) -> dict[str, str]:
        return {one.owner: one.state for one in await self.goals.find_all(cycle=cycle)}

    async def entries(self, cycle: CycleId, owner: EmployeeId) -> list[tuple[str, str, str | None]]:
        """Kind, actor and reason of the ledger's entries after the first one; asserts that the chain is intact."""
        goal = goal_of(cycle, owner)
        assert (await self.goals.prove(goal)).holds
        async with read_transaction(self.engine) as connection:
            lines = (await read_ledger(connection, goal))[1:]
        return [(one.kind, one.event["actor"], _why(one.event["body"])) for one in lines]

    async def participants(self, cycle: CycleId) -> dict[str, tuple[str, int]]:
        """The participants with their launch result and the slot of their first goal."""
        columns = (ParticipantRow.employee_id, ParticipantRow.result, ParticipantRow.slot)
        query = select(*columns).where(ParticipantRow.cycle_id == cycle).order_by(ParticipantRow.slot)
        async with self.engine.connect() as connection:
            return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}


def cycle_file(cycle: str, *, without: Sequence[str] = ()) -> str:
    """The file of a cycle that starts on 24 November 2026."""
    names = ", ".join(f'"{one}"' for one in (TOP, HR, HR_TOO, *without))
    return _CYCLE.format(id=cycle, hr=HR, hr_too=HR_TOO, without=names)


def goal_of(cycle: CycleId, owner: EmployeeId) -> GoalId:
    return GoalId(f"{cycle}/{owner}/1")


def _why(body: dict[str, Any]) -> str | None:
    return body.get("reason") or body.get("comment")


@asynccontextmanager
async def steered(engine: AsyncEngine, database_url: str, client: Client, var: Path) -> AsyncIterator[Steered]:
    imported = await People(engine).import_file(OPERATOR, _PEOPLE.encode())
    assert imported.imported, imported.findings
    with patch.object(activities.instruction, "_LOOK", 0.05):  # seconds; a test does not wait longer than it must
        async with serving(quiet_settings(database_url, var), Role.ALL, client, engine, NullChannel()):
            yield Steered(engine, client)
