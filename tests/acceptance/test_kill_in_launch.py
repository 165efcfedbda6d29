"""SIGKILL three times during one launch: nobody is left out, and nobody gets goals or notices twice."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from domain.goal.commands import Submit
from domain.lifecycle import EventKind, State
from domain.notices.notices import NoticeKind
from domain.values import CycleId, GoalId
from tests.acceptance.servers_of_test import (
    KILLABLE_WORKER,
    Site,
    entries_of,
    goals_of,
    launch,
    notices_of,
    owner_of,
    site,
    until_launched,
    workflow_ids,
)
from tests.servers import Postgres, running_temporal
from workflows.goal import goal_workflow_id

pytestmark = pytest.mark.slow

CYCLE = CycleId("killed")
PEOPLE = 300
STARTED = 130  # a first chunk of 100, which is recorded, and a part of the second, which is not


@pytest_asyncio.fixture
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("workers")) as here:
            yield here


async def run_until_it_dies(here: Site, place: str, which: str = "") -> None:
    """Runs a worker that continues the launch until it dies at `place`."""
    async with here.worker("bulk", place, which, program=KILLABLE_WORKER) as worker:
        assert await worker.ended() == -signal.SIGKILL


async def written(here: Site) -> dict[str, int]:
    return {table: await here.count(table) for table in ("goal", "goal_event", "outbox")}


async def is_whole(here: Site, goal: GoalId) -> None:
    assert (await here.goals.prove(goal)).holds
    assert await notices_of(here, goal) == [(NoticeKind.DRAFT_OPENED, owner_of(goal))]


async def test_a_launch_whose_worker_is_killed_again_and_again_starts_everybody_once(here: Site) -> None:
    each_once = {"goal": PEOPLE, "goal_event": PEOPLE, "outbox": PEOPLE}
    await launch(here, CYCLE, PEOPLE)

    await run_until_it_dies(here, "writing")
    assert await written(here) == {"goal": 0, "goal_event": 0, "outbox": 0}
    assert await here.count("participant", "result = 'waiting'") == PEOPLE

    await run_until_it_dies(here, "written")
    assert await written(here) == each_once
    assert await here.count("participant", "result = 'written'") == PEOPLE
    assert await workflow_ids(here, 0) == []

    await run_until_it_dies(here, "starting", str(STARTED))
    assert 0 < await here.count("participant", "result = 'started'") < STARTED

    async with here.worker_at_work():
        await until_launched(here, CYCLE, PEOPLE)
        await here.until_count("cycle", "state = 'open'", 1)
        goals = goals_of(CYCLE, PEOPLE)
        assert await workflow_ids(here, PEOPLE) == [goal_workflow_id(goal) for goal in goals]
        assert await written(here) == each_once
        assert await here.count("participant", "goals = 1 AND attempts = 1 AND reason IS NULL") == PEOPLE
        await asyncio.gather(*(is_whole(here, goal) for goal in goals))
        for goal in (goals[0], goals[STARTED - 1], goals[-1]):  # started before, at and after the last death
            receipt = await here.give(goal, Submit(actor=owner_of(goal)), "lives")
            assert receipt.state is State.PENDING_APPROVAL
            assert [entry.kind for entry in await entries_of(here, goal)] == [EventKind.CREATED, EventKind.SUBMITTED]
