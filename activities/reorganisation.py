"""What an instruction of kind `sync` does: first the directory, then each goal concerned, then new people."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities.heartbeating import heartbeating
from domain.cycle.evaluators import names_heads, people_of, titles_of
from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.reorganisation import SyncContext, sync_command_for
from domain.people.organisation import DIRECTORY_ZONE, Organisation
from domain.people.posts import departments_of
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.cycle_updates import CycleUpdates
from service.leaving import process_leavers, start_leaving_days
from service.projection import delegations_between
from service.sync_effects import OpenCycle, goals_that_differ
from storage import cycles, directory, participants, people
from storage.database import read_transaction
from storage.departments import load_departments
from storage.goals_concerned import closed_by_leaving
from workflows.leaving import LeaverProcessor, LeavingDay

_FAR = timedelta(days=3660)

log = structlog.get_logger()


class LeavingActivities(LeaverProcessor):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name="process_leavers")
    async def process_leavers(self, day: LeavingDay) -> int:
        """Processes the people whose last day has passed."""
        async with heartbeating():
            return await process_leavers(self._engine, self._client, day.last_day, day.now)


async def prepare(engine: AsyncEngine, instruction: str, asked: Sync, now: datetime) -> list[GoalId]:
    """Applies the change of departments and the staged rows to the directory, in one transaction and once; the ids of the goals to be asked.

    These are all open goals that differ from the directory, also from an earlier change, and the closed goals of people who are back.
    """
    async with engine.begin() as connection:
        await people.apply_staged(connection, instruction, asked.department_change)
    async with read_transaction(engine) as connection:
        organisation = await people.load_organisation(connection, as_of=now.astimezone(DIRECTORY_ZONE).date())
        back = await closed_by_leaving(connection, asked.joined)
        return [*await goals_that_differ(connection, organisation), *back]


async def commands(
    engine: AsyncEngine, asked: Sync, goals: Sequence[Goal], actor: EmployeeId, now: datetime
) -> Callable[[Goal], Command | Skipped]:
    """Returns the function that makes the command of each of these goals, from the organisation as it is now."""
    today = now.date()
    concerned = {one for goal in goals for one in (*goal.sharers, *goal.part_hr, *goal.policy.everybody_of_hr)}
    concerned |= {one for goal in goals if goal.task for one in goal.task.assignees}
    concerned |= {one for goal in goals for one in people_of(goal.policy.stages)}
    concerned |= {person for goal in goals for one in goal.delegations for person in (one.delegator, one.to)}
    async with read_transaction(engine) as connection:
        titles = {title for goal in goals for title in titles_of(goal.policy.stages)}
        heads = any(names_heads(goal.policy.stages) for goal in goals)
        organisation = await directory.with_managers(connection, concerned, titles, heads=heads)
        standing = await delegations_between(connection, today, today + _FAR)
        ended = {goal.owner for goal in goals if goal.is_closed} & {*asked.joined}
        back = set(await closed_by_leaving(connection, ended))

    def decide(goal: Goal) -> Command | Skipped:
        context = SyncContext(organisation, standing, goal.calendar.day_of(now), back)
        return sync_command_for(goal, asked, actor, context)

    return decide


async def finish(engine: AsyncEngine, temporal: Client, asked: Sync, actor: EmployeeId, now: datetime) -> None:
    """People who joined take part in every open cycle whose rules say so. People who leave later are processed on the
    day after their last day.
    """
    if asked.joined:
        await _welcome(engine, temporal, asked, actor, now)
    await start_leaving_days(engine, temporal)


async def _welcome(engine: AsyncEngine, temporal: Client, asked: Sync, actor: EmployeeId, now: datetime) -> None:
    async with read_transaction(engine) as connection:
        known = await load_departments(connection)
        joined = Organisation(await directory.employees(connection, asked.joined), departments=known)
        rows = await cycles.list_cycles(connection)
    for row in rows:
        if not row.state.is_running or not OpenCycle(row.id, row.rules, row.file).takes_joiners(now):
            continue
        drafts = partial(row.file.drafts_of_posts, departments=known)
        new = [
            (one.id, one.department, len(drafts(one.department, departments_of(one.posts))))
            for one in row.file.participants(joined)
        ]
        async with engine.begin() as connection:
            await participants.add(connection, row.id, new, by=actor, at=now)
        if new:  # also where a try before this one added them and was cut off
            await _launch_more(CycleUpdates(engine, temporal), CycleId(row.id))


async def _launch_more(all_cycles: CycleUpdates, cycle: CycleId) -> None:
    try:
        await all_cycles.launch_more(cycle)
    except Refusal as refusal:
        if refusal.code is not Code.CYCLE_BUSY:
            raise
        log.warning("cycle_had_ended", cycle_id=cycle)  # nobody joins it any more
