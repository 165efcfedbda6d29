"""A person's preferences: notices, language, calendar link, sessions and tokens; each secret is shown once and is in no address."""

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from domain.values import EmployeeId
from service.preferences import Preferences
from service.tokens import ApiTokens
from tests.callers import by
from tests.service.steered import HARA, MORI, ONO, SALES, Steered
from tests.web.browser import AtPages, at_pages, needs_browser
from tests.web.people import session_of

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


async def _tokens(company: Steered, employee: EmployeeId) -> list[tuple[str, bool]]:
    found = await ApiTokens(company.engine).list_tokens(by(employee), datetime.now(UTC), own=True)
    return [(one.label, one.usable) for one in found.tokens]


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(
    company: Steered, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    tokens, now = ApiTokens(company.engine), datetime.now(UTC)
    for label in ("給与システムへの連携", "old"):
        made = await tokens.make(by(HARA), {"label": label}, now)
    await tokens.end(by(HARA), made.token, now)
    async with at_pages(chromium, company, console, HARA, locale=locale, width=width) as hara:
        await hara.open("/preferences")
        await hara.picture(f"preferences-{locale}-{width}")
        assert await hara.complaints() == []
        await hara.page.locator("summary", has_text="新しいトークン" if locale == "ja" else "New token").click()
        await hara.page.locator("form[action='/preferences/tokens'] button").click()
        await expect(hara.page.get_by_role("alert")).to_be_visible()
        await hara.picture(f"preferences-wrong-{locale}-{width}")
        assert await hara.complaints() == []
        assert (await hara.page.title()).startswith("エラー:" if locale == "ja" else "Error:")
        await hara.open("/preferences")
        await hara.page.locator("a[href$='/end']").first.click()
        await hara.picture(f"final-{locale}-{width}")
        assert await hara.complaints() == []
        await hara.open("/preferences")
        await hara.page.locator("form[action='/preferences/calendar'] button").click()
        await hara.picture(f"secret-{locale}-{width}")
        assert await hara.complaints() == []


WORDS = {
    "ja": ("チャット", "保存", "新しいトークン", "用途", "発行", "保管したので戻る", "失効", "失効させる", "設定"),
    "en": ("chat", "Save", "New token", "What it is for", "Make", "I have kept it: go back", "End", "End the token", "Preferences"),
}  # fmt: skip


@pytest.mark.parametrize(("employee", "scripts", "locale"), [(MORI, True, "ja"), (ONO, False, "en")])
async def test_somebody_chooses_how_notices_come_and_makes_and_ends_a_token(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, console: str, chromium: Browser, employee: EmployeeId, scripts: bool, locale: Locale
) -> None:
    chat, save, new, label, make, kept, end, do, title = WORDS[locale]
    shown = Preferences(company.engine, company_chat=False)
    async with at_pages(chromium, company, console, employee, locale=locale, scripts=scripts) as somebody:
        await somebody.open("/")
        await somebody.page.locator(".menu > summary").click()
        await somebody.press(title)
        await somebody.page.get_by_label(chat, exact=True).check()
        await somebody.press(save)
        await expect(somebody.page.get_by_role("alert")).to_be_visible()  # without a webhook
        assert (await shown.show(by(employee), employee)).channel is None
        await somebody.page.locator("#chat_url").fill("https://hooks.example.com/secret-part")
        await somebody.page.locator("#digest_at").fill("09:30")
        await somebody.press(save)
        await expect(somebody.page.get_by_role("status")).to_be_visible()
        chosen = await shown.show(by(employee), employee)
        assert (chosen.channel, str(chosen.digest_at)) == ("chat", "09:30:00")
        assert "secret-part" not in await somebody.page.content()
        await somebody.page.locator("summary", has_text=new).click()
        await somebody.page.get_by_label(label).fill("payroll")
        async with somebody.page.expect_response(lambda one: one.request.method == "POST") as answered:
            await somebody.press(make)
        assert (await answered.value).headers["cache-control"] == "no-store"
        secret = await somebody.page.locator(".secret").inner_text()
        assert secret.startswith("meguri_")
        assert secret not in somebody.page.url
        assert await _tokens(company, employee) == [("payroll", True)]
        await somebody.press(kept)
        assert secret not in await somebody.page.content()
        await somebody.page.locator(f"a[href$='/end']:has-text('{end}')").click()
        await somebody.press(do)
        await expect(somebody.page.get_by_role("status")).to_be_visible()
    assert await _tokens(company, employee) == [("payroll", False)]


async def test_a_link_to_the_calendar_is_shown_once_and_another_browser_is_signed_out(
    company: Steered, console: str, chromium: Browser
) -> None:
    await session_of(company, SALES)
    async with at_pages(chromium, company, console, SALES, locale="en") as sales:
        await sales.open("/preferences")
        await sales.press("Make a link")
        address = await sales.page.locator(".secret").inner_text()
        feed = f"{console}{urlsplit(address).path}"
        assert (await sales.page.request.get(feed)).status == 200
        assert address not in sales.page.url
        await sales.press("I have kept it: go back")
        await sales.sees("The link of")
        await sales.press("End the link")
        await sales.sees("No calendar link is in force.")
        assert (await sales.page.request.get(feed)).status == 404
        before = await _sessions(sales)
        await sales.page.locator("#sessions ~ .scroll button").first.click()
        await expect(sales.page.locator("#sessions ~ .scroll tbody tr")).to_have_count(before - 1)


async def _sessions(somebody: AtPages) -> int:
    return await somebody.page.locator("#sessions ~ .scroll tbody tr").count()


async def test_nobody_ends_the_tokens_of_others_here(company: Steered, console: str, chromium: Browser) -> None:
    made = await ApiTokens(company.engine).make(by(HARA), {"label": "of Hara"}, datetime.now(UTC))
    async with at_pages(chromium, company, console, SALES) as sales:
        await sales.open(f"/preferences/tokens/{made.token}/end", 404)
