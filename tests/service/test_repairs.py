"""Goals about which PostgreSQL and Temporal do not agree: found, repaired, and named where they cannot be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from activities.recording import RecordingActivities
from domain.goal.commands import Comment, Recall, Submit
from domain.goal.decide import decide
from domain.goal.goal import Goal, RepairStep
from domain.instructions.instructions import Close, Pause
from domain.refusals import Code, Refusal
from domain.values import CommandId, CycleId, GoalId
from service.repairs import Fault, LostWorkflow, Repair, Repairing
from storage import instructions
from storage.ledger import open_ledger
from tests.callers import OPERATOR, by
from tests.salts import fresh_salts, fresh_seed
from tests.service.steered import HR, MORI, Steered, goal_of
from workflows.cycle import cycle_workflow_id
from workflows.goal import GoalStart, GoalView, GoalWorkflow, attributes_of, goal_workflow_id
from workflows.queues import GOALS
from workflows.recording import record

_ROW = "state, revision, task, assignees, due_at, department, outcome, score, seq, head, aggregate, policy, progress, updated_at"


async def launched(company: Steered, name: str) -> tuple[CycleId, GoalId]:
    cycle = await company.launch(name)
    return cycle, goal_of(cycle, MORI)


async def found(company: Steered, cycle: CycleId) -> tuple[Repair, ...]:
    return (await Repairing(company.engine, company.client).find(OPERATOR, cycle)).repairs


async def mended(company: Steered, cycle: CycleId) -> Repair:
    (repair,) = (await Repairing(company.engine, company.client).mend(by(HR), cycle)).repairs
    return repair


async def view(company: Steered, goal: GoalId) -> GoalView:
    handle = company.client.get_workflow_handle(goal_workflow_id(goal))
    return await handle.query("snapshot", result_type=GoalView)  # type: ignore[no-any-return] # the SDK's query by name


async def terminate(company: Steered, goal: GoalId) -> None:
    await company.client.get_workflow_handle(goal_workflow_id(goal)).terminate()


async def start(company: Steered, goal: Goal) -> None:
    """Starts the workflow as it was then, like a Temporal server that was restored from a backup."""
    await company.client.start_workflow(
        GoalWorkflow.run,
        GoalStart(goal=goal, seed=fresh_seed()),
        id=goal_workflow_id(goal.id),
        task_queue=GOALS,
        search_attributes=attributes_of(goal),
    )


@asynccontextmanager
async def restored_database(company: Steered, goal: GoalId) -> AsyncIterator[None]:
    """At the end, the goal is again in PostgreSQL as it was at the beginning."""
    before = await company.goals.require(goal)
    async with company.engine.begin() as connection:
        await connection.execute(text(f"CREATE TABLE kept AS SELECT {_ROW} FROM goal WHERE id = '{goal}'"))  # noqa: S608 - our own words
    yield
    async with company.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE goal_event DISABLE TRIGGER USER"))
        await connection.execute(text(f"DELETE FROM goal_event WHERE goal_id = '{goal}' AND seq > {before.seq}"))  # noqa: S608 - as above
        await connection.execute(text("ALTER TABLE goal_event ENABLE TRIGGER USER"))
        await connection.execute(text(f"UPDATE goal SET ({_ROW}) = (SELECT {_ROW} FROM kept) WHERE id = '{goal}'"))  # noqa: S608 - as above
        await connection.execute(text("DROP TABLE kept"))


async def agree(company: Steered, cycle: CycleId, goal: GoalId, kinds: list[str]) -> None:
    """The ledger holds these entries, its chain and the goal's row agree, and the workflow knows all of it."""
    proof = await company.goals.prove(goal)
    assert proof.holds
    assert [line.kind for line in proof.lines] == kinds
    seen = await view(company, goal)
    assert (seen.seq, seen.head) == (len(kinds), proof.head)
    assert await found(company, cycle) == ()


async def test_goals_without_faults_are_not_named(company: Steered) -> None:
    cycle, goal = await launched(company, "sound")
    await company.goals.give(goal, Submit(actor=MORI))
    looked = await Repairing(company.engine, company.client).find(OPERATOR, cycle)
    assert (looked.goals, looked.repairs, looked.all_sound) == (5, (), True)


async def test_a_goal_whose_workflow_was_terminated_says_so_and_is_started_again_from_the_ledger(
    company: Steered,
) -> None:
    cycle, goal = await launched(company, "lost")
    await company.goals.give(goal, Submit(actor=MORI))
    await terminate(company, goal)
    with pytest.raises(Refusal) as refused:
        await company.goals.give(goal, Comment(actor=MORI, text="確認"))
    assert refused.value.code is Code.WORKFLOW_LOST

    assert await found(company, cycle) == (Repair(goal=goal, faults=(Fault.WORKFLOW_LOST,), ledger=2, workflow=2),)
    assert (await company.goals.prove(goal)).lines[-1].kind == "submitted", "looking changes nothing"
    repair = await mended(company, cycle)
    assert (repair.done, repair.entry) == ((RepairStep.WORKFLOW_STARTED,), 3)
    await company.goals.give(goal, Recall(actor=MORI))
    await agree(company, cycle, goal, ["created", "submitted", "repaired", "recalled"])


async def test_a_ledger_that_was_restored_from_an_older_backup_says_so_and_is_filled_from_temporal(
    company: Steered,
) -> None:
    cycle, goal = await launched(company, "older")
    await company.goals.give(goal, Comment(actor=MORI, text="一つ目"))
    async with restored_database(company, goal):
        await company.goals.give(goal, Submit(actor=MORI), "submitted-then")
        await company.goals.give(goal, Comment(actor=MORI, text="失われる"))
    with pytest.raises(Refusal) as refused:
        await asyncio.wait_for(company.goals.give(goal, Comment(actor=MORI, text="確認")), 20)
    assert (refused.value.code, refused.value.fields) == (Code.LEDGER_BEHIND, {"seq": 4})

    assert await found(company, cycle) == (Repair(goal=goal, faults=(Fault.LEDGER_BEHIND,), ledger=2, workflow=4),)
    repair = await mended(company, cycle)
    assert (repair.done, repair.entry) == ((RepairStep.LEDGER_FILLED,), 5)
    await agree(company, cycle, goal, ["created", "commented", "submitted", "commented", "repaired"])
    assert (await company.goals.require(goal)).task.kind == "approval"  # type: ignore[union-attr] # it waits for approval


async def test_a_ledger_that_lost_entries_of_a_workflow_that_was_terminated_gets_both_back(company: Steered) -> None:
    cycle, goal = await launched(company, "both")
    async with restored_database(company, goal):
        await company.goals.give(goal, Submit(actor=MORI))
    await terminate(company, goal)
    repair = await mended(company, cycle)
    assert repair.done == (RepairStep.LEDGER_FILLED, RepairStep.WORKFLOW_STARTED)
    await agree(company, cycle, goal, ["created", "submitted", "repaired"])


async def test_a_workflow_that_was_restored_from_an_older_backup_takes_over_what_the_ledger_has(
    company: Steered,
) -> None:
    cycle, goal = await launched(company, "behind")
    old = await company.goals.require(goal)
    await company.goals.give(goal, Submit(actor=MORI))
    await company.goals.give(goal, Comment(actor=MORI, text="確認"))
    await terminate(company, goal)
    await start(company, old)
    assert await found(company, cycle) == (Repair(goal=goal, faults=(Fault.WORKFLOW_BEHIND,), ledger=3, workflow=1),)
    repair = await mended(company, cycle)
    assert (repair.done, repair.entry) == ((RepairStep.ENTRIES_ADOPTED,), 4)
    await agree(company, cycle, goal, ["created", "submitted", "commented", "repaired"])


async def test_stores_with_different_entries_of_the_same_number_are_named_and_left_as_they_are(
    company: Steered,
) -> None:
    cycle, goal = await launched(company, "fork")
    async with restored_database(company, goal):
        await company.goals.give(goal, Submit(actor=MORI))
    current = await company.goals.require(goal)
    command = Comment(id=CommandId("elsewhere"), actor=MORI, text="別の記録")
    _, recording = record(current, decide(current, command, datetime.now(UTC)), fresh_salts())
    async with open_ledger(company.engine) as ledger:
        assert (
            await RecordingActivities(ledger).record(type(recording).model_validate_json(recording.model_dump_json()))
            is None
        )
    repair = await mended(company, cycle)
    assert (repair.faults, repair.left, repair.entry) == ((Fault.STORES_DIFFER,), Fault.STORES_DIFFER, None)
    assert [line.kind for line in (await company.goals.prove(goal)).lines] == ["created", "commented"]


async def test_a_workflow_of_a_goal_that_the_database_does_not_have_is_named(company: Steered) -> None:
    cycle, goal = await launched(company, "norow")
    unknown = (await company.goals.require(goal)).model_copy(update={"id": GoalId(f"{cycle}/{MORI}/9")})
    await start(company, unknown)
    async with asyncio.timeout(20):
        while not (named := await found(company, cycle)):  # noqa: ASYNC110 - Temporal's list is late by a moment
            await asyncio.sleep(0.2)
    assert [(one.goal, one.faults) for one in named] == [(unknown.id, (Fault.ROW_MISSING,))]
    await terminate(company, unknown.id)


async def test_a_cycle_whose_workflow_was_terminated_is_named_and_can_be_ended_after_its_repair(
    company: Steered,
) -> None:
    cycle, goal = await launched(company, "lost-cycle")
    await company.client.get_workflow_handle(cycle_workflow_id(cycle)).terminate()
    repairing = Repairing(company.engine, company.client)

    lost = LostWorkflow(of="cycle", id=cycle)
    looked = await repairing.find(OPERATOR, cycle)
    assert (looked.workflows, looked.all_sound) == ((lost,), False)
    repaired = await repairing.mend(by(HR), cycle)
    assert (repaired.workflows, repaired.all_sound) == ((lost.model_copy(update={"started": True}),), True)
    assert (await repairing.find(OPERATOR, cycle)).workflows == ()

    await company.carried_out(Close(reason="組織の再編"), cycle)
    await company.until(cycle, "closed")
    assert [line.kind for line in (await company.goals.prove(goal)).lines] == ["created", "closed"], "launched once"
    assert (await repairing.find(OPERATOR, cycle)).workflows == (), "a cycle that is over needs no workflow"


async def test_an_instruction_whose_workflow_was_lost_is_named_and_carried_out_after_its_repair(
    company: Steered,
) -> None:
    cycle, goal = await launched(company, "lost-instruction")
    asked = Pause(reason="繁忙期").model_dump(mode="json")
    async with company.engine.begin() as connection:  # its workflow is lost before it did anything
        await instructions.write(connection, "lost-pause", kind="pause", cycle=cycle, asked=asked, actor=HR)
    repairing = Repairing(company.engine, company.client)

    lost = LostWorkflow(of="instruction", id="lost-pause")
    assert (await repairing.find(OPERATOR, cycle)).workflows == (lost,)
    assert (await repairing.mend(by(HR), cycle)).workflows == (lost.model_copy(update={"started": True}),)
    await company.done("lost-pause")
    assert [line.kind for line in (await company.goals.prove(goal)).lines] == ["created", "paused"]
    assert (await repairing.find(OPERATOR, cycle)).workflows == ()


async def test_only_hr_repairs_and_only_hr_or_the_operator_look(company: Steered) -> None:
    cycle, _ = await launched(company, "rights")
    repairing = Repairing(company.engine, company.client)
    for caller in (by(MORI), OPERATOR):
        with pytest.raises(Refusal):
            await repairing.mend(caller, cycle)
    with pytest.raises(Refusal):
        await repairing.find(by(MORI), cycle)
    assert (await repairing.find(by(HR), cycle)).repairs == ()
