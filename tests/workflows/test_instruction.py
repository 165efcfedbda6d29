"""The instruction workflow in the SDK's sandbox: choosing goals, sending commands, informing the cycle; with failures."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal import commands
from domain.instructions.instructions import Amend, AnyInstruction, Extend, Pause, Selection
from domain.values import GoalId
from service.answers import NoAnswer
from service.goal_updates import GoalUpdates
from storage import instructions
from storage.database import read_transaction
from tests.acceptance.scene import Company, today, until_cycle_is
from tests.acceptance.three_people import RefusesStarts
from tests.servers import running_temporal
from tests.workflows.three_at_work import (
    CHIEF,
    CYCLE,
    GOALS_OF_ALL,
    HR,
    instructions_to,
    started,
    three_at_work,
    written,
)
from workflows.goal import goal_workflow_id
from workflows.instruction import InstructionStart, InstructionWorkflow, instruction_workflow_id
from workflows.queues import BULK

WHY = {"reason": "繁忙期"}


async def results(company: Company, instruction: str) -> dict[str, tuple[str, str | None]]:
    async with read_transaction(company.engine) as connection:
        found = await instructions.results(connection, instruction)
    return {one.goal_id.split("/")[1]: (one.result, one.code) for one in found}


async def carried_out(company: Company, one: AnyInstruction, instruction: str) -> int:
    """The number of goals that it concerned, as its workflow returns it."""
    await instructions_to(company).give(one, HR, CYCLE, instruction)
    handle = company.client.get_workflow_handle(instruction_workflow_id(instruction), result_type=int)
    async with asyncio.timeout(60):
        concerned: int = await handle.result()
    return concerned


async def test_an_instruction_answers_how_many_it_concerned_and_changes_nothing_when_it_is_run_again(
    database: AsyncEngine,
) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        await company.give(GOALS_OF_ALL[1], commands.Withdraw(actor=CHIEF, reason="重複"))
        extend = Extend(due=today() + timedelta(days=20), **WHY)
        assert await carried_out(company, extend, "i1") == 2
        row = await instructions_to(company).require("i1")
        assert (row.state, row.finished_at is not None) == ("done", True)

        before = await company.count_rows()
        handle = await company.client.start_workflow(  # as when Temporal has forgotten the first run
            InstructionWorkflow.run, InstructionStart(instruction="i1"), id="forgotten", task_queue=BULK
        )
        assert await handle.result() == 2
        assert await company.count_rows() == before
        assert await results(company, "i1") == dict.fromkeys(("P1", "P3"), ("done", None))


async def test_whoever_could_not_be_started_holds_up_nobody_and_is_named(database: AsyncEngine) -> None:
    refuses = RefusesStarts(goal_workflow_id(GOALS_OF_ALL[2]))
    async with running_temporal() as server, three_at_work(database, server.client, refuses) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        assert await carried_out(company, Pause(**WHY), "i1") == 3
        assert await results(company, "i1") == {
            "P1": ("done", None), "P2": ("done", None), "P3": ("failed", "not_started"),
        }  # fmt: skip
        refuses.ids.clear()
        await company.cycles.retry(CYCLE)
        assert await carried_out(company, Pause(**WHY), "i2") == 3
        assert (await results(company, "i2"))["P3"] == ("done", None)


async def test_a_goal_whose_worker_is_away_is_asked_again_until_it_answers(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    give, silent = GoalUpdates.send, [GOALS_OF_ALL[1]]

    async def sometimes(self: GoalUpdates, goal: GoalId, *arguments: Any) -> object:
        if goal in silent:
            silent.remove(goal)
            raise NoAnswer(None, 30)
        return await give(self, goal, *arguments)

    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        monkeypatch.setattr(GoalUpdates, "send", sometimes)
        assert await carried_out(company, Pause(**WHY), "i1") == 3
        assert silent == []
        assert await results(company, "i1") == dict.fromkeys(("P1", "P2", "P3"), ("done", None))
        for goal in GOALS_OF_ALL:
            proof = await company.goals.prove(goal)
            assert [line.kind for line in proof.lines] == ["created", "paused"]


async def test_rules_that_do_not_fit_one_goal_are_refused_there_and_hold_elsewhere(database: AsyncEngine) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        row = await company.cycles.require(CYCLE)
        before = row.launched_policy
        own = before.model_copy(update={"closes": before.closes + timedelta(days=60)})
        late = own.model_copy(update={"reviews": (before.closes + timedelta(days=30),)})
        assert await carried_out(company, Extend(closes=own.closes, selection=_of(CHIEF), **WHY), "own") == 1
        assert await carried_out(company, Amend(before=own, after=late, selection=_of(CHIEF), **WHY), "late") == 1
        shorter = before.model_copy(update={"closes": before.closes - timedelta(days=1)})
        after = before.model_copy(update={"max_bonus": 30})
        assert await carried_out(company, Amend(before=shorter, after=after, **WHY), "rules") == 3
        assert await results(company, "rules") == {
            "P1": ("done", None), "P2": ("refused", "invalid"), "P3": ("done", None),
        }  # fmt: skip
        assert (await company.goals.require(GOALS_OF_ALL[1])).policy == late
        assert (await company.cycles.require(CYCLE)).rules == after


def _of(*people: str) -> Selection:
    return Selection.model_validate({"people": people})
