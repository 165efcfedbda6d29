"""Launches that take over what an earlier cycle did not finish."""

from datetime import UTC, datetime

import pytest

from domain.goal.commands import Approve, CompleteStep, Submit
from domain.instructions.instructions import Close
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.cycles import Checked, Cycles
from storage.database import read_transaction
from storage.goals import read_ledger
from tests.callers import by
from tests.service.steered import (
    HARA,
    HR,
    HR_TOO,
    MANAGER,
    MORI,
    ONO,
    SALES,
    Steered,
    cycle_file,
    goal_of,
    today,
)  # fmt: skip

pytestmark = pytest.mark.slow


async def at_work(company: Steered, cycle: CycleId, *people: EmployeeId) -> None:
    for one in people:
        await company.goals.give(goal_of(cycle, one), Submit(actor=one))
        await company.goals.give(goal_of(cycle, one), Approve(actor=MANAGER, expected_seq=2))
        await company.goals.give(goal_of(cycle, one), CompleteStep(actor=one, step=0))


def naming(cycle: str, earlier: str) -> str:
    return cycle_file(cycle).replace("reviews = []", f'reviews = []\ncarry_over = "{earlier}"')


async def checked(company: Steered, file: str) -> Checked:
    return await company.cycles.check(file.encode(), today(), starts=today())


def carried(found: Checked) -> dict[str, tuple[str, dict[str, object]]]:
    return {
        one.code: (one.level, dict(one.message.fields)) for one in found.findings if one.where == "cycle.carry_over"
    }


async def test_unfinished_goals_become_drafts_of_their_owners_as_the_check_said(company: Steered) -> None:
    first = await company.launch("first")
    await at_work(company, first, MORI, HARA)
    before = await checked(company, naming("second", first))
    assert carried(before)["carry_over_open"][1] == {"cycle": first, "count": 5}
    assert carried(before)["carry_over"][1] == {"cycle": first, "count": 0, "people": 0}
    await company.carried_out(Close(reason="終了"), first)
    await company.until(first, "closed")

    found = await checked(company, naming("second", first))
    assert carried(found) == {"carry_over": ("advise", {"cycle": first, "count": 2, "people": 2})}
    assert (found.people, found.goals) == (5, 5)
    await company.cycles.launch(found, HR, datetime.now(UTC))
    second = CycleId("second")
    await company.until(second, "open")
    assert len(await company.goals.find_all(cycle=second)) == found.goals
    goal = await company.goal(second, MORI)
    assert goal.carried_from == goal_of(first, MORI)
    assert [one.title for one in goal.content.steps] == ["電子受領を五社で始める"]
    assert all(goal.calendar.is_business_day(one.due) for one in goal.content.steps)
    assert (await company.goal(second, ONO)).carried_from is None  # withdrawn, lapsed and achieved goals stay behind
    assert len((await company.goal(second, ONO)).content.steps) == 2
    async with read_transaction(company.engine) as connection:
        [entry] = await read_ledger(connection, goal.id, limit=1)
    assert entry.event["body"]["carried_from"] == goal_of(first, MORI)
    assert (await company.goals.prove(goal.id)).holds
    await company.goals.give(goal.id, Submit(actor=MORI, content=goal.content.model_copy(
        update={"steps": (*goal.content.steps, goal.content.steps[0])}
    )))  # fmt: skip


async def test_a_cycle_is_carried_over_only_by_its_hr_and_an_unknown_one_by_nobody(company: Steered) -> None:
    first = await company.launch("theirs")
    await at_work(company, first, MORI)
    await company.carried_out(Close(reason="終了"), first)
    assert carried(await checked(company, naming("third", "thiers")))["carry_over_unknown"][0] == "refuse"
    file = naming("third", first).replace(f'hr = ["{HR}", "{HR_TOO}"]', f'hr = ["{SALES}"]')
    found = await checked(company, file)
    with pytest.raises(Refusal) as refused:
        await Cycles(company.engine, company.client).launch(by(SALES), found, datetime.now(UTC))
    assert refused.value.code is Code.NOT_ALLOWED
    assert "third" not in {row.id for row in await company.cycles.find_all()}
