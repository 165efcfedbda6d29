"""Administrators of the directory: they change it whatever cycles are open, and goals follow in the organisation's name."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from cli.session.callers import operator
from domain.goal.commands import ORGANISATION
from domain.instructions.instructions import Pause
from domain.journal import OPERATOR as NAMELESS
from domain.journal import Log
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId
from service.departments import DepartmentRecords
from service.goals import GoalReads
from service.instructions import Instructions
from service.people import People
from service.reorganisation import Compared, Reorganisation
from service.roles import Roles
from storage import journal
from storage.database import open_database, read_transaction
from storage.tables import OutboxRow
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
    of,
    steered,
    today,
)  # fmt: skip

pytestmark = pytest.mark.slow

ADMINISTRATOR = SALES
HEADER = "社員番号,氏名,部署,上長,在籍"
LEAVES = f"{HEADER}\n{ONO},大野 あかり,経理部,{MANAGER},いいえ\n{HARA},原田 修,経理部,{TOP},はい".encode()
IS_BACK = f"{HEADER}\n{ONO},大野 あかり,経理部,{MANAGER},はい".encode()


@pytest_asyncio.fixture
async def company(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Steered]:
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, tmp_path) as company:
            yield company
        await engine.dispose()


async def launch_with_hr(company: Steered, cycle: str, hr: EmployeeId) -> CycleId:
    """A cycle of which only `hr` is HR."""
    file = cycle_file(cycle).replace(f'["{HR}", "{HR_TOO}"]', f'["{hr}"]')
    checked = await company.cycles.check(file.encode(), today(), starts=today())
    assert checked.policy, checked.findings
    await company.cycles.launch(checked, hr, datetime.now(UTC))
    await company.until(CycleId(cycle), "open")
    return CycleId(cycle)


async def compared_by(company: Steered, actor: EmployeeId, data: bytes) -> Compared:
    return await Reorganisation(company.engine).compare(operator(actor), data)


async def apply(company: Steered, actor: EmployeeId, compared: Compared) -> str:
    assert compared.difference, compared.findings
    given = await Reorganisation(company.engine).apply(operator(actor), company.client, compared, "組織変更")
    await company.done(given)
    return given


async def told_to_hr(company: Steered) -> set[tuple[str, str, str]]:
    """Recipient, cycle and actor of the notices to HR about a changed directory."""
    query = select(OutboxRow.recipient_id, OutboxRow.cycle_id, OutboxRow.facts["actor"].astext)
    async with company.engine.connect() as connection:
        rows = await connection.execute(query.where(OutboxRow.kind == "directory_changed"))
        return {(one[0], one[1], one[2]) for one in rows}


async def test_two_cycles_with_different_hr_do_not_block_a_sync_by_an_administrator(company: Steered) -> None:
    first, second = await company.launch("first"), await launch_with_hr(company, "second", TOP)
    for hr in (HR, TOP):
        with pytest.raises(Refusal) as refused:
            await compared_by(company, hr, LEAVES)
        assert refused.value.code is Code.NOT_ALLOWED
    await Roles(company.engine).give(OPERATOR, ADMINISTRATOR, CompanyRole.DIRECTORY)

    compared = await compared_by(company, ADMINISTRATOR, LEAVES)
    shown = {one.cycle: (one.closed, one.relined, one.refused) for one in compared.effects}
    assert shown == {first: (1, 1, 0), second: (1, 1, 0)}
    given = await apply(company, ADMINISTRATOR, compared)
    results = await company.instructions.results(given)
    assert sorted((one.goal_id, one.result) for one in results) == sorted(
        (goal_of(cycle, owner), "done") for cycle in (first, second) for owner in (ONO, HARA)
    )
    for cycle in (first, second):
        assert (await company.entries(cycle, ONO))[-1] == ("closed", ORGANISATION, "組織変更 (E21)")
        assert (await company.entries(cycle, HARA))[-1] == ("line_changed", ORGANISATION, "組織変更 (E21)")
    assert await told_to_hr(company) == {
        (HR, first, ADMINISTRATOR), (HR_TOO, first, ADMINISTRATOR), (TOP, second, ADMINISTRATOR),
    }  # fmt: skip

    back = await compared_by(company, ADMINISTRATOR, IS_BACK)
    assert {one.cycle: (one.reopened, one.refused) for one in back.effects} == {first: (1, 0), second: (1, 0)}
    await apply(company, ADMINISTRATOR, back)
    for cycle in (first, second):
        assert ("reopened", ORGANISATION, "組織変更 (E21)") in await company.entries(cycle, ONO)
        assert (await company.goal(cycle, ONO)).state == "draft"


async def test_an_administrator_who_is_hr_of_one_cycle_acts_there_in_their_own_name(company: Steered) -> None:
    first, second = await company.launch("own"), await launch_with_hr(company, "other", TOP)
    await Roles(company.engine).give(OPERATOR, HR, CompanyRole.DIRECTORY)
    await apply(company, HR, await compared_by(company, HR, LEAVES))
    assert (await company.entries(first, ONO))[-1] == ("closed", HR, "組織変更")
    assert (await company.entries(second, ONO))[-1] == ("closed", ORGANISATION, "組織変更 (E2)")
    assert await told_to_hr(company) == {(TOP, second, HR)}, "who did it need not be told"


async def test_an_administrator_sees_people_and_no_goals_and_steers_no_cycle(company: Steered) -> None:
    cycle = await company.launch("unseen")
    await Roles(company.engine).give(OPERATOR, ADMINISTRATOR, CompanyRole.DIRECTORY)
    page = await People(company.engine).person(by(ADMINISTRATOR), MORI)
    assert (page.employee.id, page.goals, page.waiting) == (MORI, (), None)
    with pytest.raises(Refusal) as refused:
        await GoalReads(company.engine).look(by(ADMINISTRATOR), goal_of(cycle, MORI))
    assert refused.value.code is Code.NOT_ALLOWED
    for where in (cycle, None):
        with pytest.raises(Refusal) as refused:
            await Instructions(company.engine, company.client).give(
                by(ADMINISTRATOR), Pause(selection=of(MORI), reason="r"), where
            )
        assert refused.value.code is Code.NOT_ALLOWED


async def test_the_operator_names_the_first_administrators_and_they_the_next(company: Steered) -> None:
    roles = Roles(company.engine)
    for nobody in ("E99", "E77"):
        with pytest.raises(Refusal) as refused:
            await roles.give(OPERATOR, EmployeeId(nobody), CompanyRole.DIRECTORY)
        assert refused.value.code is Code.UNKNOWN_EMPLOYEE
    with pytest.raises(Refusal) as refused:
        await roles.give(by(HR), HR, CompanyRole.DIRECTORY)
    assert refused.value.code is Code.NOT_ALLOWED
    assert [one.employee for one in (await roles.give(OPERATOR, HARA, CompanyRole.DIRECTORY)).roles] == [HARA]
    for caller in (OPERATOR, operator(HR), by(HR)):
        with pytest.raises(Refusal) as refused:
            await roles.give(caller, MORI, CompanyRole.DIRECTORY)
        assert refused.value.fields["allowed"] == [HARA]
    found = await roles.give(by(HARA), MORI, CompanyRole.DIRECTORY)
    assert [(one.employee, one.name) for one in found.roles] == [(MORI, "森 香織"), (HARA, "原田 修")]
    assert await roles.give(by(HARA), MORI, CompanyRole.DIRECTORY) == found, "a repeat changes nothing"
    assert [one.employee for one in (await roles.end(by(MORI), HARA, CompanyRole.DIRECTORY)).roles] == [MORI]
    with pytest.raises(Refusal) as refused:
        await roles.end(by(MORI), HARA, CompanyRole.DIRECTORY)
    assert refused.value.code is Code.UNKNOWN_EMPLOYEE
    async with read_transaction(company.engine) as connection:
        entries = await journal.entries_of(connection, Log.ROLES)
        assert await journal.first_break(connection, Log.ROLES) is None
    assert [(one.kind, one.actor, one.body["employee"]) for one in entries] == [
        ("role_given", NAMELESS, HARA),
        ("role_given", HARA, MORI),
        ("role_ended", MORI, HARA),
    ]


async def test_an_administrator_who_leaves_loses_the_role_for_good(company: Steered) -> None:
    await company.launch("leaves")
    roles = Roles(company.engine)
    await roles.give(OPERATOR, ONO, CompanyRole.DIRECTORY)
    await apply(company, HR, await compared_by(company, HR, LEAVES))
    await apply(company, HR, await compared_by(company, HR, IS_BACK))
    assert (await roles.list_holders(by(ONO), CompanyRole.DIRECTORY)).roles == ()
    with pytest.raises(Refusal) as refused:
        await compared_by(company, ONO, IS_BACK)
    assert refused.value.code is Code.NOT_ALLOWED
    assert (await roles.give(OPERATOR, HARA, CompanyRole.DIRECTORY)).roles, (
        "nobody is one, so the operator names the next"
    )


async def test_after_the_last_day_an_administrator_may_not_change_the_directory(company: Steered) -> None:
    await company.launch("last-day")
    await Roles(company.engine).give(OPERATOR, ONO, CompanyRole.DIRECTORY)
    assert (await compared_by(company, ONO, IS_BACK)).difference
    async with company.engine.begin() as connection:
        await connection.execute(text("UPDATE employee SET leaves = current_date - 2 WHERE id = :id"), {"id": ONO})
    with pytest.raises(Refusal) as refused:
        await compared_by(company, ONO, IS_BACK)
    assert refused.value.code is Code.NOT_ALLOWED


async def test_an_administrator_imports_while_no_cycle_is_open_and_changes_departments_while_one_is(
    company: Steered,
) -> None:
    await Roles(company.engine).give(OPERATOR, ADMINISTRATOR, CompanyRole.DIRECTORY)
    assert (await People(company.engine).import_file(by(ADMINISTRATOR), LEAVES)).imported
    cycle = await launch_with_hr(company, "later", TOP)
    file = "部署名,部署ID,上位部署\n経理部,D1,営業部".encode()
    with pytest.raises(Refusal) as refused:
        await DepartmentRecords(company.engine).compare(by(HR), file)
    assert refused.value.fields["allowed"] == [TOP, ADMINISTRATOR]
    await apply(company, ADMINISTRATOR, await DepartmentRecords(company.engine).compare(by(ADMINISTRATOR), file))
    assert await told_to_hr(company) == set(), "no goal of the cycle changed"
    await apply(company, ADMINISTRATOR, await compared_by(company, ADMINISTRATOR, IS_BACK))
    assert ONO in await company.participants(cycle)
    assert await told_to_hr(company) == {(TOP, cycle, ADMINISTRATOR)}, "somebody joined"
