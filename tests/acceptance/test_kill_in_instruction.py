"""SIGKILL during an instruction: every goal carries it out once, and every result is recorded."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from cli.session.callers import operator
from domain.goal.commands import Comment, Submit
from domain.goal.goal import REMEMBERED_COMMANDS
from domain.instructions.instructions import Pause
from domain.lifecycle import EventKind, State
from domain.values import CycleId, EmployeeId, GoalId
from service.reorganisation import Reorganisation
from tests.acceptance.servers_of_test import (
    BOSS,
    HR,
    KILLABLE_WORKER,
    Site,
    entries_of,
    goals_of,
    launch,
    notices_of,
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


async def done_and_not_noted(here: Site) -> GoalId:
    """A goal that has carried out the instruction, and whose result waits."""
    query = text("""
        SELECT goal_id FROM instruction_goal JOIN goal_event USING (goal_id)
        WHERE result = 'waiting' AND command_id = 'instruction:killed' ORDER BY goal_id LIMIT 1
    """)
    async with here.engine.connect() as connection:
        return GoalId((await connection.execute(query)).scalar_one())


async def synced(here: Site, goal: GoalId, manager: EmployeeId, works: str) -> tuple[str, str | None]:
    """Applies a file with the row of the goal's owner; returns the result and its code at the goal."""
    owner, reorganisation = owner_of(goal), Reorganisation(here.engine)
    data = f"社員番号,氏名,メール,部署,上長,在籍\n{owner},社員,{owner}@example.com,経理部,{manager},{works}\n".encode()
    compared = await reorganisation.compare(operator(HR), data)
    given = await reorganisation.apply(operator(HR), here.client, compared, "名簿の更新")
    await here.until_count("instruction", f"id = '{given}' AND state = 'done'", 1)
    instructions = InstructionDesk(here.engine, here.client)
    [found] = [one for one in await instructions.results(given) if one.goal_id == goal]
    return found.result, found.code


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
        busy = await done_and_not_noted(here)
        for n in range(REMEMBERED_COMMANDS):  # more than the goal remembers: only its ledger knows the instruction then
            await here.give(busy, Comment(actor=owner_of(busy), text="相談"), f"busy-{n}")
        assert "instruction:killed" not in (await here.goals.require(busy)).commands

        async with here.worker_at_work("--role", "bulk"), asyncio.timeout(_PATIENCE):
            await here.until_count("instruction", "state = 'done'", 1)
        assert (await instructions.progress("killed")).by_result == {"done": PEOPLE}
        assert await paused(here) == {1: PEOPLE}
        await asyncio.gather(*(is_whole(here, goal) for goal in goals_of(CYCLE, PEOPLE) if goal != busy))


async def test_an_instruction_that_hr_ends_after_its_worker_was_killed_says_which_goals_did_it(here: Site) -> None:
    instructions = InstructionDesk(here.engine, here.client)
    await launch(here, CYCLE, PEOPLE)
    async with here.worker_at_work("--role", "goals"):
        async with here.worker("bulk", "asked", str(INSTRUCTION), program=KILLABLE_WORKER) as mortal:
            await until_launched(here, CYCLE, PEOPLE)
            await here.until_count("cycle", "state = 'open'", 1)
            await instructions.give(Pause(reason="休業"), HR, CYCLE, "killed")
            assert await mortal.ended() == -signal.SIGKILL
        done = (await paused(here))[1]
        await instructions.end("killed", HR, "誤り")
        assert (await instructions.progress("killed")).by_result == {"done": done, "skipped": PEOPLE - done}
        assert {one.code for one in await instructions.results("killed", "done")} == {None}


@pytest.mark.parametrize("manager", [BOSS, HR], ids=["same-manager", "other-manager"])
async def test_goals_of_somebody_who_is_back_are_taken_back_as_without_the_kill(
    here: Site, manager: EmployeeId
) -> None:
    await launch(here, CYCLE, 2)
    lives, dies = goals_of(CYCLE, 2)
    async with here.worker_at_work("--role", "goals"):
        async with here.worker_at_work("--role", "bulk"):
            await until_launched(here, CYCLE, 2)
            await here.until_count("cycle", "state = 'open'", 1)
            for goal in (lives, dies):
                assert await synced(here, goal, BOSS, "いいえ") == ("done", None)
            assert await synced(here, lives, manager, "はい") == ("done", None)
        async with here.worker("bulk", "taken_back", program=KILLABLE_WORKER) as mortal:
            await mortal.until_at_work()
            waiting = asyncio.create_task(synced(here, dies, manager, "はい"))
            assert await mortal.ended() == -signal.SIGKILL
        assert not waiting.done()
        assert not (await here.goals.require(dies)).is_closed
        async with here.worker_at_work("--role", "bulk"):
            assert await waiting == ("done", None)
        unhurt, killed = await entries_of(here, lives), await entries_of(here, dies)
    kinds = [EventKind.CREATED, EventKind.CLOSED, EventKind.REOPENED]
    kinds += [] if manager == BOSS else [EventKind.LINE_CHANGED]
    assert [one.kind for one in unhurt] == kinds
    assert [(one.kind, one.actor) for one in killed] == [(one.kind, one.actor) for one in unhurt]
    assert [kind for kind, _ in await notices_of(here, dies)] == [kind for kind, _ in await notices_of(here, lives)]
