"""The tree of a cycle: what serves what, node by node, as lists and as a table."""

from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import text

from domain.values import CycleId
from tests.service.steered import HARA, MANAGER, MORI, SALES, Steered, goal_of
from tests.web.browser import at_pages, needs_browser

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
_SECTIONS = """
[[themes]]
id = "speed"
name = "数字を早く届ける"

[[department_goals]]
id = "dg-accounting"
name = "月次決算を五日で締める"
department = "経理部"
parent = "speed"
"""
_SERVE = text(
    "UPDATE goal SET aggregate = jsonb_set(aggregate, '{content,parent}', to_jsonb(CAST(:parent AS text))) WHERE id = :goal"
)


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """A cycle in which the manager's goal serves a department goal, another the manager's, and others nothing."""
    launched = await company.launch("tree-pages", more=_SECTIONS)
    async with company.engine.begin() as connection:
        for owner, parent in ((MANAGER, "dg-accounting"), (MORI, goal_of(launched, MANAGER))):
            await connection.execute(_SERVE, {"goal": goal_of(launched, owner), "parent": parent})
    return launched


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 1024)])
async def test_before_the_first_cycle_pages_say_so_and_lead_nobody_to_writing_a_goal(
    company: Steered, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    none, first = {
        "ja": ("サイクルはまだありません。", "振り返るサイクルはまだありません。"),
        "en": ("There is no cycle yet.", "There is no earlier cycle yet."),
    }[locale]
    async with at_pages(chromium, company, console, MORI, locale=locale, width=width) as owner:
        for path, said in (
            ("/tree", none),
            ("/hearing", none),
            ("/lessons", first),
            ("/delegations", ""),
            ("/team", ""),
        ):
            await owner.open(path)
            await owner.sees(said)
            assert await owner.complaints() == [], path
        await owner.open("/catalog/hr/hires")
        assert await owner.page.locator("main a[href^='/goals/write']").count() == 0


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, HARA, locale=locale, width=width) as owner:
        for name, path in (
            ("tree", f"/tree/{cycle}"),
            ("tree-table", f"/tree/{cycle}?as=table"),
            ("tree-node", f"/tree/{cycle}?node=dg-accounting"),
            ("tree-goal", f"/tree/{cycle}?node={goal_of(cycle, MANAGER)}&as=table"),
            ("tree-leaf", f"/tree/{cycle}?node={goal_of(cycle, SALES)}"),
        ):
            await owner.open(path)
            await owner.picture(f"{name}-{locale}-{width}")
            assert await owner.complaints() == [], path
        for path, status in (("/tree/nothing", 404), (f"/tree/{cycle}?node=nothing", 422)):
            await owner.open(path, status)
            assert await owner.complaints() == [], path


WORDS = {
    "ja": ("目標ツリー", "表で見る", "一つ上へ", "どこにもつながらない目標"),
    "en": ("Tree of goals", "Show as a table", "One level up", "Goals that serve nothing"),
}


@pytest.mark.parametrize(("scripts", "locale"), [(True, "ja"), (False, "en")])
async def test_a_theme_leads_down_to_goals_and_up_again_and_what_serves_nothing_is_named(  # noqa: PLR0917 - fixtures
    company: Steered, cycle: CycleId, console: str, chromium: Browser, scripts: bool, locale: Locale
) -> None:
    tree, as_table, up, unaligned = WORDS[locale]
    async with at_pages(chromium, company, console, MORI, locale=locale, scripts=scripts) as owner:
        await owner.open("/")
        await owner.press(tree)
        section = owner.page.locator("section[aria-labelledby=unaligned]")
        await expect(section).to_contain_text(unaligned)
        await expect(section).to_contain_text("原田 修")
        assert "清水 幸恵" not in await section.inner_text()
        await owner.press("月次決算を五日で締める")
        await owner.press("月次決算の早期化")  # the manager's, whose page is not for the owner below
        await expect(owner.page.locator(".head")).to_contain_text("清水 幸恵")
        assert await owner.page.locator(f".head a[href='/goals/{goal_of(cycle, MANAGER)}']").count() == 0
        await owner.press("月次決算の早期化")  # the owner's own
        await expect(owner.page.locator(f".head a[href='/goals/{goal_of(cycle, MORI)}']")).to_be_visible()
        await owner.press(up)
        await owner.press(as_table)
        await expect(owner.page.locator("tbody tr")).to_have_count(1)
        await expect(owner.page.locator("tbody tr")).to_contain_text("森 香織")
