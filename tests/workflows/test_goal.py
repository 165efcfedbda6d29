"""The goal workflow in the SDK's sandbox: adopting events, refusals, waking up, ending."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

import workflows.recording
from activities.recording import RecordingActivities
from domain.goal import commands
from domain.goal.decide import stamp
from domain.goal.events import Approved, Body
from domain.goal.goal import REMEMBERED_COMMANDS, Outcome
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CommandId, EmployeeId, GoalId
from storage.database import open_database, read_transaction
from storage.goals import read_ledger
from storage.ledger import open_ledger
from tests.acceptance.scene import CHIEF, CYCLE, GOAL, HEAD, HR, OWNER, TOKYO, Company, Witness, commit_and_die
from tests.acceptance.skipped_time import Season, company_in_skipped_time, cycle_around, launch_for, season, sleep_until
from tests.salts import fresh_salts, fresh_seed
from tests.servers import Postgres, now_of, running_temporal
from workflows.goal import GoalResult, GoalStart, GoalWorkflow, goal_workflow_id
from workflows.queues import GOALS
from workflows.recording import Recording, record

OWNERS = tuple(EmployeeId(f"M00{number}") for number in range(31, 40))  # all report to CHIEF


def goal_of(owner: EmployeeId) -> GoalId:
    return GoalId(f"{CYCLE}/{owner}/1")


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[Company]:
    """Nine goals on the module's own server; each test uses one of them."""
    async with postgres.migrated_database() as url, running_temporal() as server:
        engine = open_database(url)
        async with company_in_skipped_time(engine, server) as company:
            around = season(await now_of(server))
            await launch_for(company, cycle_around(around), around.off, *OWNERS)
            yield company
        await engine.dispose()


async def kinds(company: Company, goal: GoalId) -> list[str]:
    async with read_transaction(company.engine) as connection:
        return [line.kind for line in await read_ledger(connection, goal)]


async def test_a_goal_sleeps_on_one_event_until_a_command_wakes_it(company: Company) -> None:
    goal = goal_of(OWNERS[0])
    assert len((await company.workflow(goal).fetch_history()).events) == 1
    await company.give(goal, commands.Submit(actor=OWNERS[0]))
    assert (await company.view(goal)).state is State.PENDING_APPROVAL
    timeline = await company.workflow(goal).query(GoalWorkflow.timeline)
    assert [(entry.seq, entry.kind, entry.actor) for entry in timeline] == [(2, "submitted", OWNERS[0])]


async def test_what_a_dead_worker_committed_is_adopted_by_another_command_which_is_then_decided_anew(
    company: Company,
) -> None:
    owner, goal = OWNERS[1], goal_of(OWNERS[1])
    witness = Witness(company, goal)
    seq = (await company.give(goal, commands.Submit(actor=owner))).seq
    await witness.look()
    lost = commands.Approve(id=CommandId("lost"), actor=CHIEF, expected_seq=seq)
    await commit_and_die(company, goal, lost)
    assert (await company.view(goal)).seq == seq, "the workflow knows nothing of it yet"

    with pytest.raises(Refusal) as caught:  # what its owner saw is past, and only the handler can know
        await company.give(goal, commands.ReturnForChanges(actor=CHIEF, comment="やはり直して", expected_seq=seq))
    assert caught.value.code is Code.NOT_ALLOWED
    seen = await witness.look()
    assert (seen.entries, seen.goal.stage) == (("stage_approved",), 1)

    receipt = await company.give(goal, lost, "lost")  # its caller asks again
    assert receipt.head == seen.goal.head
    assert (await witness.look()).entries == ()


async def test_who_saw_an_entry_that_the_workflow_lost_decides_on_it_all_the_same(company: Company) -> None:
    """The submission is in the database, but its worker died before the workflow task ended, and nobody sends it again."""
    owner, goal = OWNERS[5], goal_of(OWNERS[5])
    await company.give(goal, commands.Comment(actor=owner, text="これから提出します"))
    await commit_and_die(company, goal, commands.Submit(id=CommandId("lost"), actor=owner))
    assert (await company.view(goal)).state is State.DRAFT
    chief = (await company.goals.require(goal)).line[0]
    receipt = await company.give(goal, commands.Approve(actor=chief, expected_seq=3))
    assert receipt.seq == 4
    assert await kinds(company, goal) == ["created", "commented", "submitted", "stage_approved"]

    with pytest.raises(Refusal) as caught:
        await company.give(goal, commands.Approve(actor=chief, expected_seq=99))
    assert caught.value.code in (Code.GOAL_CHANGED, Code.NOT_ALLOWED)
    assert len(await kinds(company, goal)) == 4


async def test_a_sign_off_that_cannot_be_read_is_recorded_as_refused(company: Company) -> None:
    owner, goal = OWNERS[6], goal_of(OWNERS[6])
    await company.give(goal, commands.Submit(actor=owner))
    await company.workflow(goal).signal("sign_off", {"id": "ringi-1", "actor": CHIEF, "expected_seq": "two"})
    async with asyncio.timeout(20):
        while len(await kinds(company, goal)) < 3:  # noqa: ASYNC110 - a signal answers nobody
            await asyncio.sleep(0.1)
    async with read_transaction(company.engine) as connection:
        refused = (await read_ledger(connection, goal))[-1].event
    assert (refused["body"]["kind"], refused["body"]["code"]) == ("sign_off_refused", "invalid")
    (problem,) = refused["body"]["fields"]["problems"]
    assert problem["fields"]["where"] == "expected_seq"


async def test_the_same_command_after_a_death_behind_its_commit_is_recorded_once(company: Company) -> None:
    owner, goal = OWNERS[2], goal_of(OWNERS[2])
    witness = Witness(company, goal)
    seq = (await company.give(goal, commands.Submit(actor=owner))).seq
    await witness.look()
    lost = commands.Approve(id=CommandId("lost"), actor=CHIEF, expected_seq=seq)
    await commit_and_die(company, goal, lost)
    receipt = await company.give(goal, lost, "lost")
    seen = await witness.look()
    assert (seen.entries, receipt.head) == (("stage_approved",), seen.goal.head)
    assert seen.told == {("stage_approved", owner), ("approval_requested", HEAD)}


async def test_of_two_decisions_at_once_on_what_was_seen_one_counts_and_the_other_is_refused(company: Company) -> None:
    owner, goal = OWNERS[3], goal_of(OWNERS[3])
    seq = (await company.give(goal, commands.Submit(actor=owner))).seq
    answers = await asyncio.gather(
        company.give(goal, commands.Approve(actor=CHIEF, expected_seq=seq)),
        company.give(goal, commands.ReturnForChanges(actor=CHIEF, comment="直して", expected_seq=seq)),
        return_exceptions=True,
    )
    assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True]
    assert len(await kinds(company, goal)) == seq + 1
    assert (await Witness(company, goal).look()).goal.seq == seq + 1


async def test_a_command_that_would_make_the_goal_too_large_is_refused_and_changes_nothing(company: Company) -> None:
    """A run begins with the whole goal; one that Temporal does not take would stop for good. The bounds of each part make it rare."""
    owner, goal = OWNERS[8], goal_of(OWNERS[8])
    content = (await company.goals.require(goal)).content.model_copy(update={"challenge": "長い課題" * 900})
    with patch.object(workflows.recording, "MAX_GOAL_BYTES", 9_000):
        with pytest.raises(Refusal) as caught:
            await company.give(goal, commands.Revise(actor=owner, content=content))
        await company.give(goal, commands.Comment(actor=owner, text="続けられます"))
    assert (caught.value.code, caught.value.fields["most"]) == (Code.TOO_LARGE, 9_000)
    assert await kinds(company, goal) == ["created", "commented"]


async def test_a_refused_sign_off_that_is_sent_again_long_after_is_recorded_once_and_holds_nothing_up(
    company: Company,
) -> None:
    """The first sign-off is older than the command ids that the goal remembers: only the ledger still has it."""
    owner, goal = OWNERS[4], goal_of(OWNERS[4])
    seq = (await company.give(goal, commands.Submit(actor=owner))).seq
    said = commands.SignOff(id=CommandId("ringi-1"), actor=HEAD, expected_seq=seq)
    await company.workflow(goal).signal("sign_off", said)
    for number in range(20):
        await company.give(goal, commands.Comment(actor=owner, text=f"{number} 件目の補足"))
    await company.workflow(goal).signal("sign_off", said)
    await company.give(goal, commands.Comment(actor=owner, text="まだ承認待ちです"))
    found = await kinds(company, goal)
    assert (found.count("sign_off_refused"), found.count("commented")) == (1, 21)
    await Witness(company, goal).look()


async def forge(company: Company, goal: GoalId, body: Body, actor: EmployeeId) -> None:
    """Writes an entry with a right chain, as somebody with the keys to the database can."""
    current = await company.goals.require(goal)
    command = commands.Command.model_construct(id=CommandId("forged"), actor=actor, acting_for=None)
    _, recording = record(current, stamp(current, (body,), command, datetime.now(UTC)), fresh_salts())
    async with open_ledger(company.engine) as ledger:
        assert (
            await RecordingActivities(ledger).record(Recording.model_validate_json(recording.model_dump_json())) is None
        )


async def test_an_entry_that_was_forged_into_the_ledger_is_not_adopted_and_every_command_says_so(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    owner, goal = OWNERS[7], goal_of(OWNERS[7])
    seq = (await company.give(goal, commands.Submit(actor=owner))).seq
    await forge(company, goal, Approved(stage=1, saw=seq), owner)  # owners never approve their own goals
    for command in (
        commands.Comment(actor=owner, text="確認"),
        commands.Comment(actor=owner, text="もう一度"),
        commands.Approve(actor=CHIEF, expected_seq=seq + 1),  # who saw the forged entry
    ):
        with pytest.raises(Refusal) as caught:
            await company.give(goal, command)
        assert (caught.value.code, caught.value.fields) == (Code.ENTRY_FORGED, {"seq": seq + 1})
    view = await company.view(goal)
    assert (view.seq, view.state) == (seq, State.PENDING_APPROVAL)
    assert await kinds(company, goal) == ["created", "submitted", "approved"]
    assert any("entry_not_adopted" in one.message and one.levelname == "ERROR" for one in caplog.records)


async def test_a_command_that_is_repeated_long_after_is_answered_as_done_and_its_id_serves_no_other_command(
    company: Company,
) -> None:
    owner, goal = OWNERS[8], goal_of(OWNERS[8])
    first = await company.give(goal, commands.Submit(actor=owner), "submit")
    for number in range(REMEMBERED_COMMANDS):
        await company.give(goal, commands.Comment(actor=owner, text=f"{number} 件目"), f"comment-{number}")
    await company.workflow(goal).terminate()  # the next run knows neither the update's id nor the command's
    current = await company.goals.require(goal)
    assert "submit" not in current.commands
    await company.client.start_workflow(
        GoalWorkflow.run, GoalStart(goal=current, seed=fresh_seed()), id=goal_workflow_id(goal), task_queue=GOALS
    )

    again = await company.give(goal, commands.Submit(actor=owner), "submit")  # it waits for approval: `decide` refuses
    assert (again.seq, again.state) == (first.seq + REMEMBERED_COMMANDS, State.PENDING_APPROVAL)
    for other in (
        commands.Recall(actor=owner),
        commands.Submit(actor=CHIEF),
        commands.Comment(actor=owner, text="別の話"),  # which the goal would accept
        commands.Withdraw(actor=owner, reason="不要"),
    ):
        with pytest.raises(Refusal) as caught:
            await company.give(goal, other, "submit")
        assert (caught.value.code, caught.value.fields["seq"]) == (Code.COMMAND_ID_USED, first.seq)
    assert len(await kinds(company, goal)) == again.seq


async def test_a_due_date_that_moves_ahead_moves_the_alarm_and_one_that_moves_back_lets_it_sleep_on(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with company_in_skipped_time(database, time_skipping) as company:
        around = season(await now_of(time_skipping))
        await launch_for(company, cycle_around(around), around.off, OWNER)
        sooner = next(day for day in around.working_days(around.begins + timedelta(days=3)))
        await company.give(GOAL, commands.Extend(actor=HR, due=sooner, reason="決算の前に"))
        after = next(day for day in around.working_days(sooner + timedelta(days=1)))
        await sleep_until(time_skipping, after, 12)
        assert await reminders(company) == [day for day in reminded_around(around, sooner) if day <= after]
        already = len(await reminders(company))
        await company.give(GOAL, commands.Extend(actor=HR, due=around.due, reason="出張のため"))
        await sleep_until(time_skipping, around.due, 12)
        assert (await reminders(company))[already:] == [around.day_before]
        await Witness(company, GOAL).look()


def reminded_around(around: Season, due: date) -> list[date]:
    before = next(day for n in range(1, 30) if around.works(day := due - timedelta(days=n)))
    after = next(day for day in around.working_days(due + timedelta(days=1)))
    return [day for day in (before, after) if day > around.begins]


async def reminders(company: Company) -> list[date]:
    async with read_transaction(company.engine) as connection:
        lines = await read_ledger(connection, GOAL)
    return [line.event["at"].astimezone(TOKYO).date() for line in lines if line.kind == "reminded"]


async def test_a_run_that_is_started_for_a_closed_goal_reopens_it_or_ends_by_itself(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with company_in_skipped_time(database, time_skipping) as company:
        around = season(await now_of(time_skipping))
        await launch_for(company, cycle_around(around), around.off, OWNER)
        await company.give(GOAL, commands.Withdraw(actor=OWNER, reason="重複"))
        first = await company.workflow(GOAL).result()
        assert isinstance(first, GoalResult)
        assert first.outcome is Outcome.WITHDRAWN

        closed = await company.goals.require(GOAL)
        workflow_id = goal_workflow_id(GOAL)
        idle = await company.client.start_workflow(
            GoalWorkflow.run, GoalStart(goal=closed, seed=fresh_seed()), id=workflow_id, task_queue=GOALS
        )
        assert await idle.result() == first, "nobody came: it ends as it was"

        with time_skipping.auto_time_skipping_disabled():
            receipt = await company.give(GOAL, commands.Reopen(actor=HR, reason="取り下げを取り消す"))
        assert receipt.state is State.DRAFT
        described = await company.client.get_workflow_handle(workflow_id).describe()
        assert described.status is WorkflowExecutionStatus.RUNNING
        assert (await Witness(company, GOAL).look()).entries == ("created", "withdrawn", "reopened")
