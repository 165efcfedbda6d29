"""Stages that ask several people, from the cycle file to a sync and a reassignment: the preview says what happens."""

import pytest

from cli.session.callers import operator
from domain.goal.commands import Approve, ReturnForChanges, Submit
from domain.instructions.instructions import Reassign
from domain.people.people_file import read_people
from domain.values import CycleId, EmployeeId
from service.beginning import Beginnings, BeginningSource
from service.reorganisation import Compared, Reorganisation
from service.sync_effects import goals_that_differ
from storage.database import read_transaction
from storage.people import load_organisation, replace_directory
from tests.callers import by
from tests.service.steered import (
    HARA,
    HR,
    HR_TOO,
    MANAGER,
    MORI,
    ONO,
    SALES,
    TOP,
    Steered,
    goal_of,
    in_days,
    today,
)
from tests.service.test_evaluators import listed, visible_to

pytestmark = pytest.mark.slow

AUDITOR = EmployeeId("E31")  # takes no part in the cycle that asks them
HEADER = "社員番号,氏名,部署,上長,役職,休職開始日,休職終了日,代理者,在籍"


def both(everybody: str) -> str:
    return f"\n[policy]\nstages = [{{ all = [{everybody}] }}]\n"


async def asked(company: Steered, cycle: CycleId, owner: EmployeeId) -> list[tuple[EmployeeId, ...]]:
    task = (await company.goal(cycle, owner)).task
    assert task is not None
    assert set(task.assignees) == {one for part in task.parts if part.is_awaited for one in part.assignees}
    return [part.assignees for part in task.parts]


async def approve(company: Steered, cycle: CycleId, owner: EmployeeId, who: EmployeeId) -> None:
    seq = (await company.goal(cycle, owner)).seq
    await company.goals.give(goal_of(cycle, owner), Approve(actor=who, expected_seq=seq))


async def apply(company: Steered, data: bytes) -> Compared:
    """Applies the file; a repeat changes nothing, and every goal agrees with the directory."""
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(operator(HR), data)
    assert compared.difference, compared.findings
    await company.done(await reorganisation.apply(operator(HR), company.client, compared, "異動"))
    assert (await reorganisation.compare(operator(HR), data)).is_empty
    async with read_transaction(company.engine) as connection:
        assert await goals_that_differ(connection, await load_organisation(connection, as_of=today())) == ()
    return compared


async def test_first_and_second_evaluator_sign_together_and_nobody_else_sees_the_goal(company: Steered) -> None:
    data = listed(f"{MORI},森 香織,経理部,{MANAGER},{SALES},{ONO}")
    await replace_directory(company.engine, read_people(data).employees)
    cycle = await company.launch("together", more=both('"evaluator 1", "evaluator 2"'))
    goal = goal_of(cycle, MORI)
    assert (await company.goal(cycle, MORI)).joint == (((SALES, TOP), (ONO, MANAGER, TOP)),)
    assert (await company.goal(cycle, HARA)).joint == (((MANAGER, TOP), (TOP,)),)
    await company.goals.give(goal, Submit(actor=MORI))
    assert goal in await visible_to(company, cycle, SALES)
    assert goal in await visible_to(company, cycle, ONO)
    assert goal not in await visible_to(company, cycle, HARA)

    await approve(company, cycle, MORI, ONO)
    await company.goals.give(goal, ReturnForChanges(actor=SALES, comment="具体的に"))
    await company.goals.give(goal, Submit(actor=MORI))
    assert await asked(company, cycle, MORI) == [(SALES,), (ONO,)]
    await approve(company, cycle, MORI, SALES)
    await approve(company, cycle, MORI, ONO)
    assert (await company.goal(cycle, MORI)).state == "active"
    assert (await company.goals.prove(goal)).holds


async def test_a_leave_a_leaver_and_hr_replace_one_of_them_as_the_preview_says_and_a_signature_stays(
    company: Steered,
) -> None:
    rows = (
        f"{SALES},岡 一郎,営業部,{TOP},監査役,,,,はい",
        f"{HARA},原田 修,経理部,{MANAGER},,,,,はい",
        f"{MORI},森 香織,経理部,{MANAGER},,,,,はい",
    )
    await apply(company, "\n".join([HEADER, *rows]).encode())
    cycle = await company.launch("replaced", more=both('"line", "title 監査役"'))
    for owner in (HARA, ONO):
        await company.goals.give(goal_of(cycle, owner), Submit(actor=owner))
        assert await asked(company, cycle, owner) == [(MANAGER,), (SALES,)]
    await approve(company, cycle, ONO, MANAGER)

    away = f"{SALES},岡 一郎,営業部,{TOP},監査役,{today()},{in_days(30)},{MORI},はい"
    compared = await apply(company, f"{HEADER}\n{away}".encode())
    [effect] = [one for one in compared.effects if one.cycle == cycle]
    assert (effect.readdressed, effect.refused) == (2, 0)
    assert await asked(company, cycle, HARA) == [(MANAGER,), (MORI,)]
    assert await asked(company, cycle, ONO) == [(), (MORI,)]

    left = f"{SALES},岡 一郎,営業部,{TOP},監査役,,,,いいえ"
    compared = await apply(company, f"{HEADER}\n{left}".encode())
    [effect] = [one for one in compared.effects if one.cycle == cycle]
    assert effect.readdressed == 2
    assert await asked(company, cycle, HARA) == [(MANAGER,)], "nobody has the title: one signature is enough"
    assert await asked(company, cycle, ONO) == [(), (HR, HR_TOO)], (
        "the manager has agreed already: HR gives what is left"
    )
    await approve(company, cycle, ONO, HR)
    assert (await company.goal(cycle, ONO)).state == "active"


async def test_a_reassignment_of_all_tasks_of_one_person_replaces_their_part_only(company: Steered) -> None:
    rows = (f"{AUDITOR},監 査,監査室,{TOP},,,,,はい", f"{MORI},森 香織,経理部,{TOP},,,,,はい")
    await apply(company, "\n".join([HEADER, *rows]).encode())
    cycle = await company.launch("reassigned", without=(AUDITOR,), more=both(f'"line", "person {AUDITOR}"'))
    assert (await company.goal(cycle, MORI)).joint == (((TOP,), (AUDITOR, TOP)),)
    source = BeginningSource((await company.goal(cycle, MORI)).content)
    begun = await Beginnings(company.engine, company.client).begin(by(HR), cycle, source, owner=ONO, command_id="b")
    assert (await company.goals.require(begun.goal)).joint == (((MANAGER, TOP), (AUDITOR, TOP)),)
    await apply(company, f"{HEADER}\n{MORI},森 香織,経理部,{MANAGER},,,,,はい".encode())
    await company.goals.give(goal_of(cycle, MORI), Submit(actor=MORI))
    assert await asked(company, cycle, MORI) == [(MANAGER,), (AUDITOR,)]
    results = await company.carried_out(Reassign(person=AUDITOR, to=HR_TOO, reason="出張"), cycle)
    assert results[MORI] == "done"
    assert await asked(company, cycle, MORI) == [(MANAGER,), (HR_TOO,)]
    await approve(company, cycle, MORI, HR_TOO)
    await approve(company, cycle, MORI, MANAGER)
    assert (await company.goal(cycle, MORI)).state == "active"
