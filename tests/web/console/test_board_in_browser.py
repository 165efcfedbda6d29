"""HR's board of a cycle: numbers that lead to lists, level by level; and what somebody else sees of it."""

from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import text

from domain.goal.commands import Submit
from domain.values import CycleId, GoalId
from tests.service.steered import HARA, HR, MORI, SALES, Steered
from tests.web.browser import at_pages, needs_browser
from web.console.forms import fresh_id

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
_TREE = (
    "INSERT INTO department (id, name) VALUES ('D1', '管理本部')",
    "INSERT INTO department_name (department_id, name) VALUES ('D1', '管理本部')",
    "UPDATE department SET parent_id = 'D1' WHERE name = '経理部'",
    "UPDATE participant SET result = 'failed', reason = 'no answer' WHERE employee_id = :failed",
)


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """Two goals wait for approval; one participant's launch failed; 経理部 is below 管理本部."""
    launched = await company.launch("board")
    for owner in (MORI, HARA):
        await company.goals.give(GoalId(f"board/{owner}/1"), Submit(actor=owner), fresh_id())
    async with company.engine.begin() as connection:
        for statement in _TREE:
            await connection.execute(text(statement), {"failed": SALES} if ":failed" in statement else {})
    return launched


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_the_board_has_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, HR, locale=locale, width=width) as hr:
        for name, path in (("board", f"/cycles/{cycle}"), ("board-below", f"/cycles/{cycle}?department=管理本部")):
            await hr.open(path)
            await hr.picture(f"{name}-{locale}-{width}")
            assert await hr.complaints() == [], path
        await hr.open("/cycles/none", 404)
        assert await hr.complaints() == []


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_number_leads_to_the_goals_that_it_counts(
    company: Steered, cycle: CycleId, console: str, chromium: Browser, scripts: bool
) -> None:
    async with at_pages(chromium, company, console, HR, scripts=scripts) as hr:
        await hr.open("/board")
        await hr.press("管理本部")
        await expect(hr.page.get_by_role("heading", level=1)).to_have_text("管理本部")
        row = hr.page.get_by_role("row").filter(has=hr.page.get_by_role("rowheader", name="経理部"))
        await row.get_by_role("cell").nth(3).get_by_role("link", name="2").click()  # that wait for approval
        await expect(hr.page.locator("tbody tr")).to_have_count(2)
        await hr.open(f"/cycles/{cycle}")
        await hr.sees("開始に失敗した対象者")
        await hr.sees("岡 一郎")


@pytest.mark.parametrize("width", [390, 1024])
async def test_the_chart_of_the_days_has_a_scale(company: Steered, console: str, chromium: Browser, width: int) -> None:
    cycle = await company.launch(f"older-{width}", days_ago=5)
    async with at_pages(chromium, company, console, HR, width=width) as hr:
        await hr.open(f"/cycles/{cycle}")
        numbers = [int(one) for one in await hr.page.locator("svg.days text").all_text_contents()]
        assert numbers[0] == 0
        assert numbers[-1] in (4, 5)
        await hr.picture(f"board-days-{width}")
        assert await hr.complaints() == []


@pytest.mark.parametrize("width", [390, 1024])
async def test_one_department_gets_more_time_from_the_board(  # of which it is the lowest
    company: Steered, cycle: CycleId, console: str, chromium: Browser, width: int
) -> None:
    async with at_pages(chromium, company, console, HR, width=width) as hr:
        await hr.open(f"/cycles/{cycle}?department=管理本部")
        await hr.press("経理部")
        await expect(hr.page.get_by_role("heading", level=1)).to_have_text("経理部")
        await hr.picture(f"board-lowest-{width}")
        assert await hr.complaints() == []
        await hr.press("この部署の期限を延ばす")
        await expect(hr.page.get_by_role("checkbox", name="経理部")).to_be_checked()
        await hr.press("+1 週間")
        await expect(hr.page.get_by_role("checkbox", name="経理部")).to_be_checked()
        await hr.type("理由", "決算の繁忙期のため")
        await hr.picture(f"extend-department-{width}")
        await hr.press("対象を確認")
        await hr.sees("対象は 4 名の目標 4 件です。")
        await hr.picture(f"extend-department-confirm-{width}")
        assert await hr.complaints() == []
        await hr.open(f"/cycles/{cycle}?department=経理部")
        await hr.press("この部署へのほかの一括指示")
        await hr.sees("対象は「経理部」とその下の部署です。")
        await hr.press("一時停止")
        await expect(hr.page.get_by_role("checkbox", name="経理部")).to_be_checked()


async def test_who_is_not_hr_sees_the_numbers_and_no_way_to_what_is_refused(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MORI) as owner:
        await owner.open(f"/cycles/{cycle}")
        await owner.sees("管理本部")
        assert await owner.page.locator("table a[href^='/goals']").count() == 0
        assert await owner.page.locator(".tabs a").count() == 1
        assert await owner.page.locator("nav a[href='/instructions']").count() == 0
        assert await owner.complaints() == []
