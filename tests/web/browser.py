"""A real browser for tests: somebody at the pages, and what the browser and axe complain of."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Response, async_playwright, expect

from tests.service.steered import Steered
from tests.web.people import session_of

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
_MISSING = f"no browser at {CHROMIUM}; as root: make browser (or: apt-get install chromium-headless-shell)"
needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason=_MISSING)
expect.set_options(timeout=20_000)  # on a busy machine
_PICTURES = os.environ.get("MEGURI_TEST_PICTURES")  # a folder: what tests look at is kept there as pictures
_FOCUSED = """() => {
  const one = document.activeElement;
  const label = one.labels?.[0]?.firstChild?.textContent;
  return { name: (label ?? one.innerText ?? "").trim(), outline: getComputedStyle(one).outlineStyle };
}"""
_OF_COLOURS = ["color-contrast", "link-in-text-block"]  # rules of axe
_LOCALES = {"ja": "ja-JP", "en": "en-GB"}


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        await browser.close()


@dataclass
class AtPages:
    """Somebody in a browser of their own. `faults`: what the browser reported of scripts and of the policy for content."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str, status: int = 200) -> Response:
        answer = await self.page.goto(f"{self.url}{path}")
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        return answer

    async def press(self, name: str) -> None:
        """Presses the first visible button or link of that name."""
        wanted = self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        )
        await wanted.filter(visible=True).first.click()

    async def sees(self, text: str) -> None:
        await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    async def type(self, label: str, text: str) -> None:
        await self.page.get_by_label(label).filter(visible=True).first.fill(text)

    async def tab_to(self, name: str, most: int = 80) -> None:
        """Moves by the Tab key alone until the link, button, summary or field of that name has the focus, and sees that it shows."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            found = await self.page.evaluate(_FOCUSED)
            if found["name"] == name:
                assert found["outline"] != "none", f"{name} has the focus, and nothing shows it"
                return
        raise AssertionError(f"{name} is not reached by {most} steps of the Tab key")

    async def complaints(self) -> list[str]:
        """What axe finds on the page, in light and in dark; and whether the page is wider than the screen."""
        found: list[str] = []
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)
            rules = {"runOnly": _OF_COLOURS} if scheme == "dark" else {}  # nothing else is other than in light
            results = await Axe().run(self.page, options={"resultTypes": ["violations"], **rules})
            for one in results.response["violations"]:
                found += [f"{scheme}: {one['id']}: {node['html'][:160]}" for node in one["nodes"][:3]]
        await self.page.emulate_media(color_scheme="light")
        if not await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append("the page is wider than the screen")
        return found

    async def picture(self, name: str) -> None:
        """Keeps what is seen, light and dark, where a folder for it is named."""
        if _PICTURES:
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme)
                await self.page.screenshot(path=Path(_PICTURES) / f"{name}-{scheme}.png", full_page=True)
            await self.page.emulate_media(color_scheme="light")


@asynccontextmanager
async def at_pages(
    chromium: Browser,
    company: Steered,
    url: str,
    employee: str,
    *,
    locale: Literal["ja", "en"] = "ja",
    width: int = 1024,
    scripts: bool = True,
) -> AsyncIterator[AtPages]:
    """This person, signed in. Fails at the end where the browser reported an error of a script or of the policy for content."""
    context = await chromium.new_context(
        locale=_LOCALES[locale], viewport={"width": width, "height": 800}, java_script_enabled=scripts
    )
    name, _, value = (await session_of(company, employee))["Cookie"].partition("=")
    await context.add_cookies(
        [{"name": name, "value": value, "url": url}, {"name": "meguri-language", "value": locale, "url": url}]
    )
    somebody = AtPages(await context.new_page(), url)
    somebody.page.on("console", lambda said: _hear(said, somebody.faults))
    somebody.page.on("pageerror", lambda error: somebody.faults.append(str(error)))
    yield somebody
    assert somebody.faults == []
    await context.close()


def _hear(said: Any, faults: list[str]) -> None:
    if said.type in ("error", "warning") and "Failed to load resource" not in said.text:  # what was refused
        faults.append(said.text)
