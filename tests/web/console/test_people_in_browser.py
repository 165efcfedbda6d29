"""People and departments: they are searched, and each leads to managers, reports, goals and delegations."""

from datetime import timedelta
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.goal.goal import Delegation
from domain.instructions.instructions import Delegate
from domain.values import CycleId
from tests.service.steered import ACCOUNTING, GONE, HARA, MANAGER, MORI, SALES, TOP, Steered, today
from tests.web.browser import at_pages, needs_browser

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """A running cycle, in which one person acts for the manager."""
    launched = await company.launch("people-pages")
    delegation = Delegation(delegator=MANAGER, to=HARA, first=today(), last=today() + timedelta(days=9))
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
            ("person-gone", f"/people/{GONE}"),
            ("departments", "/departments"),
        ):
            await top.open(path)
            await top.picture(f"{name}-{locale}-{width}")
            assert await top.complaints() == [], path
        await top.open("/people/E404", 404)
        assert await top.complaints() == []


WORDS = {
    "ja": ("部署", "氏名・社員番号", "検索", "条件に合う社員はいません。", "退職者も表示", "退職"),
    "en": ("Departments", "Name or employee number", "Search", "Nobody matches.", "Include people who have left", "left"),
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
