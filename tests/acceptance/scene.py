"""A company on real servers: the people of `samples/`, a cycle and a worker; and a witness that compares all views of a goal."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle

from activities.recording import RecordingActivities
from channels.channel import NullChannel
from domain.goal.commands import Command
from domain.goal.decide import decide
from domain.goal.goal import Goal
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.values import CycleId, EmployeeId, GoalId
from service.goal_documents import ListedTask
from service.people import People
from settings import Settings
from storage.ledger import open_ledger
from storage.tables import GoalEventRow, GoalRow, OutboxRow
from tests.callers import OPERATOR
from tests.desk import CycleDesk, GoalDesk
from tests.salts import fresh_salts
from worker import Role, serving
from workflows.cycle import CycleWorkflow, cycle_workflow_id
from workflows.goal import GoalView, GoalWorkflow, Receipt, goal_workflow_id
from workflows.recording import Recording, record

SAMPLES = Path(__file__).parents[2] / "samples"
CYCLE = CycleId("2026-q4")  # of samples/cycle.toml
TOKYO = ZoneInfo("Asia/Tokyo")

# From samples/company.csv: somebody of accounting and the line above; then the two of HR.
OWNER, CHIEF, HEAD, DIRECTOR, PRESIDENT = (EmployeeId(one) for one in ("M0031", "M0015", "M0005", "M0002", "M0001"))
HR, HR_TOO = EmployeeId("M0006"), EmployeeId("M0025")
COLLEAGUE = EmployeeId("M0032")  # of the same line
GOAL = GoalId(f"{CYCLE}/{OWNER}/1")

_PATIENCE = 60  # seconds; two cores may be busy


@dataclass(frozen=True)
class Company:
    """The servers and clients that a test uses."""

    engine: AsyncEngine
    client: Client

    @property
    def goals(self) -> GoalDesk:
        return GoalDesk(self.engine, self.client)

    @property
    def cycles(self) -> CycleDesk:
        return CycleDesk(self.engine, self.client)

    async def give(self, goal: GoalId, command: Command, command_id: str | None = None) -> Receipt:
        return await self.goals.give(goal, command, command_id)

    def workflow(self, goal: GoalId) -> WorkflowHandle[GoalWorkflow, object]:
        return self.client.get_workflow_handle_for(GoalWorkflow.run, goal_workflow_id(goal))

    async def view(self, goal: GoalId) -> GoalView:
        return await self.workflow(goal).query(GoalWorkflow.snapshot)

    async def count_rows(self) -> dict[str, int]:
        """The numbers of rows in the ledger, the projection and the outbox; `moved` is the sum of the goals' `seq`."""
        async with self.engine.connect() as connection:
            return {
                "entries": (await connection.execute(select(func.count()).select_from(GoalEventRow))).scalar_one(),
                "goals": (await connection.execute(select(func.count()).select_from(GoalRow))).scalar_one(),
                "moved": (await connection.execute(select(func.sum(GoalRow.seq)))).scalar_one() or 0,
                "notices": (await connection.execute(select(func.count()).select_from(OutboxRow))).scalar_one(),
            }


async def commit_and_die(company: Company, goal: GoalId, command: Command) -> None:
    """Commits a command without telling its workflow, like a worker that dies between the commit and the end of its task."""
    current = await company.goals.require(goal)
    _, recording = record(current, decide(current, command, datetime.now(UTC)), fresh_salts())
    on_the_wire = Recording.model_validate_json(recording.model_dump_json())
    async with open_ledger(company.engine) as ledger:
        assert await RecordingActivities(ledger).record(on_the_wire) is None


async def employ(engine: AsyncEngine) -> None:
    """Imports the sample company."""
    result = await People(engine).import_file(OPERATOR, (SAMPLES / "company.csv").read_bytes())
    assert result.imported, result.findings


def today() -> date:
    return datetime.now(TOKYO).date()


async def launch_sample(company: Company, file: bytes | None = None, starts: date | None = None) -> None:
    """Launches the sample cycle, moved to today, or `file` unchanged; waits until all goals are there."""
    data = file or (SAMPLES / "cycle.toml").read_bytes()
    checked = await company.cycles.check(data, today(), starts=starts or (None if file else today()))
    assert checked.policy, checked.findings
    assert checked.file, checked.findings
    await company.cycles.launch(checked, HR, datetime.now(UTC))
    await until_cycle_is(company, checked.file.cycle.id, "open")


async def until_cycle_is(company: Company, cycle: CycleId, state: str) -> None:
    async with asyncio.timeout(_PATIENCE):
        while {row.id: row.state for row in await company.cycles.find_all()}[cycle] != state:  # noqa: ASYNC110 - the database tells nobody when it changes
            await asyncio.sleep(0.1)


async def until_launched(company: Company, cycle: CycleId) -> None:
    """Waits until a launch, or the retry of one, has ended."""
    handle = company.client.get_workflow_handle(cycle_workflow_id(cycle))
    async with asyncio.timeout(_PATIENCE):
        while (await handle.query(CycleWorkflow.progress)).phase == "launching":  # noqa: ASYNC110 - a query is all there is
            await asyncio.sleep(0.1)


def quiet_settings(database_url: str, var: Path) -> Settings:
    """Settings whose notices stay in the outbox for the length of a test."""
    return Settings(DATABASE_URL=database_url, var=var, channel="null", delivery_seconds=86_400)


@asynccontextmanager
async def company_at_work(engine: AsyncEngine, client: Client, settings: Settings) -> AsyncIterator[Company]:
    """The sample company with a worker for all roles, as production runs it."""
    await employ(engine)
    async with serving(settings, Role.ALL, client, engine, NullChannel()):
        yield Company(engine, client)


class Sight(NamedTuple):
    """A goal, and what is new since the last look: ledger entries, and notices by recipient."""

    goal: Goal
    entries: tuple[str, ...]
    told: set[tuple[str, str]]
    score: Decimal
    run_id: str


@dataclass
class Witness:
    """Reads one goal from ledger, projection and workflow, and asserts each time that they agree."""

    company: Company
    goal: GoalId
    _entries: int = field(default=0)
    _notice: int = field(default=0)

    async def look(self, *, asleep: bool = False) -> Sight:
        """Asserts that ledger, projection and workflow agree. `asleep`: a workflow that waits for its start delay is not queried."""
        goals = self.company.goals
        proof = await goals.prove(self.goal)
        assert proof.broken is None
        assert not proof.differs
        goal = await goals.require(self.goal)
        assert (goal.seq, goal.head) == (len(proof.lines), proof.head)
        await self._projection_shows(goal)
        if not asleep:
            await self._workflow_shows(goal)
        new = tuple(line.kind for line in proof.lines[self._entries :])
        self._entries = len(proof.lines)
        described = await self.company.workflow(self.goal).describe()
        return Sight(goal, new, await self._told(), score(goal), described.run_id)

    async def _projection_shows(self, goal: Goal) -> None:
        lines = [line for line in await self.company.goals.find_all(owner=goal.owner) if line.goal == goal.id]
        assert len(lines) == 1
        line = lines[0]
        assert (line.state, line.revision, line.seq) == (goal.state, goal.revision, goal.seq)
        assert line.score == score(goal)
        assert line.task == (
            goal.task and ListedTask(kind=goal.task.kind, assignees=goal.task.assignees, due_at=goal.due_at)
        )
        for person in line.task.assignees if line.task else ():
            assert goal.id in [one.goal.goal for one in await self.company.goals.inbox(EmployeeId(person))]

    async def _workflow_shows(self, goal: Goal) -> None:
        view = await self.company.view(self.goal)
        assert (view.seq, view.head, view.state, view.revision) == (goal.seq, goal.head, goal.state, goal.revision)
        assert (view.score, view.task, view.content) == (score(goal), goal.task, goal.content)

    async def _told(self) -> set[tuple[str, str]]:
        query = (
            select(OutboxRow.id, OutboxRow.kind, OutboxRow.recipient_id, OutboxRow.facts)
            .where(OutboxRow.goal_id == self.goal, OutboxRow.id > self._notice)
            .order_by(OutboxRow.id)
        )
        async with self.company.engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        once = {(row.facts["seq"], row.kind, row.recipient_id) for row in rows}
        assert len(once) == len(rows), "somebody was told twice of one thing"
        self._notice = rows[-1].id if rows else self._notice
        return {(row.kind, row.recipient_id) for row in rows}


def shows(sight: Sight, state: State, *, entries: list[str], told: Collection[tuple[str, str]], score: str) -> None:
    """Asserts all effects of one command at once, and prints every difference."""
    found = (sight.goal.state, list(sight.entries), sight.told, sight.score)
    assert found == (state, entries, set(told), Decimal(score))
