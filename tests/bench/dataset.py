"""A large company in PostgreSQL, written through `storage/`: people, cycles, goals and their ledgers.

`python -m tests.bench.dataset URL [--goals 300000] [--people 60000] [--entries 3000000]` fills an empty, migrated database.
Each person has one goal per cycle, so there are goals ÷ people cycles. The last one is under way, the others are closed.

Rows have the shape of real ones: the goals and entries of each kind of life are made once by `decide` and `evolve`, and
copied with other ids. Only the hashes are not real: they chain the entries' numbers, not their content, so the proof of
such a ledger fails. Nothing is random: the same sizes give the same rows.
"""

import argparse
import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.commitments import commit
from domain.cycle.file import CycleFile, CycleSection
from domain.cycle.sections import DepartmentGoalSection, ThemeSection
from domain.lifecycles import CycleEvent, ParticipantEvent
from domain.people.organisation import Employee
from domain.values import CycleId, EmployeeId
from storage.cycles import (
    GOAL_COLUMNS,
    LaunchBatch,
    Participant,
    change_state,
    create_cycle,
    record_launch,
    write_goals,
)
from storage.database import open_database
from storage.people import replace_directory
from tests.bench.lives import CLOSED, POLICY_OF_LIVES, RUNNING, Entry, Life

GOALS, PEOPLE, ENTRIES = 300_000, 60_000, 3_000_000
HR = tuple(EmployeeId(f"H{n}") for n in range(1, 6))
TOP = EmployeeId("P000000")
THEMES = 5
_ESCALATED = 37  # every such goal; a prime, so that these are goals in every state
_REPORTS = 10  # people below each manager
_BATCH = 2_500  # people whose goals are written in one transaction
_HASH = -2  # its place in the row of an entry
_LAUNCH = datetime(2026, 10, 1, tzinfo=UTC)
_QUARTER = timedelta(days=91)


_MARKED = (  # goals that were paused, and drafts that were returned
    "UPDATE goal SET aggregate = aggregate || '{\"paused_on\": \"2026-10-02\"}' WHERE id LIKE '%97/1' AND task IS NOT NULL",
    "UPDATE goal SET returned = true WHERE id LIKE '%3/1' AND state = 'draft'",
)


class Size(NamedTuple):
    goals: int = GOALS
    people: int = PEOPLE
    entries: int = ENTRIES

    @property
    def cycles(self) -> int:
        return self.goals // self.people


class Place(NamedTuple):
    """A person's place in the tree; number 0 is the president, who has no goal."""

    number: int
    line: tuple[int, ...]  # managers, nearest first
    department: str

    @property
    def id(self) -> EmployeeId:
        return person_id(self.number)


def person_id(number: int) -> EmployeeId:
    return EmployeeId(f"P{number:06}")


def cycle_id(number: int) -> CycleId:
    """Of the `number`-th cycle, from 0; a year has four."""
    return CycleId(f"{2025 + number // 4}-q{number % 4 + 1}")


def place_of(number: int) -> Place:
    """Managers have ten reports each; a department is everybody below one manager of the second level."""
    line = []
    above = number
    while above:
        above = (above - 1) // _REPORTS
        line.append(above)
    way = (number, *line)
    return Place(number, tuple(line), f"D{way[-3]:03}" if len(way) > 2 else "HQ")


def department_goal(department: str) -> str:
    return f"dg-{department}"


async def fill(engine: AsyncEngine, size: Size) -> None:
    """Writes the whole company into an empty database, and brings the planner's statistics up to date."""
    await replace_directory(engine, list(_employees(size.people)))
    comments = _comments(size)
    for number in range(size.cycles):
        await _write_cycle(engine, size, number, comments)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in _MARKED:
            await connection.execute(text(statement))
        await connection.execute(text("UPDATE outbox SET sent_at = due_at"))
        await connection.execute(text("VACUUM (ANALYZE)"))


def _employees(people: int) -> Iterator[Employee]:
    for number in range(people + 1):
        place = place_of(number)
        manager = place.line[0] if place.line else None
        yield _employee(place.id, place.department, None if manager is None else person_id(manager))
    for one in HR:
        yield _employee(one, "HR", TOP)


def _employee(person: EmployeeId, department: str, manager: EmployeeId | None) -> Employee:
    return Employee(
        id=person, name=f"社員 {person}", mail=f"{person.lower()}@example.jp", department=department, manager_id=manager
    )


def _lives_of(size: Size, cycle: int) -> Sequence[Life]:
    """The lives that take turns in a cycle: the last one is under way."""
    return RUNNING if cycle == size.cycles - 1 else CLOSED


def _comments(size: Size) -> Iterator[int]:
    """How many comments each closed goal gets, in turn, so that all entries add up to the size."""
    entries = closed = 0
    for cycle in range(size.cycles):
        lives = _lives_of(size, cycle)
        for turn, life in enumerate(lives):
            goals = len(range(turn, size.people, len(lives)))
            entries += goals * len(life.entries)
            closed += goals * life.is_closed
    each, more = divmod(max(size.entries - entries, 0), max(closed, 1))
    return chain(repeat(each + 1, more), repeat(each))


async def _write_cycle(engine: AsyncEngine, size: Size, number: int, comments: Iterator[int]) -> None:
    cycle, is_last = cycle_id(number), number == size.cycles - 1
    launched = _LAUNCH - _QUARTER * (size.cycles - 1 - number)
    places = [place_of(n) for n in range(1, size.people + 1)]
    row = {
        "id": cycle,
        "name": cycle,
        "file": _file(cycle, {place.department for place in places}).model_dump(mode="json"),
        "policy": POLICY_OF_LIVES.model_copy(update={"hr": HR}).model_dump(mode="json"),
        "launched_by": HR[0],
        "launched_at": launched,
    }
    participants = [Participant(place.id, place.department, slot) for slot, place in enumerate(places)]
    async with engine.begin() as connection:
        await create_cycle(connection, row, participants)
        event = CycleEvent.LAUNCHED if is_last else CycleEvent.CLOSED
        assert await change_state(connection, cycle, event, launched + _QUARTER)
    lives = _lives_of(size, number)
    for start in range(0, len(places), _BATCH):
        piece = places[start : start + _BATCH]
        batch = LaunchBatch([], [], [], [place.id for place in piece])
        for place in piece:
            life = lives[(place.number - 1) % len(lives)]
            _add(batch, cycle, place, life, next(comments) if life.is_closed else 0)
        async with engine.begin() as connection:
            await write_goals(connection, cycle, batch)
            await record_launch(connection, cycle, batch.employees, ParticipantEvent.GOALS_STARTED)


def _file(cycle: CycleId, departments: set[str]) -> CycleFile:
    section = CycleSection(
        id=cycle, name=cycle, starts=date(2026, 10, 1), ends=date(2026, 12, 25), closes=date(2026, 12, 28),
        reviews=(date(2026, 10, 30),), hr=HR,
    )  # fmt: skip
    themes = tuple(ThemeSection(id=f"T{n}", name=f"全社テーマ {n}") for n in range(1, THEMES + 1))
    goals = tuple(
        DepartmentGoalSection(
            id=department_goal(one), department=one, name=f"{one} の目標", parent=f"T{n % THEMES + 1}"
        )
        for n, one in enumerate(sorted(departments))
    )
    return CycleFile(cycle=section, themes=themes, department_goals=goals)


def _add(batch: LaunchBatch, cycle: CycleId, place: Place, life: Life, comments: int) -> None:
    goal = f"{cycle}/{place.id}/1"
    put = life.replacing(
        goal=goal, cycle=cycle, owner=place.id, department=place.department,
        line=[person_id(one) for one in place.line], hr=HR[place.number % len(HR)], parent=_parent(cycle, place),
    )  # fmt: skip
    entries = _entries(goal, life, put, comments)
    batch.events.extend(entries)
    values = life.row | {
        "id": goal,
        "cycle_id": cycle,
        "owner_id": place.id,
        "department": place.department,
        "assignees": _assignees(place, life, put),
        "escalated": bool(life.row["assignees"]) and _is_escalated(place),
        "aggregate": put(life.row["aggregate"]),
        "seq": len(entries),
        "head": entries[-1][_HASH],
        "due_at": life.row["due_at"] and life.row["due_at"] + timedelta(days=place.number % 40),
        "updated_at": life.entries[-1].at,
    }
    batch.goals.append(tuple(values[column] for column in GOAL_COLUMNS))
    batch.notices.append(
        (f"{goal}#1:invited:{place.id}", place.id, cycle, goal, "invited", "{}", life.entries[0].at, False)
    )


def _parent(cycle: CycleId, place: Place) -> str:
    """One in four serves the department's goal directly, as do the heads; the others serve their manager's."""
    if place.number % 4 == 0 or len(place.line) <= 2:
        return department_goal(place.department)
    return f"{cycle}/{person_id(place.line[0])}/1"


def _assignees(place: Place, life: Life, put: Callable[[str], str]) -> list[str]:
    """Whom the goal waits for; every 37th task has been escalated to somebody in HR."""
    assignees = [put(one) for one in life.row["assignees"]]
    return [*assignees, HR[place.number // _ESCALATED % len(HR)]] if assignees and _is_escalated(place) else assignees


def _is_escalated(place: Place) -> bool:
    return place.number % _ESCALATED == 0


def _entries(goal: str, life: Life, put: Callable[[str], str], comments: int) -> list[tuple[Any, ...]]:
    """The goal's entries, the comments behind the others."""
    rows: list[tuple[Any, ...]] = []
    before = hashlib.sha256(goal.encode()).hexdigest()
    for seq, one in enumerate((*life.entries, *[_comment(life)] * comments), start=1):
        after = hashlib.sha256(f"{before}{seq}".encode()).hexdigest()
        texts = one.texts and put(one.texts)
        rows.append(
            (goal, seq, one.revision, one.kind, one.at, put(one.actor), f"c{seq}", put(one.body), before, after, texts)
        )
        before = after
    return rows


def _comment(life: Life) -> Entry:
    salt, written = "0" * 32, "面談で進み具合を確認しました。次は手順書の見直しです。"
    body = {"kind": "commented", "text": {"sha256": commit(salt, written)}}
    texts = {"/text": {"salt": salt, "text": written}}
    return life.entries[-1]._replace(
        kind="commented", body=json.dumps(body), texts=json.dumps(texts, ensure_ascii=False)
    )


async def main(url: str, size: Size) -> None:
    engine = open_database(url)
    started = time.perf_counter()
    await fill(engine, size)
    print(f"{size.goals} goals of {size.people} people, {size.entries} entries: {time.perf_counter() - started:.0f} s")
    await engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of an empty, migrated database")
    parser.add_argument("--goals", type=int, default=GOALS)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    asked = parser.parse_args()
    asyncio.run(main(asked.url, Size(asked.goals, asked.people, asked.entries)))
