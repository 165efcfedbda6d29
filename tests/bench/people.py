"""What importing a large company costs: wall time and peak memory of the whole process `meguri people import FILE`.

`python -m tests.bench.people [--people 191000] [--rounds 3]`: into an empty directory, the same file again, and the file with
2,000 changed rows; then the same rows by `meguri people sync`, which compares and applies them beside an open cycle, in a company
with posts and evaluators. Prints medians, the budget, and whether it is met. On a machine with other work, compare the CPU seconds.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from embedded import postgres
from tests.bench.company import worker_process
from tests.bench.large_company import EVERY_NTH_HAS_A_POST, LARGE, Person, as_csv, changed, people, with_posts_as_csv
from tests.bench.servers import servers
from tests.servers import Postgres

CHANGED = 2_000
GOALS = 100  # of the open cycle; no change of the file concerns them
_IMPORT = (sys.executable, "-m", "starter", "people", "import")
_SYNC = (sys.executable, "-m", "starter", "people", "sync", "--as", "H1", "--json")


class Budget(NamedTuple):
    seconds: float
    megabytes: float


_BUDGETS = {"import": Budget(5, 500), "sync": Budget(15, 1000)}  # by the first word of what is measured


class Cost(NamedTuple):
    seconds: float
    cpu: float  # seconds of the process itself; PostgreSQL works beside it
    megabytes: float  # the largest resident set of the process
    answer: str


class Files(NamedTuple):
    whole: Path
    with_changes: Path


async def run(size: int = LARGE, rounds: int = 3) -> list[str]:
    """Measures, and returns a table in Markdown: budget, figure, whether it is met."""
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="meguri-bench-") as folder:
        files = _write_files(Path(folder), size)
        async with postgres.running(Path(folder).resolve()) as url:
            server = Postgres(url)
            for _ in range(rounds):
                async with server.migrated_database() as database:
                    for what, cost in (await _imports(database, files)).items():
                        costs.setdefault(what, []).append(cost)
    return [
        f"{size:,} people; seconds and memory of the whole process",
        "",
        *_table(costs),
        *await run_sync(size, rounds),
    ]


async def _imports(database_url: str, files: Files) -> dict[str, Cost]:
    at = {"DATABASE_URL": database_url}
    return {
        "import, empty directory": await _cost(at, *_IMPORT, str(files.whole)),
        "import, the same file again": await _cost(at, *_IMPORT, str(files.whole)),
        f"import, {CHANGED:,} changes": await _cost(at, *_IMPORT, str(files.with_changes)),
    }


async def run_sync(size: int, rounds: int) -> list[str]:
    """Measures `people sync`, with and without `--apply`: in turns to the changed file and back to the first one."""
    costs: dict[str, list[Cost]] = {}
    async with servers() as (at, folder, bench), worker_process(at.database_url, at.temporal_address) as worker:
        files = _write_files(folder, size, with_posts_as_csv)
        addresses = {"DATABASE_URL": at.database_url, "TEMPORAL_ADDRESS": at.temporal_address}
        await _cost(addresses, *_IMPORT, str(files.whole))
        await bench.hire(GOALS, top=next(one.id for one in people(size) if not one.manager))
        await bench.launch(GOALS)
        for turn in range(rounds):
            file = files.whole if turn % 2 else files.with_changes
            shown = await _cost(addresses, *_SYNC, str(file))
            done = await _cost(addresses, *_SYNC, "--apply", str(file))
            if json.loads(done.answer)["state"] != "done":
                raise RuntimeError(done.answer)
            costs.setdefault(f"sync, compared: {CHANGED:,} changes", []).append(shown._replace(answer=""))
            costs.setdefault(f"sync, compared and applied: {CHANGED:,} changes", []).append(done._replace(answer=""))
        largest = int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{worker.pid}/status").read_text())[0]) / 1024
    posts = size // EVERY_NTH_HAS_A_POST
    title = (
        f"{size:,} people with evaluators and {posts:,} additional posts; the worker's memory: {largest:.0f} MB at most"
    )
    return ["", title, "", *_table(costs)]


def _write_files(folder: Path, size: int, written: Callable[[list[Person]], bytes] = as_csv) -> Files:
    company = list(people(size))
    files = Files(folder / "company.csv", folder / "changed.csv")
    files.whole.write_bytes(written(company))
    files.with_changes.write_bytes(written(changed(company, CHANGED)))
    return files


async def _cost(addresses: dict[str, str], *command: str) -> Cost:
    """Runs the command to its end; raises `RuntimeError` where it fails."""
    return await asyncio.to_thread(_cost_of_process, command, os.environ | addresses)


def _cost_of_process(command: tuple[str, ...], environment: dict[str, str]) -> Cost:
    read, write = os.pipe()
    started = time.perf_counter()
    process = os.posix_spawn(
        command[0], command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)]
    )
    os.close(write)
    with open(read, encoding="utf-8") as stream:  # noqa: PTH123 - a pipe has no path
        answer = stream.read()
    _, status, usage = os.wait4(process, 0)  # the only call that tells the peak memory of one child
    seconds = time.perf_counter() - started
    if status:
        raise RuntimeError(f"{' '.join(command)}: {answer}")
    kilobytes = usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss / 1024
    return Cost(seconds, usage.ru_utime + usage.ru_stime, kilobytes / 1024, answer.strip())


def _table(costs: dict[str, list[Cost]]) -> list[str]:
    return [
        "| what | budget | measured: median (least-most) | met |",
        "|---|---|---|---|",
        *(_row(what, measured) for what, measured in costs.items()),
    ]


def _row(what: str, measured: list[Cost]) -> str:
    seconds, megabytes = sorted(one.seconds for one in measured), max(one.megabytes for one in measured)
    middle = statistics.median(seconds)
    most = _BUDGETS[what.split(",", maxsplit=1)[0]]
    budget = f"≤ {most.seconds:.0f} s, ≤ {most.megabytes:.0f} MB"
    met = "yes" if middle <= most.seconds and megabytes <= most.megabytes else "no"
    cpu = statistics.median(one.cpu for one in measured)
    found = f"**{middle:.1f} s** ({seconds[0]:.1f}-{seconds[-1]:.1f}), CPU {cpu:.1f} s, **{megabytes:.0f} MB**"
    answer = f": {measured[-1].answer}" if measured[-1].answer else ""
    return f"| {what}{answer} | {budget} | {found} | {met} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(*asyncio.run(run(asked.people, asked.rounds)), sep="\n")
