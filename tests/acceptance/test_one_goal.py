"""The whole life of one goal on real servers; after every command, all views of the goal are compared."""

from datetime import timedelta
from decimal import Decimal

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from domain.goal import commands
from domain.goal.goal import Goal, Outcome
from domain.lifecycle import State
from domain.policy.policy import TaskKind
from domain.writing.content import Content, NumericMeasure, Step
from tests.acceptance.scene import CHIEF, GOAL, HEAD, OWNER, Company, Witness, shows, today
from workflows.goal import GoalResult

pytestmark = pytest.mark.slow


def second_try(goal: Goal) -> Content:
    """The new content after the reset: from the current value, in two smaller steps."""
    assert isinstance(goal.content.measure, NumericMeasure)
    return goal.content.model_copy(
        update={
            "measure": goal.content.measure.model_copy(update={"target": Decimal(8)}),
            "steps": (
                Step(title="電子受領を 2 社で試す", due=today() + timedelta(days=40), points=15),
                Step(title="手順を部内で共有する", due=today() + timedelta(days=80), points=15),
            ),
        }
    )


async def test_one_goal_lives_its_whole_life_and_every_side_of_it_agrees_at_every_point(company: Company) -> None:
    witness = Witness(company, GOAL)
    await drafted(witness)
    await returned_and_resubmitted(company, witness)
    await approved_in_two_stages(company, witness)
    await worked_on_and_continued(company, witness)
    await reset(company, witness)
    await approved_again_and_achieved(company, witness)


async def drafted(witness: Witness) -> None:
    seen = await witness.look(asleep=True)
    shows(seen, State.DRAFT, entries=["created"], told={("draft_opened", OWNER)}, score="0")
    assert seen.goal.line[:2] == (CHIEF, HEAD)
    assert seen.goal.content.theme == "月次決算の早期化"  # the department's template
    assert seen.goal.task is not None
    assert seen.goal.task.kind is TaskKind.DRAFT


async def returned_and_resubmitted(company: Company, witness: Witness) -> None:
    await company.give(GOAL, commands.Submit(actor=OWNER))
    seen = await witness.look()
    asked = {("approval_requested", CHIEF)}
    shows(seen, State.PENDING_APPROVAL, entries=["submitted"], told=asked, score="0")

    await company.give(
        GOAL, commands.ReturnForChanges(actor=CHIEF, comment="課題を具体的に", expected_seq=seen.goal.seq)
    )
    seen = await witness.look()
    shows(seen, State.DRAFT, entries=["returned"], told={("returned", OWNER)}, score="0")

    clearer = seen.goal.content.model_copy(update={"challenge": "回収の 4 割が月初 3 日に集中している"})
    receipt = await company.give(GOAL, commands.Submit(actor=OWNER, content=clearer))
    seen = await witness.look()
    shows(seen, State.PENDING_APPROVAL, entries=["revised", "submitted"], told=asked, score="0")
    assert (receipt.seq, receipt.head) == (seen.goal.seq, seen.goal.head)
    assert seen.goal.content.challenge == clearer.challenge


async def approved_in_two_stages(company: Company, witness: Witness) -> None:
    seq = (await witness.look()).goal.seq
    await company.give(GOAL, commands.Approve(actor=CHIEF, expected_seq=seq))
    seen = await witness.look()
    told = {("stage_approved", OWNER), ("approval_requested", HEAD)}
    shows(seen, State.PENDING_APPROVAL, entries=["stage_approved"], told=told, score=str(seen.goal.banked))

    await company.give(GOAL, commands.Approve(actor=HEAD, expected_seq=seen.goal.seq))
    seen = await witness.look()
    shows(seen, State.ACTIVE, entries=["approved"], told={("approved", OWNER)}, score=str(seen.goal.banked))
    assert seen.goal.task is not None
    assert (seen.goal.task.kind, seen.goal.task.assignees) == (TaskKind.STEP, (OWNER,))


async def worked_on_and_continued(company: Company, witness: Witness) -> None:
    await company.give(GOAL, commands.CompleteStep(actor=OWNER, step=0, evidence="原因の一覧"))
    shows(await witness.look(), State.ACTIVE, entries=["step_completed"], told=set(), score="10")

    await company.give(GOAL, commands.ReportProgress(actor=OWNER, value="8.5"))
    seen = await witness.look()  # half the way; it counts when a review confirms it
    shows(seen, State.ACTIVE, entries=["progress_reported"], told=set(), score="10")

    seq = await reviewed_by_owner(company, witness, score="10")
    verdict = commands.DecideReview(
        actor=CHIEF, verdict="continue", expected_seq=seq, bonus=5, comment="他部署も手伝った"
    )
    await company.give(GOAL, verdict)
    seen = await witness.look()
    shows(seen, State.ACTIVE, entries=["continued"], told={("verdict_given", OWNER)}, score="45")  # 10 + 0.5 x 60 + 5


async def reviewed_by_owner(company: Company, witness: Witness, *, score: str) -> int:
    """Calls a review early and submits the self-review; returns the `seq` that the reviewer sees."""
    await company.give(GOAL, commands.CallReview(actor=CHIEF, reason="早めに確認したい"))
    seen = await witness.look()
    shows(seen, State.IN_REVIEW, entries=["review_opened"], told={("review_opened", OWNER)}, score=score)
    await company.give(GOAL, commands.SubmitSelfReview(actor=OWNER, went_well="原因が見えた"))
    seen = await witness.look()
    shows(seen, State.IN_REVIEW, entries=["self_reviewed"], told={("verdict_requested", CHIEF)}, score=score)
    return seen.goal.seq


async def reset(company: Company, witness: Witness) -> None:
    await company.give(GOAL, commands.CompleteStep(actor=OWNER, step=1))
    seen = await witness.look()
    shows(seen, State.ACTIVE, entries=["step_completed"], told=set(), score="60")
    first_run = seen.run_id

    seq = await reviewed_by_owner(company, witness, score="60")
    verdict = commands.DecideReview(
        actor=CHIEF, verdict="unrealistic", expected_seq=seq, comment="対象を絞ろう", new_weight=80
    )
    await company.give(GOAL, verdict, "verdict-of-the-second-review")
    seen = await witness.look()
    shows(seen, State.DRAFT, entries=["reset"], told={("goal_reset", OWNER)}, score="60")
    assert (seen.goal.revision, seen.goal.banked, seen.goal.content.weight) == (2, Decimal(60), Decimal(80))
    assert isinstance(seen.goal.content.measure, NumericMeasure)
    assert seen.goal.content.measure.baseline == Decimal("8.5"), "what was reached is banked: the rest starts there"
    assert seen.run_id != first_run, "a revision is a run of its own"

    again = await company.give(GOAL, verdict, "verdict-of-the-second-review")  # the answer was lost: asked again
    assert again.seq == seen.goal.seq
    assert (await witness.look()).entries == ()


async def approved_again_and_achieved(company: Company, witness: Witness) -> None:
    content = second_try((await witness.look()).goal)
    await company.give(GOAL, commands.Submit(actor=OWNER, content=content))
    seen = await witness.look()
    asked = {("approval_requested", CHIEF)}
    shows(seen, State.PENDING_APPROVAL, entries=["revised", "submitted"], told=asked, score="60")
    await approved_in_two_stages(company, witness)
    for step, points in ((0, "75"), (1, "90")):
        await company.give(GOAL, commands.CompleteStep(actor=OWNER, step=step))
        shows(await witness.look(), State.ACTIVE, entries=["step_completed"], told=set(), score=points)
    await company.give(GOAL, commands.ReportProgress(actor=OWNER, value=8))
    shows(await witness.look(), State.ACTIVE, entries=["progress_reported"], told=set(), score="90")

    seq = await reviewed_by_owner(company, witness, score="90")
    await company.give(GOAL, commands.DecideReview(actor=CHIEF, verdict="achieved", expected_seq=seq))
    seen = await witness.look()
    shows(seen, State.CLOSED, entries=["closed"], told={("goal_closed", OWNER)}, score="150")
    assert (seen.goal.outcome, seen.goal.task) == (Outcome.ACHIEVED, None)
    await the_workflow_ended(company, seen.goal)


async def the_workflow_ended(company: Company, goal: Goal) -> None:
    handle = company.workflow(GOAL)
    result = await handle.result()
    assert isinstance(result, GoalResult)
    assert (result.outcome, result.score, result.seq, result.head) == (
        Outcome.ACHIEVED,
        Decimal(150),
        goal.seq,
        goal.head,
    )
    shown = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert shown.current_details.startswith("closed, ")
