"""Commands that must be refused: each refusal has a reason, and changes neither ledger, projection, outbox nor history."""

from datetime import date, timedelta

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.goal import commands
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from tests.acceptance.scene import CHIEF, CYCLE, HEAD, HR, Company, today
from tests.acceptance.unchanged import says, unchanged

pytestmark = pytest.mark.slow

OWNER, STRANGER = EmployeeId("M0033"), EmployeeId("M0011")
GOAL = GoalId(f"{CYCLE}/{OWNER}/1")


@pytest.fixture(scope="module")
async def pending(company: Company) -> Goal:
    """A goal that was submitted, recalled, and submitted with another challenge: an approver may have seen the first version."""
    await company.give(GOAL, commands.Submit(actor=OWNER))
    await company.give(GOAL, commands.Recall(actor=OWNER))
    content = (await company.goals.require(GOAL)).content
    other = content.model_copy(update={"challenge": "請求書の 4 割が月初 3 日に集中している"})
    await company.give(GOAL, commands.Submit(actor=OWNER, content=other))
    return await company.goals.require(GOAL)


async def refused(company: Company, command: commands.Command, goal: GoalId = GOAL) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await company.give(goal, command)
    return caught.value


async def refused_raw(company: Company, name: str, text: str) -> ApplicationError:
    """The error that a client in another language gets for `text`."""
    argument = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=text.encode()))
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await company.workflow(GOAL).execute_update(name, argument)
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause


async def test_a_stale_approval_is_refused_and_tells_what_changed(company: Company, pending: Goal) -> None:
    async with unchanged(company, GOAL):
        refusal = await refused(company, commands.Approve(actor=CHIEF, expected_seq=2))
    english = (
        "the goal has changed since version 2, which you reviewed: 3 recalled, 4 revised (today's problem), 5 submitted"
    )
    says(refusal, Code.GOAL_CHANGED, english, "確認された内容(番号 2)の後に目標が変わりました")


async def test_an_approval_of_what_is_not_there_yet_is_refused(company: Company, pending: Goal) -> None:
    """The handler asks the ledger first (docs/decisions/0002), so Temporal's history holds the update and its refusal."""
    async with unchanged(company, GOAL, in_history=False):
        refusal = await refused(company, commands.Approve(actor=CHIEF, expected_seq=pending.seq + 1))
    says(
        refusal,
        Code.NEWER_THAN_GOAL,
        f"newer than the goal, whose number is {pending.seq}",
        f"最新の番号({pending.seq})",
    )


async def test_the_wrong_person_is_refused_and_told_who_may(company: Company, pending: Goal) -> None:
    async with unchanged(company, GOAL):
        for wrong in (STRANGER, HEAD, HR):
            refusal = await refused(company, commands.Approve(actor=wrong, expected_seq=pending.seq))
            says(
                refusal, Code.NOT_ALLOWED, f"{wrong} may not do this; {CHIEF} may", f"行えるのは 社員番号 {CHIEF} です"
            )


async def test_nobody_approves_a_goal_of_their_own(company: Company, pending: Goal) -> None:
    async with unchanged(company, GOAL):
        refusal = await refused(company, commands.Approve(actor=OWNER, expected_seq=pending.seq))
    says(refusal, Code.SELF_APPROVAL, "you cannot approve or review your own goal", "自分の目標を自分で承認")


async def test_nobody_approves_a_goal_of_their_own_as_a_delegate(company: Company, pending: Goal) -> None:
    def delegation(to: EmployeeId) -> commands.Delegate:
        return commands.Delegate(actor=CHIEF, delegator=CHIEF, to=to, first=today(), last=today() + timedelta(days=9))

    async with unchanged(company, GOAL):
        refusal = await refused(company, delegation(OWNER))
        says(refusal, Code.DELEGATION, "the goal's owner cannot be the delegate", "目標の本人は代理になれません")
        claim = commands.Approve(actor=OWNER, acting_for=CHIEF, expected_seq=pending.seq)
        refusal = await refused(company, claim)
        says(refusal, Code.SELF_APPROVAL, "you cannot approve or review your own goal", "自分の目標を自分で承認")


async def test_an_unknown_goal_is_refused_by_its_id(company: Company) -> None:
    async with unchanged(company):
        command = commands.Approve(actor=CHIEF, expected_seq=1)
        refusal = await refused(company, command, GoalId("2026-q4/M9999/1"))
    says(refusal, Code.UNKNOWN_GOAL, "goal 2026-q4/M9999/1 was not found", "目標「2026-q4/M9999/1」は見つかりません")


@pytest.mark.parametrize("long", ["x" * 990_000, "目" * 330_000], ids=["ascii", "kanji"])
async def test_a_text_of_nearly_a_megabyte_is_refused_without_repeating_it(
    company: Company, pending: Goal, long: str
) -> None:
    async with unchanged(company, GOAL):
        error = await refused_raw(company, "comment", f'{{"actor": "{CHIEF}", "text": "{long}"}}')
    assert error.type == Code.INVALID
    assert "where: text; finding: problem.string_too_long (max_length: 4000)" in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize("megabyte", ["x" * 1_000_000, "目" * 340_000], ids=["ascii", "kanji"])
async def test_a_command_of_a_megabyte_is_refused_before_it_is_read(
    company: Company, pending: Goal, megabyte: str
) -> None:
    async with unchanged(company, GOAL):
        error = await refused_raw(company, "comment", f'{{"actor": "{CHIEF}", "text": "{megabyte}"}}')
    assert error.type == Code.TOO_LARGE
    assert len(error.message) < 100


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", '"NaN"', '"Infinity"', '"sNaN"'])
async def test_a_number_that_is_none_is_refused(company: Company, pending: Goal, number: str) -> None:
    async with unchanged(company, GOAL):
        error = await refused_raw(company, "report_progress", f'{{"actor": "{OWNER}", "value": {number}}}')
    assert error.type == Code.INVALID
    assert "where: value; finding: problem." in error.message


async def test_a_boolean_is_no_number(company: Company, pending: Goal) -> None:
    async with unchanged(company, GOAL):
        error = await refused_raw(company, "approve", f'{{"actor": "{CHIEF}", "expected_seq": true}}')
    assert (error.type, error.message) == (
        Code.INVALID, "invalid (problems: part.finding (where: expected_seq; finding: problem.int_parsing))",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "null", "[]", '"approve"', "{", '{"actor": "\\u0000", "expected_seq": 1}'])
async def test_what_is_no_command_at_all_is_refused(company: Company, pending: Goal, text: str) -> None:
    async with unchanged(company, GOAL):
        error = await refused_raw(company, "approve", text)
    assert error.type == Code.INVALID


async def test_an_unknown_command_is_refused_and_the_known_ones_are_named(company: Company, pending: Goal) -> None:
    async with unchanged(company, GOAL):
        error = await refused_raw(company, "aprove", f'{{"actor": "{CHIEF}"}}')
    assert error.type == Code.UNKNOWN_COMMAND
    assert error.message.startswith("unknown_command (command: aprove; known: revise, submit, recall, approve,")


async def test_a_step_outside_the_cycle_cannot_be_submitted(company: Company) -> None:
    owner = EmployeeId("M0034")
    goal = GoalId(f"{CYCLE}/{owner}/1")
    await company.give(goal, commands.Comment(actor=owner, text="書き始めます"))  # wakes the workflow
    content = (await company.goals.require(goal)).content
    late = content.steps[-1].model_copy(update={"due": date(today().year + 3, 4, 1)})
    steps = (*content.steps[:-1], late)
    async with unchanged(company, goal):
        command = commands.Submit(actor=owner, content=content.model_copy(update={"steps": steps}))
        refusal = await refused(company, command, goal)
    says(refusal, Code.NOT_READY, f"step 3: due date: {late.due:%a} 1 Apr {late.due.year} is outside the cycle", "期間")
    assert refusal.fields["codes"] == ["step_outside_cycle"]


async def test_a_due_date_outside_the_cycle_is_refused(company: Company, pending: Goal) -> None:
    async with unchanged(company, GOAL):
        for day in (today() - timedelta(days=1), pending.policy.closes + timedelta(days=1)):
            refusal = await refused(company, commands.Extend(actor=HR, due=day, reason="出張のため"))
            says(refusal, Code.DATE_OUTSIDE, "cannot be used; give a date from", "は使えません")


async def test_a_closed_goal_takes_no_command(company: Company) -> None:
    owner = EmployeeId("M0035")
    goal = GoalId(f"{CYCLE}/{owner}/1")
    await company.give(goal, commands.Withdraw(actor=owner, reason="重複していた"))
    await company.workflow(goal).result()
    async with unchanged(company, goal):
        for command in (commands.Submit(actor=owner), commands.Comment(actor=owner, text="まだ書けますか")):
            refusal = await refused(company, command, goal)
            says(refusal, Code.WRONG_STATE, "the goal is “closed”; this can be done while it is “draft”", "「完了」")
