"""Sends an instruction's command to each of its goals and stores the result at each.

A goal that does not answer is asked again after the others, a bounded number of times; then its result is `failed`, and the
instruction goes on. So one goal cannot block the others, and while no worker answers every goal is still asked.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities import reorganisation
from activities.pace import FanOut, people_act_now
from domain.goal.commands import Command, Reopen
from domain.goal.goal import Goal
from domain.instructions.instructions import Add, Amend, AnyInstruction, Skipped, Sync, command_for, skipped_by
from domain.lifecycles import ParticipantState
from domain.people.organisation import Organisation
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from service.answers import NoAnswer
from service.goal_updates import GoalUpdates
from storage import directory, instruction_course, instructions, participants
from storage.database import read_transaction
from storage.goals import load_aggregates
from storage.instructions import Instruction, InstructionResult
from workflows.failures import invalid

_PAGE = 25  # goals loaded at once; the worker answers nobody while it reads them
_NOTED_AT_ONCE = 5  # results written in one transaction; a goal whose result is lost is asked again under the same id
MAX_ATTEMPTS = 4  # tries at a goal without an answer; each waits `service.answers.ANSWER_SECONDS`
PAUSE = 5.0  # seconds before the goals that did not answer are asked again

_Decide = Callable[[Goal], Command | Skipped]


class Asking:
    """One instruction at its goals. `now` is the business time of the instruction."""

    def __init__(
        self, engine: AsyncEngine, updates: GoalUpdates, row: Instruction, asked: AnyInstruction, now: datetime
    ) -> None:
        self._closed = isinstance(asked, Add)  # of people who are added, only goals that were closed before are asked
        self._engine, self._updates = engine, updates
        self._row, self._asked, self._now = row, asked, now
        self._fan_out = FanOut(lambda: people_act_now(engine))
        self._answered: list[InstructionResult] = []
        self._silent: list[str] = []  # goals that did not answer, not yet stored

    async def ask_all(self) -> None:
        """Asks every goal without a result, and those that do not answer again, until each has a result."""
        await self._fan_out.each(self._chosen(), self._ask)
        await self._write()
        while await self._waiting(1):
            await asyncio.sleep(PAUSE)
            await self._fan_out.each(self._chosen(), self._ask)
            await self._write()

    async def _chosen(self) -> AsyncIterator[tuple[Goal, _Decide]]:
        """The goals without a result, page by page, each with the function that makes its command."""
        page = await self._waiting(_PAGE)
        while page:
            async with read_transaction(self._engine) as connection:
                goals = [Goal.model_validate(one) for one in await load_aggregates(connection, ids=page)]
            for gone in set(page) - {goal.id for goal in goals}:
                self._answered.append(InstructionResult(gone, "skipped", "unknown"))
            decide = await self._decider(goals)
            for goal in goals:
                yield goal, decide
            page = await self._waiting(_PAGE, page[-1])

    async def _waiting(self, limit: int, after: str = "") -> list[str]:
        async with read_transaction(self._engine) as connection:
            return await instructions.waiting_goals(connection, self._row.id, limit, after, closed=self._closed)

    async def _decider(self, goals: Sequence[Goal]) -> _Decide:
        """The function that makes the command of each of these goals."""
        asked, actor = self._asked, EmployeeId(self._row.actor)
        if isinstance(asked, Sync):
            return await reorganisation.commands(self._engine, asked, goals, actor, self._now)
        organisation = await self._organisation(asked, goals) if isinstance(asked, Amend) else None
        return lambda goal: command_for(asked, goal, actor, organisation)

    async def _organisation(self, asked: Amend, goals: Sequence[Goal]) -> Organisation | None:
        """The people whom the HR of parts is computed from; None where the amendment does not change it."""
        if asked.before.hr_of == asked.after.hr_of:
            return None
        concerned = {*(goal.owner for goal in goals), *asked.after.everybody_of_hr}
        async with read_transaction(self._engine) as connection:
            return await directory.with_managers(connection, concerned)

    async def _ask(self, chosen: tuple[Goal, _Decide]) -> None:
        goal, decide = chosen
        if result := await self._result_at(goal, decide):
            self._answered.append(result)
        else:
            self._silent.append(goal.id)
        activity.heartbeat(goal.id)
        if len(self._answered) + len(self._silent) >= _NOTED_AT_ONCE:
            await self._write()

    async def _result_at(self, goal: Goal, decide: _Decide) -> InstructionResult | None:
        """Sends the command to one goal, under the instruction's id: a goal that has carried it out already gives the same
        answer. None if the goal does not answer.
        """
        command_id = f"instruction:{self._row.id}"
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
            if isinstance(command, Reopen) and isinstance(self._asked, Sync):
                goal, command = await self._take_back(goal, command, decide)
            if not isinstance(command, Skipped):
                await self._fan_out.timed(self._updates.send(GoalId(goal.id), command, command_id))
        except Refusal as refusal:
            return self._refused(goal, refusal)
        except NoAnswer:
            return None if await self._is_started(goal) else InstructionResult(goal.id, "failed", "not_started")
        return InstructionResult(goal.id, "done")

    async def _take_back(self, goal: Goal, command: Reopen, decide: _Decide) -> tuple[Goal, Command | Skipped]:
        """Reopens the goal of somebody who is back; returns it with the command that it then gets, as any open goal."""
        await self._fan_out.timed(self._updates.send(goal.id, command, f"instruction:{self._row.id}:reopen"))
        async with read_transaction(self._engine) as connection:
            (reopened,) = await load_aggregates(connection, ids=[goal.id])
        found = Goal.model_validate(reopened)
        return found, decide(found)

    def _refused(self, goal: Goal, refusal: Refusal) -> InstructionResult:
        if refusal.code is Code.WORKFLOW_LOST:  # the launch could not start it, or it was ended from outside
            return InstructionResult(goal.id, "failed", "not_started")
        if skipped := skipped_by(self._asked, refusal):
            return InstructionResult(goal.id, "skipped", skipped.code)
        return InstructionResult(goal.id, "refused", Code(refusal.code), refusal.fields)

    async def _is_started(self, goal: Goal) -> bool:
        async with read_transaction(self._engine) as connection:
            launched = await participants.launch_results(connection, goal.cycle, [goal.owner])
        return launched[goal.owner][0] == ParticipantState.STARTED

    async def _write(self) -> None:
        """Writes the results and empties the lists."""
        answered, silent = self._answered.copy(), self._silent.copy()
        self._answered.clear()  # before the first await: another goal may answer meanwhile
        self._silent.clear()
        async with self._engine.begin() as connection:
            for result in answered:
                await instructions.record(connection, self._row.id, result)
            if silent:
                await instruction_course.record_no_answers(connection, self._row.id, silent, MAX_ATTEMPTS)
