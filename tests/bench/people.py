"""What importing a large company costs: wall time and peak memory of the whole process `meguri people import FILE`.

`python -m tests.bench.people [--people 191000] [--rounds 3]`: into an empty directory, the same file again, and the file with
2,000 changed rows; beside it, what `meguri people sync` compares for those changes. Prints medians, the budget, and whether
it is met.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

from embedded import postgres
from tests.bench.large_company import LARGE, as_csv, changed, people
from tests.callers import OPERATOR
from tests.servers import Postgres

BUDGET_SECONDS, BUDGET_MEGABYTES = 5.0, 500.0
CHANGED = 2_000
_IMPORT = (sys.executable, "-m", "starter", "people", "import")
_COMPARE = (sys.executable, "-m", "tests.bench.people", "--compare")


class Cost(NamedTuple):
    seconds: float
    megabytes: float  # the largest resident set of the process
    answer: str


class Files(NamedTuple):
    whole: Path
    with_changes: Path


async def run(size: int = LARGE, rounds: int = 3) -> bool:
    """Measures, prints a table in Markdown, and says whether every import met its budget."""
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="meguri-bench-") as folder:
        files = _write_files(Path(folder), size)
        async with postgres.running(Path(folder).resolve()) as url:
            server = Postgres(url)
            for _ in range(rounds):
                async with server.migrated_database() as database:
                    for what, cost in (await _round(database, files)).items():
                        costs.setdefault(what, []).append(cost)
    return _print_table(costs, size)


async def _round(database_url: str, files: Files) -> dict[str, Cost]:
    return {
        "import, empty directory": await _cost(database_url, *_IMPORT, str(files.whole)),
        "import, the same file again": await _cost(database_url, *_IMPORT, str(files.whole)),
        f"compare (`people sync`), {CHANGED:,} changes": await _cost(database_url, *_COMPARE, str(files.with_changes)),
        f"import, {CHANGED:,} changes": await _cost(database_url, *_IMPORT, str(files.with_changes)),
    }


def _write_files(folder: Path, size: int) -> Files:
    company = list(people(size))
    files = Files(folder / "company.csv", folder / "changed.csv")
    files.whole.write_bytes(as_csv(company))
    files.with_changes.write_bytes(as_csv(changed(company, CHANGED)))
    return files


async def _cost(database_url: str, *command: str) -> Cost:
    """Runs the command to its end; raises `RuntimeError` where it fails."""
    return await asyncio.to_thread(_cost_of_process, command, os.environ | {"DATABASE_URL": database_url})


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
    return Cost(seconds, kilobytes / 1024, answer.strip())


async def compare_file(file: Path) -> None:
    """What `people sync` does before it shows anything; it runs in a process of its own, as the command would."""
    from service.connection import connect_database
    from service.reorganisation import Reorganisation
    from settings import Settings

    engine = await connect_database(Settings())
    compared = await Reorganisation(engine).compare(OPERATOR, file.read_bytes(), today=date(2029, 4, 2))
    print(len(compared.difference.changed) if compared.difference else compared.findings)
    await engine.dispose()


def _print_table(costs: dict[str, list[Cost]], size: int) -> bool:
    print(f"{size:,} people\n\n| what | budget | measured: median (least-most) | met |\n|---|---|---|---|")
    all_met = True
    for what, measured in costs.items():
        seconds, megabytes = sorted(one.seconds for one in measured), [one.megabytes for one in measured]
        met = seconds[len(seconds) // 2] <= BUDGET_SECONDS and max(megabytes) <= BUDGET_MEGABYTES
        all_met &= met or not what.startswith("import")
        print(
            f"| {what}: {measured[-1].answer} | ≤ {BUDGET_SECONDS:.0f} s, ≤ {BUDGET_MEGABYTES:.0f} MB "
            f"| {statistics.median(seconds):.1f} s ({seconds[0]:.1f}-{seconds[-1]:.1f}), {max(megabytes):.0f} MB "
            f"| {'yes' if met else 'no'} |"
        )
    return all_met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=LARGE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compare", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.compare:
        asyncio.run(compare_file(asked.compare))
    else:
        asyncio.run(run(asked.people, asked.rounds))
