"""Carries out an instruction: chooses the goals, sends each its command, and updates the cycle at the end.

Every part is safe to repeat: goals are chosen once, each command has the instruction's own id, and the result at each goal
is stored in a row.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities import reorganisation
from activities.asking import Asking
from activities.cycle_rules import save_rules
from activities.failing import noting_failures
from activities.heartbeating import heartbeating
from domain.instructions.instructions import (
    Add,
    Amend,
    AnyInstruction,
    Cancel,
    Close,
    Extend,
    Remove,
    Reopen,
    Sync,
)
from domain.lifecycles import ENDED, InstructionState, ParticipantState
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.cycle_updates import CycleUpdates
from service.goal_updates import GoalUpdates
from service.instruction_choice import ENDED_WITH_CYCLE, condition_of, outcomes_reopened
from storage import cycles, instructions, outbox, participants, roles
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.departments import load_departments
from storage.directory import active_people
from storage.goals import open_goals
from storage.instructions import Instruction, InstructionResult
from workflows.instruction import InstructionPart, InstructionSteps

_PAGE = 25  # goals looked at in one transaction
_LOOK = 0.25  # seconds between two looks at those who are being launched
log = structlog.get_logger()


class InstructionActivities(InstructionSteps):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client
        self._goals, self._cycles = GoalUpdates(engine, client), CycleUpdates(engine, client)

    @activity.defn(name="prepare_instruction")
    async def prepare(self, part: InstructionPart) -> int:
        """Chooses the goals, once, and prepares the commands. Returns the number of goals."""
        async with heartbeating(), noting_failures(self._engine, part.instruction):
            row, asked = await self._find(part)
            if row.state is InstructionState.ENDED:
                return 0
            if isinstance(asked, Sync):
                return await self._record(row, await reorganisation.prepare(self._engine, row.id, asked, part.now))
            if isinstance(asked, Add):
                return await self._add(row, asked, part.now)
            await save_rules(
                self._engine, row, asked, part.now
            )  # first: people who join meanwhile are not chosen below
            return await self._choose(row, asked)

    @activity.defn(name="carry_out_instruction")
    async def carry_out(self, part: InstructionPart) -> None:
        """Sends the command to every goal without a result. A result is written after the goal answered, so a retry
        asks only the others.
        """
        async with heartbeating(), noting_failures(self._engine, part.instruction):
            row, asked = await self._find(part)
            await Asking(self._engine, self._goals, row, asked, part.now).ask_all()
            if isinstance(asked, Add):
                await self._launch(row)

    @activity.defn(name="finish_instruction")
    async def finish(self, part: InstructionPart) -> None:
        """Updates the cycle as its goals were updated, and marks the instruction as done. Not if HR has ended it."""
        async with heartbeating(), noting_failures(self._engine, part.instruction):
            row, asked = await self._find(part)
            if row.is_over:
                return
            await self._tell(row, asked, part.now)
            async with self._engine.begin() as connection:
                await instructions.finish(connection, row.id, part.now)
            async with read_transaction(self._engine) as connection:
                found = await instructions.progress(connection, row.id)
        log.info("instruction_done", instruction=row.id, kind=row.kind, **(found.by_result if found else {}))

    async def _tell(self, row: Instruction, asked: AnyInstruction, now: datetime) -> None:
        if isinstance(asked, Sync):
            await reorganisation.finish(self._engine, self._client, asked, EmployeeId(row.actor), now)
            async with self._engine.begin() as connection:
                await roles.tell_hr(connection, row.id)
        elif row.cycle_id:
            try:
                await self._tell_cycle(CycleId(row.cycle_id), asked, EmployeeId(row.actor))
            except Refusal as refusal:
                if refusal.code is not Code.CYCLE_BUSY:
                    raise
                log.info("cycle_had_ended", instruction=row.id, cycle_id=row.cycle_id)  # by another instruction

    async def _record(self, row: Instruction, goals: Sequence[str]) -> int:
        async with self._engine.begin() as connection:
            return await instructions.record_goals(connection, row.id, goals)

    async def _choose(self, row: Instruction, asked: AnyInstruction) -> int:
        """Chooses the goals of a selection; for a cancellation, also withdraws the notices about them."""
        async with self._engine.begin() as connection:
            chosen = await instructions.choose_goals(
                connection,
                row.id,
                cycle=row.cycle_id,
                departments=asked.selection.departments,
                people=asked.selection.people,
                ended=outcomes_reopened(asked),
                only=await condition_of(connection, asked),
            )
            if isinstance(asked, Cancel) and row.cycle_id:
                goals = [one.goal_id for one in await instructions.results(connection, row.id)]
                await outbox.withdraw(connection, row.cycle_id, goals=goals)
        return chosen

    async def _find(self, part: InstructionPart) -> tuple[Instruction, AnyInstruction]:
        async with read_transaction(self._engine) as connection:
            row = await instructions.find(connection, part.instruction)
        if row is None:
            raise LookupError(f"instruction {part.instruction} is not in the database")
        return row, row.asked

    async def _waiting(self, instruction: str, limit: int) -> list[str]:
        async with read_transaction(self._engine) as connection:
            return await instructions.waiting_goals(connection, instruction, limit)

    async def _add(self, row: Instruction, asked: Add, now: datetime) -> int:
        """Adds the people who are not in the cycle, and takes back those who were removed; records their goals.

        `now` distinguishes the people from those who were added earlier.
        """
        cycle = await self._cycle(row)
        async with self._engine.begin() as connection:
            drafts = partial(cycle.file.drafts_of_posts, departments=await load_departments(connection))
            chosen = await active_people(
                connection, departments=asked.selection.departments, people=asked.selection.people
            )
            posts: dict[str, tuple[str, ...]] = {one.id: one.posts for one in chosen}
            people = sorted((one.id, one.department, len(drafts(one.department, one.posts))) for one in chosen)
            await participants.add(connection, cycle.id, people, by=row.actor, at=now)
            added = await participants.people_added(connection, cycle.id, row.actor, now)
            goals = [
                f"{cycle.id}/{one}/{n}" for one, where in added for n in range(1, len(drafts(where, posts[one])) + 1)
            ]
            back = await participants.removed_with_goals(connection, cycle.id, [one.id for one in chosen])
            goals += await instructions.closed_goals_of(connection, cycle.id, back, ENDED_WITH_CYCLE)
            await participants.reinstate(connection, cycle.id, back)
            return await instructions.record_goals(connection, row.id, goals)

    async def _launch(self, row: Instruction) -> None:
        """Makes the cycle launch the added people, and stores the result for each goal."""
        cycle = CycleId(row.cycle_id or "")
        if await self._waiting(row.id, 1):
            await self._ask_for_launch(cycle)
        while page := await self._waiting(row.id, _PAGE):
            ended = (await self._cycle(row)).state in ENDED
            owners = {goal: goal.rsplit("/", 2)[1] for goal in page}
            async with read_transaction(self._engine) as connection:
                launched = await participants.launch_results(connection, cycle, list(set(owners.values())))
            for goal, owner in owners.items():
                if result := _launch_result(goal, *launched[owner], ended=ended):
                    async with self._engine.begin() as connection:
                        await instructions.record(connection, row.id, result)
            activity.heartbeat(page[0])
            await asyncio.sleep(_LOOK)

    async def _ask_for_launch(self, cycle: CycleId) -> None:
        try:
            await self._cycles.launch_more(cycle)
        except Refusal as refusal:
            if refusal.code is not Code.CYCLE_BUSY:
                raise
            log.info("cycle_had_ended", cycle_id=cycle)  # the goals' results will say so

    async def _cycle(self, row: Instruction) -> Cycle:
        async with read_transaction(self._engine) as connection:
            found = await cycles.find_cycle(connection, row.cycle_id or "")
        if found is None:
            raise LookupError(f"cycle {row.cycle_id} of instruction {row.id} is not in the database")
        return found

    async def _tell_cycle(self, cycle: CycleId, asked: AnyInstruction, actor: EmployeeId) -> None:
        """An instruction to everybody also applies to the cycle, and to people who join later."""
        whole, chosen = asked.selection.is_everybody, asked.selection
        match asked:
            case Remove():
                async with self._engine.begin() as connection:
                    await participants.remove(connection, cycle, chosen.people, chosen.departments)
            case Extend(closes=closes) if closes:
                await self._cycles.retime(cycle)
            case Amend():
                await self._cycles.retime(cycle)
            case Reopen():  # a cycle in which one goal is open again is open
                async with self._engine.begin() as connection:
                    await participants.reinstate(connection, cycle, chosen.people)
                if whole or await self._has_open_goals(cycle):
                    await self._cycles.reopen(cycle)
            case Cancel(reason=reason) if whole:
                await self._cycles.end(cycle, "cancelled", actor, reason)
            case Close(reason=reason) if whole:
                await self._cycles.end(cycle, "closed", actor, reason)

    async def _has_open_goals(self, cycle: CycleId) -> bool:
        async with read_transaction(self._engine) as connection:
            return bool(await open_goals(connection, cycle, "", 1))


def _launch_result(goal: str, launched: str, reason: str, *, ended: bool) -> InstructionResult | None:
    """What the launch did for one goal of somebody who was added; None while it is under way."""
    match launched:
        case ParticipantState.STARTED:
            return InstructionResult(goal, "done")
        case ParticipantState.FAILED:
            return InstructionResult(goal, "failed", "not_started", {"reason": reason})
        case ParticipantState.REMOVED:
            return InstructionResult(goal, "skipped", "closed")
    return InstructionResult(goal, "failed", "cycle_ended") if ended else None
