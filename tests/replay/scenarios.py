"""The recorded scenarios: each one uses real servers, and returns the workflows whose runs are recorded."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import update
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.instruction import InstructionActivities
from activities.launch import LaunchActivities
from activities.settlement import SettlementActivities
from domain.goal import commands
from domain.goal.handing import owner_in
from domain.instructions.instructions import Add, Close, Extend, Selection
from domain.policy.policy import Leavers
from domain.refusals import Code, Refusal
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from domain.writing.content import Content, Contributor, NumericMeasure, Step
from service.beginning import Beginnings, BeginningSource
from service.handing_over import HandingOver, HandoverRequest
from storage.tables import CycleRow
from tests.acceptance.scene import (
    CHIEF,
    COLLEAGUE,
    CYCLE,
    DIRECTOR,
    GOAL,
    HEAD,
    HR,
    HR_TOO,
    OWNER,
    PRESIDENT,
    Company,
    commit_and_die,
    until_cycle_is,
    until_launched,
)
from tests.acceptance.skipped_time import cycle_around, launch_for, season, sleep_until
from tests.acceptance.three_people import RefusesStarts, cycle_of_three, employ_three
from tests.callers import by
from tests.desk import InstructionDesk
from tests.servers import now_of
from workflows.beginning import beginning_workflow_id
from workflows.cycle import CycleWorkflow, EndCycle, cycle_workflow_id
from workflows.goal import goal_workflow_id
from workflows.handing_over import handover_workflow_id
from workflows.instruction import InstructionWorkflow, instruction_workflow_id
from workflows.queues import BULK

_SECOND_COLLEAGUE = EmployeeId("M0033")


class Stage(NamedTuple):
    """The servers of a scenario, with a worker for goals and the sample company."""

    company: Company
    server: WorkflowEnvironment


async def _launched(stage: Stage) -> Content:
    """Launches the goal of `OWNER` over the next holiday; returns its content."""
    around = season(await now_of(stage.server))
    await launch_for(stage.company, cycle_around(around), around.off, OWNER)
    return (await stage.company.goals.require(GOAL)).content


async def _give(stage: Stage, *given: commands.Command) -> None:
    """Gives the commands in order, with the same ids at every recording."""
    for command in given:
        seq = (await stage.company.goals.require(GOAL)).seq
        seen = {"expected_seq": seq} if "expected_seq" in type(command).model_fields else {}
        await stage.company.give(GOAL, command.model_copy(update=seen), f"{command.name}-{seq}")


_SUBMIT = commands.Submit(actor=OWNER)
_APPROVE, _APPROVE_TOO = commands.Approve(actor=CHIEF, expected_seq=1), commands.Approve(actor=HEAD, expected_seq=1)
_REVIEW = (
    commands.CallReview(actor=CHIEF, reason="早めに確認"),
    commands.SubmitSelfReview(actor=OWNER, went_well="原因が見えた"),
)


async def lifecycle(stage: Stage) -> str:
    content = await _launched(stage)
    await _give(
        stage,
        commands.Submit(actor=OWNER, content=content.model_copy(update={"challenge": "回収が月初に集中している"})),
        commands.ReturnForChanges(actor=CHIEF, comment="課題を具体的に"),
        _SUBMIT, _APPROVE, _APPROVE_TOO,
        *(commands.CompleteStep(actor=OWNER, step=n) for n in range(3)),
        commands.ReportProgress(actor=OWNER, value="8.5"),
        *_REVIEW, commands.DecideReview(actor=CHIEF, verdict="continue", expected_seq=1, bonus=5, comment="他部署も手伝った"),
        commands.Comment(actor=CHIEF, text="この調子で"),
        commands.Pause(actor=HR, reason="休職"), commands.Resume(actor=HR),
        commands.ReportProgress(actor=OWNER, value=7),
        *_REVIEW, commands.DecideReview(actor=CHIEF, verdict="achieved", expected_seq=1),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def reset(stage: Stage) -> str:
    """Two runs: the verdict of the first one resets the goal, and the second one begins with the new revision."""
    content = await _launched(stage)
    await _give(
        stage, _SUBMIT, _APPROVE, _APPROVE_TOO, *_REVIEW,
        commands.DecideReview(actor=CHIEF, verdict="unrealistic", expected_seq=1, comment="対象を絞ろう", new_weight=80),
    )  # fmt: skip
    assert isinstance(content.measure, NumericMeasure)
    smaller = content.model_copy(update={"steps": (*content.steps[:1], Step(title="試す", due=content.steps[2].due))})
    await _give(
        stage, commands.Submit(actor=OWNER, content=smaller), _APPROVE, _APPROVE_TOO, commands.CompleteStep(actor=OWNER, step=0),
        commands.Close(actor=HR, reason="異動のため"),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def alarms_to_lapse(stage: Stage) -> str:
    """The alarms until the goal lapses; `stage.server` is a time-skipping server."""
    await _launched(stage)
    around = season(await now_of(stage.server))
    await sleep_until(stage.server, around.end, 12)
    return goal_workflow_id(GOAL)


async def adoption(stage: Stage) -> str:
    """A worker commits an approval and dies; another command finds it, then the approval itself comes again."""
    await _launched(stage)
    await _give(stage, _SUBMIT)
    seq = (await stage.company.goals.require(GOAL)).seq
    lost = commands.Approve(id=CommandId("lost"), actor=CHIEF, expected_seq=seq)
    await commit_and_die(stage.company, GOAL, lost)
    await stage.company.give(GOAL, commands.Comment(actor=OWNER, text="確認をお願いします"), "comment-in-between")
    await stage.company.give(GOAL, lost, "lost")
    await _give(stage, _APPROVE_TOO, commands.Close(actor=HR, reason="異動のため"))
    return goal_workflow_id(GOAL)


async def sign_off(stage: Stage) -> str:
    """Two signals from another system: the first is refused, the second approves the first stage."""
    await _launched(stage)
    await _give(stage, _SUBMIT)
    seq = (await stage.company.goals.require(GOAL)).seq
    handle = stage.company.workflow(GOAL)
    for number, actor in enumerate((HEAD, CHIEF)):
        said = commands.SignOff(id=CommandId(f"ringi-{number}"), actor=actor, expected_seq=seq)
        await handle.signal("sign_off", said)
    await _give(stage, commands.Comment(actor=OWNER, text="押印は済みました"))
    await _give(stage, _APPROVE_TOO, commands.Close(actor=HR, reason="異動のため"))
    return goal_workflow_id(GOAL)


async def claimed(stage: Stage) -> str:
    """The recording refuses an unknown parent; then it accepts an existing one."""
    content = await _launched(stage)
    lost = commands.Submit(actor=OWNER, content=content.model_copy(update={"parent": "nowhere"}))
    try:
        await stage.company.give(GOAL, lost, "lost-parent")
    except Refusal as refusal:
        if refusal.code is not Code.UNKNOWN_PARENT:
            raise
    await _give(stage, _SUBMIT, _APPROVE, _APPROVE_TOO, commands.Close(actor=HR, reason="異動のため"))
    return goal_workflow_id(GOAL)


async def calibrated(stage: Stage) -> str:
    """The run that is started for a closed goal, to calibrate it and to mark it as an example."""
    await _launched(stage)
    await _give(
        stage, _SUBMIT, _APPROVE, _APPROVE_TOO, commands.ReportProgress(actor=OWNER, value=7), *_REVIEW,
        commands.DecideReview(actor=CHIEF, verdict="achieved", expected_seq=1),
    )  # fmt: skip
    adjust = commands.Adjust(actor=HR, points=Decimal("2.5"), reason="部署間の調整")
    await _give(stage, adjust, commands.MarkExemplar(actor=CHIEF, reason="見出しの付け方が手本になる"))
    return goal_workflow_id(GOAL)


async def erased(stage: Stage) -> str:
    """The run that is started for a closed goal, to erase what people wrote in it."""
    await claimed(stage)
    erase = commands.EraseTexts(actor=HR, entries=(1, 2, 3), reason="本人の請求")
    await _give(stage, erase)
    return goal_workflow_id(GOAL)


async def evaluated(stage: Stage) -> str:
    """Evaluators beside the managers; other ones come while the second stage waits."""
    await _launched(stage)
    goal = await stage.company.goals.require(GOAL)
    as_it_is = {"line": goal.line, "department": goal.department, "sites": goal.sites, "reason": "評価者の変更"}
    evaluators = commands.ChangeLine(actor=HR, stages=((HEAD,), (HR,)), reviewers=(HEAD,), **as_it_is)
    others = commands.ChangeLine(actor=HR, stages=((HEAD,), (CHIEF, HEAD)), reviewers=(HEAD,), **as_it_is)
    await _give(
        stage, evaluators, _SUBMIT, commands.Approve(actor=HEAD, expected_seq=1), others, _APPROVE, *_REVIEW,
        commands.DecideReview(actor=HEAD, verdict="achieved", expected_seq=1),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def joint(stage: Stage) -> str:
    """Two must both agree: one returns it, one signs, one is late, and another person takes the part; a server that skips time."""
    await _launched(stage)
    goal, around = await stage.company.goals.require(GOAL), season(await now_of(stage.server))
    as_it_is = {"line": goal.line, "department": goal.department, "sites": goal.sites, "reason": "承認者の変更"}
    both = commands.ChangeLine(actor=HR, joint=(((CHIEF, DIRECTOR), (HR_TOO, PRESIDENT)),), **as_it_is)
    another = commands.ChangeLine(actor=HR, joint=(((CHIEF, DIRECTOR), (COLLEAGUE, PRESIDENT)),), **as_it_is)
    agree = commands.Approve(actor=HR_TOO, expected_seq=1)
    await _give(
        stage, both, _SUBMIT, _APPROVE, commands.ReturnForChanges(actor=HR_TOO, comment="課題を具体的に"), _SUBMIT, agree,
    )  # fmt: skip
    await sleep_until(stage.server, around.after_due(3), 12)
    await _give(
        stage, another, commands.Reassign(actor=HR, person=CHIEF, to=COLLEAGUE, reason="休職"),
        commands.Approve(actor=COLLEAGUE, expected_seq=1), _APPROVE_TOO, commands.Close(actor=HR, reason="試験の終了"),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def leaver(stage: Stage) -> str:
    """The last review opens before the owner's last day, and the reviewer gives the verdict after it; a server that skips time."""
    await _launched(stage)
    await _give(stage, _SUBMIT, _APPROVE, _APPROVE_TOO)
    goal, around = await stage.company.goals.require(GOAL), season(await now_of(stage.server))
    days = list(around.working_days(around.begins + timedelta(days=1)))
    as_it_is = {
        "line": goal.line,
        "department": goal.department,
        "sites": goal.sites,
        "leaves": days[14],
        "reason": "退職",
    }
    known = commands.ChangeLineBySystem(actor=commands.ORGANISATION, **as_it_is)
    rules = goal.policy.model_copy(update={"leavers": Leavers.VERDICT})
    await _give(stage, commands.AmendPolicy(actor=HR, policy=rules, rules=("leavers",), reason="賞与の対象期間"), known)
    await sleep_until(stage.server, days[15], 12)
    await _give(
        stage, known.model_copy(update={"gone": True}),
        commands.DecideReview(actor=CHIEF, verdict="continue", expected_seq=1),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def weighted(stage: Stage) -> str:
    """Points count times weights with decimals; a working day and a short day; a reset with another weight."""
    around = season(await now_of(stage.server))
    file = cycle_around(around)
    days = {"working_days": (around.later_holiday,), "short_days": {around.due: time(12)}}
    drafts = tuple(one.model_copy(update={"weight": Decimal("33.3")}) for one in file.drafts)
    changed = {
        "calendar": file.calendar.model_copy(update=days),
        "policy": file.policy.model_copy(update={"weighted": True}),
        "drafts": drafts,
    }
    await launch_for(stage.company, file.model_copy(update=changed), around.off, OWNER)
    await _give(
        stage, _SUBMIT, _APPROVE, _APPROVE_TOO, commands.CompleteStep(actor=OWNER, step=0), *_REVIEW,
        commands.DecideReview(
            actor=CHIEF, verdict="unrealistic", expected_seq=1, comment="対象を絞ろう", bonus=5, new_weight=Decimal("12.5")
        ),
        commands.Withdraw(actor=OWNER, reason="対象が無くなった"),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def reopened(stage: Stage) -> str:
    """The owner leaves while a stage of the approval waits, and comes back with another manager: the two commands of a sync."""
    await _launched(stage)
    await _give(stage, _SUBMIT, _APPROVE)
    goal = await stage.company.goals.require(GOAL)
    back = {"line": goal.line[1:], "department": goal.department, "sites": goal.sites, "reason": "復職"}
    await _give(
        stage, commands.CloseBySystem(actor=commands.ORGANISATION, removed=True, reason="退職"),
        commands.ReopenBySystem(actor=commands.ORGANISATION, reason="復職"),
        commands.ChangeLineBySystem(actor=commands.ORGANISATION, **back),
        _APPROVE_TOO, commands.Close(actor=HR, reason="試験の終了"),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def shared(stage: Stage) -> str:
    """Two contributors: one does a step and leaves, which the sync's command says; the owner does the rest."""
    content = await _launched(stage)
    contributors = (Contributor(person=COLLEAGUE, share=30), Contributor(person=_SECOND_COLLEAGUE, share=20))
    first, second, *rest = content.steps
    by_others = (
        first.model_copy(update={"by": COLLEAGUE}), second.model_copy(update={"by": _SECOND_COLLEAGUE}), *rest,
    )  # fmt: skip
    plan = content.model_copy(update={"contributors": contributors, "steps": by_others})
    await _give(
        stage, commands.Submit(actor=OWNER, content=plan), _APPROVE, _APPROVE_TOO,
        commands.CompleteStep(actor=COLLEAGUE, step=0, evidence="集計表"), commands.Comment(actor=_SECOND_COLLEAGUE, text="来週始めます"),
    )  # fmt: skip
    goal = await stage.company.goals.require(GOAL)
    left = {
        "line": goal.line,
        "department": goal.department,
        "sites": goal.sites,
        "left": (COLLEAGUE,),
        "reason": "退職",
    }
    await _give(
        stage, commands.ChangeLineBySystem(actor=commands.ORGANISATION, **left), commands.CompleteStep(actor=OWNER, step=1),
        *_REVIEW, commands.DecideReview(actor=CHIEF, verdict="achieved", expected_seq=1),
    )  # fmt: skip
    return goal_workflow_id(GOAL)


async def begun(stage: Stage) -> str:
    """A goal that HR begins after the launch."""
    goal = await _begun(stage)
    await stage.company.give(goal, _SUBMIT, "submit")
    await stage.company.give(goal, commands.Approve(actor=CHIEF, expected_seq=2), "approve")
    await stage.company.give(goal, commands.Close(actor=HR, reason="試験の終了"), "close")
    return goal_workflow_id(goal)


async def beginning(stage: Stage) -> str:
    """The workflow that begins the goal of `begun`."""
    goal = await _begun(stage)
    return beginning_workflow_id(CYCLE, owner_in(goal), CommandId("begin"))


async def handing_over(stage: Stage) -> str:
    """The workflow that hands over the goal of `handed_over`."""
    await _handed_over(stage)
    return handover_workflow_id(GOAL, CommandId("hand-over"))


async def handover_refused(stage: Stage) -> str:
    """The same workflow, refused: a goal is handed over once."""
    await _handed_over(stage)
    handing = HandingOver(stage.company.engine, stage.company.client)
    with suppress(Refusal):
        await handing.hand_over(by(HR), GOAL, HandoverRequest(COLLEAGUE, "産休"), "hand-over-again")
    return handover_workflow_id(GOAL, CommandId("hand-over-again"))


async def handed_over(stage: Stage) -> str:
    """The goal that closes when it is handed over, with a step that is done."""
    await _handed_over(stage)
    return goal_workflow_id(GOAL)


async def taken_over(stage: Stage) -> str:
    """The goal with which the new owner goes on."""
    goal = await _handed_over(stage)
    await stage.company.give(goal, commands.Submit(actor=COLLEAGUE), "submit")
    await stage.company.give(goal, commands.Approve(actor=CHIEF, expected_seq=2), "approve")
    await stage.company.give(goal, commands.Close(actor=HR, reason="試験の終了"), "close")
    return goal_workflow_id(goal)


async def _begun(stage: Stage) -> GoalId:
    await _launched_openly(stage, OWNER)
    content = (await stage.company.goals.require(GOAL)).content
    begin = Beginnings(stage.company.engine, stage.company.client).begin
    return (await begin(by(HR), CYCLE, BeginningSource(content), owner=OWNER, command_id="begin")).goal


async def _handed_over(stage: Stage) -> GoalId:
    await _launched_openly(stage, OWNER, COLLEAGUE)
    await _give(stage, _SUBMIT, _APPROVE, _APPROVE_TOO, commands.CompleteStep(actor=OWNER, step=0))
    handing = HandingOver(stage.company.engine, stage.company.client)
    return (await handing.hand_over(by(HR), GOAL, HandoverRequest(COLLEAGUE, "産休"), "hand-over")).goal


async def _launched_openly(stage: Stage, *owners: EmployeeId) -> None:
    """Launches goals of these people in a cycle that is open, so that another goal can be begun."""
    around = season(await now_of(stage.server))
    await launch_for(stage.company, cycle_around(around), around.off, *owners)
    async with stage.company.engine.begin() as connection:
        await connection.execute(update(CycleRow).values(state="open"))


async def cycle(stage: Stage) -> str:
    """The goals of one of three people cannot be started at first; a retry starts them, and the cycle is closed by its former command."""
    refuses = RefusesStarts(goal_workflow_id(GoalId("three/P3/1")))
    async with _three(stage, refuses):
        refuses.ids.clear()
        await stage.company.cycles.retry(_THREE)
        await until_launched(stage.company, _THREE)
        handle = stage.company.client.get_workflow_handle(cycle_workflow_id(_THREE))
        await handle.execute_update(
            CycleWorkflow.end, EndCycle(state="closed", actor=_CHIEF_OF_THREE, reason="試験の終了")
        )
        await handle.result()
    return handle.id


async def steered_cycle(stage: Stage) -> str:
    """A cycle of two gets more time, then a third person, and ends by an instruction."""
    company = stage.company
    instructions = InstructionDesk(company.engine, company.client)
    async with _three(stage, RefusesStarts(), without="P3"):
        policy = (await company.cycles.require(_THREE)).launched_policy
        for asked in (
            Extend(closes=policy.closes + timedelta(days=30), reason="繁忙期"),
            Add(selection=Selection(people=(EmployeeId("P3"),)), reason="入社"),
            Close(reason="試験の終了"),
        ):
            given = await instructions.give(asked, _CHIEF_OF_THREE, _THREE, asked.kind)
            await company.client.get_workflow_handle(instruction_workflow_id(given)).result()
        handle = company.client.get_workflow_handle(cycle_workflow_id(_THREE))
        await handle.result()
    return handle.id


_THREE, _CHIEF_OF_THREE = CycleId("three"), EmployeeId("P1")


@asynccontextmanager
async def _three(stage: Stage, refuses: RefusesStarts, without: str = "") -> AsyncIterator[None]:
    """Three people with a worker for bulk work, and their cycle open; starts of goals go through `refuses`."""
    company, client = stage.company, refuses.on(stage.company.client)
    await employ_three(company.engine)
    launch, settlement = LaunchActivities(company.engine, client), SettlementActivities(company.engine, client)
    instruction = InstructionActivities(company.engine, company.client)
    async with Worker(
        company.client,
        task_queue=BULK,
        workflows=[CycleWorkflow, InstructionWorkflow],
        activities=[
            launch.write_goals,
            launch.start_goals,
            launch.retry_failed,
            launch.set_cycle_state,
            settlement.settle_goals,
            instruction.prepare,
            instruction.carry_out,
            instruction.finish,
        ],
        identity="recorder",
    ):
        file = cycle_of_three() + f'without = ["{without}"]\n'.encode() if without else cycle_of_three()
        checked = await company.cycles.check(file, datetime.now(UTC).date())
        await company.cycles.launch(checked, _CHIEF_OF_THREE, datetime.now(UTC))
        await until_cycle_is(company, _THREE, "open")
        yield


Scenario = Callable[[Stage], Awaitable[str]]

ON_A_REAL_CLOCK: dict[str, Scenario] = {
    "lifecycle": lifecycle,
    "reset": reset,
    "adoption": adoption,
    "sign_off": sign_off,
    "claimed": claimed,
    "calibrated": calibrated,
    "erased": erased,
    "evaluated": evaluated,
    "weighted": weighted,
    "reopened": reopened,
    "shared": shared,
    "begun": begun,
    "handed_over": handed_over,
    "taken_over": taken_over,
    "beginning": beginning,
    "handing_over": handing_over,
    "handover_refused": handover_refused,
    "cycle": cycle,
    "steered_cycle": steered_cycle,
}
ON_A_CLOCK_THAT_SKIPS: dict[str, Scenario] = {"alarms_to_lapse": alarms_to_lapse, "leaver": leaver, "joint": joint}
