"""Leave (休業・休職) from a people file to the goals: pausing, a deputy, the return by itself, and a launch during a leave."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from cli.session.callers import operator
from domain.goal.commands import Approve, Submit
from domain.people.people_file import read_people
from domain.values import CycleId, EmployeeId
from service.leaving import start_leaving
from service.reorganisation import Reorganisation
from storage.people import replace_directory
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, goal_of, in_days, today
from workflows.leaving import leaving_workflow_id

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長,休職開始日,休職終了日,代理者"


def listed(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def manager_away(first: date, last: date | str = "", deputy: str = "") -> str:
    return f"{MANAGER},清水 幸恵,経理部,{TOP},{first},{last},{deputy}"


async def apply(company: Steered, data: bytes) -> tuple[int, int]:
    """Applies the file; returns how many goals the preview said get other people or other dates, and how many did."""
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(operator(HR), data)
    assert compared.difference, compared.findings
    given = await reorganisation.apply(operator(HR), company.client, compared, "休職")
    await company.done(given)
    results = await company.instructions.results(given)
    assert {one.result for one in results} <= {"done"}
    again = await reorganisation.compare(operator(HR), data)
    assert again.is_empty, (again.difference, again.effects)
    return sum(one.relined for one in compared.effects), len(results)


async def the_day_after(company: Steered, last_day: date) -> None:
    await start_leaving(company.client, last_day)
    await company.client.get_workflow_handle(leaving_workflow_id(last_day), result_type=int).result()
    await company.done(f"leaving-{last_day}")


async def test_a_leave_is_shown_as_one_change_of_a_person(company: Steered) -> None:
    compared = await Reorganisation(company.engine).compare(
        operator(HR), listed(f"{SALES},岡 一郎,営業部,{TOP},2027-04-01,2027-09-30,{HR}")
    )
    assert compared.difference is not None
    assert compared.difference.leave == ((SALES, "-", f"2027-04-01 – 2027-09-30 ({HR})"),)
    compared = await Reorganisation(company.engine).compare(
        operator(HR), listed(f"{SALES},岡 一郎,営業部,{TOP},2027-04-01,,")
    )
    assert compared.difference is not None
    assert compared.difference.leave == ((SALES, "-", "2027-04-01 –"),)


async def assignees(company: Steered, cycle: CycleId, owner: EmployeeId) -> tuple[EmployeeId, ...]:
    task = (await company.goal(cycle, owner)).task
    assert task is not None
    return task.assignees


async def test_goals_pause_and_approvals_go_to_the_deputy_until_the_leave_is_over(company: Steered) -> None:
    cycle = await company.launch("leave")
    for owner in (MORI, MANAGER):
        await company.goals.give(goal_of(cycle, owner), Submit(actor=owner))
    assert await assignees(company, cycle, MORI) == (MANAGER,)

    said, did = await apply(company, listed(manager_away(today(), in_days(30), SALES)))
    assert said == did > 0
    own = await company.goal(cycle, MANAGER)
    assert (own.is_paused, own.away) == (True, True)
    assert await assignees(company, cycle, MORI) == (SALES,)
    seq = (await company.goal(cycle, MORI)).seq
    await company.goals.give(goal_of(cycle, MORI), Approve(actor=SALES, expected_seq=seq))

    yesterday = today() - timedelta(days=1)
    async with company.engine.begin() as connection:  # as if the thirty days were over
        await connection.execute(
            text("UPDATE employee SET away_from = :first, away_until = :last WHERE id = :id"),
            {"first": yesterday - timedelta(days=30), "last": yesterday, "id": MANAGER},
        )
    await the_day_after(company, yesterday)
    own = await company.goal(cycle, MANAGER)
    assert (own.is_paused, own.away) == (False, False)
    assert (await company.goal(cycle, MORI)).line[0] == MANAGER
    assert (await company.goals.prove(goal_of(cycle, MANAGER))).holds


async def test_a_planned_leave_begins_by_itself_on_its_first_day_and_without_a_deputy_the_next_manager_is_asked(
    company: Steered,
) -> None:
    cycle = await company.launch("planned")
    await company.goals.give(goal_of(cycle, HARA), Submit(actor=HARA))
    await apply(company, listed(manager_away(in_days(10))))
    assert await assignees(company, cycle, HARA) == (MANAGER,)
    handle = company.client.get_workflow_handle(leaving_workflow_id(in_days(9)))
    assert (await handle.describe()).status is not None, "it waits for the day before"

    async with company.engine.begin() as connection:  # as if the ten days were over
        await connection.execute(
            text("UPDATE employee SET away_from = :day WHERE id = :id"), {"day": in_days(-1), "id": MANAGER}
        )
    await the_day_after(company, in_days(-2))
    assert await assignees(company, cycle, HARA) == (TOP,)
    assert (await company.goal(cycle, MANAGER)).away


async def test_a_launch_during_a_leave_begins_paused_and_the_return_asks_for_the_draft(company: Steered) -> None:
    data = listed(f"{ONO},大野 あかり,経理部,{TOP},{today()},,")
    await replace_directory(company.engine, read_people(data).employees)
    cycle = await company.launch("during-a-leave")
    ono = await company.goal(cycle, ONO)
    assert (ono.is_paused, ono.away, ono.seq) == (True, True, 1)
    await apply(company, listed(f"{ONO},大野 あかり,経理部,{TOP},,,"))
    ono = await company.goal(cycle, ONO)
    assert (ono.is_paused, ono.away) == (False, False)
    await company.goals.give(goal_of(cycle, ONO), Submit(actor=ONO))
    assert (await company.goals.prove(goal_of(cycle, ONO))).holds


TWO_LEAVES = f"{HEADER},休業開始日2,休業終了日2"


async def as_if_leaves_were(company: Steered, person: EmployeeId, *leaves: tuple[date, date]) -> None:
    """Moves the days of the person's leaves in the directory, as if time had passed."""
    (first, last), *further = leaves
    values = [{"first": one.isoformat(), "last": other.isoformat()} for one, other in further]
    async with company.engine.begin() as connection:
        await connection.execute(
            text("UPDATE employee SET away_from = :a, away_until = :b, further_leaves = :c WHERE id = :id"),
            {"a": first, "b": last, "c": json.dumps(values), "id": person},
        )


async def test_a_goal_pauses_and_goes_on_twice_for_two_leaves_in_one_cycle(company: Steered) -> None:
    await as_if_leaves_were(company, MANAGER, (in_days(-39), in_days(-29)))
    cycle = await company.launch("two-leaves")
    await company.goals.give(goal_of(cycle, HARA), Submit(actor=HARA))
    days = f"{today()},{in_days(10)},{SALES},{in_days(20)},{in_days(30)}"
    data = f"{TWO_LEAVES}\n{MANAGER},清水 幸恵,経理部,{TOP},{days}".encode()
    said, did = await apply(company, data)
    assert said == did > 0

    async def is_away() -> tuple[bool, bool, tuple[EmployeeId, ...]]:
        own = await company.goal(cycle, MANAGER)
        return own.is_paused, own.away, await assignees(company, cycle, HARA)

    assert await is_away() == (True, True, (SALES,))
    await as_if_leaves_were(company, MANAGER, (in_days(-15), in_days(-5)), (in_days(5), in_days(15)))
    await the_day_after(company, in_days(-5))
    assert await is_away() == (False, False, (MANAGER,))

    await as_if_leaves_were(company, MANAGER, (in_days(-26), in_days(-16)), (in_days(-6), in_days(4)))
    await the_day_after(company, in_days(-7))
    assert await is_away() == (True, True, (SALES,))

    await as_if_leaves_were(company, MANAGER, (in_days(-39), in_days(-29)), (in_days(-19), in_days(-9)))
    await the_day_after(company, in_days(-9))
    assert await is_away() == (False, False, (MANAGER,))
    kinds = [kind for kind, *_ in await company.entries(cycle, MANAGER)]
    assert kinds == ["line_changed"] * 4
    await as_if_leaves_were(company, MANAGER, (in_days(-39), in_days(-29)))


async def test_the_preview_shows_both_leaves_and_the_date_of_joining(company: Steered) -> None:
    header = f"{TWO_LEAVES},入社日"
    row = f"{SALES},岡 一郎,営業部,{TOP},2027-06-01,,,2027-04-01,2027-04-30,2026-12-01"
    compared = await Reorganisation(company.engine).compare(operator(HR), f"{header}\n{row}".encode())
    assert compared.difference, compared.findings
    assert compared.difference.leave == ((SALES, "-", "2027-04-01 – 2027-04-30, 2027-06-01 –"),)
    assert compared.difference.joining == ((SALES, "-", "2026-12-01"),)
    assert [str(one.after) for one in compared.document().joining_changes] == ["2026-12-01"]
    overlapping = row.replace("2027-04-30", "2027-06-01")
    compared = await Reorganisation(company.engine).compare(operator(HR), f"{header}\n{overlapping}".encode())
    assert (compared.difference, [one.code for one in compared.findings]) == (None, ["leaves_overlap"])
