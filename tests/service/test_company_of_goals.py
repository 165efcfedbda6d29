"""Constraints across goals on real servers: weights, parents, problems; and the notices when a parent is closed."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.scoring import calibrated, score
from domain.journal import Log
from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.exemplars import Exemplars
from service.hearing import Hearing
from storage import goal_tree, journal
from storage import hearing as heard_problems
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.tables import OutboxRow
from tests.callers import OPERATOR, by
from tests.domain.builders import list_of
from tests.service.steered import ACCOUNTING, HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered

TREE = """
[policy]
max_goals = 4

[[themes]]
id = "digital"
name = "数字を早く届ける"

[[department_goals]]
id = "closing"
department = "経理部"
name = "決算を早く締める"
parent = "digital"
"""
MORE = TREE + "".join(
    f"""
[[drafts]]
department = "経理部"
theme = "{theme}"
challenge = "手間が月初に集まっている"
weight = {weight}
measure = {{ kind = "numeric", name = "件数", unit = "件", direction = "up", baseline = 10, target = 15 }}
steps = [ {{ title = "10件を一覧にする", due = 2026-12-11 }}, {{ title = "手引きを公開する", due = 2027-01-22 }} ]
"""
    for theme, weight in (("照合を軽くする", 60), ("手引きをそろえる", 60), ("提案をまとめる", 20))
)


def goal_id(cycle: CycleId, owner: EmployeeId, number: int) -> GoalId:
    return GoalId(f"{cycle}/{owner}/{number}")


async def submit(company: Steered, goal: GoalId, **changes: Any) -> Goal:
    found = await company.goals.require(goal)
    content = found.content.model_copy(update=changes)
    await company.goals.give(goal, commands.Submit(actor=found.owner, content=content))
    return await company.goals.require(goal)


async def approve(company: Steered, goal: GoalId, actor: EmployeeId = MANAGER) -> State:
    found = await company.goals.require(goal)
    await company.goals.give(goal, commands.Approve(actor=actor, expected_seq=found.seq))
    return (await company.goals.require(goal)).state


async def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value


async def close(company: Steered, goal: GoalId) -> None:
    await company.goals.give(goal, commands.Close(actor=HR, reason="達成", achieved=True))


async def told(company: Steered, kind: str) -> Sequence[tuple[str, str]]:
    async with company.engine.connect() as connection:
        rows = await connection.execute(
            select(OutboxRow.recipient_id, OutboxRow.goal_id).where(OutboxRow.kind == kind).order_by(OutboxRow.goal_id)
        )
        return [(row[0], row[1]) for row in rows]


async def test_two_approvals_at_the_same_moment_cannot_break_a_persons_weights(company: Steered) -> None:
    cycle = await company.launch("weights", more=MORE)
    for owner in (MORI, HARA, ONO):  # three times, since a race may have the right result by chance
        heavy = [goal_id(cycle, owner, number) for number in (2, 3)]
        for goal in heavy:
            await submit(company, goal)
        results = await asyncio.gather(*(approve(company, goal) for goal in heavy), return_exceptions=True)
        (no,) = [one for one in results if isinstance(one, Refusal)]
        assert [one for one in results if not isinstance(one, Refusal)] == [State.ACTIVE]
        assert no.code is Code.TOO_MUCH_WEIGHT
        assert no.fields == {"owner": owner, "taken": 60, "weight": 60, "left": 40}
        states = {(await company.goals.require(goal)).state for goal in heavy}
        assert states == {State.ACTIVE, State.PENDING_APPROVAL}
        for goal in heavy:
            assert (await company.goals.prove(goal)).holds


async def test_what_was_refused_can_be_returned_and_approved_with_a_weight_that_fits(company: Steered) -> None:
    cycle = await company.launch("mended", more=MORE, without=[HARA, ONO])
    one, other = (goal_id(cycle, MORI, number) for number in (2, 3))
    await submit(company, one)
    await submit(company, other)
    assert await approve(company, one) is State.ACTIVE
    assert (await refused(approve(company, other))).code is Code.TOO_MUCH_WEIGHT
    await company.goals.give(other, commands.ReturnForChanges(actor=MANAGER, comment="ウェイトを 40 に"))
    await submit(company, other, weight=40)
    assert await approve(company, other) is State.ACTIVE


async def test_three_goals_of_33_3_and_one_of_0_1_are_exactly_a_hundred(company: Steered) -> None:
    cycle = await company.launch("thirds", more=MORE, without=[HARA, ONO])
    goals = [goal_id(cycle, MORI, number) for number in (1, 2, 3, 4)]
    for goal, weight in zip(goals, ("33.3", "33.3", "33.3", "0.11"), strict=True):
        await submit(company, goal, parent="closing", weight=Decimal(weight))
    assert {await approve(company, goal) for goal in goals[:3]} == {State.ACTIVE}
    no = await refused(approve(company, goals[3]))
    assert (no.code, no.fields) == (
        Code.TOO_MUCH_WEIGHT,
        {"owner": MORI, "taken": "99.9", "weight": "0.11", "left": "0.1"},
    )
    await company.goals.give(goals[3], commands.ReturnForChanges(actor=MANAGER, comment="0.1 に"))
    await submit(company, goals[3], weight=Decimal("0.1"))
    assert await approve(company, goals[3]) is State.ACTIVE
    assert {(await company.goals.prove(goal)).holds for goal in goals} == {True}
    async with read_transaction(company.engine) as connection:
        assert await goal_tree.sums_under(connection, cycle, ["closing"]) == {"closing": (Decimal(100), Decimal(0))}


async def test_more_goals_than_the_policy_allows_are_not_approved(company: Steered) -> None:
    cycle = await company.launch("many", more=MORE, without=[HARA, ONO])
    one, other = (goal_id(cycle, MORI, number) for number in (3, 4))
    fewer = (await company.goals.require(other)).policy.model_copy(update={"max_goals": 1})
    await company.goals.give(other, commands.AmendPolicy(actor=HR, policy=fewer, reason="絞る"))
    for goal in (one, other):
        await submit(company, goal, weight=20)
    assert await approve(company, one) is State.ACTIVE
    no = await refused(approve(company, other))
    assert (no.code, no.fields) == (Code.TOO_MANY_GOALS, {"owner": MORI, "taken": 1, "most": 1})


async def test_a_sign_off_from_elsewhere_that_breaks_the_weights_is_kept_as_refused(company: Steered) -> None:
    cycle = await company.launch("elsewhere", more=MORE, without=[HARA, ONO])
    one, other = (goal_id(cycle, MORI, number) for number in (2, 3))
    for goal in (one, other):
        await submit(company, goal)
    await approve(company, one)
    seen = (await company.goals.require(other)).seq
    handle = company.client.get_workflow_handle(f"goal/{other}")
    await handle.signal("sign_off", {"id": "their-7", "actor": MANAGER, "expected_seq": seen})
    async with asyncio.timeout(20):
        while (await company.goals.require(other)).seq == seen:  # noqa: ASYNC110 - the database tells nobody when it changes
            await asyncio.sleep(0.05)
    async with read_transaction(company.engine) as connection:
        last = (await read_ledger(connection, other))[-1]
    assert last.kind == "sign_off_refused"
    assert last.event["body"]["code"] == Code.TOO_MUCH_WEIGHT


async def test_a_parent_must_be_a_theme_a_department_goal_or_a_goal_of_the_cycle(company: Steered) -> None:
    cycle = await company.launch("parents", more=TREE)
    for owner, parent in ((MORI, "closing"), (HARA, "digital"), (ONO, goal_id(cycle, MORI, 1))):
        assert (await submit(company, goal_id(cycle, owner, 1), parent=parent)).state is State.PENDING_APPROVAL
    lost = goal_id(cycle, SALES, 1)
    elsewhere = "weights/E11/1"  # it is there, in another cycle
    content: dict[str, Any] = {
        "theme": "販路",
        "challenge": "-",
        "measure": (await company.goal(cycle, MORI)).content.measure,
    }
    content["steps"] = (await company.goal(cycle, MORI)).content.steps
    for parent in ("nowhere", elsewhere, f"{cycle}/E11/9"):
        no = await refused(submit(company, lost, parent=parent, **content))
        assert (no.code, no.fields) == (Code.UNKNOWN_PARENT, {"parent": parent})
    assert (await company.goals.require(lost)).state is State.DRAFT
    assert (await company.goals.require(lost)).seq == 1


async def test_parents_that_would_come_round_are_refused_even_at_the_same_moment(company: Steered) -> None:
    cycle = await company.launch("circle", more=TREE, without=[SALES])
    own = goal_id(cycle, ONO, 1)
    assert (await refused(submit(company, own, parent=own))).code is Code.CIRCLE
    mori, hara = goal_id(cycle, MORI, 1), goal_id(cycle, HARA, 1)
    results = await asyncio.gather(
        submit(company, mori, parent=hara), submit(company, hara, parent=mori), return_exceptions=True
    )
    (no,) = [one for one in results if isinstance(one, Refusal)]
    assert no.code is Code.CIRCLE
    assert len(list_of(no, "way")) == 3
    states = [(await company.goals.require(goal)).state for goal in (mori, hara)]
    assert sorted(states) == ["draft", "pending_approval"]


async def test_a_draft_that_points_back_keeps_nobody_from_submitting(company: Steered) -> None:
    cycle = await company.launch("scribble", more=TREE, without=[SALES, ONO])
    mori, hara = goal_id(cycle, MORI, 1), goal_id(cycle, HARA, 1)
    draft = (await company.goals.require(hara)).content.model_copy(update={"parent": mori})
    await company.goals.give(hara, commands.Revise(actor=HARA, content=draft))
    assert (await submit(company, mori, parent=hara)).state is State.PENDING_APPROVAL
    assert (await refused(submit(company, hara, parent=mori))).code is Code.CIRCLE


async def test_whoever_serves_a_goal_that_ends_is_told_once(company: Steered) -> None:
    cycle = await company.launch("ended", more=TREE)
    above = goal_id(cycle, MANAGER, 1)
    for owner in (MORI, HARA, ONO):
        await submit(company, goal_id(cycle, owner, 1), parent=above)
    await company.goals.give(goal_id(cycle, ONO, 1), commands.Withdraw(actor=ONO, reason="異動"))  # needs not know
    await submit(company, above)
    await approve(company, above, TOP)
    await close(company, above)
    heard = [one for one in await told(company, "parent_closed") if one[1].startswith(f"{cycle}/")]
    assert heard == [(MORI, goal_id(cycle, MORI, 1)), (HARA, goal_id(cycle, HARA, 1))]


async def test_an_owner_who_has_left_is_not_told_of_the_end_of_the_goal_above(company: Steered) -> None:
    cycle = await company.launch("ended-after-leaving", more=TREE)
    above, below = goal_id(cycle, MANAGER, 1), goal_id(cycle, MORI, 1)
    await submit(company, below, parent=above)
    await approve(company, below, MANAGER)
    goal = await company.goals.require(below)
    as_it_is = {"line": goal.line, "department": goal.department, "sites": goal.sites, "reason": "退職"}
    await company.goals.give(below, commands.ChangeLine.model_validate({"actor": HR, "gone": True} | as_it_is))
    await submit(company, above)
    await approve(company, above, TOP)
    await close(company, above)
    assert [one for one in await told(company, "parent_closed") if one[1].startswith(f"{cycle}/")] == []


async def test_problems_are_heard_answered_and_those_that_nothing_answers_are_seen(company: Steered) -> None:
    cycle = await company.launch("heard", more=TREE, without=[SALES, ONO])
    hearing = Hearing(company.engine)
    first = await hearing.add(by(MORI), cycle=cycle, text="請求書が月初に集まる", command_id="h-1")
    second = await hearing.add(by(MANAGER), cycle=cycle, text="契約書が見つからない", department="営業部")
    assert await hearing.add(by(MORI), cycle=cycle, text="請求書が月初に集まる", command_id="h-1") == first
    await submit(company, goal_id(cycle, MORI, 1), answers=(first,))
    found = {one.id: one for one in (await hearing.list_problems(OPERATOR, cycle)).problems}
    assert {one.id: (one.department, one.heard_as, one.answers) for one in found.values()} == {
        first: (ACCOUNTING, "staff", 1), second: ("営業部", "manager", 0),
    }  # fmt: skip
    assert [one.id for one in (await hearing.list_problems(OPERATOR, cycle, unanswered=True)).problems] == [second]
    assert [one.id for one in (await hearing.list_problems(OPERATOR, cycle, search="契約書")).problems] == [second]
    assert (await refused(hearing.list_problems(OPERATOR, "another"))).code is Code.UNKNOWN_CYCLE
    no = await refused(submit(company, goal_id(cycle, HARA, 1), answers=(first, "H9999")))
    assert (no.code, no.fields) == (Code.UNKNOWN_PROBLEM, {"problem": ["H9999"]})


async def test_a_problem_is_corrected_by_whoever_added_it_or_by_hr_and_the_journal_keeps_every_text(
    company: Steered,
) -> None:
    cycle = await company.launch("corrected", more=TREE, without=[SALES, ONO])
    hearing = Hearing(company.engine)
    problem = await hearing.add(by(MORI), cycle=cycle, text="請求書が月初に集まる")
    for _ in range(2):
        await hearing.correct(by(MORI), problem, "請求書が月末に集まる")
    await hearing.correct(by(HR), problem, "請求書の回収が月末に集まる")
    assert (await refused(hearing.correct(by(HARA), problem, "別の話"))).code is Code.NOT_ALLOWED
    assert (await refused(hearing.correct(OPERATOR, problem, "別の話"))).code is Code.UNNAMED
    assert (await refused(hearing.correct(by(MORI), problem, " "))).code is Code.INVALID
    assert (await refused(hearing.correct(by(MORI), "H9999", "別の話"))).code is Code.NO_SUCH_PROBLEM
    assert [one.text for one in (await hearing.list_problems(OPERATOR, cycle)).problems] == [
        "請求書の回収が月末に集まる"
    ]
    assert await told_of(company, problem) == [
        ("problem_added", MORI, "請求書が月初に集まる"),
        ("problem_corrected", MORI, "請求書が月末に集まる"),
        ("problem_corrected", HR, "請求書の回収が月末に集まる"),
    ]


async def test_a_problem_is_taken_back_unless_a_goal_answers_it_and_then_nothing_can_answer_it(
    company: Steered,
) -> None:
    cycle = await company.launch("taken", more=TREE, without=[SALES, ONO])
    hearing = Hearing(company.engine)
    first = await hearing.add(by(MORI), cycle=cycle, text="請求書が月初に集まる")
    second = await hearing.add(by(MORI), cycle=cycle, text="契約書が見つからない")
    await submit(company, goal_id(cycle, MORI, 1), answers=(first,))
    no = await refused(hearing.take_back(by(MORI), first, "重複"))
    assert (no.code, no.fields) == (Code.PROBLEM_ANSWERED, {"problem": first, "goals": 1})
    assert (await refused(hearing.take_back(by(HARA), second, "重複"))).code is Code.NOT_ALLOWED
    for _ in range(2):
        await hearing.take_back(by(MORI), second, "重複")
    assert [one.id for one in (await hearing.list_problems(OPERATOR, cycle)).problems] == [first]
    assert (await refused(hearing.correct(by(MORI), second, "別の話"))).code is Code.NO_SUCH_PROBLEM
    no = await refused(submit(company, goal_id(cycle, HARA, 1), answers=(second,)))
    assert (no.code, no.fields) == (Code.UNKNOWN_PROBLEM, {"problem": [second]})
    assert await told_of(company, second) == [
        ("problem_added", MORI, "契約書が見つからない"), ("problem_taken_back", MORI, "重複"),
    ]  # fmt: skip


async def test_a_problem_is_either_answered_or_taken_back_however_close_both_come(company: Steered) -> None:
    cycle = await company.launch("race", more=TREE, without=[SALES, ONO])
    hearing = Hearing(company.engine)
    problem = await hearing.add(by(MORI), cycle=cycle, text="請求書が月初に集まる")
    async with company.engine.begin() as connection:  # taken back, and not committed yet
        found = await heard_problems.lock(connection, problem)
        assert found
        submission = asyncio.create_task(refused(submit(company, goal_id(cycle, HARA, 1), answers=(problem,))))
        await asyncio.sleep(0.5)
        assert not submission.done(), "it waits for the other"
        assert await heard_problems.take_back(connection, found, "重複", by=MORI) == 0
    assert (await submission).code is Code.UNKNOWN_PROBLEM


async def told_of(company: Steered, problem: str) -> list[tuple[str, str, str]]:
    """Kind, actor and text of the journal's entries about a problem."""
    async with read_transaction(company.engine) as connection:
        found = await journal.entries_of(connection, Log.HEARINGS)
    mine = [one for one in found if one.body["problem"] == problem]
    return [(one.kind, one.actor, *(beside["text"] for beside in one.texts.values())) for one in mine]  # type: ignore[misc] # one text each


async def test_a_problem_that_is_not_one_is_refused(company: Steered) -> None:
    hearing = Hearing(company.engine)
    for wrong in (
        {"text": " "},
        {"text": "a" * 5000},
        {"cycle": "a b"},
        {"caller": by("E77")},
        {"department": "魔法部"},
    ):
        given: dict[str, Any] = {"caller": by(MORI), "cycle": "quiet", "text": "困りごと", "planned": True} | wrong
        assert (await refused(hearing.add(**given))).code in (Code.INVALID, Code.NOT_IN_CYCLE, Code.UNKNOWN_EMPLOYEE)
    assert (await refused(hearing.add(by(MORI), cycle="quiet", text="困りごと"))).code is Code.UNKNOWN_CYCLE


async def test_a_closed_goal_is_calibrated_and_shown_and_its_ledger_proves_it(company: Steered) -> None:
    cycle = await company.launch("shown", more=TREE, without=[SALES, ONO])
    goal = goal_id(cycle, MORI, 1)
    await submit(company, goal, challenge="森 香織が困っていた")
    await approve(company, goal)
    await company.goals.give(goal, commands.CompleteStep(actor=MORI, step=0))
    await company.goals.give(goal, commands.ReportProgress(actor=MORI, value=Decimal(7)))
    await close(company, goal)
    before = await company.goals.require(goal)
    await company.goals.give(goal, commands.Adjust(actor=HR, points=Decimal(5), reason="部署間の甘辛"), "adj-1")
    await company.goals.give(goal, commands.Adjust(actor=HR, points=Decimal(5), reason="部署間の甘辛"), "adj-1")
    await company.goals.give(goal, commands.MarkExemplar(actor=MANAGER, reason="森さんの進め方は手本になる"))
    after = await company.goals.require(goal)
    assert (score(after), calibrated(after)) == (score(before), score(before) + 5)
    assert after.is_closed
    assert (await company.goals.prove(goal)).holds
    (example,) = [one for one in await Exemplars(company.engine).search(OPERATOR) if "手本" in one.reason]
    assert (example.reason, example.content.challenge) == ("担当者さんの進め方は手本になる", "担当者が困っていた")
    assert await Exemplars(company.engine).search(OPERATOR, words="手本 決算")
    assert not await Exemplars(company.engine).search(OPERATOR, words="手本 宇宙")
    assert not await Exemplars(company.engine).search(OPERATOR, department="営業部")
    assert (await Exemplars(company.engine).show(OPERATOR, example.id)) == example
    assert (await refused(Exemplars(company.engine).show(OPERATOR, "nothing"))).code is Code.UNKNOWN_EXEMPLAR
    no = await refused(company.goals.give(goal, commands.Adjust(actor=HR, points=Decimal(-1), reason="厳しく")))
    assert no.code is Code.ADJUSTMENT_DOWN


async def test_a_calibrated_goal_is_reopened_and_goes_on(company: Steered) -> None:
    cycle = await company.launch("again", more=TREE, without=[SALES, ONO, HARA])
    goal = goal_id(cycle, MORI, 1)
    await submit(company, goal)
    await approve(company, goal)
    await close(company, goal)
    await company.goals.give(goal, commands.Adjust(actor=HR, points=Decimal(2), reason="調整"))
    await company.goals.give(goal, commands.Reopen(actor=HR, reason="続ける"))
    await company.goals.give(goal, commands.CompleteStep(actor=MORI, step=0))
    assert (await company.goals.require(goal)).state is State.ACTIVE
    assert (await company.goals.prove(goal)).holds
