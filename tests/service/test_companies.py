"""Companies of a group: who takes part, what a sync shows, who joins, and the sheet of somebody who is seconded (出向)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from cli.session.callers import operator
from domain.values import CycleId
from service.reorganisation import Compared, Reorganisation
from service.sheets import Sheets
from storage.database import open_database
from tests.callers import OPERATOR
from tests.servers import Postgres, running_temporal
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, Steered, cycle_file, steered, today

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長,会社,出向元"
SALES_COMPANY = "巡り販売"


@pytest_asyncio.fixture
async def company(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Steered]:
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, tmp_path) as company:
            yield company
        await engine.dispose()


async def compared_with(company: Steered, *rows: str) -> Compared:
    compared = await Reorganisation(company.engine).compare(operator(HR), "\n".join([HEADER, *rows]).encode())
    assert compared.difference, compared.findings
    return compared


async def launch(company: Steered, cycle: str) -> CycleId:
    """A cycle of the people of one company."""
    file = cycle_file(cycle).replace("reviews = []", f'reviews = []\ncompanies = ["{SALES_COMPANY}"]')
    checked = await company.cycles.check(file.encode(), today(), starts=today())
    assert checked.policy, checked.findings
    assert checked.people == 1
    await company.cycles.launch(checked, HR, datetime.now(UTC))
    await company.until(CycleId(cycle), "open")
    return CycleId(cycle)


async def test_a_cycle_is_for_one_company_and_who_joins_that_company_joins_it(company: Steered) -> None:
    async with company.engine.begin() as connection:
        await connection.execute(
            text("UPDATE employee SET company = :c WHERE id = :id"), {"c": SALES_COMPANY, "id": MORI}
        )
    cycle = await launch(company, "group")
    assert set(await company.states(cycle)) == {MORI}

    compared = await compared_with(
        company,
        f"{MORI},森 香織,経理部,{MANAGER},{SALES_COMPANY},巡り本社",
        f"E31,新人 葵,経理部,{MANAGER},{SALES_COMPANY},",
        f"E32,新人 司,経理部,{MANAGER},巡り本社,",
    )
    assert compared.document().company_changes[0].model_dump() == {
        "employee": MORI, "before": SALES_COMPANY, "after": f"{SALES_COMPANY} (巡り本社)",
    }  # fmt: skip
    assert [(one.cycle, one.drafts, one.relined) for one in compared.effects] == [(cycle, 1, 0)]
    given = await Reorganisation(company.engine).apply(operator(HR), company.client, compared, "出向")
    await company.done(given)
    await company.until(cycle, "open")
    assert set(await company.participants(cycle)) == {MORI, "E31"}

    [sheet] = [one async for one in Sheets(company.engine).sheets_of(OPERATOR, cycle, person=MORI)]
    assert (sheet.person.company, sheet.person.seconded_from) == (SALES_COMPANY, "巡り本社")
    assert {HARA, ONO}.isdisjoint(await company.participants(cycle))
