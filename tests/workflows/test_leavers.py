"""An owner who leaves, on a clock that skips: the three rules from the people of the company to the end of the cycle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.goal import commands
from domain.goal.goal import Goal, Outcome, Task
from domain.goal.scoring import score
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.reorganisation import SyncContext, sync_command_for
from domain.lifecycle import State
from domain.people.organisation import Organisation
from domain.policy.policy import Leavers, TaskKind
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.people import load_organisation
from tests.acceptance.scene import CHIEF, GOAL, HEAD, HR, HR_TOO, OWNER, TOKYO, Company, Witness
from tests.acceptance.skipped_time import Season, company_in_skipped_time, cycle_around, launch_for, season, sleep_until
from tests.servers import now_of
from workflows.goal import GoalResult


@dataclass(frozen=True)
class Scene:
    """A goal that is being worked on, in a cycle with one review."""

    company: Company
    server: WorkflowEnvironment
    around: Season
    review: date

    async def goal(self) -> Goal:
        return await self.company.goals.require(GOAL)

    async def task(self) -> Task:
        task = (await self.goal()).task
        assert task is not None
        return task

    async def told_of(self, *, active: bool = True, leaves: date | None = None) -> None:
        """Gives the goal the command that a people file with this change of its owner gives it."""
        async with read_transaction(self.company.engine) as connection:
            people = await load_organisation(connection)
        owner = replace(people.employees[OWNER], active=active, leaves=leaves)
        after = Organisation({**people.employees, OWNER: owner}.values())
        today = (await now_of(self.server)).astimezone(TOKYO).date()
        command = sync_command_for(
            await self.goal(), Sync(reason="退職"), commands.ORGANISATION, SyncContext(after, (), today)
        )
        assert not isinstance(command, Skipped)
        await self.company.give(GOAL, command)

    async def until(self, day: date) -> None:
        await sleep_until(self.server, day, 12)

    async def at_the_end(self) -> GoalResult:
        await self.until(self.around.end)
        return await self.ended()

    async def ended(self) -> GoalResult:
        ended = await self.company.workflow(GOAL).result()
        assert isinstance(ended, GoalResult)
        await Witness(self.company, GOAL).look()
        return ended

    async def days_of(self, kind: str) -> list[date]:
        async with read_transaction(self.company.engine) as connection:
            lines = await read_ledger(connection, GOAL)
        return [line.event["at"].astimezone(TOKYO).date() for line in lines if line.kind == kind]

    async def verdict(self, says: str) -> None:
        seq = (await self.goal()).seq
        said = {"actor": CHIEF, "verdict": says, "expected_seq": seq, "comment": "引き継ぎを確認しました"}
        await self.company.give(GOAL, commands.DecideReview.model_validate(said))


@asynccontextmanager
async def at_work(engine: AsyncEngine, server: WorkflowEnvironment, leavers: Leavers) -> AsyncIterator[Scene]:
    async with company_in_skipped_time(engine, server) as company:
        around = season(await now_of(server))
        review = next(iter(around.working_days(around.begins + timedelta(days=24))))
        file = cycle_around(around)
        section = file.cycle.model_copy(update={"reviews": (review,)})
        rules = file.policy.model_copy(update={"leavers": leavers})
        await launch_for(company, file.model_copy(update={"cycle": section, "policy": rules}), around.off, OWNER)
        seq = (await company.give(GOAL, commands.Submit(actor=OWNER))).seq
        for approver in (CHIEF, HEAD):
            seq = (await company.give(GOAL, commands.Approve(actor=approver, expected_seq=seq))).seq
        await company.give(GOAL, commands.CompleteStep(actor=OWNER, step=0))
        yield Scene(company, server, around, review)


async def test_settle_ends_the_goal_with_what_it_has(database: AsyncEngine, time_skipping: WorkflowEnvironment) -> None:
    async with at_work(database, time_skipping, Leavers.SETTLE) as scene:
        earned = score(await scene.goal())
        await scene.told_of(active=False)
        ended = await scene.ended()
        assert (ended.outcome, ended.score) == (Outcome.SETTLED, earned)
        assert await scene.days_of("review_opened") == []


async def test_verdict_opens_the_review_ten_working_days_before_the_last_day_and_closes_with_it(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with at_work(database, time_skipping, Leavers.VERDICT) as scene:
        days = list(scene.around.working_days(scene.around.begins + timedelta(days=1)))
        opens, last_day, day_after = days[4], days[14], days[15]
        await scene.told_of(leaves=last_day)
        await scene.until(opens - timedelta(days=1))
        assert await scene.days_of("review_opened") == []
        await scene.until(opens)
        assert await scene.days_of("review_opened") == [opens]
        assert (await scene.task()).assignees == (OWNER,), "the owner is still here"

        await scene.until(day_after)
        await scene.told_of(active=False, leaves=last_day)
        task = await scene.task()
        assert (task.kind, task.assignees) == (TaskKind.VERDICT, (CHIEF,))
        await scene.verdict("continue")
        ended = await scene.ended()
        assert ended.outcome is Outcome.SETTLED


async def test_verdict_of_somebody_who_is_gone_is_asked_at_once_and_hr_has_it_until_the_cycle_closes(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with at_work(database, time_skipping, Leavers.VERDICT) as scene:
        [day, opens, *_] = scene.around.working_days(scene.around.begins + timedelta(days=1))
        await scene.until(day)
        await scene.told_of(active=False)
        await scene.until(opens)
        assert await scene.days_of("review_opened") == [day], "within the working day on which it became known"
        assert ((await scene.task()).kind, (await scene.task()).assignees) == (TaskKind.VERDICT, (CHIEF,))
        await scene.until(scene.review)
        task = await scene.task()
        assert {HR, HR_TOO} <= set(task.assignees)
        assert OWNER not in task.assignees
        ended = await scene.at_the_end()
        assert ended.outcome is Outcome.SETTLED
        assert await scene.days_of("review_opened") == [day], "the review of the cycle is covered by the open one"


async def test_keep_leaves_the_goal_to_its_reviewers_until_the_cycle_closes(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with at_work(database, time_skipping, Leavers.KEEP) as scene:
        earned = score(await scene.goal())
        await scene.told_of(active=False)
        reminded = await scene.days_of("reminded")
        await scene.until(scene.review)
        assert await scene.days_of("reminded") == reminded, "the owner's step is no longer due"
        assert await scene.days_of("review_opened") == [scene.review]
        assert ((await scene.task()).kind, (await scene.task()).assignees) == (TaskKind.VERDICT, (CHIEF,))
        await scene.verdict("continue")
        goal = await scene.goal()
        assert (goal.state, goal.task, goal.gone) == (State.ACTIVE, None, True)
        ended = await scene.at_the_end()
        assert (ended.outcome, ended.score) == (Outcome.SETTLED, earned)
        assert earned > 0
