"""A goal's page in words: who approves, what it belongs to, when steps were done; and which place of the navigation a page lights."""

import pytest
from playwright.async_api import Browser, expect

from domain.goal.commands import Approve, CallReview, CompleteStep, Submit, SubmitSelfReview
from domain.values import GoalId, Locale
from tests.service.steered import HR, MANAGER, MORI, Steered, today
from tests.web.browser import at_pages, needs_browser
from texts.dates import short_day
from web.console.forms import fresh_id

pytestmark = [pytest.mark.slow, needs_browser]
_THEME = '\n[[themes]]\nid = "faster"\nname = "決算を早める"\n'


async def test_the_page_names_all_approvers_and_the_title_of_what_the_goal_belongs_to(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await company.launch("approvers", more="\n[policy]\napproval_stages = 2\n" + _THEME)
    goal = GoalId(f"{cycle}/{MORI}/1")
    content = (await company.goals.require(goal)).content.model_copy(update={"parent": "faster"})
    await company.goals.give(goal, Submit(actor=MORI, content=content), fresh_id())
    async with at_pages(chromium, company, console, MORI, width=390) as owner:
        await owner.open(f"/goals/{goal}")
        task = owner.page.locator("section[aria-labelledby=task]")
        await expect(task.locator("ol li")).to_contain_text(["清水 幸恵", "社長 一"])
        await owner.sees("決算を早める")
        await expect(owner.page.get_by_text("faster", exact=True)).to_have_count(0)
        await owner.page.locator("summary").get_by_text("取り戻す", exact=True).click()
        await owner.sees("承認される前に下書きへ戻します。")
        await owner.page.locator("summary").get_by_text("コメント", exact=True).click()
        await owner.page.locator("#form-comment button").click()
        alert = owner.page.get_by_role("alert")
        words = await alert.inner_text()
        reason = await alert.locator("li").inner_text()
        assert words.count(reason.partition(": ")[2]) == 1
        await owner.sees("次の項目を直してください。")
        assert await owner.complaints() == []


async def test_a_step_says_when_it_was_done_and_the_task_leads_to_the_next_one(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await company.launch("done-on")
    goal = GoalId(f"{cycle}/{MORI}/1")
    await company.goals.give(goal, Submit(actor=MORI), fresh_id())
    await company.goals.give(
        goal, Approve(actor=MANAGER, expected_seq=(await company.goals.require(goal)).seq), fresh_id()
    )
    async with at_pages(chromium, company, console, MORI, width=390, scripts=False) as owner:
        await owner.open("/")
        await owner.page.locator(f"a.button[href='/goals/{goal}#next-step']").click()
        await expect(owner.page.locator("#next-step")).to_contain_text("遅れの原因を三つ挙げる")
        await expect(owner.page.locator("#next-step summary")).to_be_in_viewport()
        await company.goals.give(goal, CompleteStep(actor=MORI, step=0), fresh_id())
        await owner.open(f"/goals/{goal}")
        await owner.sees(f"{short_day(today(), Locale.JA)} に完了")
        await expect(owner.page.locator("#next-step")).to_contain_text("電子受領を五社で始める")
        await owner.sees("得点になるのは、見直しの判定で評価者が確認した分です。")


async def test_a_verdict_is_chosen_and_not_preset(company: Steered, console: str, chromium: Browser) -> None:
    cycle = await company.launch("verdict")
    goal = GoalId(f"{cycle}/{MORI}/1")
    await company.goals.give(goal, Submit(actor=MORI), fresh_id())
    await company.goals.give(
        goal, Approve(actor=MANAGER, expected_seq=(await company.goals.require(goal)).seq), fresh_id()
    )
    await company.goals.give(goal, CallReview(actor=MORI, reason="早めに"), fresh_id())
    await company.goals.give(goal, SubmitSelfReview(actor=MORI, went_well="分けた"), fresh_id())
    async with at_pages(chromium, company, console, MANAGER, scripts=False) as manager:
        await manager.open(f"/goals/{goal}")
        form = manager.page.locator("#form-decide_review")
        await expect(form.locator("input[name=verdict]:checked")).to_have_count(0)
        await form.locator("button").click()
        await expect(manager.page.get_by_role("alert").get_by_role("link", name="判定")).to_be_visible()
        await expect(form.locator("#decide_review-verdict .error, #decide_review-verdict-error").first).to_be_visible()
    assert (await company.goals.require(goal)).state == "in_review"


@pytest.mark.parametrize(
    ("person", "path", "place"),
    [
        (MORI, "/goals/write", "/goals/write"),
        (MORI, "/goals/{cycle}/E11/1/edit", "/goals/write"),
        (MORI, "/goals/{cycle}/E11/1", "/goals"),
        (MANAGER, "/approvals?goal={cycle}/E11/1@1@", "/"),
        (MORI, "/board", "/board"),
        (HR, "/board", "/board"),
    ],
)
async def test_each_page_lights_one_place(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, console: str, chromium: Browser, person: str, path: str, place: str
) -> None:
    cycle = await company.launch(f"lit-{person}-{abs(hash(path)) % 9999}".lower())
    async with at_pages(chromium, company, console, person) as somebody:
        await somebody.open(path.format(cycle=cycle))
        lit = somebody.page.locator(".rooms [aria-current]")
        await expect(lit).to_have_count(1)
        await expect(lit).to_have_attribute("href", place)
        room = somebody.page.locator(".rooms section").filter(has=somebody.page.locator("a[href='/board']"))
        await expect(room.locator("h2")).to_have_text("人事" if person == HR else "会社全体")
