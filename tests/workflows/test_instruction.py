"""The instruction workflow in the SDK's sandbox: choosing goals, sending commands, informing the cycle; with failures."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from activities import asking
from activities.cycle_rules import save_rules
from activities.instruction import InstructionActivities
from domain.goal import commands
from domain.instructions.instructions import Amend, AnyInstruction, Close, Extend, Pause, Selection
from domain.refusals import Code, Refusal
from domain.values import GoalId
from service.answers import NoAnswer
from service.goal_updates import GoalUpdates
from storage import cycles, instructions
from storage.database import read_transaction
from tests.acceptance.scene import Company, today, until_cycle_is
from tests.acceptance.three_people import RefusesStarts
from tests.domain.builders import POLICY
from tests.servers import running_temporal
from tests.storage.steering import NOW, open_cycle
from tests.workflows.three_at_work import (
    CHIEF,
    CYCLE,
    GOALS_OF_ALL,
    HR,
    OWNER,
    instructions_to,
    started,
    three_at_work,
    written,
)
from workflows.goal import goal_workflow_id
from workflows.instruction import InstructionPart, InstructionStart, InstructionWorkflow, instruction_workflow_id
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


def never_answers(monkeypatch: pytest.MonkeyPatch, *silent: GoalId) -> list[GoalId]:
    """These goals do not answer; returns the goals in the order in which they were asked."""
    send, asked = GoalUpdates.send, []

    async def sometimes(self: GoalUpdates, goal: GoalId, *arguments: Any) -> object:
        asked.append(goal)
        if goal in silent:
            raise NoAnswer(None, 30)
        return await send(self, goal, *arguments)

    monkeypatch.setattr(GoalUpdates, "send", sometimes)
    monkeypatch.setattr(asking, "PAUSE", 0.05)
    return asked


async def test_a_goal_that_never_answers_does_not_block_an_instruction_and_can_be_asked_again(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        with monkeypatch.context() as patched:
            asked = never_answers(patched, GOALS_OF_ALL[0])
            assert await carried_out(company, Pause(**WHY), "i1") == 3
        assert asked == [*GOALS_OF_ALL, *[GOALS_OF_ALL[0]] * (asking.MAX_ATTEMPTS - 1)]
        assert await results(company, "i1") == {
            "P1": ("failed", "no_answer"), "P2": ("done", None), "P3": ("done", None),
        }  # fmt: skip
        assert (await instructions_to(company).require("i1")).state == "done"

        await instructions_to(company).retry("i1", HR)
        handle = company.client.get_workflow_handle(instruction_workflow_id("i1"), result_type=int)
        async with asyncio.timeout(60):
            assert await handle.result() == 3
        assert await results(company, "i1") == dict.fromkeys(("P1", "P2", "P3"), ("done", None))
        for goal in GOALS_OF_ALL:
            proof = await company.goals.prove(goal)
            assert [line.kind for line in proof.lines] == ["created", "paused"]
        with pytest.raises(Refusal) as caught:
            await instructions_to(company).retry("i1", HR)
        assert caught.value.code is Code.NOTHING_FAILED


async def test_an_instruction_that_fails_says_why_can_be_ended_and_then_retried(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> int:
        raise ZeroDivisionError

    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        desk = instructions_to(company)
        with monkeypatch.context() as patched:
            patched.setattr(instructions, "choose_goals", broken)
            await desk.give(Pause(**WHY), HR, CYCLE, "i1")
            async with asyncio.timeout(60):
                while (progress := await desk.progress("i1")).failures < 2:  # noqa: ASYNC110 - nobody tells when it changes
                    await asyncio.sleep(0.05)
            assert (progress.state, progress.failure) == ("waiting", "ZeroDivisionError")
            with pytest.raises(Refusal) as caught:
                await desk.retry("i1", HR)
            assert caught.value.code is Code.INSTRUCTION_RUNNING
            with pytest.raises(Refusal) as caught:
                await desk.end("i1", OWNER, "やり直す")
            assert caught.value.code is Code.NOT_ALLOWED
            await desk.end("i1", HR, "やり直す")
        row = await desk.require("i1")
        assert (row.state, row.ended_by, row.ended_why) == ("ended", HR, "やり直す")
        with pytest.raises(Refusal) as caught:
            await desk.end("i1", HR, "やり直す")
        assert caught.value.code is Code.INSTRUCTION_OVER
        assert await results(company, "i1") == {}
        assert [one.state for one in await company.goals.find_all(cycle=CYCLE)] == ["draft"] * 3

        await desk.retry("i1", HR)
        async with asyncio.timeout(60):
            while (await desk.progress("i1")).state != "done":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
        assert await results(company, "i1") == dict.fromkeys(("P1", "P2", "P3"), ("done", None))
        assert (await desk.progress("i1")).failures == 0


async def test_an_instruction_that_is_ended_asks_no_further_goal(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        desk = instructions_to(company)
        with monkeypatch.context() as patched:
            asked = never_answers(patched, *GOALS_OF_ALL)
            patched.setattr(asking, "PAUSE", 60.0)
            await desk.give(Close(**WHY), HR, CYCLE, "i1")
            async with asyncio.timeout(60):
                while len(asked) < 3 or (await results(company, "i1")).get("P3") != ("waiting", "no_answer"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await desk.end("i1", HR, "取り止め")
            handle = company.client.get_workflow_handle(instruction_workflow_id("i1"))
            with pytest.raises(WorkflowFailureError) as caught:
                await asyncio.wait_for(handle.result(), 60)
            assert isinstance(caught.value.cause, CancelledError)
        assert len(asked) == 3
        assert await results(company, "i1") == dict.fromkeys(("P1", "P2", "P3"), ("skipped", "instruction_ended"))
        assert (await company.cycles.require(CYCLE)).state == "open", "what was not carried out does not end the cycle"


async def test_goals_that_answer_while_hr_ends_the_instruction_have_their_result(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, asked, may_answer, last_is_asked = GoalUpdates.send, list[GoalId](), asyncio.Event(), asyncio.Event()

    async def slow(self: GoalUpdates, goal: GoalId, *arguments: Any) -> Any:
        asked.append(goal)
        if len(asked) == 2:
            await may_answer.wait()
        if len(asked) == 3:
            last_is_asked.set()
            await asyncio.Event().wait()
        return await send(self, goal, *arguments)

    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        async with database.begin() as connection:
            form = Pause(**WHY).model_dump(mode="json")
            await instructions.write(connection, "i1", kind="pause", cycle=CYCLE, asked=form, actor=HR)
        monkeypatch.setattr(GoalUpdates, "send", slow)
        activities, environment = InstructionActivities(database, server.client), ActivityEnvironment()
        part = InstructionPart(instruction="i1", now=datetime.now(UTC))
        await environment.run(activities.prepare, part)
        carrying_out = asyncio.create_task(environment.run(activities.carry_out, part))
        async with asyncio.timeout(60):
            while len(asked) < 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
            await instructions_to(company).end("i1", HR, "取り止め")
            may_answer.set()
            await last_is_asked.wait()
            environment.cancel()
            with suppress(asyncio.CancelledError):
                await carrying_out
        assert await results(company, "i1") == {
            "P1": ("done", None), "P2": ("done", None), "P3": ("skipped", "instruction_ended"),
        }  # fmt: skip


async def test_two_instructions_at_once_do_not_overwrite_each_others_rules(database: AsyncEngine) -> None:
    await open_cycle(database, "q", state="open")
    before = POLICY
    first = Amend(before=before, after=before.model_copy(update={"max_bonus": 30}), **WHY)
    second = Amend(before=before, after=before.model_copy(update={"max_goals": 3}), **WHY)
    rows = []
    for name, asked in (("i1", first), ("i2", second)):
        async with database.begin() as connection:
            form = asked.model_dump(mode="json")
            await instructions.write(connection, name, kind="amend", cycle="q", asked=form, actor="h")
            row = await instructions.find(connection, name)
        assert row
        rows.append(row)
    async with database.begin() as connection:
        locked = await cycles.lock_cycle(connection, "q")
        assert locked
        waiting = asyncio.create_task(save_rules(database, rows[1], second, NOW))
        await asyncio.wait([waiting], timeout=0.5)
        changed = locked.rules.model_copy(update={"max_bonus": 30})
        await cycles.save_amended_policy(connection, "q", changed.model_dump(mode="json"))
    await waiting
    await save_rules(database, rows[1], second, NOW)  # a repeat
    async with read_transaction(database) as connection:
        cycle = await cycles.find_cycle(connection, "q")
    assert cycle
    assert (cycle.rules.max_bonus, cycle.rules.max_goals) == (30, 3)


async def test_a_retry_does_not_bring_back_rules_that_were_changed_since(database: AsyncEngine) -> None:
    await open_cycle(database, "q", state="open")
    for name, bonus in (("i1", 30), ("i2", 40)):
        asked = Amend(before=POLICY, after=POLICY.model_copy(update={"max_bonus": bonus}), **WHY)
        async with database.begin() as connection:
            form = asked.model_dump(mode="json")
            await instructions.write(connection, name, kind="amend", cycle="q", asked=form, actor="h")
            row = await instructions.find(connection, name)
        assert row
        await save_rules(database, row, asked, NOW)
    async with read_transaction(database) as connection:
        row = await instructions.find(connection, "i1")
    assert row
    await save_rules(database, row, row.asked, NOW)
    async with read_transaction(database) as connection:
        cycle = await cycles.find_cycle(connection, "q")
    assert cycle
    assert cycle.rules.max_bonus == 40


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
