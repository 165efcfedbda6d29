"""Evaluators from a people file to the goal: launch, approval, another evaluator by sync, one who leaves, and who sees the goal."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from cli.session.callers import operator
from domain.goal.commands import Approve, Submit
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.leaving import start_leaving
from service.reorganisation import Reorganisation
from storage.people import replace_directory
from tests.callers import by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, goal_of, today
from workflows.leaving import leaving_workflow_id

pytestmark = pytest.mark.slow

_TWO_STAGES = "\n[policy]\napproval_stages = 2\n"


def listed(*rows: str, more: Sequence[str] = ()) -> bytes:
    header = ",".join(["社員番号,氏名,部署,上長,一次評価者,二次評価者", *more])
    return "\n".join([header, *rows]).encode()


async def visible_to(company: Steered, cycle: CycleId, person: EmployeeId) -> set[str]:
    found = await GoalReads(company.engine).list_goals(by(person), GoalFilter(cycle=cycle))
    return {one.goal for one in found.goals}


async def test_the_evaluators_of_the_file_sign_and_the_managers_are_not_asked(company: Steered) -> None:
    data = listed(f"{MORI},森 香織,経理部,{MANAGER},{SALES},{HR}", f"{ONO},大野 あかり,経理部,{MANAGER},,{SALES}")
    await replace_directory(company.engine, read_people(data).employees)
    cycle = await company.launch("evaluated", more=_TWO_STAGES)
    mori = await company.goal(cycle, MORI)
    assert (mori.stages, mori.reviewers) == (((SALES, TOP), (HR, TOP)), (SALES, TOP))
    assert (await company.goal(cycle, ONO)).stages == ((), (SALES, TOP))
    assert (await company.goal(cycle, HARA)).stages == ()

    goal = goal_of(cycle, MORI)
    assert goal in await visible_to(company, cycle, SALES)
    assert goal_of(cycle, ONO) in await visible_to(company, cycle, SALES)
    assert goal_of(cycle, HARA) not in await visible_to(company, cycle, SALES)

    page = await GoalReads(company.engine).look(by(SALES), goal)
    assert page.goal.approvers_in_order() == ((SALES,), (HR,))
    assert {SALES, HR} <= set(page.names)
    await company.goals.give(goal, Submit(actor=MORI))
    assert goal in {one.goal.goal for one in await company.goals.inbox(SALES)}
    assert goal not in {one.goal.goal for one in await company.goals.inbox(MANAGER)}
    seq = (await company.goal(cycle, MORI)).seq
    with pytest.raises(Refusal) as refused:
        await company.goals.give(goal, Approve(actor=MANAGER, expected_seq=seq))
    assert refused.value.code is Code.NOT_ALLOWED
    await company.goals.give(goal, Approve(actor=SALES, expected_seq=seq))
    seq = (await company.goal(cycle, MORI)).seq
    await company.goals.give(goal, Approve(actor=HR, expected_seq=seq))
    assert (await company.goal(cycle, MORI)).state == "active"
    assert (await company.goals.prove(goal)).holds


async def test_another_evaluator_reaches_the_open_task_as_the_preview_said_and_one_who_leaves_hands_it_up(
    company: Steered,
) -> None:
    first = listed(f"{HARA},原田 修,経理部,{MANAGER},{SALES},")
    await replace_directory(company.engine, read_people(first).employees)
    cycle = await company.launch("other-evaluators")
    goal = goal_of(cycle, HARA)
    await company.goals.give(goal, Submit(actor=HARA))

    reorganisation = Reorganisation(company.engine)
    for data, changed, asked in (
        (listed(f"{HARA},原田 修,経理部,{MANAGER},{ONO},"), [(HARA, SALES, ONO)], ONO),
        (listed(f"{ONO},大野 あかり,経理部,{MANAGER},,,いいえ", more=["在籍"]), [], MANAGER),
    ):
        compared = await reorganisation.compare(operator(HR), data)
        assert compared.difference, compared.findings
        assert [tuple(one) for one in compared.difference.evaluators] == changed
        [effect] = [one for one in compared.effects if one.cycle == cycle]
        assert effect.readdressed == 1
        given = await reorganisation.apply(operator(HR), company.client, compared, "評価者の変更")
        await company.done(given)
        assert {(one.result, one.code) for one in await company.instructions.results(given)} == {("done", None)}
        task = (await company.goal(cycle, HARA)).task
        assert task is not None
        assert task.assignees == (asked,)
        assert goal in await visible_to(company, cycle, asked)
        assert goal not in await visible_to(company, cycle, SALES)
        again = await reorganisation.compare(operator(HR), data)
        assert again.difference is not None
        assert again.is_empty, again.effects


async def test_an_evaluator_who_reports_to_the_person_is_refused_and_nothing_changes(company: Steered) -> None:
    data = listed(f"{MANAGER},清水 幸恵,経理部,{TOP},{SALES},{MORI}")
    compared = await Reorganisation(company.engine).compare(operator(HR), data)
    assert compared.difference is None
    assert [(one.code, one.where) for one in compared.findings if one.level == "refuse"] == [
        ("evaluator_below", "row 2")
    ]


async def test_who_has_a_title_signs_a_stage_and_the_next_holder_takes_over_the_open_task(company: Steered) -> None:
    header, rows = "社員番号,氏名,部署,上長,役職", f"{SALES},岡 一郎,営業部,{TOP},"
    await replace_directory(company.engine, read_people(f"{header}\n{rows}担当部長\n".encode()).employees)
    cycle = await company.launch("titles", more='\n[policy]\nstages = [{}, { title = "担当部長" }]\n')
    goal = goal_of(cycle, MANAGER)
    await company.goals.give(goal, Submit(actor=MANAGER))
    first = (await company.goal(cycle, MANAGER)).task
    assert first is not None
    await company.goals.give(
        goal, Approve(actor=first.assignees[0], expected_seq=(await company.goal(cycle, MANAGER)).seq)
    )
    asked = (await company.goal(cycle, MANAGER)).task
    assert asked is not None
    assert asked.assignees == (SALES,)

    data = f"{header}\n{rows}\n{HR},西村 直美,人事部,{TOP},担当部長\n".encode()
    compared = await Reorganisation(company.engine).compare(operator(HR), data)
    assert compared.difference, compared.findings
    [effect] = [one for one in compared.effects if one.cycle == cycle]
    assert (effect.relined >= 1, effect.readdressed) == (True, 1)
    given = await Reorganisation(company.engine).apply(operator(HR), company.client, compared, "役職の変更")
    await company.done(given)
    asked = (await company.goal(cycle, MANAGER)).task
    assert asked is not None
    assert asked.assignees == (HR,)
    again = await Reorganisation(company.engine).compare(operator(HR), data)
    assert again.is_empty, again.effects


async def test_the_tasks_of_an_evaluator_whose_last_day_is_over_go_up_their_managers(company: Steered) -> None:
    data = listed(f"{HARA},原田 修,経理部,{MANAGER},{SALES},", f"{SALES},岡 一郎,営業部,{TOP},,")
    await replace_directory(company.engine, read_people(data).employees)
    cycle = await company.launch("evaluator-leaves")
    await company.goals.give(goal_of(cycle, HARA), Submit(actor=HARA))
    yesterday = today() - timedelta(days=1)
    async with company.engine.begin() as connection:  # as if it had been a day to come when the file was applied
        await connection.execute(
            text("UPDATE employee SET leaves = :day WHERE id = :id"), {"day": yesterday, "id": SALES}
        )
    await start_leaving(company.client, yesterday)
    assert await company.client.get_workflow_handle(leaving_workflow_id(yesterday), result_type=int).result() == 1
    await company.done(f"leaving-{yesterday}")
    task = (await company.goal(cycle, HARA)).task
    assert task is not None
    assert task.assignees == (TOP,)
