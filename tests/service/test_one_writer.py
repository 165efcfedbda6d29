"""The directory and the open goals stay in agreement: one door changes them, and mends what differs."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from temporalio.client import WorkflowExecutionStatus

from cli.session.callers import operator
from domain.goal.commands import ORGANISATION, Delegate, Submit
from domain.instructions.instructions import Selection
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.amending import Amending
from service.giving import Goals, Request
from service.leaving import start_leaving
from service.people import People
from service.reorganisation import Compared, Reorganisation
from storage.people import replace_directory
from storage.tables import DelegationRow
from tests.callers import by
from tests.service.steered import HARA, HR, HR_TOO, MANAGER, MORI, ONO, SALES, TOP, Steered, cycle_file, goal_of, today
from workflows.leaving import leaving_workflow_id

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長"
YESTERDAY = timedelta(days=1)


def file_with(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


async def compared_with(company: Steered, data: bytes) -> Compared:
    return await Reorganisation(company.engine).compare(operator(HR), data)


async def apply(company: Steered, data: bytes) -> Compared:
    compared = await compared_with(company, data)
    assert compared.difference, compared.findings
    await company.done(await Reorganisation(company.engine).apply(by(HR), company.client, compared, "組織変更"))
    return compared


async def written(company: Steered, data: bytes) -> None:
    """Writes the file's people into the directory without telling any goal."""
    await replace_directory(company.engine, read_people(data).employees)


async def last_day(company: Steered, person: EmployeeId, days_ago: int | None) -> None:
    async with company.engine.begin() as connection:
        await connection.execute(
            text("UPDATE employee SET leaves = :day WHERE id = :id"),
            {"day": None if days_ago is None else today() - timedelta(days=days_ago), "id": person},
        )


async def test_while_a_cycle_is_open_an_import_changes_nothing(company: Steered) -> None:
    cycle = await company.launch("one-writer")
    for dry_run in (True, False):
        with pytest.raises(Refusal) as refused:
            await People(company.engine).import_file(
                operator(HR), file_with(f"{ONO},大野 あかり,経理部,{TOP}"), dry_run=dry_run
            )
        assert refused.value.code is Code.SYNC_INSTEAD
    assert (await company.goal(cycle, ONO)).line == (MANAGER, TOP)


async def test_a_goal_that_differs_from_the_directory_is_mended_although_the_file_changes_nobody(
    company: Steered,
) -> None:
    cycle = await company.launch("mended")
    moved = file_with(f"{SALES},岡 一郎,営業部,{MANAGER}")
    await written(company, moved)
    compared = await apply(company, moved)
    assert compared.difference is not None
    assert compared.difference.is_empty
    assert not compared.is_empty
    assert [one.relined for one in compared.effects if one.cycle == cycle] == [1]
    assert (await company.goal(cycle, SALES)).line == (MANAGER, TOP)
    assert (await compared_with(company, moved)).is_empty, "the same file again changes nothing"


async def test_the_last_hr_of_an_open_cycle_needs_a_successor(company: Steered) -> None:
    cycle = await company.launch("needs-hr")
    rows = [f"{HR},西村 直美,人事部,{TOP},いいえ", f"{HR_TOO},東 京子,人事部,{TOP},いいえ"]
    both = await compared_with(company, file_with(*rows, header=f"{HEADER},在籍"))
    assert both.difference is None
    refused = {(one.code, one.where) for one in both.findings if one.message.fields.get("cycle") == cycle}
    assert refused == {("last_hr_leaves", HR), ("last_hr_leaves", HR_TOO)}
    soon = [f"{one},人事,人事部,{TOP},{today() + timedelta(days=9)}" for one in (HR, HR_TOO)]
    announced = await compared_with(company, file_with(*soon, header=f"{HEADER},退職日"))
    assert announced.difference is None, "an announced last day, too"
    one_stays = await compared_with(company, file_with(rows[0], header=f"{HEADER},在籍"))
    assert one_stays.difference is not None
    assert "hr_left" in {one.code for one in one_stays.findings}


async def test_who_left_acts_for_nobody_and_nobody_acts_for_who_left(company: Steered) -> None:
    cycle = await company.launch("left-delegates")
    await company.goals.give(goal_of(cycle, MORI), Submit(actor=MORI))
    far = today() + timedelta(days=30)
    async with company.engine.begin() as connection:
        for identity, delegator, to in (("gone-delegate", MANAGER, HARA), ("gone-delegator", ONO, SALES)):
            await connection.execute(
                text(
                    "INSERT INTO delegation (id, delegator_id, to_id, first, last, given_by) VALUES (:i, :a, :b, :f, :l, :a)"
                ),
                {"i": identity, "a": delegator, "b": to, "f": today() - timedelta(days=9), "l": far},
            )
    await last_day(company, HARA, 1)
    await last_day(company, ONO, 1)
    goal, goals = await company.goal(cycle, MORI), Goals(company.engine, company.client)
    for actor, acting_for, code in ((HARA, MANAGER, Code.NOT_ALLOWED), (SALES, ONO, Code.NOT_DELEGATED)):
        with pytest.raises(Refusal) as refused:
            await goals.give(by(actor), goal.id, Request("approve", {}, acting_for, goal.seq))
        assert refused.value.code is code
    yesterday = today() - YESTERDAY
    await start_leaving(company.client, yesterday)
    await company.client.get_workflow_handle(leaving_workflow_id(yesterday)).result()
    await company.done(f"leaving-{yesterday}")
    async with company.engine.connect() as connection:
        rows = await connection.execute(
            select(DelegationRow.id, DelegationRow.last).where(DelegationRow.id.like("gone-%"))
        )
        assert {row.id: row.last for row in rows} == {"gone-delegate": yesterday, "gone-delegator": yesterday}
    [*_, (kind, closed_by, _)] = await company.entries(cycle, HARA)
    assert (kind, closed_by) == ("closed", ORGANISATION), "in nobody's name: HR who applied the file may have left"


async def test_a_delegation_ends_in_every_goal_when_one_side_leaves_and_does_not_come_back_with_them(
    company: Steered,
) -> None:
    cycle = await company.launch("left-delegate")
    far = today() + timedelta(days=30)
    for delegator, to in ((MANAGER, SALES), (HR_TOO, TOP)):
        goal = goal_of(cycle, MORI)
        await company.goals.give(goal, Delegate(actor=HR, delegator=delegator, to=to, first=today(), last=far))
    assert len((await company.goal(cycle, MORI)).delegations) == 2
    gone = file_with(f"{SALES},岡 一郎,営業部,{TOP},いいえ", header=f"{HEADER},在籍")
    effects = [one for one in (await apply(company, gone)).effects if one.cycle == cycle]
    assert [(one.closed, one.relined) for one in effects] == [(1, 1)]
    assert [one.delegator for one in (await company.goal(cycle, MORI)).delegations] == [HR_TOO]
    await apply(company, file_with(f"{SALES},岡 一郎,営業部,{TOP}"))
    assert [one.delegator for one in (await company.goal(cycle, MORI)).delegations] == [HR_TOO]


async def test_a_delegation_to_somebody_who_left_earlier_and_takes_no_part_ends_by_the_next_sync(
    company: Steered,
) -> None:
    cycle, far = await company.launch("left-outsider", without=[SALES]), today() + timedelta(days=30)
    goal = goal_of(cycle, MORI)
    await company.goals.give(goal, Delegate(actor=HR, delegator=MANAGER, to=SALES, first=today(), last=far))
    gone = file_with(f"{SALES},岡 一郎,営業部,{TOP},いいえ", header=f"{HEADER},在籍")
    await written(company, gone)
    compared = await apply(company, gone)
    await written(company, file_with(f"{SALES},岡 一郎,営業部,{TOP}"))
    assert [one.relined for one in compared.effects if one.cycle == cycle] == [1]
    assert (await company.goal(cycle, MORI)).delegations == ()


async def test_nobody_acts_in_a_goal_for_hr_who_left_although_the_goal_knows_the_delegation(company: Steered) -> None:
    cycle = await company.launch("left-hr")
    goal, goals = goal_of(cycle, MORI), Goals(company.engine, company.client)
    far = today() + timedelta(days=30)
    await company.goals.give(goal, Delegate(actor=HR, delegator=HR_TOO, to=SALES, first=today(), last=far))
    comment = Request("comment", {"text": "代わりに"}, HR_TOO)
    await goals.give(by(SALES), goal, comment)
    await last_day(company, HR_TOO, 1)
    with pytest.raises(Refusal) as refused:
        await goals.give(by(SALES), goal, comment)
    await last_day(company, HR_TOO, None)  # the next launch needs them
    assert refused.value.code is Code.NOT_DELEGATED


async def test_somebody_whose_last_day_is_over_does_not_count_when_a_cycle_is_checked(company: Steered) -> None:
    cycle, now = await company.launch("checked"), datetime.now(UTC)
    await last_day(company, HR_TOO, 1)
    await last_day(company, MORI, 1)
    try:
        checked = await company.cycles.check(cycle_file("checked-too").encode(), today(), starts=today())
        amended = await Amending(company.engine).compare(
            by(HR), cycle, cycle_file("checked").encode(), Selection(), now=now, starts=today()
        )
        compared = await compared_with(company, file_with(f"{SALES},岡 一郎,営業部,{TOP}"))
    finally:
        await last_day(company, HR_TOO, None)  # the next launches need them
        await last_day(company, MORI, None)
    for findings in (checked.findings, amended.findings):
        assert ("hr_unknown", "cycle.hr[1]") in {(one.code, one.where) for one in findings}
    assert compared.difference is not None
    assert {HR_TOO, MORI} <= set(compared.difference.left)
    [effect] = [one for one in compared.effects if one.cycle == cycle]
    assert effect.closed == 1, "as it will be when the file is applied"


async def test_a_last_day_from_an_import_is_watched_from_the_next_launch_on(company: Steered) -> None:
    await last_day(company, MORI, -5)
    await company.launch("watches")
    leaving = company.client.get_workflow_handle(leaving_workflow_id(today() + timedelta(days=5)))
    assert (await leaving.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_somebody_whom_a_file_lists_again_is_back_and_the_preview_promises_what_is_done(company: Steered) -> None:
    cycle = await company.launch("back")
    gone = file_with(f"{SALES},岡 一郎,営業部,{TOP},いいえ", header=f"{HEADER},在籍")
    assert [one.closed for one in (await apply(company, gone)).effects if one.cycle == cycle] == [1]
    before = await company.participants(cycle)
    back = await apply(company, file_with(f"{SALES},岡 一郎,営業部,{TOP}", f"E31,新人 葵,営業部,{TOP}"))
    assert back.difference is not None
    assert set(back.difference.joined) == {SALES, "E31"}
    assert [one.concerned for one in back.findings if one.code == "joined_again"] == [(SALES,)]
    [effect] = [one for one in back.effects if one.cycle == cycle]
    assert effect.drafts == len(await company.participants(cycle)) - len(before) == 1, "the joiner's; nothing twice"
