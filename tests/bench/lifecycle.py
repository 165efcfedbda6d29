"""What one goal's life costs in Temporal's history, and open goals in the worker's memory."""

import asyncio
from typing import Any

import psutil

from domain.goal import commands
from domain.values import EmployeeId
from tests.bench.company import DRAIN_SECONDS, Bench, approve, goals_of, owner_of, submit
from workflows.goal import GoalResult, goal_workflow_id

_BARE_UPDATES = 10


async def measure_lifecycle(bench: Bench, *, self_review: bool) -> tuple[int, int, int]:
    """Events, bytes and number of commands of: submit, approve, 3 steps, 2 reviews, close."""
    size = 1
    await bench.hire(size)
    cycle, _ = await bench.launch(size, self_review=self_review)
    goal, manager = goals_of(cycle, size)[0], EmployeeId(f"M{size}")
    owner = owner_of(goal)

    async def review(verdict: Any) -> None:
        await bench.goals.give(goal, commands.CallReview(actor=owner, reason="r"))
        if self_review:
            await bench.goals.give(goal, commands.SubmitSelfReview(actor=owner, went_well="w"))
        seq = (await bench.goals.require(goal)).seq
        await bench.goals.give(goal, commands.DecideReview(actor=manager, verdict=verdict, expected_seq=seq))

    await bench.goals.give(goal, submit(goal))
    await bench.goals.give(goal, commands.Approve(actor=manager, expected_seq=2))
    for n in range(3):
        await bench.goals.give(goal, commands.CompleteStep(actor=owner, step=n))
    await review("continue")
    await review("achieved")
    handle = bench.client.get_workflow_handle(goal_workflow_id(goal), result_type=GoalResult)
    await handle.result()
    history = await handle.fetch_history()
    return len(history.events), sum(event.ByteSize() for event in history.events), 11 if self_review else 9


async def measure_bare_events(bench: Bench) -> float:
    """Events of a bare update with one commit: what one command that is recorded costs at least."""
    await bench.hire(1)
    cycle, _ = await bench.launch(1)
    ids, _ = await bench.bare_starts(await bench.goals.require(goals_of(cycle, 1)[0]), 1)
    handle = bench.client.get_workflow_handle(ids[0])
    await bench.bare_updates(ids)  # its first workflow task is no part of an update
    before = len((await handle.fetch_history()).events)
    for _ in range(_BARE_UPDATES):
        await bench.bare_updates(ids, commit=True)
    return (len((await handle.fetch_history()).events) - before) / _BARE_UPDATES


async def measure_memory(bench: Bench, worker: psutil.Process, size: int) -> tuple[float, float, float, float]:
    """Of `size` goals: launched per second, megabytes that they add to the worker when each had a command, and approvals per
    second of goals that the worker forgot, and of those it holds.
    """
    await bench.hire(size)
    cycle, launched = await bench.launch(size)
    before = worker.memory_info().rss
    goals = goals_of(cycle, size)
    await bench.give_all(goals, submit)
    added = (worker.memory_info().rss - before) / 1e6
    held = goals[-min(300, (size + 1) // 2) :]
    rest = size - len(held)  # with more than 1,300 goals, those that the cache of 1,000 lost for certain
    forgotten = goals[: min(1500, size - 1300 if size > 1300 else rest)]
    await asyncio.sleep(DRAIN_SECONDS)
    warm = await bench.give_all(held, approve(f"M{size}"))
    await asyncio.sleep(DRAIN_SECONDS)
    cold = await bench.give_all(forgotten, approve(f"M{size}"))
    return launched, added, cold, warm
