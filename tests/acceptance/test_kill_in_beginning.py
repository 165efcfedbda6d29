"""SIGKILL while a person begins a goal: the next worker starts the one goal, and the repeat of the command finds it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from domain.goal.commands import Submit
from domain.notices.notices import NoticeKind
from domain.values import CycleId, GoalId
from domain.writing.content import Content
from service.answers import NoAnswer
from service.beginning import Beginnings, BeginningSource
from tests.acceptance.servers_of_test import (
    HR,
    KILLABLE_WORKER,
    Site,
    entries_of,
    goals_of,
    launch,
    notices_of,
    owner_of,
    site,
)
from tests.callers import by
from tests.servers import Postgres, running_temporal

pytestmark = pytest.mark.slow

PEOPLE = 2


@pytest_asyncio.fixture(scope="module")
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("workers")) as here:
            yield here


@pytest.mark.parametrize(("place", "written"), [("begin_writing", 0), ("begun", 1), ("beginning", 1)])
async def test_a_goal_whose_worker_is_killed_is_begun_once_and_lives(here: Site, place: str, written: int) -> None:
    cycle = CycleId(place.replace("_", "-"))
    async with here.worker_at_work("--role", "bulk"):
        await launch(here, cycle, PEOPLE)
        await here.until_count("cycle", f"id = '{cycle}' AND state = 'open'", 1)
    owner = owner_of(goals_of(cycle, PEOPLE)[0])
    source = BeginningSource(content=Content(theme="新しい課題"))

    async def begin() -> GoalId:
        given = await Beginnings(here.engine, here.client).begin(by(HR), cycle, source, owner=owner, command_id="b-1")
        return given.goal

    async with here.worker("goals", place, program=KILLABLE_WORKER) as worker:
        await worker.until_at_work()
        waiting = asyncio.create_task(begin())
        assert await worker.ended() == -signal.SIGKILL
    assert await here.count("goal", f"cycle_id = '{cycle}'") == PEOPLE + written

    async with here.worker_at_work("--role", "goals"):
        with suppress(NoAnswer):  # its patience may end before Temporal gives the work to the next worker
            await waiting
        goal = await begin()
        assert goal == f"{cycle}/{owner}/2"
        assert await here.count("goal", f"cycle_id = '{cycle}'") == PEOPLE + 1
        assert await notices_of(here, goal) == [(NoticeKind.DRAFT_OPENED, owner)]
        content = (await here.goals.require(goals_of(cycle, PEOPLE)[0])).content
        await here.give(goal, Submit(actor=owner, content=content), "s-1")
        assert [entry.kind for entry in await entries_of(here, goal)] == ["created", "revised", "submitted"]
