"""What waits for an approver: the pages in their shapes, and what the walk of the day (test_days_in_browser) does not press."""

from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.goal.commands import ReturnForChanges, Submit
from domain.values import CycleId, GoalId
from tests.service.steered import HARA, MANAGER, MORI, ONO, Steered
from tests.web.browser import at_pages, needs_browser
from web.console.forms import fresh_id

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


async def _submitted(company: Steered, cycle: str) -> CycleId:
    """A cycle in which three goals wait for the manager's approval."""
    launched = await company.launch(cycle)
    for owner in (MORI, HARA, ONO):
        await company.goals.give(GoalId(f"{cycle}/{owner}/1"), Submit(actor=owner), fresh_id())
    return launched


@pytest_asyncio.fixture(scope="module")
async def waiting(company: Steered) -> CycleId:
    return await _submitted(company, "today")


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1600)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, waiting: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, MANAGER, locale=locale, width=width) as manager:
        for name, path in (
            ("today", "/"),
            ("approvals", "/approvals/all"),
            ("goals", f"/goals?cycle={waiting}"),
            ("goal", f"/goals/{waiting}/{MORI}/1"),
        ):
            await manager.open(path)
            await manager.picture(f"{name}-{locale}-{width}")
            assert await manager.complaints() == [], path
        await manager.open("/goals/today/E404/1", 404)
        assert await manager.complaints() == []


async def test_what_the_keyboard_can_do_is_shown_on_request(
    company: Steered, waiting: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MANAGER, width=390) as manager:
        await manager.open(f"/goals/{waiting}/{MORI}/1")
        await manager.page.keyboard.press("Control+/")
        help_of_keys = manager.page.get_by_role("dialog")
        await expect(help_of_keys).to_be_visible()
        await manager.picture("keys")
        assert await manager.complaints() == []
        await manager.page.keyboard.press("Escape")
        await expect(help_of_keys).to_be_hidden()
        await manager.page.locator(".menu summary").click()
        await manager.press("キーボード操作")
        await expect(help_of_keys).to_be_visible()
        await manager.press("閉じる")
        await expect(help_of_keys).to_be_hidden()
        await manager.type("コメント", "期待しています")
        await manager.page.keyboard.press("Control+Enter")
        await manager.sees("記録しました: 承認")


async def test_the_enter_key_that_ends_a_composition_sends_nothing(
    company: Steered, waiting: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MANAGER) as manager:
        await manager.open(f"/goals?cycle={waiting}")
        prevented = await manager.page.locator("#department").evaluate(
            """(field) => !field.dispatchEvent(
              new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))"""
        )
        assert prevented
        ordinary = await manager.page.locator("#department").evaluate(
            """(field) => !field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }))"""
        )
        assert not ordinary


async def test_what_changed_since_a_return_stands_side_by_side_and_the_owner_reads_of_it(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "compared")
    goal = GoalId(f"{cycle}/{MORI}/1")
    await company.goals.give(goal, ReturnForChanges(actor=MANAGER, comment="テーマを具体的に"), fresh_id())
    async with at_pages(chromium, company, console, MORI) as owner:
        await owner.open("/")
        await owner.sees("差し戻されました")
    content = (await company.goals.require(goal)).content.model_copy(update={"theme": "月次決算を7日で締める"})
    await company.goals.give(goal, Submit(actor=MORI, content=content), fresh_id())
    async with at_pages(chromium, company, console, MANAGER, width=390) as manager:
        await manager.open(f"/goals/{goal}")
        await manager.press("前回あなたが判断した後の変更を見る")
        await expect(manager.page.locator("del")).to_contain_text(["月次決算の早期化"])
        await expect(manager.page.locator("ins")).to_contain_text(["月次決算を7日で締める"])
        assert await manager.complaints() == []
        await manager.open(f"/goals/{goal}/compare?from=1&to=99", 404)


async def test_goals_are_found_by_the_beginning_of_a_name_and_by_what_stands_out(
    company: Steered, waiting: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MANAGER, scripts=False) as manager:
        await manager.open(f"/goals?cycle={waiting}")
        await manager.type("氏名・カナ・社員番号", "森")
        await manager.press("絞り込む")
        await expect(manager.page.locator("tbody tr")).to_have_count(1)
        await manager.page.locator("#mark").select_option("overdue")
        await manager.press("絞り込む")
        await manager.sees("条件に合う目標はありません。")
        await manager.open("/")
        await manager.press("一括承認")  # nothing is selected
        await manager.sees("目標が選択されていません。")
        await manager.open("/inbox")  # where mails lead to
        assert manager.page.url == f"{console}/"


async def test_on_a_phone_one_decision_follows_the_other(company: Steered, console: str, chromium: Browser) -> None:
    """The goals of other tests of this module wait too; each decision leads to the next goal until nothing waits."""
    await _submitted(company, "one-by-one")
    async with at_pages(chromium, company, console, MANAGER, width=390) as manager:
        await manager.open("/next")
        for _ in range(3):
            goal = manager.page.url.partition("#")[0]
            await manager.press("承認")
            await manager.sees("記録しました")
            await manager.press("次の対応へ")
            await expect(manager.page).not_to_have_url(goal)


@pytest.mark.parametrize("scripts", [True, False])
async def test_on_a_phone_a_bulk_approval_is_read_whole_and_its_button_says_how_many(
    company: Steered, console: str, chromium: Browser, scripts: bool
) -> None:
    await _submitted(company, f"narrow-{scripts}".lower())
    async with at_pages(chromium, company, console, MANAGER, width=390, scripts=scripts) as manager:
        await manager.open("/approvals/all")
        region, boxes = manager.page.locator(".scroll"), manager.page.locator("input[name=goal]")
        assert await region.evaluate("(one) => one.scrollWidth <= one.clientWidth")
        assert await manager.page.get_by_role("checkbox", name="「月次決算の早期化」(森 香織)を選択").count()
        many = await boxes.count()
        button = manager.page.locator("main form button")
        await expect(button).to_have_text(f"{many} 件を承認" if scripts else "選択した目標を承認")
        for one in await boxes.all():
            await one.uncheck()
        await boxes.first.check()
        await expect(button).to_have_text("1 件を承認" if scripts else "選択した目標を承認")
        await boxes.first.uncheck()
        await button.click()
        await manager.sees("目標が選択されていません。")


async def test_on_a_phone_the_decision_follows_what_is_decided_and_a_link_leads_to_it(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "order")
    async with at_pages(chromium, company, console, MANAGER, width=390) as manager:
        await manager.open(f"/goals/{cycle}/{MORI}/1")
        tops = [
            await manager.page.locator(one).evaluate("(part) => part.getBoundingClientRect().top")
            for one in (".to-task", "#content", "#steps", "#form-approve", "#timeline")
        ]
        assert tops == sorted(tops)
        await manager.press("今の対応: 承認")
        await expect(manager.page.locator("#task")).to_be_in_viewport()
    async with at_pages(chromium, company, console, MANAGER, width=1600) as at_a_desk:
        await at_a_desk.open(f"/goals/{cycle}/{MORI}/1")
        await expect(at_a_desk.page.locator("#form-approve")).to_be_in_viewport()
        await expect(at_a_desk.page.locator(".to-task")).to_be_hidden()
