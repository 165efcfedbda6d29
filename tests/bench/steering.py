"""Whether a person's click stays quick while HR steers everybody: medians of approvals, measured in one run, in turns.

`python -m tests.bench.bench --only steering [--people 8064] [--kinds extend pause resume]`: a cycle of that many people is
extended, paused and resumed, while people of another cycle approve goals at a person's pace; before, between and after they
do so alone.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from domain.goal import commands
from domain.instructions.instructions import AnyInstruction, Extend, Pause, Resume
from domain.values import CycleId, EmployeeId, GoalId
from tests.bench.company import DRAIN_SECONDS, Bench, goals_of, submit
from tests.desk import InstructionDesk

HR = EmployeeId("H1")
ALONE_SECONDS = 30
CLICKS_AT_ONCE = 2  # people who click at one moment
FORGOTTEN_SECONDS = 8.0  # longer than a fan-out remembers a click
PAUSE_BETWEEN = 1.0  # seconds between two clicks of one of them


class Clicks:
    """People who approve one goal after the other, at a person's pace."""

    def __init__(self, bench: Bench, goals: list[GoalId], manager: str) -> None:
        self._bench, self._goals, self._manager = bench, iter(goals), manager

    async def measure(self, until: asyncio.Event) -> list[float]:
        """Milliseconds of each approval until the event is set."""
        took: list[float] = []

        async def one() -> None:
            while not until.is_set() and (goal := next(self._goals, None)):
                seq = (await self._bench.goals.require(goal)).seq
                started = time.perf_counter()
                await self._bench.goals.give(goal, commands.Approve(actor=EmployeeId(self._manager), expected_seq=seq))
                took.append((time.perf_counter() - started) * 1000)
                await asyncio.sleep(PAUSE_BETWEEN)

        await asyncio.gather(*(one() for _ in range(CLICKS_AT_ONCE)))
        return took


async def alone(clicks: Clicks, seconds: float) -> list[float]:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    return await clicks.measure(over)


async def beside(
    clicks: Clicks, instructions: InstructionDesk, asked: AnyInstruction, cycle: CycleId
) -> tuple[list[float], float]:
    """Milliseconds of approvals while the instruction is carried out, and the seconds that took."""
    over, started = asyncio.Event(), time.perf_counter()
    identity = await instructions.give(asked, HR, cycle)

    async def watch() -> None:
        while (progress := await instructions.progress(identity)).state != "done":
            print(f"\r{asked.kind}: {progress.settled} of {progress.total}", end="", file=sys.stderr)
            await asyncio.sleep(1)
        over.set()

    took, _ = await asyncio.gather(clicks.measure(over), watch())
    print(f"\n{statistics.median(took):.0f} ms" if took else "", file=sys.stderr)
    return took, time.perf_counter() - started


def _said(name: str, took: list[float], base: float) -> str:
    middle = statistics.median(took)
    p95 = statistics.quantiles(took, n=20)[-1]
    return f"| {name} | {len(took)} | {middle:.0f} ms | {p95:.0f} ms | {middle / base:.2f} |"


def _rows(measured: dict[str, list[float]], base: float) -> Iterator[str]:
    yield "| approvals | number | median | 95th percentile | median ÷ alone |\n|---|---|---|---|---|"
    yield from (_said(name, took, base) for name, took in measured.items())


async def measure_steering(bench: Bench, people: int, clicking: int, kinds: list[str]) -> list[str]:
    """Markdown rows: clicks alone, and while each kind of instruction is carried out at `people` goals."""
    every: dict[str, AnyInstruction] = {
        "extend": Extend(due=datetime.now(UTC).date() + timedelta(days=40), reason="r"),
        "pause": Pause(reason="r"),
        "resume": Resume(reason="r"),
    }
    instructions = InstructionDesk(bench.engine, bench.client)
    await bench.hire(people)
    cycle, _ = await bench.launch(people)
    clicks = await _clicks(bench, clicking)
    await alone(clicks, 5)  # warms up
    measured = {"alone": await alone(clicks, ALONE_SECONDS)}
    for kind in kinds:
        took, seconds = await beside(clicks, instructions, every[kind], cycle)
        measured[f"while {people} goals are asked to {kind} ({seconds:.0f} s, {people / seconds:.0f}/s)"] = took
        measured["alone"] += await alone(clicks, ALONE_SECONDS)
    quiet = await _nobody_clicks(bench, instructions, cycle, people)
    return [*_rows(measured, statistics.median(measured["alone"])), "", *_budgets(measured, quiet)]


async def _nobody_clicks(bench: Bench, instructions: InstructionDesk, cycle: CycleId, people: int) -> float:
    """Goals per second of one more instruction, after the last click was forgotten."""
    await asyncio.sleep(FORGOTTEN_SECONDS)
    started = time.perf_counter()
    asked = Extend(due=datetime.now(UTC).date() + timedelta(days=41), reason="r")
    identity = await instructions.give(asked, HR, cycle)
    while (await instructions.progress(identity)).state != "done":  # noqa: ASYNC110 - another process works; the database tells
        await asyncio.sleep(0.25)
    return people / (time.perf_counter() - started)


def _budgets(measured: dict[str, list[float]], quiet: float) -> Iterator[str]:
    base = statistics.median(measured["alone"])
    worst = max(statistics.median(took) / base for took in measured.values())
    yield "| what | budget | measured | met |\n|---|---|---|---|"
    yield f"| goals per second of an instruction while nobody clicks | ≥ 60 | **{quiet:.0f}** | {'yes' if quiet >= 60 else 'no'} |"
    yield f"| median of a click beside an instruction ÷ alone | ≤ 1.5 | **{worst:.2f}** | {'yes' if worst <= 1.5 else 'no'} |"


async def _clicks(bench: Bench, number: int) -> Clicks:
    """People who can approve `number` goals of a cycle of their own."""
    await bench.hire(number)
    cycle, _ = await bench.launch(number)
    goals = goals_of(cycle, number)
    await bench.give_all(goals, submit)
    await asyncio.sleep(DRAIN_SECONDS)
    return Clicks(bench, goals, f"M{number}")
