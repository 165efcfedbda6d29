"""The worker, the database or Temporal is killed during approvals: each approval is carried out exactly once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from domain.goal.commands import Approve, Submit
from domain.lifecycle import EventKind, State
from domain.notices.notices import NoticeKind
from domain.values import CycleId, GoalId
from tests.acceptance.servers_of_test import (
    BOSS,
    KillableServer,
    Site,
    entries_of,
    goals_of,
    launch,
    mortal_postgres,
    mortal_temporal,
    notices_of,
    owner_of,
    site,
    until_launched,
)
from workflows.goal import Receipt

pytestmark = pytest.mark.slow

GOALS = 60
SOME = 8
OUTAGE = 30  # seconds
_APPROVE = Approve(actor=BOSS, expected_seq=2, comment="承認します")
_APPROVED = f"kind = '{EventKind.APPROVED}'"


@pytest_asyncio.fixture(scope="module")
async def servers() -> AsyncIterator[tuple[Site, KillableServer, KillableServer]]:
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(mortal_postgres())
        temporal = await stack.enter_async_context(mortal_temporal())
        here = await stack.enter_async_context(site(postgres.url, temporal.url, temporal.folder))
        yield here, postgres, temporal


async def submitted(here: Site, cycle: CycleId) -> list[GoalId]:
    """A launched cycle in which all goals wait for approval."""
    await launch(here, cycle, GOALS)
    await until_launched(here, cycle, GOALS)
    goals = goals_of(cycle, GOALS)
    await asyncio.gather(*(here.give(goal, Submit(actor=owner_of(goal)), "submit") for goal in goals))
    return goals


async def until_some_are_approved(here: Site, cycle: CycleId) -> None:
    """Waits until some approvals are done and most are not, so that a kill hits approvals at every point."""
    approved = f"{_APPROVED} AND goal_id LIKE '{cycle}/%'"
    await here.until_count("goal_event", approved, SOME)
    assert await here.count("goal_event", approved) < GOALS


async def each_is_approved_once(here: Site, goals: list[GoalId], receipts: list[Receipt]) -> None:
    for goal, receipt in zip(goals, receipts, strict=True):
        entries = await entries_of(here, goal)
        assert [entry.kind for entry in entries] == [EventKind.CREATED, EventKind.SUBMITTED, EventKind.APPROVED]
        assert (receipt.seq, receipt.state) == (3, State.ACTIVE)
        assert receipt.head == (await here.goals.prove(goal)).head
        told = await notices_of(here, goal)
        assert told[:2] == [(NoticeKind.DRAFT_OPENED, owner_of(goal)), (NoticeKind.APPROVAL_REQUESTED, BOSS)]
        assert told[2:] == [(NoticeKind.APPROVED, owner_of(goal))]


async def test_approvals_whose_worker_is_killed_are_carried_out_once_by_the_next_one(
    servers: tuple[Site, KillableServer, KillableServer],
) -> None:
    here, _, _ = servers
    cycle = CycleId("worker")
    async with here.worker_at_work() as worker:
        goals = await submitted(here, cycle)
        approvals = asyncio.gather(*(here.give(goal, _APPROVE, "approve") for goal in goals))
        await until_some_are_approved(here, cycle)
        worker.process.kill()
        assert await worker.ended() == -signal.SIGKILL
    assert not approvals.done()
    async with here.worker_at_work():
        await each_is_approved_once(here, goals, await approvals)


async def test_approvals_wait_for_a_database_that_is_gone_for_thirty_seconds_and_none_is_refused(
    servers: tuple[Site, KillableServer, KillableServer],
) -> None:
    here, postgres, _ = servers
    cycle = CycleId("database")
    async with here.worker_at_work() as worker:
        goals = await submitted(here, cycle)
        approvals = asyncio.gather(*(here.give(goal, _APPROVE, "approve") for goal in goals))
        await until_some_are_approved(here, cycle)
        await postgres.kill(signal.SIGQUIT)  # "immediate": no checkpoint, sessions are cut off wherever they are
        await asyncio.sleep(OUTAGE)
        assert not approvals.done()
        await postgres.start()
        await each_is_approved_once(here, goals, await approvals)
        assert worker.process.returncode is None


async def test_approvals_go_on_where_they_were_when_temporal_was_killed_and_started_again(
    servers: tuple[Site, KillableServer, KillableServer],
) -> None:
    here, _, temporal = servers
    cycle = CycleId("temporal")
    async with here.worker_at_work() as worker:
        goals = await submitted(here, cycle)
        approvals = asyncio.gather(*(here.give(goal, _APPROVE, "approve") for goal in goals))
        await until_some_are_approved(here, cycle)
        await temporal.kill(signal.SIGKILL)
        assert not approvals.done()
        await temporal.start()
        await each_is_approved_once(here, goals, await approvals)
        assert worker.process.returncode is None
