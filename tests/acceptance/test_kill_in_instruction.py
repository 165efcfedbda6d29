"""SIGKILL during an instruction: every goal carries it out once, and every result is recorded."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from domain.goal.commands import Submit
from domain.instructions.instructions import Pause
from domain.lifecycle import EventKind, State
from domain.values import CycleId, GoalId
from tests.acceptance.servers_of_test import (
    HR,
    KILLABLE_WORKER,
    Site,
    entries_of,
    goals_of,
    launch,
    owner_of,
    site,
    until_launched,
)
from tests.desk import InstructionDesk
from tests.servers import Postgres, running_temporal

pytestmark = pytest.mark.slow

CYCLE = CycleId("instructed")
PEOPLE = 24
INSTRUCTION = 9  # goals before the one at which the worker dies
_PATIENCE = 90


@pytest_asyncio.fixture
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("workers")) as here:
            yield here


async def paused(here: Site) -> Counter[int]:
    """The numbers of goals by how often they were paused, according to their ledgers."""
    goals = goals_of(CYCLE, PEOPLE)
    times = await asyncio.gather(
        *(here.count("goal_event", f"goal_id = '{goal}' AND kind = 'paused'") for goal in goals)
    )
    return Counter(times)


async def is_whole(here: Site, goal: GoalId) -> None:
    entries = await entries_of(here, goal)
    last = entries[-1]
    assert [one.kind for one in entries[:-1]].count(EventKind.PAUSED) == 0
    assert (last.kind, last.actor, last.command) == (EventKind.PAUSED, HR, "instruction:killed")


async def test_an_instruction_whose_worker_is_killed_reaches_every_goal_once(here: Site) -> None:
    instructions = InstructionDesk(here.engine, here.client)
    await launch(here, CYCLE, PEOPLE)
    async with here.worker_at_work("--role", "goals"):
        async with here.worker("bulk", "asked", str(INSTRUCTION), program=KILLABLE_WORKER) as mortal:
            await until_launched(here, CYCLE, PEOPLE)
            await here.until_count("cycle", "state = 'open'", 1)
            await instructions.give(Pause(reason="休業"), HR, CYCLE, "killed")
            assert await mortal.ended() == -signal.SIGKILL
        noted, done = (await instructions.progress("killed")).by_result["done"], (await paused(here))[1]
        assert noted < done < PEOPLE, "the last ones did it, and nobody noted that"

        latecomer = goals_of(CYCLE, PEOPLE)[-1]  # people go on while the instruction waits for a worker
        receipt = await here.give(latecomer, Submit(actor=owner_of(latecomer)), "meanwhile")
        assert receipt.state is State.PENDING_APPROVAL

        async with here.worker_at_work("--role", "bulk"), asyncio.timeout(_PATIENCE):
            await here.until_count("instruction", "state = 'done'", 1)
        assert (await instructions.progress("killed")).by_result == {"done": PEOPLE}
        assert await paused(here) == {1: PEOPLE}
        await asyncio.gather(*(is_whole(here, goal) for goal in goals_of(CYCLE, PEOPLE)))
