"""SIGKILL between the commit of a recording and the end of its workflow task: the event is in PostgreSQL, not in Temporal.

The next command (the same or another one) or alarm must find the event and adopt it.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

import pytest
import pytest_asyncio

from domain.goal.commands import AmendPolicy, Comment, Submit
from domain.lifecycle import EventKind, State
from domain.notices.notices import NoticeKind
from domain.values import CycleId, GoalId
from tests.acceptance.servers_of_test import (
    BOSS,
    HR,
    KILLABLE_WORKER,
    KillableServer,
    Site,
    entries_of,
    goals_of,
    launch,
    mortal_temporal,
    notices_of,
    owner_of,
    site,
    until_launched,
)
from tests.servers import Postgres

pytestmark = pytest.mark.slow

Place = tuple[Site, KillableServer]


@pytest_asyncio.fixture(scope="module")
async def place(postgres: Postgres) -> AsyncIterator[Place]:
    """A site whose Temporal server has its data in a file and can be killed."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.migrated_database())
        server = await stack.enter_async_context(mortal_temporal())
        yield await stack.enter_async_context(site(url, server.url, server.folder)), server


async def goal_of(here: Site, cycle: CycleId, *, days_ago: int = 0) -> GoalId:
    """A launched goal, without a running worker."""
    async with here.worker_at_work("--role", "bulk"):
        await launch(here, cycle, 1, days_ago=days_ago)
        await until_launched(here, cycle, 1)
    return goals_of(cycle, 1)[0]


@asynccontextmanager
async def dying_after(here: Site, kind: EventKind) -> AsyncIterator[None]:
    """Runs the block with a worker that dies when an event of `kind` is committed."""
    async with here.worker("goals", "recorded", kind, program=KILLABLE_WORKER) as worker:
        await worker.until_at_work()
        yield
        assert await worker.ended() == -signal.SIGKILL


async def kinds_in_database(here: Site, goal: GoalId) -> list[str]:
    return [line.kind for line in (await here.goals.prove(goal)).lines]


async def move_end_into_the_past(here: Site, goal: GoalId) -> None:
    """Moves the cycle's days into the past, so that the alarm of its end rings; waits for the resulting event."""
    policy = (await here.goals.require(goal)).policy
    past = {day: getattr(policy, day) - timedelta(days=365) for day in ("starts", "ends", "closes")}
    earlier = policy.model_copy(update={**past, "reviews": ()})
    await here.give(goal, AmendPolicy(actor=HR, policy=earlier, reason="試験"), "to-the-end")
    await here.until_count("goal", f"id = '{goal}' AND state = 'closed'", 1)


async def test_the_same_command_again_is_answered_with_what_was_recorded(place: Place) -> None:
    here, _ = place
    goal = await goal_of(here, CycleId("again"))
    async with dying_after(here, EventKind.SUBMITTED):
        answer = asyncio.create_task(here.give(goal, Submit(actor=owner_of(goal)), "lost-answer"))
    stored = await here.goals.prove(goal)
    assert [line.kind for line in stored.lines] == [EventKind.CREATED, EventKind.SUBMITTED]
    assert not answer.done()
    async with here.worker_at_work("--role", "goals"):
        receipt = await answer
        entries = await entries_of(here, goal)
    assert (receipt.seq, receipt.state, receipt.head) == (2, State.PENDING_APPROVAL, stored.head)
    assert [(entry.kind, entry.command) for entry in entries[1:]] == [(EventKind.SUBMITTED, "lost-answer")]
    assert await notices_of(here, goal) == [
        (NoticeKind.DRAFT_OPENED, owner_of(goal)),
        (NoticeKind.APPROVAL_REQUESTED, BOSS),
    ]


async def test_another_command_that_comes_first_takes_over_the_event_and_is_decided_on_the_new_state(
    place: Place,
) -> None:
    here, temporal = place
    goal = await goal_of(here, CycleId("other"))
    async with dying_after(here, EventKind.SUBMITTED):
        unheard = asyncio.create_task(here.give(goal, Submit(actor=owner_of(goal)), "never-again"))
    unheard.cancel()  # its caller gives up, …
    with suppress(asyncio.CancelledError):
        await unheard
    await temporal.kill(signal.SIGKILL)  # … and the server forgets an update that no workflow task has accepted
    await temporal.start()
    async with here.worker_at_work("--role", "goals"):
        receipt = await here.give(goal, Comment(actor=BOSS, text="拝見します"), "the-other")
        assert (receipt.seq, receipt.state) == (3, State.PENDING_APPROVAL)
        await move_end_into_the_past(here, goal)
        entries = await entries_of(here, goal)
    assert [(entry.kind, entry.command) for entry in entries[1:4]] == [
        (EventKind.SUBMITTED, "never-again"),
        (EventKind.COMMENTED, "the-other"),
        (EventKind.POLICY_AMENDED, "to-the-end"),
    ]
    assert [entry.kind for entry in entries[4:]] == [EventKind.LAPSED]
    assert await notices_of(here, goal) == [
        (NoticeKind.DRAFT_OPENED, owner_of(goal)),
        (NoticeKind.APPROVAL_REQUESTED, BOSS),
        (NoticeKind.COMMENTED, owner_of(goal)),
        (NoticeKind.POLICY_AMENDED, owner_of(goal)),
        (NoticeKind.GOAL_LAPSED, owner_of(goal)),
    ]


async def test_an_alarm_that_was_recorded_is_not_rung_again_and_what_comes_next_follows_it(place: Place) -> None:
    here, _ = place
    goal = await goal_of(here, CycleId("alarm"), days_ago=40)
    async with dying_after(here, EventKind.REMINDED):
        pass
    assert await kinds_in_database(here, goal) == [EventKind.CREATED, EventKind.REMINDED]
    async with here.worker_at_work("--role", "goals"):
        receipt = await here.give(goal, Submit(actor=owner_of(goal)), "after-the-alarm")
        entries = await entries_of(here, goal)
    assert receipt.seq == 3
    assert [entry.kind for entry in entries] == [EventKind.CREATED, EventKind.REMINDED, EventKind.SUBMITTED]
    assert await notices_of(here, goal) == [
        (NoticeKind.DRAFT_OPENED, owner_of(goal)),
        (NoticeKind.DRAFT_REMINDER, owner_of(goal)),
        (NoticeKind.APPROVAL_REQUESTED, BOSS),
    ]
