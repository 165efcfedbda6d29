"""Whether recordings of one department wait for each other at the totals that triggers keep.

`python -m tests.bench.contention [--recorders 16] [--rounds 5] [--seconds 3]` records changes of state by 16 recorders at once, on a
PostgreSQL of its own that waits for the disk: without the triggers, with them and one department for all, and with them and
a department for each recorder; in turns. Prints a Markdown table.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded import postgres
from storage.database import open_database
from storage.ledger import Ledger, open_ledger
from storage.migrate import upgrade
from tests.bench.dataset import Size, fill

RECORDERS, ROUNDS, SECONDS = 16, 5, 3.0
_NUMBER = 1_600  # of goals
_NOW = datetime(2026, 10, 26, tzinfo=UTC)
_GOALS_NOW = """
SELECT id, seq, head, state, revision, task, assignees, due_at::text, department, outcome, score::text, progress::text,
       aggregate::text
FROM goal ORDER BY id
"""


class Variant(NamedTuple):
    """A way to record: with the trigger or without, and in how many departments."""

    name: str
    trigger: bool
    departments: int


def variants(recorders: int) -> tuple[Variant, ...]:
    return (
        Variant("without the trigger", trigger=False, departments=1),
        Variant("with it, one department", trigger=True, departments=1),
        Variant("with it, a department for each recorder", trigger=True, departments=recorders),
    )


async def prepare(engine: AsyncEngine, variant: Variant) -> list[dict[str, Any]]:
    """Puts the goals into the variant's departments, and reads them."""
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE goal ENABLE TRIGGER goal_count_moved"))
        await connection.execute(
            text(
                "UPDATE goal SET state = 'active', department = 'D' || mod(substr(owner_id, 2)::integer, :departments)"
            ),
            {"departments": variant.departments},
        )
        if not variant.trigger:
            await connection.execute(text("ALTER TABLE goal DISABLE TRIGGER goal_count_moved"))
        rows = await connection.execute(text(_GOALS_NOW))
        goals = [{**row._mapping, "policy": None} for row in rows]
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM goal"))
        await connection.execute(text("CHECKPOINT"))
    return goals


async def record_until(ledger: Ledger, goals: Sequence[dict[str, Any]], number: int, until: float) -> int:
    """Changes the state of one goal after the other; how often."""
    done = 0
    for goal in itertools.cycle(goals):
        if time.perf_counter() >= until:
            return done
        state = "in_review" if goal["state"] == "active" else "active"
        after = {**goal, "state": state, "seq": goal["seq"] + 1, "head": f"{number}/{done}/{time.time_ns()}"}
        left = await ledger.append(
            goal["id"], goal["seq"], goal["head"], row=after, events=_entry(goal, after), notices="[]", at=_NOW
        )
        if left:
            raise RuntimeError(f"{goal['id']} was not recorded")
        goal.update(after)
        done += 1
    return done


def _entry(before: dict[str, Any], after: dict[str, Any]) -> str:
    return (
        f'[{{"seq": {after["seq"]}, "revision": 1, "kind": "self_reviewed", "at": "{_NOW.isoformat()}", "actor": "H1",'
        f' "command_id": "{after["head"]}", "body": {{}}, "prev_hash": "{before["head"]}", "hash": "{after["head"]}"}}]'
    )


async def measure(engine: AsyncEngine, ledger: Ledger, variant: Variant, recorders: int, seconds: float) -> float:
    """Recordings per second."""
    goals = await prepare(engine, variant)
    shares = [goals[number::recorders] for number in range(recorders)]  # each in one department
    started = time.perf_counter()
    done = await asyncio.gather(
        *(record_until(ledger, share, number, started + seconds) for number, share in enumerate(shares))
    )
    return sum(done) / (time.perf_counter() - started)


async def main(recorders: int, rounds: int, seconds: float) -> None:
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="meguri-bench-") as folder:
        async with postgres.running(Path(folder).resolve()) as url:
            await upgrade(url)
            engine = open_database(url)
            await fill(engine, Size(_NUMBER, _NUMBER, _NUMBER * 6))
            async with open_ledger(engine, size=recorders) as ledger:
                for _ in range(rounds):
                    for variant in variants(recorders):
                        rate = await measure(engine, ledger, variant, recorders, seconds)
                        rates.setdefault(variant.name, []).append(rate)
            await engine.dispose()
    _print(rates, recorders)


def _print(rates: dict[str, list[float]], recorders: int) -> None:
    first = next(iter(rates.values()))
    print(f"| {recorders} recorders | recordings per second: median (lowest to highest) | ÷ without |\n|---|---|---|")
    for name, found in rates.items():
        ratio = statistics.median(one / other for one, other in zip(found, first, strict=True))
        print(f"| {name} | {statistics.median(found):.0f} ({min(found):.0f} to {max(found):.0f}) | {ratio:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recorders", type=int, default=RECORDERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each variant of a round")
    asked = parser.parse_args()
    asyncio.run(main(asked.recorders, asked.rounds, asked.seconds))
    sys.stdout.flush()
    os._exit(0)
