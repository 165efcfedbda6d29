"""People and departments: they are searched, and each leads to managers, reports, goals and delegations."""

from datetime import timedelta
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import text

from domain.goal.goal import Delegation
from domain.instructions.instructions import Delegate
from domain.values import CycleId
from tests.service.steered import ACCOUNTING, GONE, HARA, MANAGER, MORI, ONO, SALES, TOP, Steered, today
from tests.web.browser import at_pages, needs_browser

_EVERYTHING = text("""
UPDATE employee SET evaluators = ARRAY['E4', NULL, 'E1'], deputy_id = 'E12', away_from = '2027-04-01', away_until = '2027-06-30',
    company = '巡り商事', seconded_from = '巡りホールディングス', joined_on = '2019-04-01', leaves = '2030-03-31', title = '主任',
    posts = '[{"department": "営業部", "manager_id": "E1", "title": "兼務担当", "share": 30, "evaluators": ["E2"]}]'
WHERE id = :person
""")
Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """A running cycle, in which one person acts for the manager."""
    launched = await company.launch("people-pages")
    delegation = Delegation(delegator=MANAGER, to=HARA, first=today(), last=today() + timedelta(days=9))
    async with company.engine.begin() as connection:
        await connection.execute(_EVERYTHING, {"person": ONO})
    await company.carried_out(Delegate(delegation=delegation, reason="出張"), actor=MANAGER)
    return launched


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, TOP, locale=locale, width=width) as top:
        for name, path in (
            ("people", "/people"),
            ("people-none", "/people?q=zzz"),
            ("person-manager", f"/people/{MANAGER}"),
            ("person-full", f"/people/{ONO}"),
            ("person-gone", f"/people/{GONE}"),
            ("departments", "/departments"),
        ):
            await top.open(path)
            await top.picture(f"{name}-{locale}-{width}")
            assert await top.complaints() == [], path
        await top.open("/people/E404", 404)
        assert await top.complaints() == []


WORDS = {
    "ja": ("部署", "氏名・カナ・社員番号", "検索", "条件に合う社員はいません。", "退職者も表示", "退職"),
    "en": ("Departments", "Name, reading or employee number", "Search", "Nobody matches.", "Include people who have left", "left"),
}  # fmt: skip


@pytest.mark.parametrize(("scripts", "locale"), [(True, "ja"), (False, "en")])
async def test_a_department_leads_to_its_people_and_a_person_to_managers_and_goals(  # noqa: PLR0917 - fixtures
    company: Steered, cycle: CycleId, console: str, chromium: Browser, scripts: bool, locale: Locale
) -> None:
    departments, search, find, nobody, leavers, left = WORDS[locale]
    async with at_pages(chromium, company, console, MANAGER, locale=locale, scripts=scripts) as manager:
        await manager.open("/")
        await manager.press(departments)
        await manager.press(ACCOUNTING)
        await manager.press("森 香織")
        await expect(manager.page.get_by_role("heading", level=1)).to_contain_text(MORI)
        await expect(manager.page.get_by_role("link", name="月次決算の早期化")).to_be_visible()
        await manager.press("清水 幸恵")
        await expect(manager.page.locator("main")).to_contain_text("清水 幸恵 → 原田 修")
        await manager.open("/people")
        await manager.type(search, "岡一")
        await manager.press(find)
        await expect(manager.page.locator("tbody tr")).to_have_count(1)
        await manager.press("岡 一郎")
        await expect(manager.page.locator("#goals")).to_be_visible()
        assert await manager.page.get_by_role("link", name="月次決算の早期化").count() == 0  # of another line
        await manager.open("/people")
        await manager.type(search, "去")
        await manager.press(find)
        await manager.sees(nobody)
        await manager.page.get_by_label(leavers).check()
        await manager.press(find)
        await expect(manager.page.locator("tbody tr")).to_contain_text(left)
        assert SALES not in await manager.page.locator("tbody").inner_text()


async def test_a_person_has_posts_evaluators_a_deputy_leave_and_company(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, SALES) as seller:
        await seller.open(f"/people/{ONO}")
        facts = seller.page.locator("section[aria-labelledby=facts]")
        for said in (
            "営業部、兼務担当 30 %", "西村 直美", "清水 幸恵", "ラインの上長", "原田 修", "2027/04/01〜2027/06/30", "巡り商事",
            "巡りホールディングス", "2019/04/01", "2030/03/31",
        ):  # fmt: skip
            await expect(facts).to_contain_text(said)
        await seller.sees("あなたが見られる目標はありません。")
        assert await seller.page.locator("#goals ~ .scroll").count() == 0
