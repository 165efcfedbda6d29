"""People who leave, from a people file to the goals of cycles with different rules, and what their reviewers and HR see."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from domain.goal import commands
from domain.goal.goal import Goal, Outcome
from domain.lifecycle import State
from domain.policy.policy import TaskKind
from domain.refusals import Refusal
from domain.values import CycleId, EmployeeId
from service.inbox import InboxItem
from service.leaving import start_leaving
from service.reorganisation import Reorganisation
from service.results import Results
from service.sync_effects import Effect
from tests.callers import by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, Steered, goal_of, in_days, today
from workflows.leaving import leaving_workflow_id

pytestmark = pytest.mark.slow

NAMES = {MORI: "森 香織", HARA: "原田 修", ONO: "大野 あかり"}
CHOICES = ("settle", "verdict", "keep")


def listed(person: EmployeeId, *, works: bool = True, last_day: date | str = "") -> bytes:
    row = f"{person},{NAMES[person]},経理部,{MANAGER},{'はい' if works else 'いいえ'},{last_day}"
    return f"社員番号,氏名,部署,上長,在籍,退職日\n{row}".encode()


async def apply(company: Steered, data: bytes) -> dict[str, Effect]:
    """Applies the file; returns its effects on each cycle, of which the preview and the result say the same."""
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(by(HR), data)
    assert compared.difference, compared.findings
    given = await reorganisation.apply(by(HR), company.client, compared, "退職")
    await company.done(given)
    results = await company.instructions.results(given)
    assert {one.result for one in results} <= {"done"}
    assert sum(one.relined + one.closed + one.reopened for one in compared.effects) == len(results)
    again = await reorganisation.compare(by(HR), data)
    assert again.is_empty, (again.difference, again.effects)
    return {one.cycle: one for one in compared.effects}


async def launch(company: Steered, cycle: str, leavers: str) -> CycleId:
    return await company.launch(cycle, more=f'\n[policy]\nleavers = "{leavers}"\n')


async def work_on(company: Steered, cycle: CycleId, owner: EmployeeId) -> Goal:
    """The owner's goal is approved, and its first step done."""
    goal = goal_of(cycle, owner)
    seq = (await company.goals.give(goal, commands.Submit(actor=owner))).seq
    await company.goals.give(goal, commands.Approve(actor=MANAGER, expected_seq=seq))
    await company.goals.give(goal, commands.CompleteStep(actor=owner, step=0))
    return await company.goal(cycle, owner)


async def waiting(company: Steered, person: EmployeeId, cycle: CycleId) -> list[InboxItem]:
    return [one for one in await company.goals.inbox(person) if one.goal.cycle == cycle]


async def test_one_leaver_in_three_cycles_with_three_rules(company: Steered) -> None:
    cycles = [await launch(company, f"{leavers}-now", leavers) for leavers in CHOICES]
    for cycle in cycles:
        await work_on(company, cycle, MORI)
    effects = await apply(company, listed(MORI, works=False))
    settle, verdict, keep = cycles
    assert [(effects[one].closed, effects[one].kept_open) for one in cycles] == [(1, 0), (0, 1), (0, 1)]

    settled = await company.goal(settle, MORI)
    assert (settled.state, settled.outcome, settled.gone) == (State.CLOSED, Outcome.SETTLED, False)

    kept = await company.goal(keep, MORI)
    assert (kept.state, kept.task, kept.gone) == (State.ACTIVE, None, True)
    [line] = await company.goals.find_all(cycle=keep, owner=MORI)
    assert (line.gone, line.task) == (True, None)

    lent = commands.Delegate(actor=MANAGER, delegator=MANAGER, to=SALES, first=today(), last=in_days(30))
    for cycle in (verdict, keep):
        await company.goals.give(goal_of(cycle, MORI), lent)
    called = commands.CallReview(actor=MANAGER, reason="引き継ぎ")
    with suppress(Refusal):  # on a working day the review has opened by itself
        await company.goals.give(goal_of(verdict, MORI), called)
    await company.goals.give(goal_of(keep, MORI), called)
    for cycle in (verdict, keep):
        goal = await company.goal(cycle, MORI)
        assert goal.task is not None
        assert (goal.task.kind, goal.task.assignees) == (TaskKind.VERDICT, (MANAGER,))
        [item] = [one for one in await waiting(company, MANAGER, cycle) if one.goal.owner == MORI]
        assert item.goal.gone
        assert await waiting(company, MORI, cycle) == []
        said = {"actor": SALES, "acting_for": MANAGER, "verdict": "continue", "expected_seq": goal.seq}
        await company.goals.give(goal.id, commands.DecideReview.model_validate(said))
    assert (await company.goal(verdict, MORI)).outcome is Outcome.SETTLED
    assert (await company.goal(keep, MORI)).state is State.ACTIVE

    adjusted = commands.Adjust(actor=HR, points="2", reason="部署間の調整")
    await company.goals.give(goal_of(verdict, MORI), adjusted)
    earned = (await company.goals.find_all(cycle=verdict, owner=MORI))[0].score
    assert earned > 0
    for cycle in cycles:
        page, names = await Results(company.engine).scores(by(HR), cycle)
        [score] = [one for one in page.people if one.person == MORI]
        assert (score.score, score.reviewer, names[MORI]) == (earned, MANAGER, NAMES[MORI])
        assert (await company.goals.prove(goal_of(cycle, MORI))).holds

    await apply(company, listed(MORI))  # comes back
    back = await company.goal(keep, MORI)
    assert back.task is not None
    assert (back.gone, back.task.kind, back.task.assignees) == (False, TaskKind.STEP, (MORI,))
    assert (await company.goals.prove(back.id)).holds


async def test_a_last_day_to_come_reaches_the_goals_and_the_day_after_it_their_owner_is_asked_for_nothing(
    company: Steered,
) -> None:
    verdict, keep = [await launch(company, f"{leavers}-planned", leavers) for leavers in ("verdict", "keep")]
    for cycle in (verdict, keep):
        await work_on(company, cycle, HARA)
    last_day = in_days(45)
    effects = await apply(company, listed(HARA, last_day=last_day))
    assert (effects[verdict].relined, effects[keep].relined) == (1, 0)
    assert (await company.goal(verdict, HARA)).leaves == last_day
    launched = await launch(company, "verdict-after", "verdict")
    assert (await company.goal(launched, HARA)).leaves == last_day

    yesterday = today() - timedelta(days=1)
    async with company.engine.begin() as connection:  # as if the days were over
        await connection.execute(
            text("UPDATE employee SET leaves = :day WHERE id = :id"), {"day": yesterday, "id": HARA}
        )
    await start_leaving(company.client, yesterday)
    assert await company.client.get_workflow_handle(leaving_workflow_id(yesterday), result_type=int).result() == 1
    await company.done(f"leaving-{yesterday}")
    for cycle in (verdict, keep):
        goal = await company.goal(cycle, HARA)
        assert goal.gone
        assert goal.task is None or goal.task.assignees == (MANAGER,)
        assert ("line_changed", "@organisation", "meguri:left") in await company.entries(cycle, HARA)
    assert (await company.goal(launched, HARA)).outcome is Outcome.REMOVED, "nobody has approved it"
    closes = commands.Close(actor=HR, reason="試験の終了")
    await company.goals.give(goal_of(keep, HARA), closes)
    assert (await company.goal(keep, HARA)).outcome is Outcome.SETTLED
