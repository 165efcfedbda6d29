"""`meguri repair`: finds goals about which PostgreSQL and Temporal do not agree, and makes them agree again.

It also finds cycles and instructions that are not over and whose workflow does not run, and starts it again.

A goal's workflow can be terminated or lost, and either store can be restored from a backup that is older than the other. The
newer store is right: the ledger is filled from Temporal's history, or a workflow takes over what the ledger has. Nothing is
removed from either. Every repaired goal gets an entry that says so, in the name of HR.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import structlog

from domain.access import Action, Caller, actor_of
from domain.commitments import SEED_BYTES
from domain.goal.commands import NoteRepair
from domain.goal.goal import Goal, RepairStep
from domain.refusals import Refusal
from domain.values import CycleId, Frozen, GoalId
from service import instruction_start
from service.answers import NoAnswer, runs
from service.cycle_updates import CycleUpdates
from service.goal_updates import GoalUpdates
from service.projection import find_goal, require_goal
from service.proof import prove
from service.relations import require_hr
from storage import cycles, instructions
from storage.database import read_transaction
from storage.goals import goal_ids
from storage.integrity import table_faults
from storage.ledger import CommandRecorded, HeadDiffers, LedgerBehind, open_ledger

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from service.replayed_goals import Replayed

_AT_ONCE = 8
_PAGE = 500

log = structlog.get_logger()


class Fault(StrEnum):
    """What is wrong with a goal."""

    WORKFLOW_LOST = "workflow_lost"  # the goal is open, and no workflow runs
    LEDGER_BEHIND = "ledger_behind"  # Temporal knows entries that the ledger lacks
    WORKFLOW_BEHIND = "workflow_behind"  # the ledger has entries that the workflow does not know
    STORES_DIFFER = "stores_differ"  # both have an entry of the same number, with different hashes
    LEDGER_BROKEN = "ledger_broken"  # its chain is broken, or the goal's row differs from it
    ROW_MISSING = "row_missing"  # a workflow runs for a goal that PostgreSQL does not have
    HISTORY_UNREADABLE = "history_unreadable"  # Temporal's history cannot be replayed by this program


MENDABLE = frozenset({Fault.WORKFLOW_LOST, Fault.LEDGER_BEHIND, Fault.WORKFLOW_BEHIND})


class AlteredTable(Frozen):
    """What no program of ours does, and repairing does not mend: a trigger is off, or a goal or entries are gone."""

    code: str
    what: str


class Repair(Frozen):
    """A goal with faults. `ledger` and `workflow` are the numbers of the last entry that each store knows.

    `done` are the steps that were taken, and `entry` the number of the entry that says so. `left` is the code of the reason why
    the goal is not repaired.
    """

    goal: GoalId
    faults: tuple[Fault, ...]
    ledger: int
    workflow: int | None
    done: tuple[RepairStep, ...] = ()
    entry: int | None = None
    left: str | None = None


class LostWorkflow(Frozen):
    """A cycle or an instruction that is not over and whose workflow does not run. `started`: it runs again."""

    of: Literal["cycle", "instruction"]
    id: str
    started: bool = False


class Repairs(Frozen):
    """The result: how many goals were looked at, those with faults, and workflows of cycles and instructions that do not run."""

    goals: int
    repairs: tuple[Repair, ...]
    workflows: tuple[LostWorkflow, ...] = ()
    tables: tuple[AlteredTable, ...] = ()

    @property
    def all_sound(self) -> bool:
        repaired = all(one.entry is not None for one in self.repairs) and all(one.started for one in self.workflows)
        return repaired and not self.tables


class Repairing:
    """Finding and repairing goals. Raises a `Refusal` for a caller who is neither HR nor the operator."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._temporal = temporal
        self._updates = GoalUpdates(engine, temporal)

    async def find(self, caller: Caller, cycle: str | None = None) -> Repairs:
        """The goals with faults, of one cycle (None: of all). Changes nothing."""
        return await self._each(caller, Action.SEE_FAULTS, cycle, mend=False)

    async def mend(self, caller: Caller, cycle: str | None = None) -> Repairs:
        """Repairs the goals with faults. Safe to repeat: a goal that was repaired has no fault. Needs a worker for the entries."""
        actor_of(caller)
        return await self._each(caller, Action.REPAIR, cycle, mend=True)

    async def _each(self, caller: Caller, action: Action, cycle: str | None, *, mend: bool) -> Repairs:
        async with read_transaction(self._engine) as connection:
            ids = await require_hr(connection, caller, action, cycle)
        room, goals = asyncio.Semaphore(_AT_ONCE), set[GoalId]()
        found: list[Repair | None] = []

        async def look(goal: GoalId) -> Repair | None:
            async with room:
                repair, replayed = await self._look(goal)
                return await self._mend(caller, repair, replayed) if repair and mend else repair

        async for page in self._pages(ids):
            goals |= set(page)
            found += await asyncio.gather(*(look(one) for one in page))
        found += [_without_row(one) async for one in self._running(ids) if one not in goals]
        lost = [one async for one in self._lost(ids)]  # after the goals, to which an instruction sends commands
        async with read_transaction(self._engine) as connection:
            altered = await table_faults(connection)
        return Repairs(
            goals=len(goals),
            repairs=tuple(one for one in found if one),
            workflows=tuple([await self._start_lost(one) for one in lost] if mend else lost),
            tables=tuple(AlteredTable(code=one.code, what=one.what) for one in altered),
        )

    async def _running(self, ids: Iterable[str]) -> AsyncIterator[GoalId]:
        """The goals of these cycles for which a workflow runs. Temporal's list may be some seconds old."""
        from workflows.goal import goal_workflow_id

        prefixes = tuple(goal_workflow_id(GoalId(f"{cycle}/")) for cycle in ids)
        async for one in self._temporal.list_workflows("WorkflowType = 'GoalWorkflow' AND ExecutionStatus = 'Running'"):
            if one.id.startswith(prefixes):
                yield GoalId(one.id.removeprefix(goal_workflow_id(GoalId(""))))

    async def _lost(self, ids: Sequence[CycleId]) -> AsyncIterator[LostWorkflow]:
        from workflows.cycle import cycle_workflow_id
        from workflows.instruction import instruction_workflow_id

        async with read_transaction(self._engine) as connection:
            open_cycles = [
                one.id for one in await cycles.list_cycles(connection) if one.id in ids and one.state.is_running
            ]
            unfinished = await instructions.unfinished_in(connection, ids)
        for cycle in open_cycles:
            if not await runs(self._temporal, cycle_workflow_id(cycle)):
                yield LostWorkflow(of="cycle", id=cycle)
        for instruction in unfinished:
            if not await runs(self._temporal, instruction_workflow_id(instruction)):
                yield LostWorkflow(of="instruction", id=instruction)

    async def _start_lost(self, lost: LostWorkflow) -> LostWorkflow:
        """Starts the workflow again. Both go on where they were: each goal is launched, and asked, once."""
        if lost.of == "cycle":
            await CycleUpdates(self._engine, self._temporal).start(CycleId(lost.id), again=True)
        else:
            await instruction_start.start(self._temporal, lost.id, again=True)
        log.warning("workflow_started_again", of=lost.of, id=lost.id)
        return lost.model_copy(update={"started": True})

    async def _pages(self, ids: Iterable[str]) -> AsyncIterator[list[GoalId]]:
        for cycle in ids:
            after = ""
            while True:
                async with read_transaction(self._engine) as connection:
                    page = await goal_ids(connection, cycle, after, _PAGE)
                if page:
                    yield [GoalId(one) for one in page]
                if len(page) < _PAGE:
                    break
                after = page[-1]

    async def _look(self, goal: GoalId) -> "tuple[Repair | None, Replayed | None]":
        from service.replayed_goals import replay_goal

        async with read_transaction(self._engine) as connection:
            stored = await require_goal(connection, goal)
        proof = await prove(self._engine, goal)
        hashes = {line.event["seq"]: line.hash for line in proof.lines}
        replayed = await replay_goal(self._temporal, goal, stored.seq)
        faults = _faults(stored, hashes, replayed)
        if not proof.holds:
            faults = (*faults, Fault.LEDGER_BROKEN)
        if not faults:
            return None, replayed
        left = next((one for one in faults if one not in MENDABLE), None)
        known = replayed.seq if replayed else None
        return Repair(goal=goal, faults=faults, ledger=stored.seq, workflow=known, left=left), replayed

    async def _mend(self, caller: Caller, repair: Repair, replayed: "Replayed | None") -> Repair:
        if repair.left:
            return repair
        done: list[RepairStep] = []
        try:
            if Fault.LEDGER_BEHIND in repair.faults and replayed:
                await self._fill(repair, replayed)
                done.append(RepairStep.LEDGER_FILLED)
            if Fault.WORKFLOW_LOST in repair.faults and await self._start(repair.goal):
                done.append(RepairStep.WORKFLOW_STARTED)
            elif Fault.WORKFLOW_BEHIND in repair.faults:
                done.append(RepairStep.ENTRIES_ADOPTED)
            entry = await self._note(caller, repair.goal, tuple(done))
        except (Refusal, NoAnswer) as error:
            return repair.model_copy(update={"done": tuple(done), "left": error.code})
        except (HeadDiffers, LedgerBehind, CommandRecorded):
            return repair.model_copy(update={"done": tuple(done), "left": Fault.STORES_DIFFER})
        log.warning("goal_repaired", goal_id=repair.goal, how=[str(one) for one in done], seq=entry)
        return repair.model_copy(update={"done": tuple(done), "entry": entry})

    async def _fill(self, repair: Repair, replayed: "Replayed") -> None:
        """Appends what the workflow recorded, with its notices. Keyed by the number and hash of the last entry."""
        from workflows.recording import Recording, recording_of

        async with open_ledger(self._engine, size=1) as ledger:
            for step in replayed.steps:
                if step.before.seq < repair.ledger:
                    continue
                _, recording = recording_of(step.before, step.events)
                one = Recording.model_validate_json(
                    recording.model_dump_json()
                )  # in the form that travels to the ledger
                await ledger.append(
                    one.goal,
                    one.before,
                    one.before_head,
                    row=one.row,
                    events=one.events,
                    notices=one.notices,
                    at=one.at,
                    erases=one.erases,
                )

    async def _start(self, goal: GoalId) -> bool:
        """Starts a workflow from the ledger; False if the goal is closed, which needs none."""
        from temporalio.common import WorkflowIDConflictPolicy

        from workflows.goal import GoalStart, GoalWorkflow, attributes_of, goal_workflow_id
        from workflows.queues import GOALS

        async with read_transaction(self._engine) as connection:
            stored = await find_goal(connection, goal)
        if stored is None or stored.is_closed:
            return False
        await self._temporal.start_workflow(
            GoalWorkflow.run,
            GoalStart(goal=stored, seed=secrets.token_hex(SEED_BYTES)),
            id=goal_workflow_id(goal),
            task_queue=GOALS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,  # a command or another repair may be faster
            search_attributes=attributes_of(stored),
        )
        return True

    async def _note(self, caller: Caller, goal: GoalId, how: tuple[RepairStep, ...]) -> int:
        """Records the repair. A workflow that is behind adopts first what it does not know, since the command saw it."""
        async with read_transaction(self._engine) as connection:
            stored = await require_goal(connection, goal)
        command = NoteRepair(actor=actor_of(caller), how=how, expected_seq=stored.seq)
        return (await self._updates.send(goal, command, f"repair:{goal}:{stored.seq}")).seq


def _without_row(goal: GoalId) -> Repair:
    return Repair(goal=goal, faults=(Fault.ROW_MISSING,), ledger=0, workflow=None, left=Fault.ROW_MISSING)


def _faults(stored: Goal, hashes: dict[int, str], replayed: "Replayed | None") -> tuple[Fault, ...]:
    """What is wrong between the ledger and Temporal's history."""
    if replayed is None:
        return () if stored.is_closed else (Fault.WORKFLOW_LOST,)
    if replayed.failure:
        return (Fault.HISTORY_UNREADABLE,)
    faults = [] if replayed.is_running or stored.is_closed else [Fault.WORKFLOW_LOST]
    if replayed.seq > stored.seq:
        links = any((one.before.seq, one.before.head) == (stored.seq, stored.head) for one in replayed.steps)
        faults.append(Fault.LEDGER_BEHIND if links else Fault.STORES_DIFFER)
    elif hashes.get(replayed.seq) != replayed.head:
        faults.append(Fault.STORES_DIFFER)
    elif replayed.seq < stored.seq and replayed.is_running:
        faults.append(Fault.WORKFLOW_BEHIND)
    return tuple(faults)
