"""A manager's team, and delegations: who acts for whom."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.goal.commands import Submit
from domain.goal.goal import Delegation
from domain.instructions.instructions import Delegate
from domain.values import CycleId, EmployeeId
from domain.values import Locale as LocaleOfTexts
from service.instructions import InstructionReads
from tests.callers import OPERATOR
from tests.service.steered import HARA, HR, HR_TOO, MANAGER, MORI, ONO, SALES, Steered, goal_of, today
from tests.web.browser import at_pages, needs_browser
from texts.dates import short_day
from web.console.forms import fresh_id

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """A cycle in which a goal waits for the manager, for whom one person acts."""
    launched = await company.launch("team-pages")
    await company.goals.give(goal_of(launched, MORI), Submit(actor=MORI), fresh_id())
    delegation = Delegation(delegator=MANAGER, to=HARA, first=today(), last=today() + timedelta(days=9))
    await company.carried_out(Delegate(delegation=delegation, reason="出張"), actor=MANAGER)
    return launched


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, MANAGER, locale=locale, width=width) as manager:
        for name, path in (("team", "/team"), ("delegations", f"/delegations?to={ONO}")):
            await manager.open(path)
            await manager.picture(f"{name}-{locale}-{width}")
            assert await manager.complaints() == [], path
        await manager.page.locator("form[action='/delegations'] button").click()  # nothing was typed
        await expect(manager.page.get_by_role("alert")).to_be_visible()
        await manager.picture(f"delegations-refused-{locale}-{width}")
        assert await manager.complaints() == []
    async with at_pages(chromium, company, console, SALES, locale=locale, width=width) as seller:
        for path in ("/team", "/delegations"):
            await seller.open(path)
            assert await seller.complaints() == [], path
    async with at_pages(chromium, company, console, HR, locale=locale, width=width) as hr:
        await hr.open("/delegations")
        await hr.picture(f"delegations-hr-{locale}-{width}")
        assert await hr.complaints() == []


async def test_a_manager_sees_the_goals_of_direct_reports_and_what_waits_and_others_are_not_led_there(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MANAGER, locale="en") as manager:
        await manager.open("/")
        await manager.press("My team")
        for name in ("森 香織", "原田 修", "大野 あかり"):
            await expect(manager.page.get_by_role("link", name=name)).to_be_visible()
        await expect(manager.page.locator(".figures div").first).to_contain_text("1")
        row = manager.page.locator("section.card").filter(has_text="森 香織").locator("tbody tr")
        await expect(row).to_contain_text("pending approval")
    async with at_pages(chromium, company, console, SALES, locale="en") as seller:
        await seller.open("/team")
        await seller.sees("Nobody reports to you.")
        assert await seller.page.get_by_role("link", name="My team").count() == 0


async def test_a_deputy_is_told_for_whom_and_for_how_long(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HARA, scripts=False) as deputy:
        await deputy.open("/")
        last = short_day(today() + timedelta(days=9), LocaleOfTexts.JA)
        await deputy.sees(f"清水 幸恵さんの代理です({short_day(today(), LocaleOfTexts.JA)}〜{last})。")
    async with at_pages(chromium, company, console, MANAGER, scripts=False) as manager:
        await manager.open("/")
        await expect(manager.page.get_by_text("さんの代理です")).to_have_count(0)


async def _delegations(company: Steered, employee: EmployeeId) -> list[tuple[str, str]]:
    found = await InstructionReads(company.engine).list_delegations(OPERATOR, employee, datetime.now(UTC))
    return [(one.delegator_id, one.to_id) for one in found.delegations]


WORDS = {
    "ja": ("代理する人の社員番号", "開始日", "終了日", "理由", "代理を依頼", "代理を終える", "エラー:"),
    "en": (
        "Employee number of who acts", "First day", "Last day", "Reason", "Delegate", "End delegation", "Error:",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("scripts", "locale"), [(True, "ja"), (False, "en")])
async def test_somebody_delegates_for_themselves_and_ends_it(  # noqa: PLR0917 - fixtures
    company: Steered, cycle: CycleId, console: str, chromium: Browser, scripts: bool, locale: Locale
) -> None:
    to, first, last, reason, give, end_now, error = WORDS[locale]
    async with at_pages(chromium, company, console, ONO, locale=locale, scripts=scripts) as owner:
        await owner.open("/delegations")
        await owner.type(to, "nobody")
        await owner.type(first, f"{today()}")
        await owner.type(last, f"{today() + timedelta(days=3)}")
        await owner.page.locator("#give-reason").fill("休暇")
        await owner.page.get_by_role("button", name=give, exact=True).click()
        await expect(owner.page.get_by_role("alert")).to_contain_text("nobody")
        await expect(owner.page).to_have_title(re.compile(f"^{error}"))
        assert await owner.page.locator("#give-reason").input_value() == "休暇"
        assert await _delegations(company, ONO) == []
        await owner.type(to, "一郎")  # nobody else has this given name
        await owner.page.get_by_role("button", name=give, exact=True).click()
        await owner.page.wait_for_url("**/instructions/*")
        given = owner.page.locator("main dl.facts")
        await expect(given).to_contain_text("岡 一郎")  # the deputy, and the period in the order of the language
        await expect(given).to_contain_text("〜" if locale == "ja" else " – ")
        await expect(owner.page.locator(".rooms [aria-current]")).to_have_attribute("href", "/delegations")
        await company.done(owner.page.url.rpartition("/")[2])
        assert await _delegations(company, ONO) == [(ONO, SALES)]
        await owner.open("/delegations")
        assert await owner.page.locator("#give-reason").input_value() == ""
        await owner.page.locator("tbody summary").click()
        await owner.page.get_by_role("button", name=end_now).click()
        await expect(owner.page.get_by_role("alert")).to_be_visible()  # the reason is missing
        await owner.page.locator("tbody").get_by_label(reason).fill("戻った")
        await owner.page.get_by_role("button", name=end_now).click()
        await owner.page.wait_for_url("**/instructions/*")
        assert await _delegations(company, ONO) == []


async def test_hr_sees_all_delegations_and_delegates_in_somebodys_name(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open("/delegations")
        await expect(hr.page.locator("section[aria-labelledby=others]")).to_contain_text("清水 幸恵")
        await hr.type("誰の代理か(社員番号)", SALES)
        await hr.type("代理する人の社員番号", HR_TOO)
        await hr.type("開始日", f"{today()}")
        await hr.type("終了日", f"{today()}")
        await hr.page.locator("#give-reason").fill("急な休み")
        await hr.press("代理を依頼")
        await hr.page.wait_for_url("**/instructions/*")
        assert await _delegations(company, SALES) == [(SALES, HR_TOO)]
    async with at_pages(chromium, company, console, MORI) as owner:  # neither HR nor one of the two
        await owner.open("/delegations")
        assert await owner.page.locator("section[aria-labelledby=others]").count() == 0
        assert await owner.page.locator("#give-delegator").count() == 0
