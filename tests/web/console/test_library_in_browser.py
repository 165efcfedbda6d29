"""What goals are written from: the catalogue, examples, heard problems, and the lessons of an earlier cycle."""

from decimal import Decimal
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.goal.commands import (
    Approve,
    CallReview,
    DecideReview,
    MarkExemplar,
    ReportProgress,
    Submit,
    SubmitSelfReview,
)
from domain.values import CycleId
from service.exemplars import Exemplars
from service.hearing import Hearing
from tests.callers import by
from tests.service.steered import HARA, HR, MANAGER, MORI, SALES, Steered, goal_of
from tests.web.browser import at_pages, needs_browser
from web.console.forms import fresh_id

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
EARLIER = CycleId("library-earlier")


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """A cycle after one in which a goal was reviewed and shown as an example, and a problem was left."""
    await company.launch(EARLIER)
    goal = goal_of(EARLIER, MORI)
    for one in (
        Submit(actor=MORI),
        Approve(actor=MANAGER, expected_seq=2),
        ReportProgress(actor=MORI, value=Decimal(8)),
        CallReview(actor=MANAGER, reason="確認"),
        SubmitSelfReview(
            actor=MORI,
            went_well="電子受領を先に始めた",
            cause_kinds=("time",),
            causes="繁忙期と重なった",
            to_improve="月末を避ける",
        ),
    ):
        await company.goals.give(goal, one, fresh_id())
    seen = (await company.goals.require(goal)).seq
    await company.goals.give(goal, DecideReview(actor=MANAGER, verdict="achieved", expected_seq=seen), fresh_id())
    await company.goals.give(goal, MarkExemplar(actor=MANAGER, reason="進め方が具体的"), fresh_id())
    await Hearing(company.engine).add(by(HARA), cycle=EARLIER, text="請求書の回収が遅れている", command_id=fresh_id())
    launched = await company.launch("library")
    await Hearing(company.engine).add(by(MANAGER), cycle=launched, text="締めの残業が多い", command_id=fresh_id())
    return launched


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    (example,) = await Exemplars(company.engine).search(by(HR))
    async with at_pages(chromium, company, console, MANAGER, locale=locale, width=width) as manager:
        for name, path in (
            ("catalog", "/catalog"),
            ("catalog-none", "/catalog?search=zzz"),
            ("catalog-entry", "/catalog/hr/hires"),
            ("examples", "/examples"),
            ("examples-none", "/examples?words=zzz"),
            ("example", f"/examples/{example.id}"),
            ("hearing", f"/hearing/{cycle}"),
            ("hearing-none", f"/hearing/{cycle}?search=zzz"),
            ("lessons", f"/lessons?cycle={cycle}&earlier={EARLIER}"),
        ):
            await manager.open(path)
            await manager.page.evaluate("document.querySelectorAll('main details').forEach((one) => (one.open = true))")
            await manager.picture(f"{name}-{locale}-{width}")
            assert await manager.complaints() == [], path
            if name == "catalog-entry":
                await manager.sees({"ja": "採用人数", "en": "people hired"}[locale])
        await manager.open(f"/hearing/{cycle}")
        await manager.page.locator("section[aria-labelledby=add] button").click()  # nothing was typed
        await expect(manager.page.get_by_role("alert")).to_be_visible()
        await manager.picture(f"hearing-refused-{locale}-{width}")
        assert await manager.complaints() == []
        for path, status in (("/catalog/hr/nothing", 404), ("/examples/nothing", 404), ("/hearing/nothing", 404)):
            await manager.open(path, status)
            assert await manager.complaints() == [], path


async def _problems(company: Steered, cycle: CycleId) -> list[tuple[str, str]]:
    found = await Hearing(company.engine).list_problems(by(HR), cycle)
    return [(one.text, one.department) for one in found.problems]


WORDS = {
    "ja": ("現状の課題", "課題", "記録", "直す", "課題を直す", "取り下げる", "理由", "課題を取り下げる"),
    "en": ("Heard problems", "Problem", "Record", "Correct", "Correct the problem", "Take back", "Reason", "Take the problem back"),
}  # fmt: skip


@pytest.mark.parametrize(("scripts", "locale"), [(True, "ja"), (False, "en")])
async def test_somebody_records_a_problem_corrects_it_and_takes_it_back(  # noqa: PLR0917 - fixtures
    company: Steered, cycle: CycleId, console: str, chromium: Browser, scripts: bool, locale: Locale
) -> None:
    hearing, problem, record, correct, correct_now, take_back, reason, take_back_now = WORDS[locale]
    written = f"見積もりが遅い {locale}"
    async with at_pages(chromium, company, console, SALES, locale=locale, scripts=scripts) as seller:
        await seller.open("/")
        await seller.press(hearing)
        await seller.page.locator("#add-text").fill(written)
        await seller.page.locator("#add-department").fill("ない部")
        await seller.page.get_by_role("button", name=record, exact=True).click()
        await expect(seller.page.get_by_role("alert")).to_be_visible()
        assert await seller.page.locator("#add-text").input_value() == written
        await seller.page.locator("#add-department").fill("")
        await seller.page.get_by_role("button", name=record, exact=True).click()
        await expect(seller.page.get_by_role("status")).to_contain_text(written)
        assert (written, "営業部") in await _problems(company, cycle)
        assert await seller.page.locator("#add-text").input_value() == ""  # the script has forgotten it
        mine = seller.page.locator("li").filter(has_text=written)
        await mine.locator("summary").get_by_text(correct, exact=True).click()
        await mine.get_by_label(problem).fill(f"{written} 二日かかる")
        await mine.get_by_role("button", name=correct_now).click()
        await expect(seller.page.get_by_role("status")).to_contain_text("二日かかる")
        others = seller.page.locator("li").filter(has_text="締めの残業が多い")
        await expect(others).to_be_visible()
        assert await others.locator("summary").count() == 0  # somebody else's
        mine = seller.page.locator(".problems > li").filter(has_text="二日かかる")
        await mine.locator("summary").get_by_text(take_back, exact=True).click()
        await mine.get_by_role("button", name=take_back_now).click()
        await expect(seller.page.get_by_role("alert")).to_be_visible()  # the reason is missing
        await mine.get_by_label(reason).fill("重複")
        await mine.get_by_role("button", name=take_back_now).click()
        await expect(mine).to_have_count(0)
        assert not [one for one, _ in await _problems(company, cycle) if one.startswith(written)]


async def test_measures_and_examples_are_searched_and_lead_to_writing_a_goal(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HARA) as owner:
        await owner.open("/")
        await owner.press("指標カタログ")
        await owner.page.get_by_label("部署", exact=True).select_option("hr")
        await owner.type("語句", "採用人数")
        await owner.press("絞り込む")
        await owner.press("採用人数")
        await owner.sees("数え方")
        await expect(owner.page.locator("a[href='/goals/write?from=catalog:hr/hires']")).to_be_visible()
        await owner.press("事例")
        await owner.press("月次決算の早期化")
        await owner.sees("電子受領を先に始めた")
        await owner.sees("進め方が具体的")
        assert await owner.page.locator("a[href^='/goals/write?from=example:']").count() == 1
        assert "森" not in await owner.page.locator("main").inner_text()


async def test_a_lesson_is_taken_over_into_the_hearing_of_the_next_cycle(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR, locale="en") as hr:
        await hr.open(f"/lessons?cycle={cycle}&earlier={EARLIER}")
        await hr.sees("繁忙期と重なった")
        lesson = hr.page.locator("section[aria-labelledby=reviews] li")
        await lesson.locator("summary").click()
        await lesson.locator("textarea").fill("繁忙期に着手しない")
        await lesson.get_by_role("button", name="Take this over").click()
        await expect(hr.page.get_by_role("status")).to_contain_text("繁忙期に着手しない")
        await hr.open(f"/lessons?cycle={cycle}&earlier={EARLIER}")
        await expect(lesson.get_by_role("link", name="Taken over")).to_be_visible()
    async with at_pages(chromium, company, console, SALES, locale="en") as seller:  # may not see the review
        await seller.open(f"/lessons?cycle={cycle}&earlier={EARLIER}")
        await seller.sees("There are no reviews that you may see.")
        await seller.sees("請求書の回収が遅れている")
