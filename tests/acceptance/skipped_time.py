"""A company on a time-skipping server: goals that the launch's own activities write and start, and a ladder over a holiday.

The clock starts today, whatever day that is. So the dates are chosen around the next public holidays of Japan.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import time_machine
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker

from activities.beginning import BeginningActivities
from activities.handing_over import HandoverActivities
from activities.instruction import InstructionActivities
from activities.launch import LaunchActivities
from activities.recording import RecordingActivities
from activities.reorganisation import LeavingActivities
from activities.settlement import SettlementActivities
from domain.cycle.file import CycleFile, CycleSection, DraftSection, PolicySection, read_cycle_file
from domain.policy.policy import Act, Ladder, Rung, TaskKind
from domain.values import CycleId, EmployeeId
from service.calendars import public_holidays
from storage import cycles
from storage.ledger import open_ledger
from tests.acceptance.scene import CYCLE, HR, HR_TOO, SAMPLES, TOKYO, Company, employ
from tests.servers import now_of
from workflows.beginning import BeginningWorkflow
from workflows.cycle import CycleWorkflow, ParticipantRange, StartedGoals
from workflows.goal import GoalWorkflow
from workflows.handing_over import HandoverWorkflow
from workflows.instruction import InstructionWorkflow
from workflows.leaving import LeavingWorkflow
from workflows.queues import BULK, GOALS

_LADDER = (
    Rung(-1, Act.REMIND), Rung(1, Act.REMIND), Rung(3, Act.ESCALATE), Rung(5, Act.ESCALATE), Rung(8, Act.ESCALATE_TO_HR),
)  # fmt: skip


@dataclass(frozen=True)
class Season:
    """Expected days around two public holidays, computed only with a list of holidays."""

    begins: date
    off: frozenset[date]
    holiday: date  # the ladder climbs over this one
    later_holiday: date  # the cycle closes on the day before this one

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.off

    def working_days(self, first: date) -> Iterable[date]:
        """The working days from `first` on, including `first` if it is one."""
        return (day for n in range(400) if self.works(day := first + timedelta(days=n)))

    @property
    def due(self) -> date:
        """The last working day before the holiday."""
        return next(day for n in range(1, 30) if self.works(day := self.holiday - timedelta(days=n)))

    @property
    def due_in(self) -> int:
        """The number of working days from the season's first day to the due date."""
        return sum(self.works(self.begins + timedelta(days=n)) for n in range(1, (self.due - self.begins).days + 1))

    @property
    def day_before(self) -> date:
        return next(day for n in range(1, 30) if self.works(day := self.due - timedelta(days=n)))

    def after_due(self, number: int) -> date:
        """The `number`-th working day after the due date."""
        days = list(self.working_days(self.holiday))
        return days[number - 1]

    @property
    def end(self) -> date:
        """The first working day after the cycle's closing day."""
        return next(iter(self.working_days(self.later_holiday)))


def season(now: datetime) -> Season:
    begins = now.astimezone(TOKYO).date()
    off = public_holidays("JP", begins - timedelta(days=40), begins + timedelta(days=500))
    on_weekdays = [day for day in off if day.weekday() < 5]
    holiday = next(day for day in on_weekdays if day >= begins + timedelta(days=14))
    later = next(day for day in on_weekdays if day >= holiday + timedelta(days=30))
    return Season(begins, frozenset(off), holiday, later)


def cycle_around(around: Season) -> CycleFile:
    """The sample cycle, with the draft and the approval due just before the holiday."""
    sample = read_cycle_file((SAMPLES / "cycle.toml").read_bytes())
    assert isinstance(sample, CycleFile)
    ladder = Ladder(due_in=around.due_in, rungs=_LADDER)
    section = CycleSection(
        id=CYCLE,
        name="祝日をまたぐ評価サイクル",
        starts=around.begins,
        ends=around.later_holiday - timedelta(days=1),
        closes=around.later_holiday - timedelta(days=1),
        reviews=(),
        hr=(HR, HR_TOO),
    )
    policy = PolicySection(approval_stages=2, ladders={TaskKind.DRAFT: ladder, TaskKind.APPROVAL: ladder})
    drafts = tuple(_with_early_steps(draft, around.begins) for draft in sample.drafts)
    tree = {"themes": sample.themes, "department_goals": sample.department_goals}
    return CycleFile(cycle=section, policy=policy, drafts=drafts, **tree)


def _with_early_steps(draft: DraftSection, begins: date) -> DraftSection:
    """The draft with its steps on early days, which every such cycle contains."""
    dated = (step.model_copy(update={"due": begins + timedelta(days=20 + n)}) for n, step in enumerate(draft.steps))
    return draft.model_copy(update={"steps": tuple(dated)})


async def launch_for(company: Company, file: CycleFile, holidays: Iterable[date], *owners: EmployeeId) -> None:
    """Writes and starts the goals of these people of accounting, like the launch."""
    policy = file.policy_with(tuple(sorted(holidays)))
    row = {
        "id": CYCLE,
        "name": file.cycle.name,
        "file": file.model_dump(mode="json"),
        "policy": policy.model_dump(mode="json"),
        "launched_by": HR,
        "launched_at": datetime.now(UTC),
    }
    async with company.engine.begin() as connection:
        await cycles.create_cycle(
            connection, row, [cycles.Participant(owner, "経理部", n) for n, owner in enumerate(owners)]
        )
    launch, piece = (
        LaunchActivities(company.engine, company.client),
        ParticipantRange(cycle=CycleId(CYCLE), launched_by=HR),
    )
    await ActivityEnvironment().run(launch.write_goals, piece)
    started: StartedGoals = await ActivityEnvironment().run(launch.start_goals, piece)
    assert (started.people, started.goals, started.failed) == (len(owners), len(owners), 0)


@asynccontextmanager
async def company_in_skipped_time(engine: AsyncEngine, server: WorkflowEnvironment) -> AsyncIterator[Company]:
    """The sample company, with a worker for goals; inside the SDK's sandbox."""
    await employ(engine)
    async with open_ledger(engine) as ledger:
        recording = RecordingActivities(ledger)
        async with Worker(
            server.client,
            task_queue=GOALS,
            workflows=[GoalWorkflow],
            activities=[recording.record, recording.read_behind],
            identity="worker",
        ):
            yield Company(engine, server.client)


async def sleep_until(server: WorkflowEnvironment, day: date, hour: int, minute: int = 0) -> None:
    """Makes the server's clock skip to that time in Tokyo."""
    there = datetime(day.year, day.month, day.day, hour, minute, tzinfo=TOKYO)
    await server.sleep(there - await now_of(server))


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
async def workers_in_skipped_time(engine: AsyncEngine, server: WorkflowEnvironment) -> AsyncIterator[Company]:
    """Workers for everything but notices; workflows in the SDK's sandbox."""
    client = server.client
    launch, settlement = LaunchActivities(engine, client), SettlementActivities(engine, client)
    instruction, beginning = InstructionActivities(engine, client), BeginningActivities(engine, client)
    handing_over = HandoverActivities(engine, client)
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
            workflows=[GoalWorkflow, BeginningWorkflow, HandoverWorkflow],
            activities=[
                recording.record, recording.read_behind, beginning.write_begun_goal, beginning.start_begun_goal,
                handing_over.hand_goal_over, handing_over.follow_successor,
            ],
        )  # fmt: skip
        async with bulk, goals:
            yield Company(engine, client)
