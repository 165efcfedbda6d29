"""Pictures of the console, taken by a browser from a running demo: each page of docs/shots.py at three widths, light and dark, in both languages.

    python -m docs.pictures http://127.0.0.1:8080 --readme
    MEGURI_VAR=… python -m docs.pictures http://127.0.0.1:8080 --prepare --sheets
    python -m docs.pictures http://127.0.0.1:8080 FOLDER [--only goal]

`--readme` makes the pictures of the README in docs/images; they look best of a fresh demo. `--prepare` gives the roles and carries out
what the other pictures need, once for each demo, whose folder MEGURI_VAR names. `--sheets` makes the contact sheets of docs/console.md.
FOLDER gets a picture of each page and contact sheets of all (`sheet-<width>-<scheme>-<language>`).
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from playwright.async_api import Browser, BrowserContext, Page, Response, async_playwright

from docs.shots import IN_README, PREPARED, ROLES, SHOTS, Attach, Fill, Open, Press, Shot, Step

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
IMAGES = Path(__file__).parent / "images"
Scheme = Literal["light", "dark"]
_LOCALES = {"ja": "ja-JP", "en": "en-GB"}
_HEIGHT = 900
_STEP_SECONDS = 10


class Look(NamedTuple):
    """How a page is looked at. `width` in CSS pixels."""

    width: int
    scheme: Scheme
    locale: str

    def __str__(self) -> str:
        return "-".join(map(str, self))


SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LOOKS = tuple(Look(*one) for one in product((390, 1024, 1600), SCHEMES, _LOCALES))
IN_DOCS = (Look(390, "light", "ja"), Look(1024, "light", "ja"), Look(1024, "dark", "en"))


class Thumb(NamedTuple):
    """Pixels of a picture on a contact sheet."""

    width: int
    height: int


class Site(NamedTuple):
    """Pages that are served, and how a person gets in."""

    url: str
    let_in: Callable[[BrowserContext, str, str], Awaitable[None]]  # the context, the URL, the person


async def choose_person(context: BrowserContext, url: str, person: str) -> None:
    """Signs in where people may be chosen, as in the demo."""
    answer = await context.request.post(
        f"{url}/sign-in/as", form={"person": person, "next": "/"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    if not answer.ok:
        raise SystemExit(f"{person} cannot sign in: {answer.status}")


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        await browser.close()


async def take(
    browser: Browser,
    site: Site,
    shots: Sequence[Shot],
    looks: Sequence[Look],
    name: Callable[[Shot, Look], Path],
    *,
    whole: bool = True,
) -> dict[Look, list[Path]]:
    """Pictures of all pages in all looks: of what fills the screen, or of whole pages.

    A page is opened once for each language, in the first of the widths: a script that looks at the width does so when a page opens.
    """
    made: dict[Look, list[Path]] = {look: [] for look in looks}
    for locale in dict.fromkeys(look.locale for look in looks):
        contexts: dict[str, BrowserContext] = {}
        for shot in shots:
            context = contexts.get(shot.person) or await _context(browser, site, shot.person, locale, looks[0].width)
            contexts[shot.person] = context
            page = await _opened(context, site.url, shot)
            for look, pictures in made.items():
                if look.locale == locale:
                    await page.set_viewport_size({"width": look.width, "height": _HEIGHT if whole else 800})
                    await page.emulate_media(color_scheme=look.scheme)
                    path = name(shot, look)
                    await page.screenshot(path=path, full_page=whole, animations="disabled")
                    pictures.append(path)
            await page.close()
        for context in contexts.values():
            await context.close()
    return made


async def _context(browser: Browser, site: Site, person: str, locale: str, width: int) -> BrowserContext:
    context = await browser.new_context(locale=_LOCALES[locale], viewport={"width": width, "height": _HEIGHT})
    context.set_default_timeout(_STEP_SECONDS * 1000)
    await context.add_cookies([{"name": "meguri-language", "value": locale, "url": site.url}])
    if person:
        await site.let_in(context, site.url, person)
    return context


async def _opened(context: BrowserContext, url: str, shot: Shot) -> Page:
    page = await context.new_page()
    page.on("response", _expect_a_page)
    await page.goto(url + shot.path)
    for step in shot.steps:
        try:
            await _do(page, step)
        except Exception as error:
            error.add_note(f"{shot.name}: {step} at {page.url}")
            raise
    return page


def _expect_a_page(response: Response) -> None:
    """Refusals are pages too; a fault of the server is none."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise SystemExit(f"{response.url}: {response.status}")


async def _do(page: Page, step: Step) -> None:
    match step:
        case Fill(field, text):
            one = page.locator(field).first
            if await one.evaluate("one => one.localName") == "select":
                await one.select_option(text)
            else:
                await one.fill(text)
        case Press(what):
            async with page.expect_navigation():
                await page.locator(what).filter(visible=True).first.click()
        case Open(what):
            await page.locator(what).filter(visible=True).first.click()
        case Attach(field, text):
            await page.set_input_files(field, {"name": "file.txt", "mimeType": "text/plain", "buffer": text.encode()})


async def make_sheet(browser: Browser, path: Path, pictures: Sequence[Path], thumb: Thumb, columns: int) -> None:
    """One picture of all, a JPEG: each with its name, cut off where it is long."""
    width, height = thumb
    page = await browser.new_page(viewport={"width": columns * (width + 12) + 12, "height": _HEIGHT})
    cells = "".join(
        f'<figure><p><img src="{quote(str(one.resolve()))}"></p><figcaption>{one.stem}</figcaption></figure>'
        for one in pictures
    )
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as file:
        file.write(
            f"<style>body{{display:flex;flex-wrap:wrap;gap:12px;margin:12px;font:11px sans-serif}}figure{{margin:0;width:{width}px}}"
            f"p{{margin:0;height:{height}px;overflow:hidden;border:1px solid #999}}img{{width:{width}px;display:block}}</style>{cells}"
        )
        file.flush()
        await page.goto(f"file://{file.name}")
        await page.screenshot(path=path, full_page=True, type="jpeg", quality=60)
    await page.close()


async def prepare(browser: Browser, site: Site) -> None:
    """Gives the roles and carries out `PREPARED`, where they are not there yet. Needs MEGURI_VAR, the folder of the demo."""
    for person, role in ROLES:
        command = (
            sys.executable,
            "starter.py",
            "role",
            "give",
            person,
            role,
        )  # it says so where the person has the role
        await (await asyncio.create_subprocess_exec(*command, cwd=IMAGES.parents[1])).wait()
    for one in PREPARED:
        context = await _context(browser, site, one.person, "ja", LOOKS[0].width)
        page = await context.new_page()
        await page.goto(site.url + one.seen_at)
        if not await page.locator(one.sign).count():
            await _opened(context, site.url, Shot(one.path, one.person, one.path, one.steps))
        await context.close()


async def take_for_readme(browser: Browser, site: Site) -> None:
    for shot in SHOTS:
        if shot.name in IN_README:
            look = Look(*IN_README[shot.name], "ja")
            await take(browser, site, [shot], [look], _of_readme, whole=False)


def _of_readme(shot: Shot, _: Look) -> Path:
    return IMAGES / f"console_{shot.name.replace('-', '_')}.png"


async def take_sheets(browser: Browser, site: Site) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = await take(browser, site, SHOTS, IN_DOCS, lambda shot, look: Path(folder, str(look), f"{shot.name}.png"))
        for look, pictures in made.items():
            thumb, columns = (Thumb(120, 240), 12) if look.width < 1000 else (Thumb(200, 270), 7)  # noqa: PLR2004 - a phone
            await make_sheet(browser, IMAGES / f"console_sheet_{look}.jpg".replace("-", "_"), pictures, thumb, columns)


async def take_into(browser: Browser, site: Site, folder: Path, shots: Sequence[Shot], looks: Sequence[Look]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    made = await take(browser, site, shots, looks, lambda shot, look: folder / f"{shot.name}-{look}.png")
    for look, pictures in made.items():
        await make_sheet(browser, folder / f"sheet-{look}.jpg", pictures, Thumb(240, 320), 6)


async def main(asked: argparse.Namespace) -> None:
    site = Site(asked.url.rstrip("/"), choose_person)
    async with running_browser() as browser:
        if asked.readme:
            await take_for_readme(browser, site)
        if asked.prepare:
            await prepare(browser, site)
        if asked.sheets:
            await take_sheets(browser, site)
        if asked.folder:
            shots = [one for one in SHOTS if one.name.startswith(asked.only)]
            looks = [one for one in LOOKS if asked.look in (None, str(one))]
            await take_into(browser, site, asked.folder, shots, looks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the demo's pages")
    parser.add_argument("folder", nargs="?", type=Path, help="for pictures of all pages")
    parser.add_argument("--only", default="", help="pages whose names begin with this")
    parser.add_argument("--look", help="one look only, as 390-light-ja")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--sheets", action="store_true")
    asyncio.run(main(parser.parse_args()))
