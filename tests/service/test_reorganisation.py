"""Comparing and applying a people file: refusals, fields that do not change, and people who leave on a future day."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from cli.session.callers import operator
from domain.goal.commands import Submit
from domain.lifecycle import State
from domain.people.organisation import DIRECTORY_ZONE
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.leaving import process_leavers, start_leaving
from service.reorganisation import Reorganisation
from storage import instructions
from storage.database import read_transaction
from storage.people import find_employee, replace_directory
from tests.service.steered import GONE, HARA, HR, MANAGER, MORI, ONO, TOP, Steered, goal_of, today
from texts.say import say_both
from workflows.leaving import leaving_workflow_id

pytestmark = pytest.mark.slow


def file_with(*rows: str, header: str = "社員番号,氏名,部署,上長") -> bytes:
    return "\n".join([header, *rows]).encode()


async def written(company: Steered, data: bytes) -> None:
    """Writes the file's people into the directory without telling any goal."""
    await replace_directory(company.engine, read_people(data).employees)


async def apply(company: Steered, data: bytes, actor: EmployeeId = HR) -> str:
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(operator(HR), data)
    assert compared.difference, compared.findings
    instruction = await reorganisation.apply(operator(actor), company.client, compared, "組織変更")
    await company.done(instruction)
    return instruction


async def test_a_changed_manager_reaches_the_open_goal_and_the_same_file_again_finds_nothing(
    company: Steered,
) -> None:
    cycle = await company.launch("relined")
    await company.goals.give(goal_of(cycle, MORI), Submit(actor=MORI))
    data = file_with(f"{MORI},森 香織,経理部,{HARA}")
    await apply(company, data)
    goal = await company.goal(cycle, MORI)
    assert goal.task is not None
    assert (goal.line, goal.task.assignees) == (
        (HARA, MANAGER, TOP),
        (MANAGER,),
    )  # is still in the line, and keeps the task
    assert ("line_changed", HR, "組織変更") in await company.entries(cycle, MORI)
    assert (await company.entries(cycle, ONO)) == [], "who is not concerned hears nothing"
    again = await Reorganisation(company.engine).compare(operator(HR), data)
    assert again.difference is not None
    assert again.difference.is_empty


async def test_a_file_without_a_column_keeps_what_the_directory_says(company: Steered) -> None:
    header = "社員番号,氏名,部署,上長,メール,言語"
    await written(company, file_with(f"{ONO},大野 あかり,経理部,{MANAGER},ono@example.jp,en", header=header))
    compared = await Reorganisation(company.engine).compare(operator(HR), file_with(f"{ONO},大野 あかり,経理部,{HARA}"))
    assert compared.difference is not None
    [changed] = compared.difference.changed
    assert (changed.mail, changed.locale, changed.manager_id) == ("ono@example.jp", "en", HARA)


async def test_who_is_not_hr_applies_nothing(company: Steered) -> None:
    await company.launch("not-hr")
    async with read_transaction(company.engine) as connection:
        before = await find_employee(connection, ONO)
    compared = await Reorganisation(company.engine).compare(operator(HR), file_with(f"{ONO},大野 あかり,経理部,{TOP}"))
    with pytest.raises(Refusal) as refused:
        await Reorganisation(company.engine).apply(operator(MORI), company.client, compared, "r")
    assert refused.value.code is Code.NOT_ALLOWED
    async with read_transaction(company.engine) as connection:
        assert await find_employee(connection, ONO) == before


async def test_a_directory_that_changed_since_it_was_compared_is_compared_again(company: Steered) -> None:
    compared = await Reorganisation(company.engine).compare(operator(HR), file_with(f"{ONO},大野 あかり,経理部,{TOP}"))
    await written(company, file_with(f"{HARA},原田 修一,経理部,{MANAGER}"))
    with pytest.raises(Refusal) as refused:
        await Reorganisation(company.engine).apply(operator(HR), company.client, compared, "r")
    assert refused.value.code is Code.DIRECTORY_CHANGED


async def test_a_second_file_waits_until_the_first_is_applied(company: Steered) -> None:
    async with company.engine.begin() as connection:
        await instructions.write(connection, "hangs", kind="sync", cycle=None, asked={}, actor=HR)
    try:
        compared = await Reorganisation(company.engine).compare(
            operator(HR), file_with(f"{ONO},大野 あかり,経理部,{TOP}")
        )
        with pytest.raises(Refusal) as refused:
            await Reorganisation(company.engine).apply(operator(HR), company.client, compared, "r")
        assert (refused.value.code, refused.value.fields) == (Code.SYNC_RUNNING, {"instruction": "hangs"})
        async with company.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM staged_employee"))).scalar() == 0
    finally:
        async with company.engine.begin() as connection:
            await connection.execute(text("DELETE FROM instruction WHERE id = 'hangs'"))


async def test_a_broken_file_changes_nothing_and_says_where(company: Steered) -> None:
    compared = await Reorganisation(company.engine).compare(operator(HR), file_with(f"{ONO},,経理部,{TOP}"))
    assert compared.difference is None
    assert [finding.where for finding in compared.findings] == ["row 2"]


async def test_when_more_than_a_fifth_leave_it_is_said(company: Steered) -> None:
    rows = [f"{one},去る 人,経理部,{TOP},いいえ" for one in (MORI, HARA)]
    compared = await Reorganisation(company.engine).compare(
        operator(HR), file_with(*rows, header="社員番号,氏名,部署,上長,在籍")
    )
    assert compared.difference is not None
    assert compared.many == len(compared.difference.left) == 2


async def test_somebody_leaves_on_the_day_after_the_last_one_and_only_if_it_stays_so(company: Steered) -> None:
    cycle = await company.launch("leaving")
    await company.goals.give(goal_of(cycle, HARA), Submit(actor=HARA))
    yesterday = today() - timedelta(days=1)
    async with company.engine.begin() as connection:  # as if it had been a day to come when the file was applied
        await connection.execute(
            text("UPDATE employee SET leaves = :day WHERE id = :id"), {"day": yesterday, "id": HARA}
        )
    await start_leaving(company.client, yesterday)
    assert await company.client.get_workflow_handle(leaving_workflow_id(yesterday), result_type=int).result() == 1
    await company.done(f"leaving-{yesterday}")
    again = await process_leavers(company.engine, company.client, yesterday, datetime.now(DIRECTORY_ZONE))
    assert again == 1, "the next try after a killed worker counts who left as the first one did"
    async with read_transaction(company.engine) as connection:
        gone = await find_employee(connection, HARA)
    assert gone is not None
    assert not gone.active
    assert (await company.goal(cycle, HARA)).state is State.CLOSED
    assert (await company.states(CycleId(cycle)))[ONO] == State.DRAFT
    assert await process_leavers(company.engine, company.client, today(), datetime.now(DIRECTORY_ZONE)) == 0


async def test_who_left_long_ago_is_nobodys_leaving_again(company: Steered) -> None:
    compared = await Reorganisation(company.engine).compare(
        operator(HR), file_with(f"{GONE},去 った,営業部,{TOP},いいえ", header="社員番号,氏名,部署,上長,在籍")
    )
    assert compared.difference is not None
    assert compared.difference.left == ()


async def test_one_of_many_who_leaves_is_no_reason_to_ask_again(company: Steered) -> None:
    compared = await Reorganisation(company.engine).compare(
        operator(HR), file_with(f"{MORI},森 香織,経理部,{TOP},いいえ", header="社員番号,氏名,部署,上長,在籍")
    )
    assert compared.difference is not None
    assert (len(compared.difference.left), compared.many) == (1, 0)


async def test_a_site_that_an_open_cycle_does_not_know_is_named(company: Steered) -> None:
    cycle = await company.launch("no-sites")
    compared = await Reorganisation(company.engine).compare(
        operator(HR), file_with(f"{MORI},森 香織,経理部,{TOP},berlin", header="社員番号,氏名,部署,上長,勤務地")
    )
    assert ("site_unknown", "berlin") in [(one.code, one.where) for one in compared.findings]
    assert any(cycle in say_both(one.message).en for one in compared.findings)


async def test_a_delegate_is_not_asked_about_a_goal_of_their_own(company: Steered) -> None:
    cycle = await company.launch("own-goal")
    await company.goals.give(goal_of(cycle, ONO), Submit(actor=ONO))
    [approver] = (await company.goals.require(goal_of(cycle, ONO))).task.assignees  # type: ignore[union-attr] # it waits
    async with company.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO delegation (id, delegator_id, to_id, first, last, given_by) VALUES ('own', :a, :b, :d, :d, :a)"
            ),
            {"a": approver, "b": ONO, "d": today()},
        )
    listed = [one.goal.goal for one in await company.goals.inbox(ONO)]
    assert goal_of(cycle, ONO) not in listed
    assert goal_of(cycle, ONO) in [one.goal.goal for one in await company.goals.inbox(approver)]
