"""What Meguri costs over bare Temporal: ratios measured in one run, on the same servers, in turns (docs/performance.md).

`make bench` runs all sections; `--only operations` one of them. `--rounds`, `--goals`, `--memory-goals`, `--people` and
`--imported` set the size. A section is a function that returns Markdown rows; a new one is added to `SECTIONS`.
"""

import argparse
import asyncio
import importlib.util
import os
import platform
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.bench import operations, people
from tests.bench.clicks import measure_clicks
from tests.bench.company import worker_process
from tests.bench.cpu import Processes
from tests.bench.dataset import ENTRIES, GOALS, PEOPLE, Size
from tests.bench.large_company import LARGE
from tests.bench.lifecycle import measure_bare_events, measure_lifecycle, measure_memory
from tests.bench.operations import Sample, Samples, measure_operations, operations_table
from tests.bench.reads import measure_filled
from tests.bench.servers import servers
from tests.bench.steering import measure_steering

if TYPE_CHECKING:  # `make bench` alone installs DBOS
    from tests.bench.dbos_approvals import DbosApprovals

BUDGETS = "| what | budget | measured: median (least-most) | met |\n|---|---|---|---|"


async def operations_section(size: argparse.Namespace) -> list[str]:
    async with (
        servers() as (at, folder, bench),
        worker_process(at.database_url, at.temporal_address) as worker,
        _dbos(at.database_url) as dbos,
    ):
        samples = await measure_operations(bench, Processes(worker, folder), size.rounds, size.goals, dbos)
    return [*operations_table(samples), "", BUDGETS, *_operation_budgets(samples)]


@asynccontextmanager
async def _dbos(database_url: str) -> AsyncIterator["DbosApprovals | None"]:
    """DBOS on the same PostgreSQL server; None where it is not installed, as `make bench` does."""
    if importlib.util.find_spec("dbos") is None:
        print("DBOS is not measured: it is not installed. `make bench` installs it.", file=sys.stderr)
        yield None
        return
    from tests.bench.dbos_approvals import dbos_process

    async with dbos_process(database_url) as dbos:
        yield dbos


def _operation_budgets(samples: Samples) -> list[str]:
    def rate(sample: Sample) -> float:
        return sample.rate

    def worker_cpu(sample: Sample) -> float:
        return sample.cpu["worker"]

    bare_commit, first, last = operations.BARE_COMMIT, operations.FIRST_STAGE, operations.LAST_STAGE
    launches = samples.ratios(operations.LAUNCH, operations.BARE_START, rate)
    compared = operations.DBOS in samples.by_operation
    return [
        _least("launch: goals ready ÷ bare starts acknowledged, per second", 0.9, launches),
        _least("approval, first stage ÷ bare update with one commit", 0.9, samples.ratios(first, bare_commit, rate)),
        _least("approval, last stage ÷ bare update with one commit", 0.9, samples.ratios(last, bare_commit, rate)),
        _most("worker CPU: approval ÷ bare update", 1.8, samples.ratios(first, operations.BARE_UPDATE, worker_cpu)),
        _most(
            "worker CPU: bare update with one commit ÷ bare update",
            1.8,
            samples.ratios(bare_commit, operations.BARE_UPDATE, worker_cpu),
        ),
        *(
            [_least("approval, last stage ÷ approval on DBOS", 1.2, samples.ratios(last, operations.DBOS, rate))]
            if compared
            else []
        ),
    ]


def _least(what: str, budget: float, ratios: list[float]) -> str:
    return _row(what, f"≥ {budget}", ratios, met=statistics.median(ratios) >= budget)


def _most(what: str, budget: float, ratios: list[float]) -> str:
    return _row(what, f"≤ {budget}", ratios, met=statistics.median(ratios) <= budget)


def _row(what: str, budget: str, ratios: list[float], *, met: bool) -> str:
    found = f"**{statistics.median(ratios):.2f}** ({ratios[0]:.2f}-{ratios[-1]:.2f}, {len(ratios)} runs)"
    return f"| {what} | {budget} | {found} | {'yes' if met else 'no'} |"


async def lifecycle_section(_: argparse.Namespace) -> list[str]:
    async with servers() as (at, _folder, bench), worker_process(at.database_url, at.temporal_address):
        found = [(name, *await measure_lifecycle(bench, self_review=own)) for name, own in _REVIEWS]
        bare = await measure_bare_events(bench)
    return [
        BUDGETS,
        *(
            f"| Temporal events per command, {name} | ≤ 6.0 | **{events / commands:.1f}** ({events} events, "
            f"{size / 1000:.1f} kB, {commands} commands) | {'yes' if events / commands <= 6 else 'no'} |"
            for name, events, size, commands in found
        ),
        f"| the same of a bare update with one commit, without a start, a timer and an end | | {bare:.1f} | |",
    ]


_REVIEWS = (("reviews with self-review", True), ("reviews without", False))


_LAUNCH_SECONDS = 60 / 10_000  # for each goal
_MEGABYTES = 150  # for 10,000 open goals; the worker holds 1,000, so fewer goals take no less


async def memory_section(size: argparse.Namespace) -> list[str]:
    async with servers() as (at, _folder, bench), worker_process(at.database_url, at.temporal_address) as worker:
        launched, added, cold, warm = await measure_memory(bench, worker, size.memory_goals)
    seconds = size.memory_goals / launched
    most = _MEGABYTES * max(size.memory_goals, 10_000) / 10_000
    return [
        BUDGETS,
        (
            f"| {size.memory_goals} goals launched and addressable | ≤ {size.memory_goals * _LAUNCH_SECONDS:.0f} s "
            f"| **{seconds:.0f} s** | {'yes' if seconds <= size.memory_goals * _LAUNCH_SECONDS else 'no'} |"
        ),
        f"| worker memory, {size.memory_goals} goals | ≤ {most:.0f} MB | **{added:.0f} MB** | {'yes' if added <= most else 'no'} |",
        f"| approvals of goals that the worker forgot, and of those it holds | | {cold:.0f}/s, {warm:.0f}/s | |",
    ]


async def steering_section(size: argparse.Namespace) -> list[str]:
    async with servers() as (at, _folder, bench), worker_process(at.database_url, at.temporal_address):
        return await measure_steering(bench, size.people, size.clicking, size.kinds)


async def imports_section(size: argparse.Namespace) -> list[str]:
    return await people.run(size.imported, min(size.rounds, 3))


async def reads_section(size: argparse.Namespace) -> list[str]:
    return await measure_filled(Size(size.read_goals, size.read_people, size.read_entries), size.read_seconds)


async def clicks_section(size: argparse.Namespace) -> list[str]:
    async with servers() as (at, _folder, bench), worker_process(at.database_url, at.temporal_address):
        return await measure_clicks(bench, at, size.clickers, size.click_minutes, size.pause)


SECTIONS: dict[str, Callable[[argparse.Namespace], Awaitable[list[str]]]] = {
    "operations": operations_section,
    "lifecycle": lifecycle_section,
    "memory": memory_section,
    "steering": steering_section,
    "imports": imports_section,
    "reads": reads_section,
    "clicks": clicks_section,
}


async def main(given: argparse.Namespace) -> None:
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {given.goals} goals a run"
    )
    for name in given.only or SECTIONS:
        print(f"\n## {name}\n", *await SECTIONS[name](given), sep="\n", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--goals", type=int, default=500)
    parser.add_argument("--memory-goals", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=8064, help="whom HR steers, in the section `steering`")
    parser.add_argument("--imported", type=int, default=LARGE, help="people of the file in the section `imports`")
    parser.add_argument("--clicking", type=int, default=2500, help="goals that are approved meanwhile")
    parser.add_argument("--kinds", nargs="+", default=["extend", "pause", "resume"])
    parser.add_argument("--read-goals", type=int, default=GOALS, help="in the database of the section `reads`")
    parser.add_argument("--read-people", type=int, default=PEOPLE)
    parser.add_argument("--read-entries", type=int, default=ENTRIES)
    parser.add_argument("--read-seconds", type=float, default=5.0, help="for each read")
    parser.add_argument("--clickers", type=int, default=200, help="people who click through the API")
    parser.add_argument("--click-minutes", type=float, default=5.0)
    parser.add_argument(
        "--pause", type=float, default=4.0, help="seconds between two clicks of a person, on the average"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_arguments()))
    sys.stdout.flush()
    os._exit(0)
