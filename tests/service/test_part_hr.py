"""HR of parts of the company on real servers: two companies and a department, from the launch to an amendment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from cli.session.callers import operator
from domain.access import Action
from domain.goal.commands import ORGANISATION
from domain.goal.commands import Pause as PauseGoal
from domain.instructions.instructions import Pause, Selection
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId
from service.amending import Amending
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.people import People
from service.relations import require_hr
from service.reorganisation import Compared, Reorganisation
from service.roles import Roles
from service.sync_effects import goals_that_differ
from storage.database import open_database, read_transaction
from storage.people import load_organisation
from tests.callers import OPERATOR, by
from tests.servers import Postgres, running_temporal
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
    cycle_file,
    goal_of,
    steered,
    today,
)  # fmt: skip

pytestmark = pytest.mark.slow

NORTH, SOUTH, BOOKS = (EmployeeId(one) for one in ("E41", "E42", "E43"))
STAFF_IDS = (NORTH, SOUTH, BOOKS)
HEADER = "社員番号,氏名,部署,上長,会社,在籍"
ANYBODY_OF_HR = {HR, HR_TOO, *STAFF_IDS}
STAFF = [f"{one},人事 {name},人事部,{TOP},本社,はい" for one, name in ((NORTH, "北"), (SOUTH, "南"), (BOOKS, "経"))]
PARTS = f"""
[[policy.hr_of]]
company = "北海道"
people = ["{NORTH}"]

[[policy.hr_of]]
company = "九州"
people = ["{SOUTH}"]

[[policy.hr_of]]
department = "営業部"
people = ["{BOOKS}"]

[[drafts]]
department = "営業部"
theme = "月次決算の早期化"
challenge = "請求書の回収が月初に集中し、月次決算の確定が遅れている"
measure = {{ kind = "numeric", name = "平均日数", unit = "日", direction = "down", baseline = 10, target = 7 }}
steps = [
    {{ title = "遅れの原因を三つ挙げる", due = 2026-12-11 }},
    {{ title = "電子受領を五社で始める", due = 2027-01-22 }},
]
"""


ROWS = (
    *STAFF,
    f"{MORI},森 香織,経理部,{MANAGER},北海道,はい",
    f"{HARA},原田 修,経理部,{MANAGER},九州,はい",
    f"{SALES},岡 一郎,営業部,{TOP},北海道,はい",
)


@pytest_asyncio.fixture
async def company(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Steered]:
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, tmp_path) as company:
            await Roles(engine).give(OPERATOR, ONO, CompanyRole.DIRECTORY)
            await apply(company, await compared_with(company, *ROWS))
            yield company
        await engine.dispose()


async def compared_with(company: Steered, *rows: str) -> Compared:
    data = "\n".join([HEADER, *rows]).encode()
    compared = await Reorganisation(company.engine).compare(operator(ONO), data)
    assert compared.difference, compared.findings
    return compared


async def apply(company: Steered, compared: Compared) -> None:
    given = await Reorganisation(company.engine).apply(operator(ONO), company.client, compared, "異動")
    await company.done(given)


async def asked_hr(company: Steered, cycle: CycleId) -> dict[EmployeeId, tuple[EmployeeId, ...]]:
    """HR whom each goal asks; the drafts of people who have no part ask HR of the cycle."""
    return {one: (await company.goal(cycle, one)).hr_asked for one in (MORI, HARA, ONO, SALES)}


async def listed(company: Steered, person: EmployeeId) -> set[str]:
    found = await GoalReads(company.engine).list_goals(by(person), GoalFilter())
    return {one.owner for one in found.goals}


async def test_an_overdue_goal_escalates_to_the_hr_of_its_part(company: Steered) -> None:
    cycle = await company.launch("late", days_ago=45, without=STAFF_IDS, more=PARTS)
    for owner, hr in ((MORI, {NORTH}), (HARA, {SOUTH}), (SALES, {BOOKS}), (ONO, {HR, HR_TOO})):
        async with asyncio.timeout(40):
            while True:
                task = (await company.goal(cycle, owner)).task
                if task and ANYBODY_OF_HR & {*task.assignees}:
                    break
                await asyncio.sleep(0.1)
        assert ANYBODY_OF_HR & {*task.assignees} == hr, owner


async def test_hr_of_a_part_sees_and_does_what_concerns_the_part_only(company: Steered) -> None:
    cycle = await company.launch("parts", without=STAFF_IDS, more=PARTS)
    assert await listed(company, NORTH) == {MORI}
    assert await listed(company, BOOKS) == {SALES}
    assert await listed(company, HR) >= {MORI, HARA, ONO, SALES}
    reads = GoalReads(company.engine)
    assert (await reads.look(by(NORTH), goal_of(cycle, MORI))).goal.part_hr == (NORTH,)
    with pytest.raises(Refusal) as refused:
        await reads.look(by(NORTH), goal_of(cycle, HARA))
    assert refused.value.code is Code.NOT_ALLOWED

    await company.goals.give(goal_of(cycle, MORI), PauseGoal(actor=NORTH, reason="育休"))
    assert (await company.goal(cycle, MORI)).is_paused
    with pytest.raises(Refusal):
        await company.goals.give(goal_of(cycle, HARA), PauseGoal(actor=NORTH, reason="育休"))
    assert (await company.refusal(Pause(reason="x"), cycle, actor=NORTH)).code is Code.NOT_ALLOWED
    async with read_transaction(company.engine) as connection:
        for action in (Action.SEE_RESULTS, Action.STEER_CYCLE):
            with pytest.raises(Refusal):
                await require_hr(connection, by(NORTH), action, cycle)
    page = await People(company.engine).person(by(NORTH), NORTH)
    assert [(one.cycle, one.part) for one in page.hr_parts] == [(cycle, "北海道")]
    status = await company.cycles.status(cycle, datetime.now(UTC))
    assert [(one.name, one.people) for one in status.hr_of] == [
        ("北海道", (NORTH,)),
        ("九州", (SOUTH,)),
        ("営業部", (BOOKS,)),
    ]


async def test_a_sync_moves_a_goal_to_the_hr_of_another_part(company: Steered) -> None:
    cycle = await company.launch("moves", without=STAFF_IDS, more=PARTS)
    before = {MORI: (NORTH,), HARA: (SOUTH,), ONO: (HR, HR_TOO), SALES: (BOOKS,)}
    assert await asked_hr(company, cycle) == before

    moves = await compared_with(company, f"{HARA},原田 修,経理部,{MANAGER},北海道,はい")
    assert [(one.cycle, one.relined, one.refused) for one in moves.effects] == [(cycle, 1, 0)]
    await apply(company, moves)
    assert await asked_hr(company, cycle) == before | {HARA: (NORTH,)}
    assert (await company.entries(cycle, HARA))[-1] == ("line_changed", ORGANISATION, f"異動 ({ONO})")
    assert await listed(company, NORTH) == {MORI, HARA}
    assert await listed(company, SOUTH) == set()

    leaves = await compared_with(company, f"{NORTH},人事 北,人事部,{TOP},本社,いいえ")
    assert ("part_hr_left", NORTH) in [(one.code, one.where) for one in leaves.findings]
    assert [(one.cycle, one.relined) for one in leaves.effects] == [(cycle, 2)]
    await apply(company, leaves)
    assert await asked_hr(company, cycle) == before | {MORI: (HR, HR_TOO), HARA: (HR, HR_TOO)}


async def test_hr_of_the_cycle_who_left_is_asked_no_more_and_the_same_file_again_changes_nothing(
    company: Steered,
) -> None:
    cycle = await company.launch("hr-leaves", without=STAFF_IDS, more=PARTS)
    row = f"{HR_TOO},東 京子,人事部,{TOP},,いいえ"
    leaves = await compared_with(company, row)
    assert [(one.cycle, one.relined, one.refused) for one in leaves.effects] == [(cycle, 5, 0)]
    await apply(company, leaves)
    assert await asked_hr(company, cycle) == {MORI: (NORTH,), HARA: (SOUTH,), ONO: (HR,), SALES: (BOOKS,)}
    assert (await company.goal(cycle, MORI)).hr_left == (HR_TOO,)
    assert (await compared_with(company, row)).is_empty
    async with read_transaction(company.engine) as connection:
        organisation = await load_organisation(connection, as_of=today())
        assert await goals_that_differ(connection, organisation) == ()

    back = await compared_with(company, f"{HR_TOO},東 京子,人事部,{TOP},,はい")
    await apply(company, back)
    assert (await asked_hr(company, cycle))[ONO] == (HR, HR_TOO)


async def test_an_amendment_gives_open_goals_other_hr_as_its_preview_says(company: Steered) -> None:
    cycle = await company.launch("amended", without=STAFF_IDS, more=PARTS)
    changed = cycle_file(cycle, without=STAFF_IDS) + PARTS.replace(f'people = ["{NORTH}"]', f'people = ["{SOUTH}"]')
    amendment = await Amending(company.engine).compare(
        by(HR), cycle, changed.encode(), Selection(), now=datetime.now(UTC), starts=today()
    )
    assert amendment.after, amendment.findings
    assert [(one.owner, one.before, one.after) for one in amendment.hr] == [(MORI, (NORTH,), (SOUTH,))]
    await company.carried_out(amendment.instruction(Selection(), "担当替え"), cycle)
    assert await asked_hr(company, cycle) == {MORI: (SOUTH,), HARA: (SOUTH,), ONO: (HR, HR_TOO), SALES: (BOOKS,)}
    assert await listed(company, NORTH) == set()
    assert await listed(company, SOUTH) == {MORI, HARA}
    assert (await company.goals.prove(goal_of(cycle, MORI))).holds

    unchanged = await compared_with(company, *ROWS[3:4])
    assert unchanged.effects == () or [one.relined for one in unchanged.effects] == [0]
