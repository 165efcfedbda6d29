"""A quarter of fifty people of a real organisation, on a time-skipping server: no goal gets stuck.

A third of the people are late, two are on leave with delegates, one manager is replaced, one person leaves. All alarms are compared
with `ladder_oracle`, a second implementation. The table of who was notified of what on which day is written to var/quarter.md.
"""

import asyncio
import csv
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker

from activities.instruction import InstructionActivities
from activities.launch import LaunchActivities
from activities.recording import RecordingActivities
from domain.cycle.file import CalendarSection, CycleFile, CycleSection, DraftSection, PolicySection, read_cycle_file
from domain.goal import commands
from domain.goal.goal import Delegation, Goal
from domain.instructions.instructions import Delegate
from domain.lifecycles import CycleEvent
from domain.people.organisation import Employee
from domain.policy.policy import DEFAULT_LADDERS, TaskKind
from domain.values import CycleId, EmployeeId, GoalId
from service.calendars import public_holidays
from service.reorganisation import Reorganisation
from storage import cycles
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals, read_ledger
from storage.ledger import open_ledger
from storage.people import replace_directory
from storage.tables import OutboxRow
from tests.acceptance.ladder_oracle import Expectation, Office, RungAlarm
from tests.acceptance.scene import SAMPLES, TOKYO, Company
from tests.acceptance.skipped_time import sleep_until
from tests.callers import by
from tests.desk import InstructionDesk
from tests.servers import now_of
from workflows.cycle import ParticipantRange, StartedGoals
from workflows.goal import GoalWorkflow
from workflows.instruction import InstructionWorkflow
from workflows.queues import BULK, GOALS

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
    """The dates of the quarter: it starts today, whatever day that is, and contains public holidays and company days off."""

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
    """The top levels of the organisation and a member of HR: all their managers are among them."""
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
    """How many working days after the due date this person acts. A third are late; some of these never act."""
    number = int(person)
    return -2 if number % 3 else (2, 4, 9, NEVER)[number // 3 % 4]


def cycle_of(when: Season) -> CycleFile:
    sample = read_cycle_file((SAMPLES / "cycle.toml").read_bytes())
    assert isinstance(sample, CycleFile)
    draft = sample.drafts[0].model_dump() | {"department": None, "parent": None}
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
    async with company.engine.begin() as connection:
        await cycles.create_cycle(
            connection, row, [cycles.Participant(one.id, one.department, n) for n, one in enumerate(people)]
        )
    activities, piece = (
        LaunchActivities(company.engine, company.client),
        ParticipantRange(cycle=QUARTER, launched_by=HR[0]),
    )
    await ActivityEnvironment().run(activities.write_goals, piece)
    started: StartedGoals = await ActivityEnvironment().run(activities.start_goals, piece)
    assert (started.people, started.failed) == (50, 0)


class Quarter:
    """The people of the quarter: every working day, each person does their open tasks according to their habit."""

    def __init__(self, company: Company, when: Season) -> None:
        self.company, self.when = company, when
        self.leave = (when.week(2), when.week(5))

    async def open(self) -> list[Goal]:
        async with read_transaction(self.company.engine) as connection:
            ids = await open_goals(connection, QUARTER, "", 1000)
            return [Goal.model_validate(one) for one in await load_aggregates(connection, ids=ids)]

    async def work(self, day: date) -> None:
        for goal in await self.open():
            if actor := self._who_acts(goal, day):
                await self.company.give(goal.id, self._deed(goal, *actor))

    def _who_acts(self, goal: Goal, day: date) -> tuple[EmployeeId, EmployeeId | None] | None:
        """Who does the task today, and for whom they act; None if all assignees are late or away."""
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

    def _deed(self, goal: Goal, actor: EmployeeId, acting_for: EmployeeId | None) -> commands.Command:
        assert goal.task is not None
        who: dict[str, Any] = {"actor": actor, "acting_for": acting_for}
        match goal.task.kind:
            case TaskKind.DRAFT:
                return commands.Submit(**who)
            case TaskKind.APPROVAL:
                return commands.Approve(**who, expected_seq=goal.seq)
            case TaskKind.STEP:
                assert goal.next_step is not None
                return commands.CompleteStep(**who, step=goal.next_step)
            case TaskKind.SELF_REVIEW:
                return commands.SubmitSelfReview(**who, went_well="予定どおり進んだ")
            case TaskKind.VERDICT:
                return commands.DecideReview(**who, verdict="continue", expected_seq=goal.seq)


@asynccontextmanager
async def fifty_at_work(engine: AsyncEngine, server: WorkflowEnvironment) -> AsyncIterator[Company]:
    """The fifty people, with workers for goals and instructions, on a time-skipping server."""
    await replace_directory(engine, fifty_people())
    instruction = InstructionActivities(engine, server.client)
    bulk = Worker(
        server.client,
        task_queue=BULK,
        workflows=[InstructionWorkflow],
        activities=[instruction.prepare, instruction.carry_out, instruction.finish],
    )
    async with open_ledger(engine) as ledger, bulk:
        recording = RecordingActivities(ledger)
        async with Worker(
            server.client,
            task_queue=GOALS,
            workflows=[GoalWorkflow],
            activities=[recording.record, recording.read_behind],
        ):
            yield Company(engine, server.client)


async def until_done(company: Company, instruction: str) -> None:
    reads = InstructionDesk(company.engine, company.client)
    async with asyncio.timeout(60):
        while (await reads.progress(instruction)).state != "done":  # noqa: ASYNC110 - the database tells nobody when it changes
            await asyncio.sleep(0.1)
    assert await reads.results(instruction, "refused", "failed", "waiting") == []


async def go_on_leave(company: Company, quarter: Quarter) -> None:
    for person, delegate in ON_LEAVE.items():
        delegation = Delegation(
            delegator=person, to=delegate, first=quarter.leave[0], last=quarter.leave[1], own_goals=True
        )
        asked = Delegate(delegation=delegation, reason="休暇のため")
        await until_done(company, await InstructionDesk(company.engine, company.client).give(asked, HR[0]))


def people_file_after_the_change() -> bytes:
    """The people file in which a successor replaces a manager, who now reports to the successor, and one person has left."""
    lines = ["id,name,department,manager,active"]
    for one in fifty_people():
        manager = one.manager_id or ""
        if one.id == SUCCESSOR:
            manager = EmployeeId("1")
        elif REPLACED in (one.id, manager):
            manager = SUCCESSOR
        lines.append(f"{one.id},{one.name},{one.department},{manager},{'no' if one.id == LEAVER else 'yes'}")
    return "\n".join(lines).encode()


async def reorganise(company: Company, today: date) -> None:
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(by(HR[0]), people_file_after_the_change(), today=today)
    assert compared.difference, compared.findings
    assert compared.difference.left == (LEAVER,)
    await until_done(company, await reorganisation.apply(by(HR[0]), company.client, compared, "組織変更"))


def line_at_first(owner: EmployeeId) -> list[str]:
    managers = {one.id: one.manager_id for one in fifty_people()}
    line: list[str] = []
    at = managers[owner]
    while at is not None:
        line.append(at)
        at = managers[at]
    return line


class Seen(NamedTuple):
    """The alarms of one goal, whom they notified, and their exact times."""

    rang: list[RungAlarm]
    at: list[datetime]


async def what_the_clock_did(company: Company, goal: GoalId, events: list[dict[str, Any]]) -> Seen:
    async with company.engine.connect() as connection:
        rows = await connection.execute(
            select(OutboxRow.facts, OutboxRow.recipient_id).where(OutboxRow.goal_id == goal)
        )
        told: dict[int, set[str]] = defaultdict(set)
        for row in rows:
            told[int(row.facts["seq"])].add(row.recipient_id)
    ladder = [one for one in events if one["body"]["kind"] in ("reminded", "escalated")]
    at = [one["at"].astimezone(TOKYO) for one in ladder]
    rang = [
        RungAlarm(when.date(), one["body"]["kind"], frozenset(told[one["seq"]]))
        for one, when in zip(ladder, at, strict=True)
    ]
    return Seen(rang, at)


def write_table(rows: Iterable[tuple[date, str, str, RungAlarm]]) -> None:
    """Writes the table of who was notified of what on which day, for people to read."""
    lines = ["| day | goal | owner | what | told |", "|---|---|---|---|---|"]
    lines += [
        f"| {day:%Y-%m-%d %a} | {goal} | {owner} | {rang.kind} | {', '.join(sorted(rang.told, key=int))} |"
        for day, goal, owner, rang in sorted(rows)
    ]
    _TABLE.parent.mkdir(exist_ok=True)
    _TABLE.write_text("\n".join(lines) + "\n")


@pytest.mark.skipif(not _FILE.exists(), reason="needs shared/data/adventureworks-org.csv beside the project")
async def test_in_a_quarter_of_fifty_people_every_task_ends_or_reaches_hr_and_everybody_is_told_on_the_day(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    when = season(await now_of(time_skipping))
    async with fifty_at_work(database, time_skipping) as company:
        quarter = Quarter(company, when)
        await launch(company, when, fifty_people())
        async with database.begin() as connection:
            assert await cycles.change_state(connection, QUARTER, CycleEvent.LAUNCHED, datetime.now(UTC))
        await go_on_leave(company, quarter)
        change = next(iter(when.working_days(when.week(8), when.closes)))
        for day in when.working_days(when.starts + timedelta(days=1), when.closes):
            await sleep_until(time_skipping, day, 11)
            if day == change:
                await reorganise(company, day)
            await quarter.work(day)
        after = next(iter(when.working_days(when.closes + timedelta(days=1), when.closes + timedelta(days=14))))
        await sleep_until(time_skipping, after, 11)
        assert await quarter.open() == [], "the end of the cycle leaves nothing open"
        await assert_nothing_is_stuck(company, when)


async def assert_nothing_is_stuck(company: Company, when: Season) -> None:
    """Compares every goal with the oracle, writes the table, and asserts the expected totals."""
    office = Office(when.off, DEFAULT_LADDERS, HR)
    leave = (when.week(2), when.week(5))
    steps = [office.moved(when.week(week), 0) for week in (4, 7, 11)]  # a draft proposes no step on a day off
    table, kinds, minutes = [], Counter[str](), Counter[datetime]()
    for person in fifty_people():
        goal = GoalId(f"{QUARTER}/{person.id}/1")
        async with read_transaction(company.engine) as connection:
            events = [line.event for line in await read_ledger(connection, goal)]
        seen = await what_the_clock_did(company, goal, events)
        delegates = [(who, to, *leave) for who, to in ON_LEAVE.items() if to != person.id]
        expectation = Expectation(office, person.id, line_at_first(person.id), steps, delegates)
        expected = expectation.follow(events, when.closes)
        assert seen.rang == expected, f"{goal}: the clock did not do what the policy says"
        table += [(one.day, str(goal), str(person.id), one) for one in seen.rang]
        kinds.update(event["body"]["kind"] for event in events)
        minutes.update(moment.replace(second=0, microsecond=0) for moment in seen.at)
        assert (await company.goals.prove(goal)).holds
        assert_ended_or_reached_hr(events, goal, when)
    write_table(table)
    assert kinds["line_changed"] >= 8, "the successor's people"
    assert kinds["escalated"] > 30, "a third of the people is late"
    assert any(event_is_by_delegate(event) for event in await all_events(company)), "delegates acted"
    assert max(minutes.values()) <= 50 / 15 + 3, "no minute gets more than its share"


def event_is_by_delegate(event: dict[str, Any]) -> bool:
    return (event.get("acting_for"), event["actor"]) in ON_LEAVE.items()


async def all_events(company: Company) -> list[dict[str, Any]]:
    async with read_transaction(company.engine) as connection:
        return [
            line.event
            for person in fifty_people()
            for line in await read_ledger(connection, GoalId(f"{QUARTER}/{person.id}/1"))
        ]


_ENDS = ("submitted", "approved", "step_completed", "self_reviewed", "continued", "closed", "review_opened")


def assert_ended_or_reached_hr(events: list[dict[str, Any]], goal: GoalId, when: Season) -> None:
    """Asserts that a goal that was open at the end of the cycle had reached HR, unless its ladder was not that far."""
    last = [one for one in events if one["body"]["kind"] in (*_ENDS, "created")][-1]
    if last["body"]["kind"] in ("closed", "step_completed", "continued"):
        return
    office = Office(when.off, DEFAULT_LADDERS, HR)
    ripe = office.moved(last["at"].astimezone(TOKYO).date(), 25) < when.closes
    behind = [one for one in events if one["seq"] > last["seq"] and one["body"]["kind"] == "escalated"]
    assert not ripe or any(one["body"]["to_hr"] for one in behind), f"{goal} waited in silence"
