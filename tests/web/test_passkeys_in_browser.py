"""A person at a real browser, with an authenticator that the browser simulates: the link, the pages, and what they say when it goes wrong."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.values import EmployeeId
from service.passkeys import Passkeys
from storage.database import read_transaction
from storage.tables import PasskeyLinkRow, PasskeyRow
from tests.callers import OPERATOR
from tests.web.test_passkeys import HARA, MORI, engine, site

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
_MISSING = f"no browser at {CHROMIUM}; as root: make browser (or: apt-get install chromium-headless-shell)"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM.exists(), reason=_MISSING)]
__all__ = ["engine"]  # the fixture
expect.set_options(timeout=20_000)  # on a busy machine
_PICTURES = os.environ.get("MEGURI_TEST_PICTURES")  # a folder: each state of the pages is kept there as a picture
_WAYS = {
    "transport": "internal", "protocol": "ctap2", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def at(engine: AsyncEngine) -> AsyncIterator[str]:
    """Where the pages are."""
    async with engine.begin() as connection:
        for table in (PasskeyRow, PasskeyLinkRow):
            await connection.execute(delete(table))
    async with site(engine) as client:
        yield str(client.base_url).rstrip("/")


class Person:
    """A person at a page, with a device of their own."""

    def __init__(self, page: Page, devtools: Any) -> None:
        self.page, self.devtools, self.device = page, devtools, ""
        self.faults: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _heard(self, spoken: Any) -> None:
        if spoken.type in ("error", "warning") and "Failed to load resource" not in spoken.text:  # what was refused
            self.faults.append(spoken.text)

    async def has_device(self, **how: Any) -> None:
        if self.device:
            await self.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.device})
        made = await self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**_WAYS, **how}})
        self.device = made["authenticatorId"]

    async def passkeys(self) -> list[dict[str, Any]]:
        found = await self.devtools.send("WebAuthn.getCredentials", {"authenticatorId": self.device})
        return list(found["credentials"])

    async def shows(self, name: str, text: str) -> None:
        await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()
        if _PICTURES:
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme)
                await self.page.screenshot(path=Path(_PICTURES) / f"{name}-{scheme}.png")
            await self.page.emulate_media(color_scheme="light")

    async def chooses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).click()

    async def inbox(self, at: str) -> int:
        return (await self.page.context.request.get(f"{at}/api/v1/inbox")).status


@asynccontextmanager
async def person(chromium: Browser, locale: str = "en", width: int = 1024) -> AsyncIterator[Person]:
    """Fails at the end where the page reported an error of its module or of the policy for its content."""
    context = await chromium.new_context(locale=locale, viewport={"width": width, "height": 800})
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    somebody = Person(page, devtools)
    await somebody.has_device()
    yield somebody
    assert somebody.faults == []
    await context.close()


async def link_for(engine: AsyncEngine, at: str, employee: str = MORI) -> str:
    return (await Passkeys(engine, at).make_link(OPERATOR, EmployeeId(employee), datetime.now(UTC))).link


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    locale: str
    width: int
    add: str
    added: str
    go_on: str
    sign_in: str


@pytest.mark.parametrize(
    "words",
    [
        Words("ja-JP", 390, "パスキーを登録", "パスキーを登録しました", "サインインへ", "パスキーでサインイン"),
        Words("en-GB", 1024, "Add a passkey", "The passkey is added", "Go to sign-in", "Sign in with a passkey"),
    ],
    ids=["Japanese, on a phone", "English"],
)
async def test_a_person_adds_a_passkey_and_signs_in_without_a_name(
    engine: AsyncEngine, chromium: Browser, at: str, words: Words
) -> None:
    link = await link_for(engine, at)
    async with person(chromium, words.locale, words.width) as mori:
        await mori.page.goto(link)
        await mori.shows(f"add-{words.locale}", "氏名E11")
        assert mori.page.url == f"{at}/sign-in/passkey"  # the secret is not kept in the address
        await mori.chooses(words.add)
        await mori.shows(f"added-{words.locale}", words.added)
        [kept] = await mori.passkeys()
        assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
        await mori.page.get_by_role("link", name=words.go_on).click()
        await mori.page.wait_for_url(f"{at}/sign-in")
        await mori.page.goto(f"{at}/sign-in?next=/api/v1/inbox%3Flimit=1")
        await mori.shows(f"sign-in-{words.locale}", words.sign_in)
        assert await mori.inbox(at) == 401
        await mori.chooses(words.sign_in)
        await mori.page.wait_for_url(f"{at}/api/v1/inbox?limit=1")
        assert await mori.inbox(at) == 200
        assert (await mori.passkeys())[0]["signCount"] > kept["signCount"]
    async with read_transaction(engine) as connection:
        assert await connection.scalar(select(PasskeyRow.used_at)) is not None


async def test_another_origin_is_not_where_a_person_arrives(engine: AsyncEngine, chromium: Browser, at: str) -> None:
    async with person(chromium) as mori:
        await mori.page.goto(await link_for(engine, at))
        await mori.chooses("Add a passkey")
        await expect(mori.page.locator("#added")).to_be_visible()
        await mori.page.goto(f"{at}/sign-in?next=//evil.example/")
        await mori.chooses("Sign in with a passkey")
        await mori.page.wait_for_url(f"{at}/")
        assert await mori.inbox(at) == 200


async def test_a_link_that_is_over_and_a_device_that_has_a_passkey_are_said_so(
    engine: AsyncEngine, chromium: Browser, at: str
) -> None:
    async with person(chromium) as mori:
        link = await link_for(engine, at)
        await mori.page.goto(link)
        await mori.chooses("Add a passkey")
        await expect(mori.page.locator("#added")).to_be_visible()
        await mori.page.goto("about:blank")
        await mori.page.goto(link)
        await mori.shows("link-over", "Ask a system administrator for a new link")
        await expect(mori.page.get_by_role("button")).to_have_count(0)
        await mori.page.goto("about:blank")
        await mori.page.goto(await link_for(engine, at))
        await mori.chooses("Add a passkey")
        await mori.shows("known", "This device has a passkey of yours already")
        await mori.page.goto("about:blank")
        await mori.page.goto(await link_for(engine, at))
        await expect(mori.page.get_by_role("button")).to_be_visible()
        async with engine.begin() as connection:  # it ends while they are at the page
            over = datetime.now(UTC) - timedelta(seconds=1)
            await connection.execute(update(PasskeyLinkRow).values(expires_at=over))
        await mori.chooses("Add a passkey")
        await expect(mori.page.get_by_role("alert")).to_contain_text("Ask a system administrator")


async def test_a_device_without_a_passkey_or_a_lock_and_a_passkey_that_was_removed_are_refused(
    engine: AsyncEngine, chromium: Browser, at: str
) -> None:
    async with person(chromium, width=390) as hara:
        await hara.page.goto(await link_for(engine, at, HARA))
        await hara.has_device(isUserVerified=False)
        await hara.chooses("Add a passkey")
        await expect(hara.page.get_by_role("alert")).to_contain_text("was cancelled")
        await hara.has_device()
        await hara.chooses("Add a passkey")
        await expect(hara.page.locator("#added")).to_be_visible()
        await hara.page.goto(f"{at}/sign-in")
        async with engine.begin() as connection:
            await connection.execute(update(PasskeyRow).values(ended_at=datetime.now(UTC)))
        await hara.chooses("Sign in with a passkey")
        await hara.shows("removed", "this passkey does not sign anybody in")
        assert await hara.inbox(at) == 401


async def test_without_javascript_a_page_says_what_is_missing(chromium: Browser, at: str) -> None:
    context = await chromium.new_context(java_script_enabled=False, locale="ja-JP")
    page = await context.new_page()
    for path in ("/sign-in", "/sign-in/passkey"):
        await page.goto(f"{at}{path}")
        await expect(page.get_by_text("JavaScript が必要です")).to_be_visible()
        await expect(page.get_by_role("button")).to_have_count(0)
    await context.close()


async def test_buttons_are_large_enough_and_text_is_readable(engine: AsyncEngine, chromium: Browser, at: str) -> None:
    async with person(chromium, width=320) as mori:
        for where in (f"{at}/sign-in", await link_for(engine, at)):
            await mori.page.goto(where)
            button = mori.page.get_by_role("button")
            await expect(button).to_be_visible()
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert await mori.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == 16
            assert await mori.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await mori.page.evaluate("document.querySelectorAll('h1:not([hidden] *)').length") == 1
