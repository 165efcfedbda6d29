"""The story of 200 people: what HR does on which day, and when people act; on a time-skipping server."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from cli.session.callers import operator
from domain.access import Caller
from domain.goal import commands
from domain.goal.goal import Goal
from domain.instructions.instructions import Close
from domain.people.numbers import NOTHING_SAID, Said
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import Content
from service.beginning import Beginnings, BeginningSource
from service.departments import DepartmentRecords
from service.handing_over import HandingOver, HandoverRequest
from service.people import People
from service.reorganisation import Compared, Reorganisation
from service.roles import Roles
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals
from tests.acceptance import company_of_200 as files
from tests.acceptance.asked_oracle import Deed, Draft, Oracle, draft_of
from tests.acceptance.company_of_200 import BEFORE, CYCLE, SALES
from tests.acceptance.scene import TOKYO, Company, until_cycle_is
from tests.acceptance.skipped_time import Clock, workers_in_skipped_time
from tests.acceptance.work_of_200 import NEVER_REVIEWS, Running, command_of, deed_of
from tests.callers import OPERATOR, by
from tests.desk import InstructionDesk
from tests.servers import now_of

HR, SALES_HR, ADMINISTRATOR = EmployeeId("K006"), EmployeeId("K011"), EmployeeId("K017")
AT_THE_SERVER = operator(HR)  # before there is a cycle, nobody else may
_AT_ONCE = 8  # commands
_BEFORE = timedelta(days=35)  # from the start of the earlier cycle to that of the quarter
_CLOSED_ON = 17  # the working day of the earlier cycle on which HR closes it


_HANDED_OVER = {
    2: (f"{CYCLE}/K091/1", "K092", HR),  # to somebody on leave
    4: (f"{CYCLE}/{files.LEAVER}/2", "K035", HR),  # who leaves and comes back does not get it back
    7: (f"{CYCLE}/K177/1", "K179", "K028"),  # by a manager
    8: (f"{CYCLE}/K073/1", "K074", HR),  # of somebody on leave
    10: (f"{SALES}/K168/2", "K167", SALES_HR),  # from an additional post to the main post of another
    14: (f"{SALES}/K171/1", "K172", SALES_HR),
    17: (f"{CYCLE}/K179/2", "K177", HR),  # back to whom it came from
}
"""By the working day of the quarter: the goal, who goes on with it, and who hands it over."""

Participant = tuple[CycleId, str]


def cycle_of(goal: str) -> CycleId:
    return CycleId(goal.partition("/")[0])


@dataclass
class Story:
    """What HR does on which day, and what people do with their tasks. The oracles hear of it, and of nothing else."""

    company: Company
    clock: Clock
    starts: date  # of the quarter
    people: files.PeopleFile
    cycles: dict[CycleId, Running] = field(default_factory=dict)
    open: list[Running] = field(default_factory=list)

    async def employ(self) -> None:
        imported = await People(self.company.engine).import_file(OPERATOR, self.people.text().encode())
        assert imported.imported, imported.findings
        assert imported.imported.added == 200
        records = DepartmentRecords(self.company.engine)
        departments = files.sample("departments_of_200.csv", self.starts).encode()
        await self._apply(AT_THE_SERVER, await records.compare(AT_THE_SERVER, departments), "部署の登録")
        await Roles(self.company.engine).give(OPERATOR, ADMINISTRATOR, CompanyRole.DIRECTORY)

    async def launch(self, cycle: CycleId, hr: EmployeeId, people: int, goals: int) -> Running:
        text, before = files.cycle_file(cycle, self.starts), self.cycles.get(BEFORE)
        departments = files.sample("departments_of_200.csv", self.starts)
        section = tomllib.loads(text)["cycle"]
        earlier = before.oracle if before and "carry_over" in section else None
        oracle = Oracle(self.people.text(), departments, text, earlier)
        starts, closes = section["starts"], section["closes"]
        days = [
            day for n in range((closes - starts).days + 1) if oracle.office.works(day := starts + timedelta(days=n))
        ]
        checked = await self.company.cycles.check(text.encode(), starts)
        assert checked.policy, checked.findings
        assert (checked.people, checked.goals) == (people, goals)
        await self.company.cycles.launch(checked, hr, await now_of(self.clock.server))
        await until_cycle_is(self.company, cycle, "open")
        oracle.launch(starts)
        self.cycles[cycle] = Running(cycle, oracle, days, closes)
        self.open.append(self.cycles[cycle])
        return self.cycles[cycle]

    async def _apply(self, caller: Caller, compared: Compared, reason: str) -> None:
        assert compared.difference, compared.findings
        reorganisation = Reorganisation(self.company.engine)
        await self._done(await reorganisation.apply(caller, self.company.client, compared, reason))

    async def _done(self, instruction: str) -> None:
        desk = InstructionDesk(self.company.engine, self.company.client)
        async with asyncio.timeout(60):
            while (await desk.progress(instruction)).state != "done":  # noqa: ASYNC110 - the database tells nobody when it changes
                await asyncio.sleep(0.05)
        assert await desk.results(instruction, "refused", "failed", "waiting") == []

    async def sync(
        self, day: date, text: str, reason: str, said: Said = NOTHING_SAID, renamed: Mapping[str, str] | None = None
    ) -> None:
        """The administrator, who is HR of no cycle, applies the people file; the same file again changes nothing."""
        reorganisation = Reorganisation(self.company.engine)

        compared = await reorganisation.compare(by(ADMINISTRATOR), text.encode(), said=said, renamed=renamed)
        await self._apply(by(ADMINISTRATOR), compared, reason)
        for cycle in self.open:
            await until_cycle_is(self.company, cycle.id, "open")  # who joined has been launched
        again = await reorganisation.compare(by(ADMINISTRATOR), text.encode(), said=said)
        assert again.is_empty, (again.difference, again.effects)
        for cycle in self.open:
            cycle.oracle.people_file(day, text, files.IDS if said != NOTHING_SAID else {}, renamed or {})

    async def night(self, day: date) -> None:
        """Just after midnight, when leaves begin and end and last days are over."""
        await self.clock.until(day, 0, 4)
        await self.clock.until(day, 0, 10)
        await self._done(f"leaving-{day - timedelta(days=1)}")
        for cycle in self.open:
            cycle.oracle.night(day)

    async def begin(
        self,
        day: date,
        goal_of: Participant,
        source: BeginningSource,
        draft: Draft,
        *,
        actor: str,
        post: str | None = None,
    ) -> None:
        cycle, owner = goal_of
        beginnings = Beginnings(self.company.engine, self.company.client)
        with self.clock.server.auto_time_skipping_disabled():  # the server would skip while the answer is awaited
            await beginnings.begin(by(actor), cycle, source, owner=EmployeeId(owner), post=post)
        self.cycles[cycle].oracle.begin(day, owner, draft, post)

    async def begin_blank(self, day: date, cycle: CycleId, actor: str, owner: str, post: str | None = None) -> None:
        """A goal that is begun with the last draft of the cycle file."""
        draft = tomllib.loads(files.cycle_file(cycle, self.starts))["drafts"][-1]
        source = BeginningSource(Content.model_validate(draft))
        await self.begin(day, (cycle, owner), source, draft_of(draft), actor=actor, post=post)

    async def carry_over(self, day: date, cycle: CycleId, goal: str) -> None:
        """The owner goes on with a goal of the earlier cycle."""
        owner = goal.split("/")[1]
        draft = self.cycles[BEFORE].oracle.unfinished(owner)[goal]
        await self.begin(day, (cycle, owner), BeginningSource(carried_from=GoalId(goal)), draft, actor=owner)

    async def hand_over(self, day: date, goal: str, to: str, actor: str = HR) -> None:
        handing, request = (
            HandingOver(self.company.engine, self.company.client),
            HandoverRequest(EmployeeId(to), "分担"),
        )
        with self.clock.server.auto_time_skipping_disabled():  # as above
            await handing.hand_over(by(actor), GoalId(goal), request)
        self.cycles[cycle_of(goal)].oracle.hand_over(day, goal, to)

    async def do(self, deed: Deed, command: commands.Command) -> None:
        await self.company.give(GoalId(deed.goal), command)
        self.cycles[cycle_of(deed.goal)].oracle.deed(deed)

    async def organise_before(self, day: date, number: int) -> None:
        """What happens on the `number`-th working day of the earlier cycle, but for the work on tasks."""
        match number:
            case 4:
                for _ in range(3):  # with that of the launch, one more than the next cycle takes over
                    await self.begin_blank(day, BEFORE, HR, "K155")
            case 13:
                await self.hand_over(day, f"{BEFORE}/K156/1", "K157")
                await self.report(day, "K151", 60)
                await self.report(day, "K152", 45)
                for owner in ("K151", "K152", "K154"):
                    call = commands.CallReview(actor=EmployeeId(owner), reason="期末の前に確認したい")
                    await self.do(Deed(day, f"{BEFORE}/{owner}/1", owner, "call_review"), call)

    async def report(self, day: date, owner: str, value: float) -> None:
        command = commands.ReportProgress(actor=EmployeeId(owner), value=str(value))
        await self.do(Deed(day, f"{BEFORE}/{owner}/1", owner, "report", value=value), command)

    async def close_before(self, day: date) -> None:
        before = self.cycles[BEFORE]
        desk = InstructionDesk(self.company.engine, self.company.client)
        await self._done(await desk.give(Close(reason="次の期に備える"), HR, BEFORE))
        await until_cycle_is(self.company, BEFORE, "closed")
        before.oracle.close(day)
        self.open.remove(before)

    async def organise(self, day: date, number: int) -> None:
        """How the company changes on the `number`-th working day of the quarter."""
        match number:
            case 6:
                await self.sync(day, self.people.two_leave_and_one_gets_another_manager(), "退職と異動")
            case 9:
                renamed = {files.IT: files.IT_NOW}
                await self.sync(day, self.people.department_is(files.IT, files.IT_NOW), "改称", renamed=renamed)
            case 11:
                self.people.hr_leaves()
                renamed = {files.FINANCE: files.ACCOUNTING}
                await self.sync(
                    day, self.people.department_is(files.FINANCE, files.ACCOUNTING), "統合と退職", renamed=renamed
                )
            case 13:
                records = DepartmentRecords(self.company.engine)
                compared = await records.compare(by(ADMINISTRATOR), files.NEW_HEAD.encode())
                await self._apply(by(ADMINISTRATOR), compared, "部門長の交代")
                for cycle in self.open:
                    cycle.oracle.department_file(day, files.NEW_HEAD)
            case 15:
                said = Said(files.SAME, frozenset(files.NEW))
                await self.sync(day, self.people.people_come_and_posts_change(), "復職と入社", said)

    async def begin_and_hand_over(self, day: date, number: int) -> None:
        """What happens to single goals on that day, but for the work on tasks."""
        match number:
            case 2:
                await self.begin_blank(day, CYCLE, HR, "K092")  # who is on leave
                await self.begin_blank(day, CYCLE, HR, files.LEAVER)
            case 3:
                withdraw = commands.Withdraw(actor=EmployeeId("K155"), reason="別の目標を続けたい")
                await self.do(Deed(day, f"{CYCLE}/K155/3", "K155", "withdraw"), withdraw)
                await self.carry_over(day, CYCLE, f"{BEFORE}/K155/4")
                await self.carry_over(day, SALES, f"{BEFORE}/K170/1")
            case 8:
                await self.begin_blank(day, CYCLE, "K018", "K018", "総務部")  # for an additional post
            case 14:
                await self.begin_blank(day, CYCLE, "K200", "K200")
            case 16:
                await self.begin_blank(day, CYCLE, HR, "K150")
        if number in _HANDED_OVER:
            await self.hand_over(day, *_HANDED_OVER[number])
        left = f"{CYCLE}/{NEVER_REVIEWS}/1"
        if self.cycles[CYCLE].oracle.goals[left].what == "verdict":
            await self.hand_over(day, left, "K107")  # of somebody who has left, before its reviewer decides

    async def work(self, day: date) -> None:
        """Everybody whose time it is acts."""
        for cycle in list(self.open):
            await self._work_in(cycle, day, cycle.days.index(day))

    async def _work_in(self, cycle: Running, day: date, number: int) -> None:
        async with read_transaction(self.company.engine) as connection:
            ids = await open_goals(connection, cycle.id, "", 1000)
            goals = [Goal.model_validate(one) for one in await load_aggregates(connection, ids=ids)]
        due = [(goal, deed) for goal in goals if (deed := deed_of(cycle, goal, day, number))]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def give(goal: Goal, deed: Deed) -> None:
            async with limit:
                await self.company.give(goal.id, command_of(goal, deed))

        await asyncio.gather(*(give(*one) for one in due))
        for _, deed in due:
            cycle.oracle.deed(deed)


def next_monday(now: date) -> date:
    return now + timedelta(days=7 - now.weekday())


@asynccontextmanager
async def story_of_200(engine: AsyncEngine, server: WorkflowEnvironment) -> AsyncIterator[Story]:
    first = next_monday((await now_of(server)).astimezone(TOKYO).date())
    starts = first + _BEFORE
    clock = Clock(server)
    try:
        async with workers_in_skipped_time(engine, server) as company:
            yield Story(company, clock, starts, files.PeopleFile(starts))
    finally:
        clock.stop()


async def play(story: Story) -> None:
    """An earlier cycle, and then a quarter of two companies, day by day."""
    await story.clock.until(story.starts - _BEFORE, 8)
    await story.employ()
    before = await story.launch(BEFORE, HR, 42, 42)
    nights = before.oracle.days_of_change()
    for day in _days(story.starts - _BEFORE, before.days[_CLOSED_ON]):
        if day in nights:
            await story.night(day)
        if day in before.days:
            await story.clock.until(day, 11)
            before.oracle.morning(day)
            number = before.days.index(day)
            await story.organise_before(day, number)
            await story.work(day)
    await story.close_before(before.days[_CLOSED_ON])
    await play_quarter(story, nights)


async def play_quarter(story: Story, nights: set[date]) -> None:
    for day in sorted(nights):
        if story.cycles[BEFORE].days[_CLOSED_ON] < day < story.starts:
            await story.night(day)
    await story.clock.until(story.starts, 8)
    quarter = await story.launch(CYCLE, HR, 189, 196)
    await story.launch(SALES, SALES_HR, 10, 11)
    after = quarter.oracle.office.on_or_after(quarter.days[-1] + timedelta(days=1))
    first_step = quarter.oracle.office.on_or_after(story.starts + timedelta(days=40))
    for day in _days(story.starts + timedelta(days=1), after - timedelta(days=1)):
        if day in nights:
            await story.night(day)
        if day not in quarter.days:
            continue
        await story.clock.until(day, 11)
        for cycle in story.open:
            cycle.oracle.morning(day)
        await story.organise(day, quarter.days.index(day))
        await story.begin_and_hand_over(day, quarter.days.index(day))
        if day == first_step:
            await story.hand_over(day, f"{CYCLE}/K031/1", "K032", "K013")  # a manager, with one step left
        await story.work(day)
    settled = quarter.oracle.office.on_or_after(quarter.closes) + timedelta(days=12)
    await story.clock.until(settled, 11)
    for cycle in story.open:
        cycle.oracle.end(after)
        await until_cycle_is(story.company, cycle.id, "closed")
        cycle.oracle.settle(settled)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
