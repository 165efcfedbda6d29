"""Carries out an instruction: chooses the goals, sends each its command, and updates the cycle at the end.

Every part is safe to repeat: goals are chosen once, each command has the instruction's own id, and the result at each goal
is stored in a row.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from activities import reorganisation
from activities.pace import FanOut, people_act_now
from domain.goal.commands import Command
from domain.goal.goal import Goal, Outcome
from domain.instructions.instructions import (
    Add,
    Amend,
    AnyInstruction,
    Cancel,
    Close,
    Extend,
    Remove,
    Reopen,
    Skipped,
    Sync,
    amended,
    command_for,
)
from domain.lifecycles import ENDED, ParticipantState
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.answers import NoAnswer
from service.cycle_lookup import require_cycle
from service.cycle_updates import CycleUpdates
from service.goal_updates import GoalUpdates
from storage import cycles, instructions, outbox, participants
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.directory import active_people
from storage.goals import load_aggregates, open_goals
from storage.instructions import Instruction, InstructionResult
from workflows.failures import invalid
from workflows.instruction import InstructionPart, InstructionSteps

_PAGE = 25  # goals loaded at once; the worker answers nobody while it reads them
_NOTED_AT_ONCE = 5  # results written in one transaction; a goal whose result is lost is asked again under the same id
_LOOK = 0.25  # seconds between two looks at those who are being launched
_ENDED = (
    Outcome.SETTLED,
    Outcome.LAPSED,
    Outcome.REMOVED,
    Outcome.CANCELLED,
)  # with the cycle; the others ended by a decision of their own

_Decide = Callable[[Goal], Command | Skipped]

log = structlog.get_logger()


class InstructionActivities(InstructionSteps):
    def __init__(self, engine: AsyncEngine, client: Client) -> None:
        self._engine = engine
        self._client = client
        self._goals, self._cycles = GoalUpdates(engine, client), CycleUpdates(engine, client)

    @activity.defn(name="prepare_instruction")
    async def prepare(self, part: InstructionPart) -> int:
        """Chooses the goals, once, and prepares the commands. Returns the number of goals."""
        row, asked = await self._find(part)
        if isinstance(asked, Sync):
            differing = await reorganisation.prepare(self._engine, row.id, part.now)
            async with self._engine.begin() as connection:
                return await instructions.record_goals(connection, row.id, differing)
        if isinstance(asked, Add):
            async with self._engine.begin() as connection:
                return await instructions.record_goals(connection, row.id, await self._add(row, asked, part.now))
        if row.cycle_id and asked.selection.is_everybody:
            await self._remember(CycleId(row.cycle_id), asked)  # first: people who join meanwhile are not chosen below
        async with self._engine.begin() as connection:
            chosen = await instructions.choose_goals(
                connection,
                row.id,
                cycle=row.cycle_id,
                departments=asked.selection.departments,
                people=asked.selection.people,
                ended=_ENDED if isinstance(asked, Reopen) else (),
            )
        if isinstance(asked, Cancel) and row.cycle_id:
            async with read_transaction(self._engine) as connection:
                goals = [one.goal_id for one in await instructions.results(connection, row.id)]
            async with self._engine.begin() as connection:
                await outbox.withdraw(connection, row.cycle_id, goals=goals)
        return chosen

    @activity.defn(name="carry_out_instruction")
    async def carry_out(self, part: InstructionPart) -> None:
        """Sends the command to every goal without a result. A result is written after the goal answered, so a retry
        asks only the others.
        """
        row, asked = await self._find(part)
        if isinstance(asked, Add):
            await self._launch(row)
            return
        fan_out = FanOut(lambda: people_act_now(self._engine))
        answered: list[InstructionResult] = []

        async def ask(chosen: tuple[Goal, _Decide]) -> None:
            goal, decide = chosen
            answered.append(await self._ask(goal, row.id, decide, fan_out))
            activity.heartbeat(goal.id)
            if len(answered) >= _NOTED_AT_ONCE:
                await self._write_results(row.id, answered)

        await fan_out.each(self._chosen(row, asked, part.now), ask)
        await self._write_results(row.id, answered)

    @activity.defn(name="finish_instruction")
    async def finish(self, part: InstructionPart) -> None:
        """Updates the cycle as its goals were updated, and marks the instruction as done."""
        row, asked = await self._find(part)
        if isinstance(asked, Sync):
            await reorganisation.finish(self._engine, self._client, asked, EmployeeId(row.actor), part.now)
        elif row.cycle_id:
            try:
                await self._tell_cycle(CycleId(row.cycle_id), asked, EmployeeId(row.actor))
            except Refusal as refusal:
                if refusal.code is not Code.CYCLE_BUSY:
                    raise
                log.info("cycle_had_ended", instruction=row.id, cycle_id=row.cycle_id)  # by another instruction
        async with self._engine.begin() as connection:
            await instructions.finish(connection, row.id, part.now)
        async with read_transaction(self._engine) as connection:
            found = await instructions.progress(connection, row.id)
        log.info("instruction_done", instruction=row.id, kind=row.kind, **(found.by_result if found else {}))

    async def _find(self, part: InstructionPart) -> tuple[Instruction, AnyInstruction]:
        async with read_transaction(self._engine) as connection:
            row = await instructions.find(connection, part.instruction)
        if row is None:
            raise LookupError(f"instruction {part.instruction} is not in the database")
        return row, row.asked

    async def _chosen(
        self, row: Instruction, asked: AnyInstruction, now: datetime
    ) -> AsyncIterator[tuple[Goal, _Decide]]:
        """The goals without a result, page by page, each with the function that makes its command."""
        page = await self._waiting(row.id, _PAGE)
        while page:
            async with read_transaction(self._engine) as connection:
                goals = [Goal.model_validate(one) for one in await load_aggregates(connection, ids=page)]
            for gone in set(page) - {goal.id for goal in goals}:
                async with self._engine.begin() as connection:
                    await instructions.record(connection, row.id, InstructionResult(gone, "skipped", "unknown"))
            decide = await self._decider(asked, goals, EmployeeId(row.actor), now)
            for goal in goals:
                yield goal, decide
            page = await self._waiting(row.id, _PAGE, page[-1])

    async def _waiting(self, instruction: str, limit: int, after: str = "") -> list[str]:
        async with read_transaction(self._engine) as connection:
            return await instructions.waiting_goals(connection, instruction, limit, after)

    async def _decider(self, asked: AnyInstruction, goals: Sequence[Goal], actor: EmployeeId, now: datetime) -> _Decide:
        """The function that makes the command of each of these goals."""
        if isinstance(asked, Sync):
            return await reorganisation.commands(self._engine, asked, goals, actor, now)
        return lambda goal: command_for(asked, goal, actor)

    async def _write_results(self, instruction: str, answered: list[InstructionResult]) -> None:
        """Writes the results and empties the list."""
        batch = answered.copy()
        answered.clear()  # before the first await: another goal may answer meanwhile
        async with self._engine.begin() as connection:
            for result in batch:
                await instructions.record(connection, instruction, result)

    async def _ask(self, goal: Goal, instruction: str, decide: _Decide, fan_out: FanOut) -> InstructionResult:
        """Sends the command to one goal, under the instruction's id: a goal that has carried it out already gives the
        same answer.
        """
        command_id = f"instruction:{instruction}"
        if command_id in goal.commands:
            return InstructionResult(goal.id, "done")
        try:
            command = decide(goal)
        except ValidationError as error:  # the new rules do not fit the goal's own dates
            misfit = invalid(error)
            return InstructionResult(goal.id, "refused", misfit.code, misfit.fields)
        if isinstance(command, Skipped):
            return InstructionResult(goal.id, "skipped", command.code)
        try:
            await fan_out.timed(self._goals.send(GoalId(goal.id), command, command_id))
        except Refusal as refusal:
            return InstructionResult(goal.id, "refused", refusal.code, refusal.fields)
        except NoAnswer:
            async with read_transaction(self._engine) as connection:
                launched = await participants.launch_results(connection, goal.cycle, [goal.owner])
            if launched[goal.owner][0] == ParticipantState.STARTED:
                raise  # its worker is away: Temporal tries again
            return InstructionResult(goal.id, "failed", "not_started")
        return InstructionResult(goal.id, "done")

    async def _add(self, row: Instruction, asked: Add, now: datetime) -> list[str]:
        """Adds the people who are not in the cycle yet, and returns the ids of their goals. `now` distinguishes them
        from people who were added earlier.
        """
        cycle = await self._cycle(row)
        file = cycle.file
        async with read_transaction(self._engine) as connection:
            chosen = await active_people(
                connection, departments=asked.selection.departments, people=asked.selection.people
            )
        people = [(one.id, one.department, len(file.drafts_for(one.department))) for one in chosen]
        async with self._engine.begin() as connection:
            await participants.add(connection, cycle.id, sorted(people), by=row.actor, at=now)
        async with read_transaction(self._engine) as connection:
            return [
                f"{cycle.id}/{employee}/{number}"
                for employee, department in await participants.people_added(connection, cycle.id, row.actor, now)
                for number in range(1, len(file.drafts_for(department)) + 1)
            ]

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

    async def _remember(self, cycle: CycleId, asked: AnyInstruction) -> None:
        """Stores the rules for people who join later."""
        async with read_transaction(self._engine) as connection:
            row = await require_cycle(connection, cycle)
        policy = row.rules
        match asked:
            case Extend(closes=closes) | Reopen(closes=closes) if closes:
                changed = policy.model_copy(update={"closes": max(closes, policy.closes)})
            case Amend(before=before, after=after):
                try:
                    changed = amended(policy, before, after)
                except (
                    ValidationError
                ):  # the cycle moved since they were compared; each goal's result says what does not fit
                    log.warning("rules_do_not_fit", cycle_id=cycle)
                    return
            case _:
                return
        async with self._engine.begin() as connection:
            await cycles.save_amended_policy(connection, cycle, changed.model_dump(mode="json"))


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
