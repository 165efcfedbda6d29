"""Carrying out what HR asked of many goals: which ones, each in turn, and what the cycle must hear at the end.

Every part is safe to repeat: goals are chosen once, each is asked under the instruction's own id, and what came of it
stands in its row.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities import reorganisation
from client.cycles import Cycles
from client.goals import Goals
from domain import instructions as asked_for
from domain.commands import Command
from domain.cycle_file import CycleFile
from domain.goal import Goal
from domain.instructions import Asked, Skipped, amended, command_for
from domain.policy import Policy
from domain.refusals import Refusal
from domain.values import CycleId, EmployeeId, GoalId
from storage import cycles, instructions, outbox
from storage.goals import load_aggregates
from storage.instructions import Result
from storage.people import load_organisation
from storage.tables import CycleRow, InstructionRow
from workflows.failures import invalid
from workflows.instruction import CARRY_OUT, FINISH, PREPARE, Part

_PAGE = 100  # goals loaded at once
_AT_ONCE = 2  # goals asked at one time, and …
_REST = 1.0  # … after each answer, as long as it took, nothing: half of the machine is left to people who click

ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)
_Decide = Callable[[Goal, EmployeeId], Command | Skipped]

log = structlog.get_logger()


class InstructionActivities:
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client
        self._goals, self._cycles = Goals(engine, client), Cycles(engine, client)

    @activity.defn(name=PREPARE)
    async def prepare(self, part: Part) -> int:
        """Chooses the goals, once, and does what comes before they are asked; how many there are."""
        row, asked = await self._find(part)
        if isinstance(asked, asked_for.Sync):
            goals = await reorganisation.prepare(self._engine, row.id, asked)
            return await instructions.note_goals(self._engine, row.id, goals)
        if isinstance(asked, asked_for.Add):
            await self._add(row, asked, part.now)
            return await instructions.note_goals(self._engine, row.id, [])
        chosen = await instructions.choose_goals(
            self._engine,
            row.id,
            cycle=row.cycle_id,
            departments=asked.selection.departments,
            people=asked.selection.people,
            closed=isinstance(asked, asked_for.Reopen),
        )
        if isinstance(asked, asked_for.Cancel) and row.cycle_id:
            goals = [one.goal_id for one in await instructions.results(self._engine, row.id)]
            await outbox.withdraw(self._engine, row.cycle_id, goals=goals)
        return chosen

    @activity.defn(name=CARRY_OUT)
    async def carry_out(self, part: Part) -> None:
        """Asks every goal that waits. Each result is written at once, so a new try goes on behind it."""
        row, asked = await self._find(part)
        actor = EmployeeId(row.actor)
        decide = await self._decider(asked, part.now)
        while page := await instructions.waiting_goals(self._engine, row.id, _PAGE):
            goals = [Goal.model_validate(one) for one in await load_aggregates(self._engine, ids=page)]
            for gone in set(page) - {goal.id for goal in goals}:
                await instructions.record(self._engine, row.id, Result(gone, "skipped", "unknown"))
            queue = iter(goals)
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(self._ask_from(queue, row.id, decide, actor))

    @activity.defn(name=FINISH)
    async def finish(self, part: Part) -> None:
        """Tells the cycle what its goals were told, and says that the instruction is done."""
        row, asked = await self._find(part)
        if isinstance(asked, asked_for.Sync):
            await reorganisation.finish(self._engine, self._client, asked, EmployeeId(row.actor), part.now)
        elif row.cycle_id:
            await self._tell_cycle(CycleId(row.cycle_id), asked, EmployeeId(row.actor))
        await instructions.set_state(self._engine, row.id, "done", part.now)
        found = await instructions.progress(self._engine, row.id)
        log.info("instruction_done", instruction=row.id, kind=row.kind, **(found.by_result if found else {}))

    async def _find(self, part: Part) -> tuple[InstructionRow, Asked]:
        row = await instructions.find(self._engine, part.instruction)
        if row is None:
            raise LookupError(f"instruction {part.instruction} is not in the database")
        return row, ASKED.validate_python(row.asked)

    async def _decider(self, asked: Asked, now: datetime) -> _Decide:
        if isinstance(asked, asked_for.Sync):
            return await reorganisation.commands(self._engine, asked, now)
        return lambda goal, actor: command_for(asked, goal, actor)

    async def _ask_from(self, queue: Iterator[Goal], instruction: str, decide: _Decide, actor: EmployeeId) -> None:
        for goal in queue:
            started = time.monotonic()
            await instructions.record(self._engine, instruction, await self._ask(goal, instruction, decide, actor))
            activity.heartbeat(goal.id)
            await asyncio.sleep((time.monotonic() - started) * _REST)

    async def _ask(self, goal: Goal, instruction: str, decide: _Decide, actor: EmployeeId) -> Result:
        """Asks one goal under the instruction's id: a goal that was asked before its result was noted answers as it did."""
        command_id = f"instruction:{instruction}"
        if command_id in goal.commands:
            return Result(goal.id, "done")
        try:
            command = decide(goal, actor)
        except ValidationError as error:  # the new rules do not fit the goal's own dates
            misfit = invalid(error)
            return Result(goal.id, "refused", misfit.code, misfit.fields)
        if isinstance(command, Skipped):
            return Result(goal.id, "skipped", command.code)
        try:
            await self._goals.give(GoalId(goal.id), command, command_id)
        except Refusal as refusal:
            return Result(goal.id, "refused", refusal.code, refusal.fields)
        return Result(goal.id, "done")

    async def _add(self, row: InstructionRow, asked: asked_for.Add, now: datetime) -> None:
        cycle = await self._cycle(row)
        file = CycleFile.model_validate(cycle.file)
        organisation = await load_organisation(self._engine)
        people = [
            (one.id, one.department, len(file.drafts_for(one.department)))
            for one in organisation.employees.values()
            if one.active and (one.id in asked.selection.people or one.department in asked.selection.departments)
        ]
        await cycles.add_participants(self._engine, cycle.id, sorted(people), by=row.actor, at=now)

    async def _cycle(self, row: InstructionRow) -> CycleRow:
        found = await cycles.find_cycle(self._engine, row.cycle_id or "")
        if found is None:
            raise LookupError(f"cycle {row.cycle_id} of instruction {row.id} is not in the database")
        return found

    async def _tell_cycle(self, cycle: CycleId, asked: Asked, actor: EmployeeId) -> None:
        """What holds for everybody holds for the cycle, and for whoever joins later."""
        if isinstance(asked, asked_for.Add):
            await self._cycles.launch_more(cycle)
        if isinstance(asked, asked_for.Remove):
            await cycles.remove_participants(self._engine, cycle, asked.selection.people, asked.selection.departments)
        if not asked.selection.is_everybody:
            return
        match asked:
            case asked_for.Extend(closes=closes) if closes:
                await self._remember(cycle, {"closes": closes})
                await self._cycles.retime(cycle)
            case asked_for.Amend(before=before, after=after):
                await self._remember(cycle, {}, before, after)
                await self._cycles.retime(cycle)
            case asked_for.Reopen(closes=closes):
                if closes:
                    await self._remember(cycle, {"closes": closes})
                await self._cycles.reopen(cycle)
            case asked_for.Cancel(reason=reason):
                await self._cycles.end(cycle, "cancelled", actor, reason)
            case asked_for.Close(reason=reason):
                await self._cycles.end(cycle, "closed", actor, reason)

    async def _remember(
        self, cycle: CycleId, changes: dict[str, Any], before: Policy | None = None, after: Policy | None = None
    ) -> None:
        row = await self._cycles.require(cycle)
        policy = Policy.model_validate(row.policy_now or row.policy).model_copy(update=changes)
        if before and after:
            policy = amended(policy, before, after)
        await cycles.remember_policy(self._engine, cycle, policy.model_dump(mode="json"))
