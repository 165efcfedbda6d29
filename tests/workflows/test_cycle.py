"""The cycle workflow in the SDK's sandbox: launch in batches, retry of failures, the end by command and by date."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities import settlement
from activities.settlement import SettlementActivities
from domain.goal import commands
from domain.instructions.instructions import Close
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from service.answers import NoAnswer
from service.goal_updates import GoalUpdates
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.tables import GoalRow, ParticipantRow
from tests.acceptance.scene import Company, until_cycle_is, until_launched
from tests.acceptance.three_people import RefusesStarts
from tests.servers import now_of, running_temporal
from tests.workflows.three_at_work import (
    CYCLE,
    GOALS_OF_ALL,
    HR,
    OWNER,
    instructions_to,
    started,
    three_at_work,
    written,
)
from workflows.cycle import CycleWorkflow, SettleRequest
from workflows.goal import goal_workflow_id


async def participants(company: Company) -> dict[str, tuple[str, int, int, str | None]]:
    """Launch result, number of goals, attempts and reason of each participant."""
    async with company.engine.connect() as connection:
        rows = await connection.execute(select(ParticipantRow.__table__).order_by(ParticipantRow.employee_id))
        return {row.employee_id: (row.result, row.goals, row.attempts, row.reason) for row in rows}


async def test_a_launch_goes_through_its_batches_and_every_participant_gets_a_goal_once(database: AsyncEngine) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        handle = await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        progress = await handle.query(CycleWorkflow.progress)
        assert (progress.phase, progress.launched, progress.goals, progress.failed) == ("open", 3, 3, 0)
        assert await participants(company) == dict.fromkeys(("P1", "P2", "P3"), ("started", 1, 1, None))
        assert await company.count_rows() == {
            "entries": 3,
            "goals": 3,
            "moved": 3,
            "notices": 3,
        }  # the person who launches is notified too
        for goal in GOALS_OF_ALL:
            assert (await company.goals.prove(goal)).holds
            assert (await company.workflow(goal).describe()).id == goal_workflow_id(goal)


async def test_who_could_not_be_started_says_why_and_a_retry_does_just_those(database: AsyncEngine) -> None:
    refuses = RefusesStarts(goal_workflow_id(GOALS_OF_ALL[2]))
    async with running_temporal() as server, three_at_work(database, server.client, refuses) as company:
        handle = await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        assert (await participants(company))["P3"] == ("failed", 1, 1, "Temporal: the request is too large")
        before, rows = await participants(company), await company.count_rows()
        assert (await handle.query(CycleWorkflow.progress)).failed == 1

        refuses.ids.clear()
        await company.cycles.retry(CYCLE)
        await until_launched(company, CYCLE)
        after = await participants(company)
        assert after["P3"] == ("started", 1, 2, None)
        assert (after["P1"], after["P2"]) == (before["P1"], before["P2"])
        assert await company.count_rows() == rows, "the goals were there already: nothing is written twice"
        progress = await handle.query(CycleWorkflow.progress)
        assert (progress.launched, progress.goals, progress.failed) == (3, 3, 0)
        await company.give(GOALS_OF_ALL[2], commands.Comment(actor=OWNER, text="届きました"))


async def test_hr_closes_a_cycle_and_what_was_open_is_settled_by_who_asked(database: AsyncEngine) -> None:
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        handle = await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        await company.give(GOALS_OF_ALL[2], commands.Withdraw(actor=OWNER, reason="重複"))
        with pytest.raises(Refusal) as caught:
            await instructions_to(company).give(Close(reason="終わりにしたい"), OWNER, CYCLE)
        assert caught.value.code is Code.NOT_ALLOWED

        await instructions_to(company).give(Close(reason="組織変更のため"), HR, CYCLE)
        result = await handle.result()
        assert (result.phase, result.settled) == ("closed", 0), "each goal was asked by the instruction: none was left"
        async with read_transaction(database) as connection:
            kinds = [
                [(line.kind, line.event["actor"]) for line in await read_ledger(connection, g)] for g in GOALS_OF_ALL
            ]
        assert kinds == [[("created", HR), ("closed", HR)]] * 2 + [[("created", HR), ("withdrawn", OWNER)]]
        cycle = (await company.cycles.find_all())[0]
        assert cycle.state == "closed"
        assert cycle.closed_at is not None

        with pytest.raises(Refusal) as caught:
            await instructions_to(company).give(Close(reason="もう一度"), HR, CYCLE)
        assert (caught.value.code, caught.value.fields) == (Code.CYCLE_STATE, {"state": "closed", "needed": "open"})


async def test_a_cycle_that_nobody_closes_settles_what_is_open_on_its_date(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with three_at_work(database, time_skipping.client) as company:
        start = await written(company)
        soon = await now_of(time_skipping) + timedelta(days=4)
        left = {"settles_at": soon, "launched_by": EmployeeId("P9")}  # who launched it is not in HR any more
        handle = await started(company, start.model_copy(update=left))
        result = await handle.result()
        assert (result.phase, result.settled) == ("closed", 3)
        for goal in GOALS_OF_ALL:
            async with read_transaction(database) as connection:
                lines = await read_ledger(connection, goal)
            assert (lines[-1].kind, lines[-1].event["actor"]) == ("closed", commands.SYSTEM), "in nobody's name"
            assert lines[-1].event["body"]["outcome"] == "lapsed"


async def test_goals_that_refuse_their_end_or_have_no_workflow_are_counted_and_alarm(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with three_at_work(database, time_skipping.client) as company:
        start = await written(company)
        soon = await now_of(time_skipping) + timedelta(days=4)
        handle = await started(company, start.model_copy(update={"settles_at": soon}))
        await until_cycle_is(company, CYCLE, "open")
        await company.workflow(GOALS_OF_ALL[0]).terminate()
        async with database.begin() as connection:
            await connection.execute(update(GoalRow).where(GoalRow.id == GOALS_OF_ALL[1]).values(head="altered"))
        with capture_logs() as logged:
            async with asyncio.timeout(60):
                result = await handle.result()
        assert (result.phase, result.settled) == ("closed", 1)
        refused = {one["goal_id"]: one["code"] for one in logged if one["event"] == "settlement_refused"}
        assert refused == {GOALS_OF_ALL[0]: Code.WORKFLOW_LOST, GOALS_OF_ALL[1]: Code.LEDGER_DIFFERS}
        (done,) = [one for one in logged if one["event"] == "cycle_settled"]
        assert (done["log_level"], done["refused"]) == ("error", 2)


async def test_a_settlement_that_is_tried_again_counts_the_goals_that_a_killed_worker_closed(
    database: AsyncEngine,
) -> None:
    """A killed worker leaves no count behind: its last heartbeats are lost."""
    async with running_temporal() as server, three_at_work(database, server.client) as company:
        await started(company, await written(company))
        await until_cycle_is(company, CYCLE, "open")
        await company.give(GOALS_OF_ALL[2], commands.Withdraw(actor=OWNER, reason="重複"))
        activities, asked = SettlementActivities(database, server.client), SettleRequest(cycle=CYCLE, reason="期末")
        settled = [await ActivityEnvironment().run(activities.settle_goals, asked) for _ in range(2)]
        assert [one.goals for one in settled] == [2, 2]


async def test_while_no_goal_answers_the_settlement_waits_and_then_closes_them_all(
    database: AsyncEngine, time_skipping: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when all workers of the goals are away for a while."""
    send, asked = GoalUpdates.send, []

    async def later(self: GoalUpdates, goal: GoalId, *arguments: Any) -> Any:
        asked.append(goal)
        if len(asked) <= 3 * settlement.MAX_ATTEMPTS * len(GOALS_OF_ALL):
            raise NoAnswer(None, 30)
        return await send(self, goal, *arguments)

    monkeypatch.setattr(GoalUpdates, "send", later)
    monkeypatch.setattr(settlement, "PAUSE", 0.02)
    async with three_at_work(database, time_skipping.client) as company:
        start = await written(company)
        soon = await now_of(time_skipping) + timedelta(days=4)
        handle = await started(company, start.model_copy(update={"settles_at": soon}))
        async with asyncio.timeout(60):
            result = await handle.result()
        assert (result.phase, result.settled) == ("closed", 3)


async def test_a_goal_that_never_answers_does_not_keep_its_cycle_from_ending(
    database: AsyncEngine, time_skipping: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, asked = GoalUpdates.send, []

    async def sometimes(self: GoalUpdates, goal: GoalId, *arguments: Any) -> Any:
        asked.append(goal)
        if goal == GOALS_OF_ALL[0]:
            raise NoAnswer(None, 30)
        return await send(self, goal, *arguments)

    monkeypatch.setattr(GoalUpdates, "send", sometimes)
    monkeypatch.setattr(settlement, "PAUSE", 0.05)
    async with three_at_work(database, time_skipping.client) as company:
        start = await written(company)
        soon = await now_of(time_skipping) + timedelta(days=4)
        handle = await started(company, start.model_copy(update={"settles_at": soon}))
        with capture_logs() as logged:
            async with asyncio.timeout(60):
                result = await handle.result()
        assert (result.phase, result.settled) == ("closed", 2)
        assert asked.count(GOALS_OF_ALL[0]) > 1, "it was asked again"
        assert [one["goal_id"] for one in logged if one["event"] == "goal_not_settled"] == [GOALS_OF_ALL[0]]
