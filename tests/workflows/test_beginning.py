"""The workflow that begins a goal, in the SDK's sandbox: what it starts lives on, and a refusal starts nothing."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.worker import Worker

from activities.beginning import BeginningActivities
from domain.cycle.beginning import Beginning
from domain.values import CommandId
from domain.writing.content import Content
from service.answers import runs
from tests.acceptance.scene import until_launched
from tests.servers import running_temporal
from tests.workflows.three_at_work import CYCLE, HR, OWNER, started, three_at_work, written
from workflows.beginning import BeginningWorkflow, beginning_workflow_id
from workflows.goal import goal_workflow_id

_QUEUE = "begun"


async def test_a_goal_is_written_and_its_workflow_runs_and_a_refusal_writes_nothing(database: AsyncEngine) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_launched(company, CYCLE)
        beginning = BeginningActivities(database, server.client)
        activities: list[Callable[..., Any]] = [beginning.write_begun_goal, beginning.start_begun_goal]
        asked = Beginning(
            cycle=CYCLE, owner=OWNER, actor=HR, command=CommandId("b-1"), content=Content(theme="新しい課題")
        )
        async with Worker(server.client, task_queue=_QUEUE, workflows=[BeginningWorkflow], activities=activities):
            found = []
            for one in (asked, asked.model_copy(update={"actor": OWNER, "command": "b-2"})):
                workflow_id = beginning_workflow_id(CYCLE, OWNER, one.command)
                found.append(
                    await server.client.execute_workflow(BeginningWorkflow.run, one, id=workflow_id, task_queue=_QUEUE)
                )
        begun, refused = found
        assert begun.goal == f"{CYCLE}/{OWNER}/2"
        assert await runs(server.client, goal_workflow_id(begun.goal))
        assert refused.refused
        assert (refused.goal, refused.refused.code) == (None, "hr_begins_goals")
        assert await company.count_rows() == {"entries": 4, "goals": 4, "moved": 4, "notices": 4}
