"""Writing a goal: text that is not lost, and how a draft begins. test_days_in_browser walks the day."""

from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.values import CycleId, GoalId
from tests.service.steered import MORI, Steered
from tests.web.browser import AtPages, at_pages, needs_browser

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    return await company.launch("writing")


def _edit(cycle: str) -> str:
    return f"/goals/{cycle}/{MORI}/1/edit"


async def _presses(owner: AtPages, action: str) -> None:
    await owner.page.locator(f"button[name=action][value={action}]:visible").first.click()


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 1024), ("ja", 1600)])
async def test_the_page_has_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, MORI, locale=locale, width=width) as owner:
        await owner.open(_edit(cycle))
        await owner.picture(f"write-{locale}-{width}")
        assert await owner.complaints() == []
        await owner.page.locator("#target").fill("十")
        await _presses(owner, "keep")
        await expect(owner.page.get_by_role("alert")).to_be_visible()
        await owner.picture(f"write-wrong-{locale}-{width}")
        assert await owner.complaints() == []
        await _presses(owner, "discard")


@pytest.mark.parametrize(("width", "height", "stays"), [(390, 800, True), (1024, 800, True), (640, 400, False)])
async def test_submitting_stays_in_view_and_covers_nothing_that_has_the_focus(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, width: int, height: int, stays: bool
) -> None:
    async with at_pages(chromium, company, console, MORI, width=width) as owner:
        await owner.page.set_viewport_size({"width": width, "height": height})
        await owner.open(_edit(cycle))
        submit = owner.page.locator("button[value=submit]")
        await (expect(submit).to_be_in_viewport() if stays else expect(submit).not_to_be_in_viewport())
        await owner.page.locator("#challenge").focus()
        for _ in range(20):
            await owner.page.keyboard.press("Tab")
            lower, upper = await owner.page.evaluate(
                """() => [document.activeElement.getBoundingClientRect().bottom,
                    document.activeElement.closest(".bar-of-form") ? Infinity
                      : document.querySelector(".bar-of-form").getBoundingClientRect().top]"""
            )
            assert lower <= upper
        await owner.page.emulate_media(media="print")
        await expect(submit).to_be_hidden()


async def test_vague_words_and_examples_get_a_remark_and_the_points_are_added_up(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MORI, width=390, scripts=False) as owner:
        await owner.open(_edit(cycle))
        await owner.sees("配点の合計は、この目標が 100 点、ほかの目標が 0 点です。")
        await owner.page.locator("#theme").fill("業務をしっかり改善する")
        await owner.page.locator("#step1_title").fill("連携を強化する")
        await owner.page.locator("#step1_points").fill("30")
        await _presses(owner, "check")
        await owner.press("記入ルールによる指摘が 3 件あります。")
        found = owner.page.locator("ul.findings")
        await expect(found).to_be_in_viewport()
        for where in ("theme", "challenge", "step1_title"):  # the problem is that of the catalogue
            await expect(found.locator(f"a[href='#{where}']")).to_be_visible()
        await owner.sees("配点の合計は、この目標が 110 点、ほかの目標が 0 点です。")


async def test_what_is_no_goal_yet_is_kept_as_it_was_typed_also_on_another_device(
    company: Steered, console: str, chromium: Browser
) -> None:
    launched = await company.launch("kept")
    async with at_pages(chromium, company, console, MORI, scripts=False) as owner:
        await owner.open(_edit(launched))
        await owner.page.locator("#baseline").fill("十日くらい")
        await _presses(owner, "keep")
        await expect(owner.page.locator("#baseline")).to_have_value("十日くらい")
        await expect(owner.page.locator("#baseline")).to_have_attribute("aria-invalid", "true")
    async with at_pages(chromium, company, console, MORI, width=390) as on_the_phone:
        await on_the_phone.open(_edit(launched))
        await expect(on_the_phone.page.locator("#baseline")).to_have_value("十日くらい")
        await on_the_phone.page.locator("#baseline").fill("12")
        await _presses(on_the_phone, "keep")
        await on_the_phone.page.wait_for_url("**/1?done=*")
        await on_the_phone.open(_edit(launched))
        await expect(on_the_phone.page.locator("#baseline")).to_have_value("12")
        await expect(on_the_phone.page.locator("button[value=discard]")).to_have_count(0)  # nothing is unsent


async def test_text_is_kept_on_the_server_while_somebody_types(
    company: Steered, console: str, chromium: Browser
) -> None:
    launched = await company.launch("typing")
    async with at_pages(chromium, company, console, MORI) as owner:
        await owner.open(_edit(launched))
        await owner.page.locator("#challenge").press_sequentially("まだ途中の文")
        await expect(owner.page.locator("[data-saved]")).not_to_be_empty()
    async with at_pages(chromium, company, console, MORI, scripts=False) as later:
        await later.open(_edit(launched))
        await expect(later.page.locator("#challenge")).to_have_value(
            "まだ途中の文請求書の回収が月初に集中し、月次決算の確定が遅れている"
        )


async def test_two_tabs_that_write_the_same_goal_lose_neither_text(
    company: Steered, console: str, chromium: Browser
) -> None:
    launched = await company.launch("tabs")
    async with at_pages(chromium, company, console, MORI, scripts=False) as first:
        second = AtPages(await first.page.context.new_page(), console)
        await first.open(_edit(launched))
        await second.open(_edit(launched))
        await first.page.locator("#baseline").fill("一つ目")
        await _presses(first, "keep")
        await second.page.locator("#baseline").fill("二つ目")
        await _presses(second, "keep")
        await expect(second.page.locator("#baseline")).to_have_value("二つ目")
        await second.sees("一つ目")


async def test_a_goal_that_changed_meanwhile_shows_both_and_keeps_what_was_typed(
    company: Steered, console: str, chromium: Browser
) -> None:
    launched = await company.launch("changed")
    async with at_pages(chromium, company, console, MORI, scripts=False) as first:
        second = AtPages(await first.page.context.new_page(), console)
        await first.open(_edit(launched))
        await second.open(_edit(launched))
        await first.page.locator("#theme").fill("先に保存したテーマ")
        await _presses(first, "keep")
        await first.page.wait_for_url("**/1?done=*")
        await second.page.locator("#theme").fill("後から書いたテーマ")
        await _presses(second, "submit")
        await expect(second.page.get_by_role("alert")).to_be_visible()
        await expect(second.page.locator("#theme")).to_have_value("後から書いたテーマ")
        await second.sees("先に保存したテーマ")
        await _presses(second, "submit")  # now about the goal as it is
        await second.page.wait_for_url("**/1?done=*")
    after = await company.goals.require(GoalId(f"{launched}/{MORI}/1"))
    assert (after.state, after.content.theme) == ("pending_approval", "後から書いたテーマ")


async def test_a_draft_begins_with_an_entry_of_the_catalogue(company: Steered, console: str, chromium: Browser) -> None:
    launched = await company.launch("from-catalog")
    async with at_pages(chromium, company, console, MORI) as owner:
        await owner.open("/goals/write?from=catalog:accounting/entry-accuracy")
        await owner.picture("begin")
        assert await owner.complaints() == []
        await owner.sees("下敷き: ")
        draft = owner.page.locator(f"a[href^='/goals/{launched}/{MORI}/1/edit']")
        await draft.click()
        await expect(owner.page.locator("#theme")).not_to_have_value("月次決算の早期化")
    assert (await company.goals.require(GoalId(f"{launched}/{MORI}/1"))).seq == 1  # nothing is written yet


async def test_where_the_rules_let_no_owner_begin_a_goal_the_page_says_so(
    company: Steered, console: str, chromium: Browser
) -> None:
    launched = await company.launch("no-more")
    async with at_pages(chromium, company, console, MORI, scripts=False) as owner:
        await owner.open("/goals/write")
        await owner.sees(
            f"{launched}では、今は目標を追加できません。このサイクルでは、期間中の新しい目標は人事担当者が開始します。"
        )
        await expect(owner.page.get_by_role("button", name="追加して書く")).to_have_count(0)


async def test_where_the_rules_let_owners_begin_goals_the_page_offers_it(
    company: Steered, console: str, chromium: Browser
) -> None:
    launched = await company.launch("one-more", more="\n[policy]\nowners_begin_goals = true\n")
    async with at_pages(chromium, company, console, MORI, scripts=False) as owner:
        await owner.open("/goals/write")
        assert await owner.page.locator("#cycle option").all_inner_texts() == [launched]
        await owner.press("追加して書く")
        await owner.page.wait_for_url(f"**/goals/{launched}/{MORI}/2/edit")
