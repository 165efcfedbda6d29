"""Shared goals on real servers: from the draft to the results, a contributor who leaves, a handover, and goals that are begun or carried over."""

from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from domain.goal.commands import (
    Approve,
    CallReview,
    Comment,
    CompleteStep,
    DecideReview,
    ReportProgress,
    Revise,
    Submit,
    SubmitSelfReview,
)
from domain.instructions.instructions import Close
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId, Locale
from domain.writing.content import Content, Contributor
from service.beginning import Beginnings, BeginningSource
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.handing_over import HandingOver, HandoverRequest
from service.inbox import TaskAction
from service.reorganisation import Reorganisation
from service.results import Results
from service.results_export import ResultsExport
from storage.tables import OutboxRow
from tests.callers import OPERATOR, by
from tests.service.steered import GONE, HARA, HR, HR_TOO, MANAGER, MORI, ONO, SALES, TOP, Steered, goal_of

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長,在籍"


async def plan(company: Steered, goal: GoalId, *shares: tuple[EmployeeId, int]) -> Content:
    """The goal's content with these contributors; the first of them does the first step."""
    content = (await company.goals.require(goal)).content
    first, *rest = content.steps
    contributors = tuple(Contributor(person=person, share=share) for person, share in shares)
    steps = (first.model_copy(update={"by": shares[0][0]}), *rest)
    return content.model_copy(update={"contributors": contributors, "steps": steps})


async def share(company: Steered, goal: GoalId, *shares: tuple[EmployeeId, int]) -> None:
    """The owner shares the goal, and the manager approves it."""
    owner = (await company.goals.require(goal)).owner
    await company.goals.give(goal, Submit(actor=owner, content=await plan(company, goal, *shares)))
    await company.goals.give(goal, Approve(actor=MANAGER, expected_seq=3))


async def refused(company: Steered, goal: GoalId, command: object) -> Code:
    before = (await company.goals.require(goal)).seq
    with pytest.raises(Refusal) as caught:
        await company.goals.give(goal, command)  # type: ignore[arg-type] # a command
    assert (await company.goals.require(goal)).seq == before
    return caught.value.code


async def results(company: Steered, cycle: CycleId) -> dict[str, tuple[int, Decimal]]:
    page, _ = await Results(company.engine).scores(by(HR), cycle)
    return {one.person: (one.goals, one.final) for one in page.people}


async def told(company: Steered, goal: GoalId, person: EmployeeId) -> list[str]:
    of_goal = select(OutboxRow.kind).where(OutboxRow.goal_id == goal, OutboxRow.recipient_id == person)
    async with company.engine.connect() as connection:
        return list((await connection.execute(of_goal.order_by(OutboxRow.id))).scalars())


async def test_a_goal_is_shared_from_its_draft_to_the_results(company: Steered, tmp_path: Path) -> None:
    cycle = await company.launch("shared")
    goal = goal_of(cycle, MORI)
    reads = GoalReads(company.engine)
    with pytest.raises(Refusal):
        await reads.look(by(SALES), goal)
    await share(company, goal, (SALES, 30))
    assert (await reads.look(by(SALES), goal)).goal.contributors == (SALES,)
    listed = await reads.list_goals(by(SALES), GoalFilter(cycle=cycle, contributor=SALES))
    assert [(one.goal, one.shared_with) for one in listed.goals] == [(goal, (SALES,))]

    assert [(one.action, one.step) for one in await company.goals.inbox(SALES) if one.goal.goal == goal] == [
        (TaskAction.COMPLETE_STEP, 0)
    ]
    assert await refused(company, goal, ReportProgress(actor=SALES, value="8")) is Code.NOT_ALLOWED
    assert await refused(company, goal, CompleteStep(actor=SALES, step=1)) is Code.NOT_ALLOWED
    await company.goals.give(goal, CompleteStep(actor=SALES, step=0, evidence="原因の一覧"))
    await company.goals.give(goal, Comment(actor=SALES, text="二社と話しました"))
    await company.goals.give(goal, CompleteStep(actor=MORI, step=1))
    await company.goals.give(goal, ReportProgress(actor=MORI, value="7"))
    await company.goals.give(goal, CallReview(actor=MORI, reason="達成"))
    await company.goals.give(goal, SubmitSelfReview(actor=MORI, went_well="順調"))
    seq = (await company.goals.require(goal)).seq
    achieved = DecideReview(actor=SALES, verdict="achieved", expected_seq=seq)
    assert await refused(company, goal, achieved) is Code.CONTRIBUTOR_DECIDES
    await company.goals.give(goal, achieved.model_copy(update={"actor": MANAGER}))

    assert await told(company, goal, SALES) == ["approved", "step_due", "goal_closed"]
    assert "step_done" in await told(company, goal, MORI)
    found = await results(company, cycle)
    assert (found[MORI], found[SALES]) == ((1, Decimal(70)), (1, Decimal(30)))  # with a draft of their own, each
    assert (await company.goals.prove(goal)).holds
    file = tmp_path / "results.xlsx"
    await ResultsExport(company.engine).write_book(by(HR), cycle, file, Locale.EN)
    book = CalamineWorkbook.from_path(str(file))
    people = {row[0]: row[7] for row in book.get_sheet_by_name("people").to_python()[2:]}
    assert (people[MORI], people[SALES]) == (70.0, 30.0)
    (shares,) = [row[-1] for row in book.get_sheet_by_name("goals").to_python()[2:] if row[0] == goal]
    assert shares == "森 香織 70; 岡 一郎 30"


async def test_whoever_cannot_contribute_is_refused_and_nothing_changes(company: Steered) -> None:
    cycle = await company.launch("refused", days_ago=0)
    goal = goal_of(cycle, HARA)
    for people, code in (
        ([(EmployeeId("E404"), 30)], Code.UNKNOWN_CONTRIBUTOR),
        ([(GONE, 30)], Code.UNKNOWN_CONTRIBUTOR),
        ([(HARA, 30)], Code.OWNER_CONTRIBUTES),
        ([(HR, 30), (HR_TOO, 20)], Code.NOBODY_DECIDES),
    ):
        content = await plan(company, goal, *people)
        assert await refused(company, goal, Revise(actor=HARA, content=content)) is code
        begin = Beginnings(company.engine, company.client).begin
        with pytest.raises(Refusal) as caught:
            await begin(by(HR), cycle, BeginningSource(content=content), owner=HARA)
        assert caught.value.code is code


async def test_a_manager_who_contributes_is_passed_over(company: Steered) -> None:
    cycle = await company.launch("manager")
    goal = goal_of(cycle, MORI)
    await company.goals.give(goal, Submit(actor=MORI, content=await plan(company, goal, (MANAGER, 40))))
    task = (await company.goals.require(goal)).task
    assert task
    assert task.assignees == (TOP,)
    assert await refused(company, goal, Approve(actor=MANAGER, expected_seq=3)) is Code.CONTRIBUTOR_DECIDES
    await company.goals.give(goal, Approve(actor=TOP, expected_seq=3))
    assert (await company.goals.require(goal)).state == "active"


async def test_the_share_of_a_contributor_who_takes_the_goal_over_is_the_owners(company: Steered) -> None:
    cycle = await company.launch("handed")
    goal = goal_of(cycle, MORI)
    await share(company, goal, (HARA, 30), (SALES, 20))
    await company.goals.give(goal, CompleteStep(actor=HARA, step=0))
    handed = await HandingOver(company.engine, company.client).hand_over(by(HR), goal, HandoverRequest(HARA, "産休"))
    new = await company.goals.require(handed.goal)
    assert (new.owner, new.shares) == (HARA, {HARA: 80, SALES: 20})
    assert {one: final for one, (_, final) in (await results(company, cycle)).items() if final} == {
        MORI: Decimal(10), HARA: Decimal(6), SALES: Decimal(4),
    }  # fmt: skip


async def test_a_contributor_who_leaves_keeps_what_was_earned_and_is_not_carried_over(company: Steered) -> None:
    cycle = await company.launch("left")
    goal = goal_of(cycle, MORI)
    await share(company, goal, (ONO, 30), (SALES, 20))
    await company.goals.give(goal, CompleteStep(actor=MORI, step=1))
    gone = f"{HEADER}\n{ONO},大野 あかり,経理部,{MANAGER},いいえ"
    compared = await Reorganisation(company.engine).compare(by(HR), gone.encode())
    effects = {one.cycle: one for one in compared.effects}
    assert (effects[cycle].relined, effects[cycle].refused) == (1, 0)
    given = await Reorganisation(company.engine).apply(by(HR), company.client, compared, "退職")
    await company.done(given)
    after = await company.goals.require(goal)
    assert (after.shares, after.content.steps[0].by) == ({MORI: 80, SALES: 20}, None)
    assert (await company.entries(cycle, MORI))[-1][:2] == ("line_changed", HR)
    assert (await Reorganisation(company.engine).compare(by(HR), gone.encode())).is_empty
    await company.goals.give(goal, CompleteStep(actor=MORI, step=0))
    found = await results(company, cycle)
    assert [found[one][1] for one in (MORI, ONO, SALES)] == [Decimal(26), Decimal(6), Decimal(8)]
    assert "contributor_left" in await told(company, goal, MORI)

    another = goal_of(cycle, HARA)
    await share(company, another, (SALES, 30), (MORI, 10))
    await company.carried_out(Close(reason="期末"), cycle)
    leaves = f"{HEADER}\n{SALES},岡 一郎,営業部,{TOP},いいえ"
    people = read_people(leaves.encode())
    assert people
    compared = await Reorganisation(company.engine).compare(by(HR), leaves.encode())
    await company.done(await Reorganisation(company.engine).apply(by(HR), company.client, compared, "退職"))
    following = await company.launch("next")
    begin = Beginnings(company.engine, company.client).begin
    carried = await begin(by(HR), following, BeginningSource(carried_from=another), owner=HARA)
    assert (await company.goals.require(carried.goal)).shares == {HARA: 90, MORI: 10}
    assert (await GoalReads(company.engine).look(OPERATOR, another)).goal.contributors == (SALES, MORI)
