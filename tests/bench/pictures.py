"""Pictures of the console's lists in a company of 10,000 people with a goal each, taken as docs/pictures.py takes those of the demo.

`python -m tests.bench.pictures FOLDER [--goals 10000] [--people 10000]` fills a database of its own, serves it, and writes a picture of each
page in each look, and contact sheets. `--sheet` writes the one of docs/console.md only, to docs/images.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, BrowserContext

from docs.pictures import IMAGES, LOOKS, Look, Site, Thumb, make_sheet, running_browser, take, take_into
from docs.shots import Shot
from storage.database import open_database
from tests.bench.dataset import HR, Size
from tests.bench.pages import served, session_cookie
from tests.bench.read_cases import Company
from tests.bench.reads import filled

_IN_DOCS = Look(1024, "light", "ja")


def shots_of(of: Company) -> tuple[Shot, ...]:
    """Each list at its beginning, and those that have filters once filtered."""
    hr, manager, cycle, department = HR[0], of.manager(0), of.cycle, of.department(7)
    return (
        Shot("many-today-hr", hr, "/"),
        Shot("many-today-manager", manager, "/"),
        Shot("many-goals", hr, f"/goals?cycle={cycle}"),
        Shot("many-goals-overdue", hr, f"/goals?cycle={cycle}&mark=overdue"),
        Shot("many-people", hr, "/people"),
        Shot("many-person", hr, f"/people/{manager}"),
        Shot("many-departments", hr, "/departments"),
        Shot("many-team", manager, "/team"),
        Shot("many-tree", hr, f"/tree/{cycle}"),
        Shot("many-tree-table", hr, f"/tree/{cycle}?as=table"),
        Shot("many-board", hr, f"/cycles/{cycle}"),
        Shot("many-board-of-one", hr, f"/cycles/{cycle}?department={department}"),
        Shot("many-calibration", hr, f"/cycles/{cycle}/calibration"),
        Shot("many-steer", hr, f"/cycles/{cycle}/steer/extend"),
        Shot("many-instructions", hr, "/instructions"),
        Shot("many-cycles", hr, "/cycles"),
        Shot("many-results", hr, f"/cycles/{cycle}/results"),
    )


async def main(size: Size, folder: Path | None) -> None:
    async with filled(size) as database, served(database) as (web, _), running_browser() as browser:
        engine = open_database(database)

        async def let_in(context: BrowserContext, url: str, person: str) -> None:
            name, _, value = (await session_cookie(engine, person)).partition("=")
            await context.add_cookies([{"name": name, "value": value, "url": url}])

        site, shots = Site(str(web.base_url).rstrip("/"), let_in), shots_of(Company(size))
        if folder:
            await take_into(browser, site, folder, shots, LOOKS)
        else:
            await _take_sheet(browser, site, shots)
        await engine.dispose()


async def _take_sheet(browser: Browser, site: Site, shots: tuple[Shot, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = await take(browser, site, shots, [_IN_DOCS], lambda shot, _: Path(folder, f"{shot.name}.png"))
        await make_sheet(browser, IMAGES / "console_sheet_10000_rows.jpg", made[_IN_DOCS], Thumb(200, 270), 7)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="for pictures of all pages")
    parser.add_argument("--goals", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--sheet", action="store_true", help="of docs/console.md, instead of pictures")
    asked = parser.parse_args()
    if asked.sheet == bool(asked.folder):
        parser.error("name a folder, or --sheet")
    asyncio.run(main(Size(asked.goals, asked.people, asked.entries), asked.folder))
    sys.stdout.flush()
    os._exit(0)
