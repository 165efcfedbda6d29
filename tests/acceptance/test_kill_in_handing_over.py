"""SIGKILL while a goal is handed over: the next worker goes on, and ledgers, notices and the answer are those of a handover without it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from domain.goal.commands import Revise, Submit
from domain.lifecycle import EventKind
from domain.notices.notices import NoticeKind
from domain.values import CycleId, EmployeeId, GoalId
from service.answers import NoAnswer
from service.handing_over import HandingOver, HandoverRequest
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
    until_launched,
)
from tests.callers import by
from tests.servers import Postgres, running_temporal

pytestmark = pytest.mark.slow

PEOPLE = 4  # the first hands over to the second; the goals of the others are under the goal

# Where the worker dies, what was done by then: whether there is a new goal, and how many goals under the old one follow it.
PLACES = {
    ("recorded", EventKind.HANDED_OVER): (True, 0),
    ("handed_over",): (True, 0),
    ("beginning",): (True, 0),
    ("followed",): (True, 1),
}


@pytest_asyncio.fixture(scope="module")
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("workers")) as here:
            yield here


@pytest_asyncio.fixture(scope="module")
async def unhurt(here: Site) -> list[Any]:
    """What a handover leaves whose worker lives."""
    cycle = CycleId("lives")
    async with here.worker_at_work():
        await _launched(here, cycle)
        return [await _hand_over(here, cycle), *await _left(here, cycle)]


async def _launched(here: Site, cycle: CycleId) -> None:
    await launch(here, cycle, PEOPLE)
    await until_launched(here, cycle, PEOPLE)
    await here.until_count("cycle", f"id = '{cycle}' AND state = 'open'", 1)
    parent, _, *under = goals_of(cycle, PEOPLE)
    for goal in under:
        content = (await here.goals.require(goal)).content.model_copy(update={"parent": parent})
        await here.give(goal, Revise(actor=owner_of(goal), content=content), "under")


async def _hand_over(here: Site, cycle: CycleId) -> str:
    """The new goal without its cycle."""
    goal, to, *_ = goals_of(cycle, PEOPLE)
    request = HandoverRequest(owner_of(to), "産休")
    given = await HandingOver(here.engine, here.client).hand_over(by(HR), goal, request, "h-1")
    return given.goal.removeprefix(f"{cycle}/")


async def _left(here: Site, cycle: CycleId) -> list[Any]:
    """The ledger and the notices of each goal. The new goal and those under the old one have workflows, which agree with them."""
    first, second, *under = goals_of(cycle, PEOPLE)
    new = GoalId(f"{cycle}/{owner_of(second)}/2")
    await here.give(new, Submit(actor=owner_of(new)), "s-1")
    for goal in (new, *under):
        await entries_of(here, goal)
    return [await _written(here, goal) for goal in (first, second, new, *under)]


async def _written(here: Site, goal: GoalId) -> tuple[list[tuple[str, str]], list[tuple[NoticeKind, EmployeeId]]]:
    proof = await here.goals.prove(goal)
    assert proof.holds
    return [(line.kind, line.event["actor"]) for line in proof.lines], await notices_of(here, goal)


@pytest.mark.parametrize("place", PLACES)
async def test_a_handover_whose_worker_is_killed_is_the_same_as_one_without(
    here: Site, unhurt: list[Any], place: tuple[str, ...]
) -> None:
    cycle, (has_successor, followed) = CycleId("-".join(("killed", *place)).replace("_", "-")), PLACES[place]
    async with here.worker_at_work():
        await _launched(here, cycle)
    async with here.worker("goals", *place, program=KILLABLE_WORKER) as worker:
        await worker.until_at_work()
        waiting = asyncio.create_task(_hand_over(here, cycle))
        assert await worker.ended() == -signal.SIGKILL
    assert await here.count("goal", f"cycle_id = '{cycle}'") == PEOPLE + has_successor
    assert (
        await here.count("goal_event", f"goal_id LIKE '{cycle}/%' AND kind = '{EventKind.PARENT_FOLLOWED}'") == followed
    )

    async with here.worker_at_work():
        with suppress(NoAnswer):  # its patience may end before Temporal gives the work to the next worker
            await waiting
        answer = await _hand_over(here, cycle)
        assert [answer, *await _left(here, cycle)] == unhurt
