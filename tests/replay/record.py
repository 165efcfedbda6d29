"""Records the histories again: `.venv/bin/python -m tests.replay.record [scenario …]`, from the checkout's root.

Do this when a scenario is added, or when a workflow changed in a way that no running goal can meet. In all other cases a
history that no longer replays is a defect: correct the workflow (`workflow.patched`), and keep the recording.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.beginning import BeginningActivities
from activities.handing_over import HandoverActivities
from activities.recording import RecordingActivities
from storage.database import open_database, read_transaction
from storage.goals import read_ledger
from storage.ledger import open_ledger
from tests.acceptance.scene import Company, employ
from tests.replay.recordings import HISTORIES, Recording
from tests.replay.scenarios import ON_A_CLOCK_THAT_SKIPS, ON_A_REAL_CLOCK, Scenario, Stage, cycle, steered_cycle
from tests.servers import Postgres, running_postgres, running_temporal, running_time_skipping
from workflows.beginning import BeginningWorkflow
from workflows.cycle import CycleProgress
from workflows.goal import GoalWorkflow
from workflows.handing_over import HandoverWorkflow
from workflows.queues import GOALS

_IDENTITY = "recorder"  # the default would write the machine's name into the history

Server = Callable[[], AbstractAsyncContextManager[WorkflowEnvironment]]


@asynccontextmanager
async def _stage(postgres: Postgres, server: Server, *, with_people: bool) -> AsyncIterator[Stage]:
    async with postgres.migrated_database() as url, server() as environment:
        engine = open_database(url)
        address = environment.client.service_client.config.target_host
        client = await Client.connect(address, identity=_IDENTITY, data_converter=pydantic_data_converter)
        if with_people:
            await employ(engine)
        async with open_ledger(engine) as ledger:
            recording = RecordingActivities(ledger)
            beginning, handing_over = BeginningActivities(engine, client), HandoverActivities(engine, client)
            activities: list[Callable[..., Any]] = [
                recording.record, recording.read_behind, beginning.write_begun_goal, beginning.start_begun_goal,
                handing_over.hand_goal_over, handing_over.follow_successor,
            ]  # fmt: skip
            workflows = [GoalWorkflow, BeginningWorkflow, HandoverWorkflow]
            async with Worker(client, task_queue=GOALS, workflows=workflows, activities=activities, identity=_IDENTITY):
                yield Stage(Company(engine, client), environment)
        await engine.dispose()


async def _record(name: str, scenario: Scenario, stage: Stage) -> None:
    company = stage.company
    workflow_id = await scenario(stage)
    handle = company.client.get_workflow_handle(workflow_id)
    for old in HISTORIES.glob(f"{name}.*"):
        old.unlink()
    for number, history in enumerate(await _runs(company.client, handle), start=1):
        ends = await _ends(company, workflow_id, number, handle)
        Recording(name, number, workflow_id, ends, history.to_json_dict()).write()
        print(f"{name}.{number}: {len(history.events)} events")


async def _runs(client: Client, handle: WorkflowHandle[Any, Any]) -> list[WorkflowHistory]:
    """The histories of the workflow's runs, the first one first."""
    runs = [await handle.fetch_history()]
    while before := runs[0].events[0].workflow_execution_started_event_attributes.continued_execution_run_id:
        runs.insert(0, await client.get_workflow_handle(handle.id, run_id=before).fetch_history())
    return runs


async def _ends(company: Company, workflow_id: str, run: int, handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """The expected end of the run: number and hash of the last ledger entry of its revision; for a cycle, its final progress."""
    kind, _, subject = workflow_id.partition("/")
    if kind == "cycle":
        progress: CycleProgress = await company.client.get_workflow_handle(
            handle.id, result_type=CycleProgress
        ).result()
        return progress.model_dump(mode="json")
    async with read_transaction(company.engine) as connection:
        lines = [line for line in await read_ledger(connection, subject) if line.event["revision"] == run]
    return {"seq": lines[-1].event["seq"], "head": lines[-1].hash}


async def main(chosen: list[str]) -> None:
    """Records the scenarios that are named, or all."""
    groups: tuple[tuple[Server, dict[str, Scenario]], ...] = (
        (running_temporal, ON_A_REAL_CLOCK),
        (running_time_skipping, ON_A_CLOCK_THAT_SKIPS),
    )
    async with running_postgres() as postgres:
        for server, scenarios in groups:
            for name, scenario in scenarios.items():
                if chosen and name not in chosen:
                    continue
                async with _stage(postgres, server, with_people=scenario not in (cycle, steered_cycle)) as stage:
                    await _record(name, scenario, stage)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # the SDK's threads can abort an interpreter that exits in order (sdk-python #300)
