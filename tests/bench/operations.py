"""Rates and CPU of Meguri's operations beside bare Temporal's, in turns on the same servers, after each has drained."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.goal.goal import Goal
from tests.bench.bare import BareWorkflow
from tests.bench.company import DRAIN_SECONDS, Bench, approve, goals_of, submit
from tests.bench.cpu import Processes, Seconds, per_operation

if TYPE_CHECKING:  # `make bench` alone installs DBOS
    from tests.bench.dbos_approvals import DbosApprovals

BARE_START, LAUNCH = "bare start", "launch of a goal"
BARE_UPDATE, BARE_COMMIT = "bare update", "bare update with one commit"
FIRST_STAGE, LAST_STAGE = "approval, first stage", "approval, last stage"
DBOS = "approval on DBOS"


class Sample(NamedTuple):
    rate: float  # operations per second
    cpu: Seconds  # milliseconds for each operation, by process


@dataclass
class Samples:
    """What was measured, by operation, a sample for each round."""

    processes: Processes
    by_operation: dict[str, list[Sample]] = field(default_factory=dict)

    async def measure(
        self, name: str, size: int, work: Awaitable[tuple[Any, float]], processes: Processes | None = None
    ) -> Any:
        """Does the work of `size` operations after the servers have drained; its result."""
        await asyncio.sleep(DRAIN_SECONDS)
        measured = processes or self.processes
        before = measured.cpu()
        result, rate = await work
        self.by_operation.setdefault(name, []).append(Sample(rate, per_operation(before, measured.cpu(), size)))
        return result

    def ratios(self, ours: str, bare: str, value: Callable[[Sample], float]) -> list[float]:
        pairs = zip(self.by_operation[ours], self.by_operation[bare], strict=True)
        return sorted(value(one) / value(other) for one, other in pairs)


async def measure_operations(
    bench: Bench, processes: Processes, rounds: int, size: int, dbos: "DbosApprovals | None" = None
) -> Samples:
    """Samples of all operations; a first round warms up and does not count."""
    await bench.hire(size)
    await _round(bench, Samples(processes), size, dbos)
    samples = Samples(processes)
    for _ in range(rounds):
        await _round(bench, samples, size, dbos)
    return samples


async def _round(bench: Bench, samples: Samples, size: int, dbos: "DbosApprovals | None") -> None:
    cycle = await samples.measure(LAUNCH, size, bench.launch(size, stages=2))
    goals = goals_of(cycle, size)
    like: Goal = await bench.goals.require(goals[0])
    bare = await samples.measure(BARE_START, size, bench.bare_starts(like, size))
    await bench.bare_updates(bare)  # the first workflow tasks are not part of what is measured
    await bench.give_all(goals, submit)
    await samples.measure(FIRST_STAGE, size, _alone(bench.give_all(goals, approve(f"M{size}"))))
    await samples.measure(BARE_UPDATE, size, _alone(bench.bare_updates(bare)))
    await samples.measure(BARE_COMMIT, size, _alone(bench.bare_updates(bare, commit=True)))
    await samples.measure(LAST_STAGE, size, _alone(bench.give_all(goals, approve("H1", seen=3))))
    if dbos:
        body = like.model_dump_json(exclude={"policy"}, exclude_none=True)
        waiting = await dbos.submit(size, body)
        own = Processes(dbos.process, samples.processes.folder)
        await samples.measure(DBOS, size, _alone(dbos.approve(waiting, body)), own)
    for one in bare:
        await bench.client.get_workflow_handle(one).signal(BareWorkflow.end)


async def _alone(rate: Awaitable[float]) -> tuple[None, float]:
    return None, await rate


def operations_table(samples: Samples) -> list[str]:
    """A Markdown table: median rate and CPU milliseconds of each operation."""
    rows = ["| operation | per second | Temporal | worker | PostgreSQL | client |", "|---|---|---|---|---|---|"]
    for name, found in samples.by_operation.items():
        cpu = [f"{statistics.median(one.cpu[process] for one in found):.1f}" for process in found[0].cpu]
        rows.append(f"| {name} | {statistics.median(one.rate for one in found):.0f} | {' | '.join(cpu)} |")
    return rows
