"""The story of a quarter of 200 people: what HR does on which day, and when people act; on a time-skipping server."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import time_machine
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.beginning import BeginningActivities
from activities.instruction import InstructionActivities
from activities.launch import LaunchActivities
from activities.recording import RecordingActivities
from activities.reorganisation import LeavingActivities
from activities.settlement import SettlementActivities
from cli.session.callers import operator
from domain.goal import commands
from domain.goal.goal import Goal
from domain.people.numbers import NOTHING_SAID, Said
from domain.policy.policy import TaskKind
from domain.values import CycleId, EmployeeId
from domain.writing.content import Content
from service.beginning import Beginnings, BeginningSource
from service.departments import DepartmentRecords
from service.people import People
from service.reorganisation import Compared, Reorganisation
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals
from storage.ledger import open_ledger
from tests.acceptance import company_of_200 as files
from tests.acceptance.asked_oracle import Deed, Oracle
from tests.acceptance.scene import TOKYO, Company, until_cycle_is
from tests.acceptance.skipped_time import sleep_until
from tests.callers import OPERATOR, by
from tests.desk import InstructionDesk
from tests.servers import now_of
from workflows.beginning import BeginningWorkflow
from workflows.cycle import CycleWorkflow
from workflows.goal import GoalWorkflow
from workflows.instruction import InstructionWorkflow
from workflows.leaving import LeavingWorkflow
from workflows.queues import BULK, GOALS

CYCLE = CycleId("2027-q1")
HR = EmployeeId("K006")
AT_THE_SERVER = operator(HR)  # before there is a cycle, nobody else may
BEGUN_FOR = "K150"
_AT_ONCE = 8  # commands
_SUBMITTED_ON = (2, 3, 5, 8)  # working days after the start, by number
_SLOW = {"K005": 5, "K008": 4, "K014": 3}  # working days until they decide; others need one
_NEVER_REVIEWS = "K106"  # submits late, and leaves without a self-review


class Clock:
    """The clock of this process, which follows that of the server."""

    def __init__(self, server: WorkflowEnvironment) -> None:
        self.server = server
        self._travel: time_machine.travel | None = None

    async def until(self, day: date, hour: int, minute: int = 0) -> None:
        await sleep_until(self.server, day, hour, minute)
        self.stop()
        self._travel = time_machine.travel(await now_of(self.server), tick=True)
        self._travel.start()

    def stop(self) -> None:
        if self._travel:
            self._travel.stop()
            self._travel = None


@asynccontextmanager
async def workers(engine: AsyncEngine, server: WorkflowEnvironment) -> AsyncIterator[Company]:
    """Workers for everything but notices; workflows in the SDK's sandbox."""
    client = server.client
    launch, settlement = LaunchActivities(engine, client), SettlementActivities(engine, client)
    instruction, beginning = InstructionActivities(engine, client), BeginningActivities(engine, client)
    async with open_ledger(engine) as ledger:
        recording = RecordingActivities(ledger)
        bulk = Worker(
            client,
            task_queue=BULK,
            workflows=[CycleWorkflow, InstructionWorkflow, LeavingWorkflow],
            activities=[
                launch.write_goals, launch.start_goals, launch.retry_failed, launch.set_cycle_state, settlement.settle_goals,
                instruction.prepare, instruction.carry_out, instruction.finish,
                LeavingActivities(engine, client).process_leavers,
            ],
        )  # fmt: skip
        goals = Worker(
            client,
            task_queue=GOALS,
            workflows=[GoalWorkflow, BeginningWorkflow],
            activities=[
                recording.record, recording.read_behind, beginning.write_begun_goal, beginning.start_begun_goal,
            ],
        )  # fmt: skip
        async with bulk, goals:
            yield Company(engine, client)


@dataclass
class Quarter:
    """The story: what HR does on which day, and what people do with their tasks. The oracle hears of it, and of nothing else."""

    company: Company
    clock: Clock
    starts: date
    oracle: Oracle
    people: files.PeopleFile
    closes: date
    days: list[date]  # the working days of the cycle

    async def launch(self) -> None:
        await self.clock.until(self.starts, 8)
        imported = await People(self.company.engine).import_file(OPERATOR, self.people.text().encode())
        assert imported.imported, imported.findings
        assert imported.imported.added == 200
        departments = files.sample("departments_of_200.csv", self.starts)
        await self._apply(
            await DepartmentRecords(self.company.engine).compare(AT_THE_SERVER, departments.encode()), "部署の登録"
        )
        cycle = files.sample("cycle_of_200.toml", self.starts).encode()
        checked = await self.company.cycles.check(cycle, self.starts)
        assert checked.policy, checked.findings
        assert (checked.people, checked.goals) == (199, 204)
        await self.company.cycles.launch(checked, HR, await now_of(self.clock.server))
        await until_cycle_is(self.company, CYCLE, "open")
        self.oracle.launch(self.starts)

    async def _apply(self, compared: Compared, reason: str) -> None:
        assert compared.difference, compared.findings
        reorganisation = Reorganisation(self.company.engine)
        await self._done(await reorganisation.apply(AT_THE_SERVER, self.company.client, compared, reason))

    async def _done(self, instruction: str) -> None:
        desk = InstructionDesk(self.company.engine, self.company.client)
        async with asyncio.timeout(60):
            while (await desk.progress(instruction)).state != "done":  # noqa: ASYNC110 - the database tells nobody when it changes
                await asyncio.sleep(0.05)
        assert await desk.results(instruction, "refused", "failed", "waiting") == []

    async def sync(
        self, day: date, text: str, reason: str, said: Said = NOTHING_SAID, renamed: Mapping[str, str] | None = None
    ) -> None:
        """Applies the people file: the preview and the result agree, so the same file again changes nothing."""
        reorganisation = Reorganisation(self.company.engine)

        compared = await reorganisation.compare(by(HR), text.encode(), said=said, renamed=renamed)
        await self._apply(compared, reason)
        await until_cycle_is(self.company, CYCLE, "open")  # who joined has been launched
        again = await reorganisation.compare(by(HR), text.encode(), said=said)
        assert again.is_empty, (again.difference, again.effects)
        self.oracle.people_file(day, text, files.IDS if said != NOTHING_SAID else {}, renamed or {})

    async def night(self, day: date) -> None:
        """Just after midnight, when leaves begin and end and last days are over."""
        await self.clock.until(day, 0, 4)
        await self.clock.until(day, 0, 10)
        await self._done(f"leaving-{day - timedelta(days=1)}")
        self.oracle.night(day)

    async def organise(self, day: date, number: int) -> None:
        """What HR does on the `number`-th working day."""
        match number:
            case 6:
                await self.sync(day, self.people.two_leave_and_one_gets_another_manager(), "退職と異動")
            case 9:
                renamed = {files.IT: files.IT_NOW}
                await self.sync(day, self.people.department_is(files.IT, files.IT_NOW), "改称", renamed=renamed)
            case 11:
                renamed = {files.FINANCE: files.ACCOUNTING}
                await self.sync(
                    day, self.people.department_is(files.FINANCE, files.ACCOUNTING), "統合", renamed=renamed
                )
            case 13:
                records = DepartmentRecords(self.company.engine)
                await self._apply(await records.compare(by(HR), files.NEW_HEAD.encode()), "部門長の交代")
                self.oracle.department_file(day, files.NEW_HEAD)
            case 15:
                said = Said(files.SAME, frozenset(files.NEW))
                await self.sync(day, self.people.people_come_and_posts_change(), "復職と入社", said)
            case 16:
                draft = tomllib.loads(files.sample("cycle_of_200.toml", self.starts))["drafts"][-1]
                beginnings = Beginnings(self.company.engine, self.company.client)
                content = BeginningSource(Content.model_validate(draft))
                with (
                    self.clock.server.auto_time_skipping_disabled()
                ):  # the server would skip while the answer is awaited
                    await beginnings.begin(by(HR), CYCLE, content, owner=EmployeeId(BEGUN_FOR))
                self.oracle.begin(day, BEGUN_FOR, draft)

    async def work(self, day: date, number: int) -> None:
        """Everybody whose time it is acts."""
        async with read_transaction(self.company.engine) as connection:
            ids = await open_goals(connection, CYCLE, "", 1000)
            goals = [Goal.model_validate(one) for one in await load_aggregates(connection, ids=ids)]
        due = [(goal, deed) for goal in goals if (deed := self._deed(goal, day, number))]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def give(goal: Goal, deed: Deed) -> None:
            async with limit:
                await self.company.give(goal.id, _command(goal, deed))

        await asyncio.gather(*(give(*one) for one in due))
        for _, deed in due:
            self.oracle.deed(deed)

    def _deed(self, goal: Goal, day: date, number: int) -> Deed | None:
        task = goal.task
        if task is None or goal.is_paused:
            return None
        waited = sum(task.opened < one <= day for one in self.days)
        actor = task.assignees[0]
        owner = int(goal.owner[1:4])
        match task.kind:
            case TaskKind.DRAFT:
                first = 11 if goal.owner == _NEVER_REVIEWS else _SUBMITTED_ON[owner % 4]
                acts, kind = waited >= 2 and number >= first, "submit"
            case TaskKind.APPROVAL:
                acts, kind = waited >= _SLOW.get(actor, 1), "approve"
            case TaskKind.STEP:
                acts, kind = day >= task.due - timedelta(days=3), "step"
            case TaskKind.SELF_REVIEW:
                acts, kind = waited >= 1 + owner % 2 and goal.owner != _NEVER_REVIEWS, "self_review"
            case TaskKind.VERDICT:
                acts, kind = waited >= 1, "continue" if owner % 5 == 0 else "achieved"
        return Deed(day, goal.id, actor, kind) if acts else None


def _command(goal: Goal, deed: Deed) -> commands.Command:
    actor = EmployeeId(deed.actor)
    match deed.kind:
        case "submit":
            return commands.Submit(actor=actor)
        case "approve":
            return commands.Approve(actor=actor, expected_seq=goal.seq)
        case "step":
            assert goal.next_step is not None
            return commands.CompleteStep(actor=actor, step=goal.next_step)
        case "self_review":
            return commands.SubmitSelfReview(actor=actor, went_well="予定どおり進んだ")
    verdict = {"actor": actor, "verdict": deed.kind, "expected_seq": goal.seq}
    return commands.DecideReview.model_validate(verdict)


def next_monday(now: date) -> date:
    return now + timedelta(days=7 - now.weekday())


@asynccontextmanager
async def quarter(engine: AsyncEngine, server: WorkflowEnvironment) -> AsyncIterator[Quarter]:
    starts = next_monday((await now_of(server)).astimezone(TOKYO).date())
    clock, people = Clock(server), files.PeopleFile(starts)
    departments, cycle = files.sample("departments_of_200.csv", starts), files.sample("cycle_of_200.toml", starts)
    oracle = Oracle(people.text(), departments, cycle)
    closes: date = tomllib.loads(cycle)["cycle"]["closes"]
    days = [day for n in range((closes - starts).days + 1) if oracle.office.works(day := starts + timedelta(days=n))]
    try:
        async with workers(engine, server) as company:
            yield Quarter(company, clock, starts, oracle, people, closes, days)
    finally:
        clock.stop()


async def play(story: Quarter) -> None:
    """The whole quarter, day by day."""
    await story.launch()
    after = story.oracle.office.on_or_after(story.days[-1] + timedelta(days=1))
    nights = story.oracle.days_of_change()
    for n in range(1, (after - story.starts).days):
        day = story.starts + timedelta(days=n)
        if day in nights:
            await story.night(day)
        if day not in story.days:
            continue
        await story.clock.until(day, 11)
        story.oracle.morning(day)
        number = story.days.index(day)
        await story.organise(day, number)
        await story.work(day, number)
    story.oracle.end(after)
    settled = story.oracle.office.on_or_after(story.closes) + timedelta(days=12)
    await story.clock.until(settled, 11)
    await until_cycle_is(story.company, CYCLE, "closed")
    story.oracle.settle(settled)
