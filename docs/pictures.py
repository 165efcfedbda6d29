"""Pictures of the console, taken by a browser from a running demo: each page at three widths, light and dark, in both languages.

    python -m docs.pictures http://127.0.0.1:8080 FOLDER
    python -m docs.pictures http://127.0.0.1:8080 --readme

FOLDER gets a picture of each, and contact sheets of all pages (`sheet-<width>-<scheme>-<language>.png`). With `--readme` the pictures of
the README are made in docs/images.
"""

import asyncio
import sys
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from playwright.async_api import Browser, BrowserContext, async_playwright

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
WIDTHS = (390, 1024, 1600)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_LOCALES = {"ja": "ja-JP", "en": "en-GB"}
_THUMB = 320  # width of a picture on a contact sheet


class Shot(NamedTuple):
    """A page as a person of the demo sees it."""

    name: str
    person: str
    path: str


HR, CHIEF, OWNER = "M0006", "M0018", "M0034"
CYCLE = "2026-q4"
SHOTS = (
    Shot("choose", "", "/sign-in/as"),
    Shot("today", CHIEF, "/"),
    Shot("today-nothing", "M0001", "/"),
    Shot("approvals", "M0002", "/approvals/all"),
    Shot("goals", HR, "/goals"),
    Shot("goals-none", HR, "/goals?owner=M0120&state=closed"),
    Shot("goal-active", "M0085", f"/goals/{CYCLE}/M0085/1"),
    Shot("goal-review", CHIEF, f"/goals/{CYCLE}/M0047/1"),
    Shot("goal-closed", HR, f"/goals/{CYCLE}/M0054/1"),
    Shot("goal-reset", HR, f"/goals/{CYCLE}/M0049/1"),
    Shot("goal-paused", HR, f"/goals/{CYCLE}/M0055/1"),
    Shot("goal-late", CHIEF, f"/goals/{CYCLE}/M0048/1"),
    Shot("write", OWNER, f"/goals/{CYCLE}/M0034/1/edit"),
    Shot("begin", OWNER, "/goals/write"),
    Shot("team", CHIEF, "/team"),
    Shot("delegations", "M0021", "/delegations"),
    Shot("tree", HR, f"/tree/{CYCLE}"),
    Shot("tree-table", HR, f"/tree/{CYCLE}?as=table"),
    Shot("hearing", HR, f"/hearing/{CYCLE}"),
    Shot("catalog", OWNER, "/catalog"),
    Shot("catalog-entry", OWNER, "/catalog/accounting/closing-days"),
    Shot("examples", OWNER, "/examples"),
    Shot("lessons", HR, "/lessons"),
    Shot("people", HR, "/people"),
    Shot("person", HR, f"/people/{CHIEF}"),
    Shot("departments", HR, "/departments"),
    Shot("cycles", HR, "/cycles"),
    Shot("cycle-new", HR, "/cycles/new"),
    Shot("board", HR, f"/cycles/{CYCLE}"),
    Shot("launch", HR, f"/cycles/{CYCLE}/launch"),
    Shot("steer", HR, f"/cycles/{CYCLE}/steer"),
    Shot("steer-extend", HR, f"/cycles/{CYCLE}/steer/extend"),
    Shot("amend", HR, f"/cycles/{CYCLE}/amend"),
    Shot("calibration", HR, f"/cycles/{CYCLE}/calibration"),
    Shot("results", HR, f"/cycles/{CYCLE}/results"),
    Shot("instructions", HR, "/instructions"),
    Shot("instruction", HR, "/instructions/demo-add"),
    Shot("sync", HR, "/sync"),
    Shot("preferences", OWNER, "/preferences"),
    Shot("operations-refused", OWNER, "/operations"),
    Shot("notices", HR, "/operations/notices"),
    Shot("not-found", OWNER, f"/goals/{CYCLE}/M9999/1"),
)


# Of the README: what fills a screen, as the names say.
IN_README = {
    "today": (1024, "light"), "goal-review": (1024, "light"), "write": (1024, "light"), "board": (1024, "light"), "tree": (1024, "dark"),
    "approvals": (390, "light"),
}  # fmt: skip


async def take_for_readme(url: str, folder: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        for shot in SHOTS:
            if shot.name in IN_README:
                width, scheme = IN_README[shot.name]
                context = await browser.new_context(
                    viewport={"width": width, "height": 800},
                    color_scheme="dark" if scheme == "dark" else "light",
                    locale=_LOCALES["ja"],
                )
                await _sign_in(context, url, shot.person)
                page = await context.new_page()
                await page.goto(url + shot.path)
                await page.screenshot(path=folder / f"console_{shot.name.replace('-', '_')}.png")
                await context.close()
        await browser.close()


async def take(url: str, folder: Path, shots: tuple[Shot, ...] = SHOTS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        for width in WIDTHS:
            for scheme in SCHEMES:
                for locale in _LOCALES:
                    made = await _take_all(browser, url, folder, shots, (width, scheme, locale))
                    await _sheet(browser, folder / f"sheet-{width}-{scheme}-{locale}.png", made)
        await browser.close()


async def _take_all(
    browser: Browser, url: str, folder: Path, shots: tuple[Shot, ...], how: tuple[int, Scheme, str]
) -> list[Path]:
    width, scheme, locale = how
    made, contexts = [], dict[str, BrowserContext]()
    for shot in shots:
        context = contexts.get(shot.person)
        if context is None:
            context = await browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                locale=_LOCALES[locale],
            )
            await context.add_cookies([{"name": "meguri-language", "value": locale, "url": url}])
            contexts[shot.person] = context
            if shot.person:
                await _sign_in(context, url, shot.person)
        page = await context.new_page()
        await page.goto(url + shot.path)
        made.append(folder / f"{shot.name}-{width}-{scheme}-{locale}.png")
        await page.screenshot(path=made[-1], full_page=True)
        await page.close()
    for context in contexts.values():
        await context.close()
    return made


async def _sign_in(context: BrowserContext, url: str, person: str) -> None:
    answer = await context.request.post(
        f"{url}/sign-in/as", form={"person": person, "next": "/"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    if not answer.ok:
        raise SystemExit(f"{person} cannot sign in: {answer.status}")


async def _sheet(browser: Browser, path: Path, pictures: list[Path]) -> None:
    """One picture of all: each with its name, cut off where it is long."""
    page = await browser.new_page(viewport={"width": _THUMB * 4 + 100, "height": 900})
    cells = "".join(
        f'<figure><p><img src="{quote(one.name)}"></p><figcaption>{one.stem}</figcaption></figure>' for one in pictures
    )
    (path.parent / "sheet.html").write_text(
        f"<style>body{{display:flex;flex-wrap:wrap;gap:16px;font:13px sans-serif}}figure{{margin:0;width:{_THUMB}px}}"
        f"p{{margin:0;height:420px;overflow:hidden;border:1px solid #999}}img{{width:{_THUMB}px;display:block}}</style>{cells}",
        encoding="utf-8",
    )
    await page.goto(f"file://{(path.parent / 'sheet.html').resolve()}")
    await page.screenshot(path=path, full_page=True)
    await page.close()


if __name__ == "__main__":
    at, where = sys.argv[1].rstrip("/"), sys.argv[2]
    asyncio.run(take_for_readme(at, Path("docs/images")) if where == "--readme" else take(at, Path(where)))
