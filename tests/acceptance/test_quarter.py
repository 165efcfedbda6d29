"""A quarter of fifty people of an organisation that nobody here wrote, on skipped time: nothing gets stuck.

A third of them is late, two are on leave with delegates, one manager is replaced, one person leaves. What the clock did is
compared with `ladder_oracle`, which counts the days a second time; the table of who was told what on which day is written
to var/quarter.md.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from temporalio.testing import ActivityEnvironment

from activities.launch import LaunchActivities
from client.calendars import public_holidays
from domain import commands as ask
from domain.cycle_file import CalendarSection, CycleFile, CycleSection, DraftSection, PolicySection, read_cycle_file
from domain.goal import Goal
from domain.organisation import Employee
from domain.policy import DEFAULT_LADDERS, TaskKind
from domain.values import CycleId, EmployeeId
from storage import cycles
from storage.goals import load_aggregates, open_goals
from tests.acceptance.ladder_oracle import Office
from tests.acceptance.scene import SAMPLES, TOKYO, Company
from workflows.cycle import Range, Started

pytestmark = pytest.mark.slow

_FILE = Path(__file__).parents[3] / "shared" / "data" / "adventureworks-org.csv"
_TABLE = Path(__file__).parents[2] / "var" / "quarter.md"
QUARTER = CycleId("quarter")
HR = (EmployeeId("235"), EmployeeId("236"))
WEEKS = 13

ON_LEAVE = {EmployeeId("16"): EmployeeId("273"), EmployeeId("3"): EmployeeId("26")}  # managers, and who acts for them
REPLACED, SUCCESSOR = EmployeeId("263"), EmployeeId("264")
LEAVER = EmployeeId("274")
NEVER = 10_000  # working days


class Season(NamedTuple):
    """The dates of the quarter: it starts today, whenever that is, and holds public holidays and the company's own days off."""

    starts: date
    closes: date
    off: frozenset[date]
    own_days_off: tuple[date, ...]

    def working_days(self, first: date, last: date) -> Iterator[date]:
        for n in range((last - first).days + 1):
            if (day := first + timedelta(days=n)).weekday() < 5 and day not in self.off:
                yield day

    def week(self, number: int) -> date:
        return self.starts + timedelta(weeks=number)


def season(now: datetime) -> Season:
    starts = now.astimezone(TOKYO).date()
    own = tuple(starts + timedelta(days=n) for n in (30, 31, 32))
    public = public_holidays("JP", starts - timedelta(days=40), starts + timedelta(days=500))
    return Season(starts, starts + timedelta(weeks=WEEKS), frozenset({*public, *own}), own)


def fifty_people() -> list[Employee]:
    """The top of the organisation, level by level, and somebody of HR: everybody's manager is among them."""
    with _FILE.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    reports: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        reports[row["manager_id"]].append(row)
    chosen: list[dict[str, str]] = []
    waiting = list(reports[""])
    while len(chosen) < 49:
        one = waiting.pop(0)
        chosen.append(one)
        waiting += reports[one["employee_id"]]
    chosen.append(next(row for row in rows if row["employee_id"] == HR[1]))
    return [
        Employee(
            id=EmployeeId(row["employee_id"]),
            name=row["login"],
            mail=f"{row['login']}@example.jp",
            department=row["department"],
            manager_id=EmployeeId(row["manager_id"]) if row["manager_id"] else None,
        )
        for row in chosen
    ]


def habit(person: EmployeeId) -> int:
    """How many working days after the due date this person acts; a third is late, and some of them never act."""
    number = int(person)
    return -2 if number % 3 else (2, 4, 9, NEVER)[number // 3 % 4]


def cycle_of(when: Season) -> CycleFile:
    sample = read_cycle_file((SAMPLES / "cycle.toml").read_bytes())
    assert isinstance(sample, CycleFile)
    draft = sample.drafts[0].model_dump() | {"department": None}
    for step, week in zip(draft["steps"], (4, 7, 11), strict=True):
        step["due"] = when.week(week)
    return CycleFile(
        cycle=CycleSection(
            id=QUARTER, name="模擬の四半期", starts=when.starts, ends=when.closes - timedelta(days=3), closes=when.closes,
            reviews=(when.week(6), when.week(10)), hr=HR,
        ),
        calendar=CalendarSection(days_off=when.own_days_off),
        policy=PolicySection(approval_stages=1, ladders=dict(DEFAULT_LADDERS)),
        drafts=(DraftSection.model_validate(draft),),
    )  # fmt: skip


async def launch(company: Company, when: Season, people: Iterable[Employee]) -> None:
    file = cycle_of(when)
    row = {
        "id": QUARTER,
        "name": file.cycle.name,
        "file": file.model_dump(mode="json"),
        "policy": file.policy_with(tuple(sorted(when.off))).model_dump(mode="json"),
        "launched_by": HR[0],
        "launched_at": datetime.now(UTC),
    }
    await cycles.create_cycle(
        company.engine, row, [cycles.Participant(one.id, one.department, n) for n, one in enumerate(people)]
    )
    activities, piece = LaunchActivities(company.engine, company.client), Range(cycle=QUARTER, launched_by=HR[0])
    await ActivityEnvironment().run(activities.write_goals, piece)
    started: Started = await ActivityEnvironment().run(activities.start_goals, piece)
    assert (started.people, started.failed) == (50, 0)


class Quarter:
    """The people at work: every working day, whoever has something to do does it as their habit is."""

    def __init__(self, company: Company, when: Season) -> None:
        self.company, self.when = company, when
        self.leave = (when.week(2), when.week(5))

    async def open(self) -> list[Goal]:
        ids = await open_goals(self.company.engine, QUARTER, "", 1000)
        return [Goal.model_validate(one) for one in await load_aggregates(self.company.engine, ids=ids)]

    async def work(self, day: date) -> None:
        for goal in await self.open():
            if actor := self._who_acts(goal, day):
                await self.company.give(goal.id, self._deed(goal, *actor))

    def _who_acts(self, goal: Goal, day: date) -> tuple[EmployeeId, EmployeeId | None] | None:
        """Who does it today, and in whose name; nobody where all of them wait, are late or are away."""
        task = goal.task
        if task is None:
            return None
        for person in task.assignees if task.kind in (TaskKind.APPROVAL, TaskKind.VERDICT) else (goal.owner,):
            away = person in ON_LEAVE and self.leave[0] <= day <= self.leave[1]
            actor = ON_LEAVE[person] if away else person
            if person in HR or (away and actor == goal.owner):
                continue
            if day >= self._deed_day(task.due, habit(actor)):
                return actor, person if away else None
        return None

    def _deed_day(self, due: date, days: int) -> date:
        if days == NEVER:
            return date.max
        office = Office(self.when.off, DEFAULT_LADDERS, HR)
        return office.moved(due, days)

    def _deed(self, goal: Goal, actor: EmployeeId, acting_for: EmployeeId | None) -> ask.Command:
        assert goal.task is not None
        who: dict[str, Any] = {"actor": actor, "acting_for": acting_for}
        match goal.task.kind:
            case TaskKind.DRAFT:
                return ask.Submit(**who)
            case TaskKind.APPROVAL:
                return ask.Approve(**who, expected_seq=goal.seq)
            case TaskKind.STEP:
                assert goal.next_step is not None
                return ask.CompleteStep(**who, step=goal.next_step)
            case TaskKind.SELF_REVIEW:
                return ask.SubmitSelfReview(**who, went_well="予定どおり進んだ")
            case TaskKind.VERDICT:
                return ask.DecideReview(**who, verdict="continue", expected_seq=goal.seq)
