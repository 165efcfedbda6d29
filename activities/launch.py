"""Launching a cycle: goals are written in batches, then their workflows are started. Every step is safe to repeat."""

import asyncio
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.heartbeating import heartbeating
from domain.commitments import SEED_BYTES, salts_from
from domain.cycle.carry_over import SettledGoal, drafts_beside, post_of_carried
from domain.cycle.evaluators import evaluators_of, names_heads, people_of, rules_of, titles_of
from domain.cycle.file import PostDraft
from domain.cycle.launch import first_draft
from domain.cycle.leavers import last_day_for_goals
from domain.cycle.part_hr import hr_left, part_hr
from domain.goal.alarms import next_alarm
from domain.goal.events import Event, PolicyAmended
from domain.goal.evolve import evolve
from domain.goal.goal import Delegation, Goal
from domain.goal.ledger import genesis
from domain.goal.steering import due_after
from domain.lifecycles import ENDED, CycleEvent, CycleState, ParticipantEvent, ParticipantState
from domain.notices.notices import notices_of
from domain.people.organisation import Organisation
from domain.policy.policy import Policy
from domain.reasons import RULES_AT_JOINING
from domain.values import CycleId, EmployeeId, GoalId, Locale
from domain.writing.content import Content
from service.carry_over import carried_drafts
from service.projection import delegations_between
from service.time_at_work import keep_times_at_work
from storage import cycles
from storage.database import read_transaction
from storage.directory import with_managers
from storage.goals import load_aggregates
from workflows.cycle import Launcher, NewState, ParticipantRange, StartedGoals, WrittenGoals
from workflows.goal import GoalStart, GoalWorkflow, attributes_of, goal_workflow_id
from workflows.queues import GOALS
from workflows.recording import row_of

_AT_ONCE = 32  # starts in flight: enough to keep the server busy, few enough to leave it air
_CHUNK = 100  # participants between two heartbeats
_EVENTS = {
    CycleState.OPEN: CycleEvent.LAUNCHED, CycleState.CLOSED: CycleEvent.CLOSED,
    CycleState.CANCELLED: CycleEvent.CANCELLED,
}  # fmt: skip

log = structlog.get_logger()


class LaunchActivities(Launcher):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client

    @activity.defn(name="write_goals")
    async def write_goals(self, piece: ParticipantRange) -> WrittenGoals:
        """Writes the drafts of the next participants: goals, first ledger entries and notices, in one transaction."""
        async with heartbeating():
            async with read_transaction(self._engine) as connection:
                people = await cycles.unstarted_participants(connection, piece.cycle, piece.after, piece.limit)
            if fresh := [one for one in people if one.result == ParticipantState.WAITING]:
                await self._write(piece, fresh)
        return WrittenGoals(last=people[-1].employee_id if people else "", people=len(people))

    async def _write(self, piece: ParticipantRange, people: list[cycles.UnstartedParticipant]) -> None:
        cycle = await _cycle(self._engine, piece)
        async with read_transaction(self._engine) as connection:
            stages = cycle.launched_policy.stages
            organisation = await with_managers(
                connection, _concerned(cycle, people) | people_of(stages), titles_of(stages), heads=names_heads(stages)
            )
            launched = [EmployeeId(one.employee_id) for one in people if one.added_by is None]
            first = cycle.launched_policy.calendar.day_of(cycle.launched_at)
            carried = await carried_drafts(connection, cycle.file, launched, first)
        standing = await self._delegations(cycle, organisation)
        batch = await asyncio.to_thread(_batch, cycle, organisation, standing, people, carried)
        async with self._engine.begin() as connection:
            await cycles.write_goals(connection, piece.cycle, batch)

    @activity.defn(name="start_goals")
    async def start_goals(self, piece: ParticipantRange) -> StartedGoals:
        """Starts the workflows of the participants up to `upto` whose goals are written; continues after an
        interruption.
        """
        after, so_far = activity.info().heartbeat_details or (piece.after, {"people": 0, "goals": 0, "failed": 0})
        total = StartedGoals.model_validate(so_far)
        async with heartbeating(lambda: (after, total)):
            while people := await self._waiting(piece, after):
                total = await self._start_chunk(piece, [one.employee_id for one in people], total)
                after = people[-1].employee_id
        log.info("goals_started", cycle_id=piece.cycle, people=total.people, goals=total.goals, failed=total.failed)
        return total

    async def _waiting(self, piece: ParticipantRange, after: str) -> list[cycles.UnstartedParticipant]:
        async with read_transaction(self._engine) as connection:
            return await cycles.unstarted_participants(connection, piece.cycle, after, _CHUNK, up_to=piece.upto)

    @activity.defn(name="retry_failed")
    async def retry_failed(self, piece: ParticipantRange) -> int:
        """Sets the failed participants to waiting."""
        async with heartbeating(), self._engine.begin() as connection:
            return await cycles.requeue_failed(connection, piece.cycle)

    @activity.defn(name="set_cycle_state")
    async def set_cycle_state(self, new: NewState) -> None:
        """Writes the cycle's state to the database. A transition that is not allowed is logged, not written."""
        async with heartbeating(), self._engine.begin() as connection:
            if not await cycles.change_state(connection, new.cycle, _EVENTS[new.state], new.at):
                log.info("cycle_state_unchanged", cycle_id=new.cycle, wanted=new.state)
            elif new.state in ENDED:
                await keep_times_at_work(connection, new.cycle)

    async def _delegations(self, cycle: cycles.Cycle, organisation: Organisation) -> list[Delegation]:
        """The delegations from or to these people that are in force during the cycle."""
        policy, people = cycle.rules, list(organisation.employees)
        async with read_transaction(self._engine) as connection:
            return list(await delegations_between(connection, policy.starts, policy.closes, people))

    async def _start_chunk(self, piece: ParticipantRange, employees: list[str], total: StartedGoals) -> StartedGoals:
        async with read_transaction(self._engine) as connection:
            loaded = await load_aggregates(connection, owners=employees, cycle=piece.cycle)
        goals = [Goal.model_validate(one) for one in loaded]
        room = asyncio.Semaphore(_AT_ONCE)
        reasons = await asyncio.gather(*(self._start(goal, room) for goal in goals))
        failed = {goal.owner: reason for goal, reason in zip(goals, reasons, strict=True) if reason}
        for owner in set(employees) - {goal.owner for goal in goals}:
            failed[EmployeeId(owner)] = "no goal was written"
        for owner, reason in failed.items():
            async with self._engine.begin() as connection:
                await cycles.record_launch(connection, piece.cycle, [owner], ParticipantEvent.LAUNCH_FAILED, reason)
        if started := [one for one in employees if one not in failed]:
            async with self._engine.begin() as connection:
                await cycles.record_launch(connection, piece.cycle, started, ParticipantEvent.GOALS_STARTED)
        return StartedGoals(
            people=total.people + len(started),
            goals=total.goals + len(goals) - len(failed),
            failed=total.failed + len(failed),
        )

    async def _start(self, goal: Goal, room: asyncio.Semaphore) -> str | None:
        async with room:
            return await start_goal(self._client, goal)


async def start_goal(client: Client, goal: Goal) -> str | None:
    """Starts one goal's workflow, delayed until its first alarm. Returns the reason if the server refuses it for good.

    Keyed by the goal's id: a repeat starts nothing.
    """
    try:
        await client.start_workflow(
            GoalWorkflow.run,
            GoalStart(goal=goal, seed=secrets.token_hex(SEED_BYTES)),
            id=goal_workflow_id(goal.id),
            task_queue=GOALS,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            start_delay=_until_first_alarm(goal),
            search_attributes=attributes_of(goal),
        )
    except WorkflowAlreadyStartedError:
        return None  # an earlier try got this far
    except RPCError as error:
        if error.status in (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION):
            return f"Temporal: {error.message}"
        raise
    return None


def _until_first_alarm(goal: Goal) -> timedelta:
    alarm = next_alarm(goal)
    return max(alarm.at - datetime.now(UTC), timedelta(0)) if alarm else timedelta(0)


def _concerned(cycle: cycles.Cycle, people: list[cycles.UnstartedParticipant]) -> set[str]:
    """The people whose site or managers the goals need: owners and HR."""
    return {*(one.employee_id for one in people), *cycle.launched_policy.hr, *cycle.rules.everybody_of_hr}


async def _cycle(engine: AsyncEngine, piece: ParticipantRange) -> cycles.Cycle:
    async with read_transaction(engine) as connection:
        found = await cycles.find_cycle(connection, piece.cycle)
    if found is None:
        raise LookupError(f"cycle {piece.cycle} is not in the database")
    return found


def _batch(
    cycle: cycles.Cycle,
    organisation: Organisation,
    standing: list[Delegation],
    people: list[cycles.UnstartedParticipant],
    carried: Mapping[EmployeeId, list[tuple[SettledGoal, Content]]],
) -> cycles.LaunchBatch:
    """The rows of a batch; posts that have goals in `carried` get these instead of the file's drafts. The time is the launch's, or when they joined, so that a repeated batch writes the same entries, with other salts.

    Everybody begins with the rules of the launch, which the ledger's proof starts from; who joins later gets what changed
    since then as a second entry.
    """
    frozen, now, file = cycle.launched_policy, cycle.rules, cycle.file
    rules = rules_of(frozen.review_stage, frozen.stages)
    languages = {one.id: one.locale for one in organisation.employees.values()}
    drafts = lru_cache(partial(file.drafts_of_posts, departments=organisation.departments))
    sites = {one.id: one.site for one in organisation.employees.values() if one.site}
    batch = cycles.LaunchBatch([], [], [], [one.employee_id for one in people])
    salts = salts_from(secrets.token_hex(SEED_BYTES))
    for person in people:
        owner = EmployeeId(person.employee_id)
        leaves = last_day_for_goals(organisation.employees[owner], now.leavers)
        posts = {one.department: one for one in organisation.employees[owner].posts}
        of_file = drafts(person.department, tuple(posts), languages.get(owner, Locale.JA))
        theirs, known, main = carried.get(owner, ()), organisation.departments, person.department
        begins: list[tuple[GoalId | None, PostDraft]]
        begins = [
            (goal.id, PostDraft(post_of_carried(goal.department, main, posts, known), one)) for goal, one in theirs
        ]
        begins += [(None, one) for one in drafts_beside(of_file, [goal for goal, _ in theirs], main, posts, known)]
        for number, (source, draft) in enumerate(begins, start=1):
            post = posts[draft.post] if draft.post else None
            goal, event = first_draft(
                cycle=CycleId(cycle.id),
                policy=frozen,
                owner=owner,
                department=post.department if post else person.department,
                line=organisation.active_line(owner, post),
                evaluators=evaluators_of(owner, organisation, rules, post),
                part_hr=part_hr(owner, organisation, now.hr_of, post),
                hr_left=hr_left(now, organisation),
                additional=post is not None,
                away=organisation.is_away(owner),
                leaves=leaves,
                number=number,
                content=draft.content,
                launched_by=EmployeeId(person.added_by or cycle.launched_by),
                now=person.added_at or cycle.launched_at,
                sites=sites,
                slot=person.slot + number - 1,
                delegations=standing,
                salts=salts,
                carried_from=source,
            )
            begun = [FirstEntry(event, genesis(goal.id), goal)]
            if person.added_at and now != frozen:
                begun.append(amended_entry(begun[0], now, salts))
            add_rows(batch, begun)
    return batch


class FirstEntry(NamedTuple):
    """An entry of a new goal's ledger, the hash before it, and the goal behind it."""

    event: Event
    before: str
    goal: Goal


def amended_entry(first: FirstEntry, policy: Policy, salts: Iterator[str]) -> FirstEntry:
    goal, event = first.goal, first.event
    due = due_after(goal, policy, goal.calendar.day_of(event.at))
    body = PolicyAmended(policy=policy, reason=RULES_AT_JOINING, due=due)
    second = Event(
        seq=event.seq + 1, revision=1, at=event.at, actor=event.actor, command=event.command, body=body
    ).salted(salts)  # not a copy of the first: that would carry its JSON along
    return FirstEntry(second, goal.head, evolve(goal, second))


def add_rows(batch: cycles.LaunchBatch, begun: list[FirstEntry]) -> None:
    created, goal = begun[0], begun[-1].goal
    row = row_of(goal, amended=len(begun) > 1)
    batch.goals.append(
        (goal.id, goal.cycle, goal.owner, goal.department, row["state"], row["revision"], row["task"], row["assignees"],
         row["due_at"], row["outcome"], row["score"], row["seq"], row["head"], row["aggregate"], row["policy"],
         created.event.at, row["progress"], row["escalated"])
    )  # fmt: skip
    batch.events.extend(
        (goal.id, event.seq, event.revision, event.kind, event.at, event.actor, event.command,
         json.dumps(event.json_form["body"], ensure_ascii=False), before, after.head,
         json.dumps(event.texts, ensure_ascii=False) if event.texts else None)
        for event, before, after in begun
    )  # fmt: skip
    batch.notices.extend(
        (notice.key, notice.recipient, notice.cycle, notice.goal, notice.kind,
         json.dumps(notice.facts, ensure_ascii=False), created.event.at, notice.urgent)
        for notice in notices_of(goal, created.event)
    )  # fmt: skip
