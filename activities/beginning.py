"""Beginning a goal while its cycle runs: one transaction writes it, then its workflow is started. Both may be repeated."""

import secrets

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.launch import FirstEntry, add_rows, amended_entry, start_goal
from domain.commitments import SEED_BYTES, salts_from
from domain.cycle.beginning import Beginning, next_number, require_may_begin
from domain.cycle.carry_over import post_of_carried
from domain.cycle.evaluators import evaluators_of, rules_of
from domain.cycle.launch import first_draft
from domain.cycle.leavers import last_day_for_goals
from domain.cycle.part_hr import hr_left, part_hr
from domain.goal.ledger import genesis
from domain.people.organisation import Organisation
from domain.people.posts import Post, departments_of
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId, Moment
from service.owner_in_cycle import organisation_of, owner_in_cycle
from service.projection import delegations_between, require_goal
from service.sharing import contributors_gone, require_here
from storage import beginnings, cycles
from storage.database import read_transaction
from workflows.beginning import Begun, GoalBeginner, TimedBeginning
from workflows.recording import RecordedRefusal

log = structlog.get_logger()


class BeginningActivities(GoalBeginner):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name="write_begun_goal")
    async def write_begun_goal(self, timed: TimedBeginning) -> Begun:
        """Writes the goal, the first entries of its ledger and its notice, in one transaction.

        Keyed by the command: a repeat writes nothing and returns the same goal. A lock on the participant keeps numbers apart.
        """
        try:
            async with self._engine.begin() as connection:
                goal = await _written(connection, timed.asked, timed.at)
        except Refusal as refusal:
            return Begun(refused=RecordedRefusal(code=refusal.code, fields=refusal.message.fields))
        log.info("goal_begun", goal_id=goal)
        return Begun(goal=goal)

    @activity.defn(name="start_begun_goal")
    async def start_begun_goal(self, goal: GoalId) -> None:
        """Starts the goal's workflow. Keyed by the goal's id: a repeat starts nothing."""
        async with read_transaction(self._engine) as connection:
            found = await require_goal(connection, goal)
        if reason := await start_goal(self._client, found):
            raise ApplicationError(reason, type="GoalNotStarted")


async def _written(connection: AsyncConnection, asked: Beginning, at: Moment) -> GoalId:
    """The goal of the command, written now or before; the sender compares what it asked for. Raises a `Refusal`."""
    cycle = await cycles.lock_cycle(connection, asked.cycle, shared=True)
    if cycle is None:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=asked.cycle)
    participant = await beginnings.lock_participant(connection, asked.cycle, asked.owner)
    if before := await beginnings.made_by(connection, asked.cycle, asked.owner, asked.command):
        return GoalId(before)
    organisation = await organisation_of(connection, cycle, asked.owner)
    found = await owner_in_cycle(connection, cycle, asked.owner, organisation, participant)
    require_may_begin(asked, found, at)
    require_here(asked.content, await contributors_gone(connection, [asked.content]))
    placed = await _placed(connection, asked, organisation)
    return await write_goal(connection, placed, cycle, organisation, next_number(found.goals), at)


async def _placed(connection: AsyncConnection, asked: Beginning, organisation: Organisation) -> Beginning:
    """The request with the post of the goal that is carried over, if it names none."""
    if asked.post is not None or asked.carried_from is None:
        return asked
    goal, owner = await require_goal(connection, asked.carried_from), organisation.employees[asked.owner]
    posts = departments_of(owner.posts)
    post = post_of_carried(goal.department, owner.department, posts, organisation.departments)
    return asked.model_copy(update={"post": post})


async def write_goal(  # noqa: PLR0917 - all of them are of the one goal
    connection: AsyncConnection,
    asked: Beginning,
    cycle: cycles.Cycle,
    organisation: Organisation,
    number: int,
    at: Moment,
) -> GoalId:
    """Writes the goal, the first entries of its ledger and its notices; the caller commits."""
    entries = await _entries(connection, asked, cycle, organisation, number, at)
    batch = cycles.LaunchBatch([], [], [], [])
    add_rows(batch, entries)
    await cycles.write_goals(connection, cycle.id, batch)
    await beginnings.count_goals(connection, cycle.id, asked.owner)
    return entries[0].goal.id


async def _entries(  # noqa: PLR0917 - all of them are of the one goal
    connection: AsyncConnection,
    asked: Beginning,
    cycle: cycles.Cycle,
    organisation: Organisation,
    number: int,
    at: Moment,
) -> list[FirstEntry]:
    """The first entry of the goal's ledger, and a second one where the cycle's rules changed since the launch."""
    frozen, now = cycle.launched_policy, cycle.rules
    person, salts = organisation.employees[asked.owner], salts_from(secrets.token_hex(SEED_BYTES))
    post = _post(asked, organisation)
    goal, event = first_draft(
        cycle=CycleId(cycle.id),
        policy=frozen,
        owner=asked.owner,
        department=post.department if post else person.department,
        line=organisation.active_line(asked.owner, post),
        evaluators=evaluators_of(asked.owner, organisation, rules_of(frozen.review_stage, frozen.stages), post),
        part_hr=part_hr(asked.owner, organisation, now.hr_of, post),
        hr_left=hr_left(now, organisation),
        additional=post is not None,
        away=organisation.is_away(asked.owner),
        leaves=last_day_for_goals(person, now.leavers),
        number=number,
        content=asked.content,
        launched_by=EmployeeId(asked.actor),
        now=at,
        sites={one.id: one.site for one in organisation.employees.values() if one.site},
        slot=await beginnings.goals_in(connection, cycle.id),
        delegations=await delegations_between(connection, now.starts, now.closes, list(organisation.employees)),
        salts=salts,
        begun_by=asked.command,
        carried_from=asked.carried_from,
        handed_from=asked.handed_from,
    )
    first = FirstEntry(event, genesis(goal.id), goal)
    return [first] if now == frozen else [first, amended_entry(first, now, salts)]


def _post(asked: Beginning, organisation: Organisation) -> Post | None:
    """The additional post that the request names. Raises a `Refusal` if the owner has none there."""
    if asked.post is None:
        return None
    post, _ = organisation.post_of(asked.owner, asked.post, additional=True)
    if post is None:
        posts = departments_of(organisation.employees[asked.owner].posts)
        raise Refusal(Code.NO_SUCH_POST, owner=asked.owner, department=asked.post, posts=list(posts) or "-")
    return post
