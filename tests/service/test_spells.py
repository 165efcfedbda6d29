"""Employment in spells: who comes back gets the goals back; a number that another person gets keeps them apart."""

import asyncio

import pytest

from cli.session.callers import operator
from domain.goal.commands import Close, Submit
from domain.goal.goal import Goal, Outcome
from domain.instructions.instructions import Remove
from domain.lifecycle import State
from domain.people.numbers import NOTHING_SAID, Said
from domain.values import CycleId, EmployeeId
from service.people import People
from service.reorganisation import Reorganisation
from storage.database import read_transaction
from storage.people import find_employee
from tests.service.steered import HARA, HR, MANAGER, MORI, SALES, Steered, goal_of, of

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長,在籍"


async def apply(company: Steered, *rows: str, said: Said = NOTHING_SAID) -> dict[str, int]:
    """Applies a file with these rows; returns the effects that the preview named, over all cycles."""
    data = "\n".join([HEADER, *rows]).encode()
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(operator(HR), data, said=said)
    assert compared.difference, compared.findings
    given = await reorganisation.apply(operator(HR), company.client, compared, "名簿の更新")
    await company.done(given)
    results = await company.instructions.results(given)
    assert {one.result for one in results} <= {"done"}
    again = await reorganisation.compare(operator(HR), data, said=said)
    assert again.is_empty, (again.difference, again.effects)
    names = ("closed", "reopened", "relined")
    return {name: sum(getattr(one, name) for one in compared.effects) for name in names}


def row(person: EmployeeId | str, name: str, manager: EmployeeId = MANAGER, active: str = "はい") -> str:
    return f"{person},{name},経理部,{manager},{active}"


async def states(company: Steered, cycle: CycleId, owner: EmployeeId) -> tuple[State, Outcome | None]:
    goal = await company.goal(cycle, owner)
    return goal.state, goal.outcome


async def test_who_comes_back_within_a_cycle_gets_the_goals_back_under_today_s_managers(company: Steered) -> None:
    cycle = await company.launch("spell")
    await company.goals.give(goal_of(cycle, MORI), Submit(actor=MORI))
    left = await apply(company, row(MORI, "森 香織", active="いいえ"))
    assert left["closed"] >= 1
    assert await states(company, cycle, MORI) == (State.CLOSED, Outcome.REMOVED)

    back = await apply(company, row(MORI, "森 香織", SALES))
    assert back["reopened"] == left["closed"]
    assert back["relined"] >= back["reopened"]  # in every cycle that runs, the manager is another now
    goal: Goal = await company.goal(cycle, MORI)
    assert (goal.state, goal.line[0]) == (State.PENDING_APPROVAL, SALES)
    assert goal.task is not None
    assert goal.task.assignees == (SALES,)
    await apply(company, row(MORI, "森 香織"))  # as before, for the other tests


async def test_a_goal_that_hr_closed_and_one_of_somebody_removed_stay_closed(company: Steered) -> None:
    cycle = await company.launch("spell-closed")
    await company.goals.give(goal_of(cycle, MORI), Close(actor=HR, reason="本人の希望"))
    await company.carried_out(Remove(reason="対象外", selection=of(HARA)), cycle)
    for person, name in ((MORI, "森 香織"), (HARA, "原田 修")):
        await apply(company, row(person, name, active="いいえ"))
        await apply(company, row(person, name))
        assert (await company.goal(cycle, person)).is_closed


async def test_a_new_person_with_the_number_of_a_leaver_sees_and_owns_nothing_of_theirs(company: Steered) -> None:
    cycle = await company.launch("spell-number")
    data = "\n".join([HEADER, row(HARA, "別の 人", active="はい")]).encode()
    await apply(company, row(HARA, "原田 修", active="いいえ"))
    refused = await Reorganisation(company.engine).compare(operator(HR), data)
    assert [finding.code for finding in refused.findings] == ["number_reused"]
    assert refused.difference is None

    await apply(company, row(HARA, "別の 人"), said=Said(new=frozenset({str(HARA)})))
    new = EmployeeId(f"{HARA}-2")
    assert (await company.goal(cycle, HARA)).is_closed
    async with asyncio.timeout(30):
        while new not in await company.states(cycle):  # noqa: ASYNC110 - who joins gets drafts, in a moment
            await asyncio.sleep(0.05)
    async with read_transaction(company.engine) as connection:
        former, now = await find_employee(connection, HARA), await find_employee(connection, new)
    assert former is not None
    assert now is not None
    assert (former.active, former.name, now.number, now.name) == (False, "原田 修", HARA, "別の 人")

    # The new person leaves; the former one comes back, with another number.
    await apply(company, row(HARA, "別の 人", active="いいえ"))
    back = await apply(company, row("E400", "原田 修"), said=Said({"E400": str(HARA)}))
    assert back["reopened"] >= 1
    assert not (await company.goal(cycle, HARA)).is_closed
    page = await People(company.engine).person(operator(HR), EmployeeId("E400"))
    assert page.employee.id == HARA
