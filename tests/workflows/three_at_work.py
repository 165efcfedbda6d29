"""Three people with a cycle, and workers for goals and bulk work, with workflows in the SDK's sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.instruction import InstructionActivities
from activities.launch import LaunchActivities
from activities.recording import RecordingActivities
from activities.settlement import SettlementActivities
from domain.values import CycleId, EmployeeId, GoalId
from storage import cycles
from storage.ledger import open_ledger
from tests.acceptance.scene import Company
from tests.acceptance.three_people import RefusesStarts, cycle_of_three, employ_three
from tests.desk import InstructionDesk
from workflows.cycle import CycleProgress, CycleStart, CycleWorkflow, cycle_workflow_id
from workflows.goal import GoalWorkflow
from workflows.instruction import InstructionWorkflow
from workflows.queues import BULK, GOALS

HR, CHIEF, OWNER = EmployeeId("P1"), EmployeeId("P2"), EmployeeId("P3")
CYCLE = CycleId("three")
GOALS_OF_ALL = [GoalId(f"{CYCLE}/P{number}/1") for number in (1, 2, 3)]


@asynccontextmanager
async def three_at_work(
    engine: AsyncEngine, client: Client, refuses: RefusesStarts | None = None
) -> AsyncIterator[Company]:
    """Three people, and workers for goals and cycles; starts of goals go through `refuses`."""
    await employ_three(engine)
    starter = refuses.on(client) if refuses else client
    launch, settlement = LaunchActivities(engine, starter), SettlementActivities(engine, client)
    instruction = InstructionActivities(engine, client)
    bulk = Worker(
        client,
        task_queue=BULK,
        workflows=[CycleWorkflow, InstructionWorkflow],
        activities=[
            launch.write_goals, launch.start_goals, launch.retry_failed, launch.set_cycle_state, settlement.settle_goals,
            instruction.prepare, instruction.carry_out, instruction.finish,
        ],
    )  # fmt: skip
    async with open_ledger(engine) as ledger:
        recording = RecordingActivities(ledger)
        goals = Worker(
            client,
            task_queue=GOALS,
            workflows=[GoalWorkflow],
            activities=[recording.record, recording.read_behind],
        )
        async with bulk, goals:
            yield Company(engine, client)


async def written(company: Company) -> CycleStart:
    """Writes the cycle with its participants; returns the input of its workflow."""
    found = await company.cycles.check(cycle_of_three(), datetime.now(UTC).date())
    assert found.file, found.findings
    assert found.policy, found.findings
    row = {
        "id": CYCLE,
        "name": found.file.cycle.name,
        "file": found.file.model_dump(mode="json"),
        "policy": found.policy.model_dump(mode="json"),
        "launched_by": HR,
        "launched_at": datetime.now(UTC),
    }
    async with company.engine.begin() as connection:
        await cycles.create_cycle(
            connection,
            row,
            [cycles.Participant(*one) for one in (("P1", "経営", 0), ("P2", "経理部", 1), ("P3", "経理部", 2))],
        )
    return CycleStart(
        cycle=CYCLE, launched_by=HR, settles_at=datetime.now(UTC) + timedelta(days=600), people=3, batch=1
    )


async def started(company: Company, start: CycleStart) -> WorkflowHandle[Any, CycleProgress]:
    return await company.client.start_workflow(CycleWorkflow.run, start, id=cycle_workflow_id(CYCLE), task_queue=BULK)


def instructions_to(company: Company) -> InstructionDesk:
    return InstructionDesk(company.engine, company.client)
