"""Every page that is read fits into its window, on a phone and on a screen, in both languages, whatever people wrote."""

import base64
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute
from playwright.async_api import Browser
from sqlalchemy import text

from channels.hook_secrets import HookKey
from domain.goal.commands import Submit
from domain.roles import CompanyRole
from domain.values import CycleId
from service.hearing import Hearing
from service.hooks import Hooks
from service.programs import Programs
from service.roles import Roles
from service.tokens import ApiTokens
from settings import Settings
from tests.callers import OPERATOR, by
from tests.service.steered import HARA, HR, MANAGER, MORI, SALES, TOP, Steered, goal_of
from tests.web.browser import at_pages, needs_browser
from tests.web.console.test_doors_of_pages import ROUTERS
from tests.web.people import temporal_of
from web.console.forms import fresh_id
from web.serving import listen, serving

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
KEY = base64.b64encode(b"k" * 32).decode()
CYCLE = CycleId("fits")
WORD = "https://intranet.example.com/" + "w" * 170  # as long as a line can be, and nowhere to break it
JAPANESE = ("長い名前の部署で使われる正式な目標の題名" * 10)[:200]
_LENGTHEN = text(
    """UPDATE goal SET aggregate = jsonb_set(jsonb_set(aggregate, '{content,theme}', to_jsonb(CAST(:line AS text))),
                                           '{content,challenge}', to_jsonb(CAST(:line AS text)))
       WHERE cycle_id = :cycle AND owner_id = :owner"""
)
_READERS = {
    "/audit": SALES,
    "/operations": TOP,
    "/operations/notices": HR,
    "/cycles": HR,
    "/instructions": HR,
    "/sync": HR,
}
# What this company has none of, and a number that is no person's: the page says so.
_NOT_THERE = {
    "/examples/{exemplar}": 404, "/instructions/{instruction}": 404, "/instructions/{instruction}/end": 404,
    "/preferences/passkeys/{passkey}/remove": 404, "/cycles/{cycle}/results/sheet": 422,
}  # fmt: skip


def _reads() -> list[str]:
    found = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    return sorted({route.path for route in found if "GET" in (route.methods or ())})


def _reader(path: str) -> str:
    """Who may see the page: who may see the longest path above it."""
    above = [one for one in _READERS if path == one or path.startswith(f"{one}/")]
    return _READERS[max(above, key=len)] if above else MORI


@pytest_asyncio.fixture(scope="module")
async def values(company: Steered) -> dict[str, str]:
    """What stands for the parts of addresses, of a company with long texts everywhere."""
    now = datetime.now(UTC)
    for person, role in ((SALES, CompanyRole.AUDITOR), (TOP, CompanyRole.SYSTEM)):
        await Roles(company.engine).give(OPERATOR, person, role)
    await company.launch(CYCLE)
    await company.goals.give(goal_of(CYCLE, MORI), Submit(actor=MORI), fresh_id())
    async with company.engine.begin() as connection:
        for owner, line in ((MORI, WORD), (HARA, JAPANESE), (MANAGER, WORD)):
            await connection.execute(_LENGTHEN, {"cycle": CYCLE, "owner": owner, "line": line})
    for person, line in ((MORI, WORD), (HARA, JAPANESE)):
        await Hearing(company.engine).add(by(person), cycle=CYCLE, text=line, command_id=fresh_id())
    hook = await Hooks(company.engine, HookKey(KEY)).make(by(TOP), {"url": WORD}, now)
    programs = Programs(company.engine)
    await programs.make(by(TOP), {"name": "long-words", "purpose": JAPANESE, "owner": MANAGER}, now)
    token = await programs.make_token(by(TOP), "long-words", {"label": WORD[:80]}, now)
    own = await ApiTokens(company.engine).make(by(MORI), {"label": WORD[:80]}, now)
    return {
        "/operations/accounts/{account}/tokens/{token}/end": f"/operations/accounts/long-words/tokens/{token.token}/end",
        "/preferences/tokens/{token}/end": f"/preferences/tokens/{own.token}/end",
        "/operations/people/{person}/{kind}/{key}/end": f"/operations/people/{MORI}/token/{own.token}/end",
        "/goals/{cycle}/{owner}/{number}/compare": f"/goals/{goal_of(CYCLE, MORI)}/compare?from=1&to=2",
        "/cycles/{cycle}/results/sheet": f"/cycles/{CYCLE}/results/sheet?employee={WORD[:80]}",
        "{cycle}": CYCLE, "{owner}": MORI, "{number}": "1", "{seq}": "2", "{entry:path}": "accounting/closing-days", "{kind}": "extend",
        "{exemplar}": "none", "{instruction}": "none", "{account}": "long-words", "{hook}": hook.hook, "{person}": MORI,
        "{employee}": SALES, "{role}": "auditor", "{passkey}": "none",
    }  # fmt: skip


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("en", 1024), ("ja", 1600)])
async def test_no_page_is_wider_than_its_window_or_fails(
    company: Steered, chromium: Browser, values: dict[str, str], locale: Locale, width: int
) -> None:
    too_wide, missing = list[str](), dict[str, int]()
    async with serving(
        Settings(web_rate=0, hook_key=KEY), company.engine, temporal_of(company), listen("127.0.0.1:0")
    ) as url:
        for reader in (MORI, HR, TOP, SALES):
            async with at_pages(chromium, company, url, reader, locale=locale, width=width) as somebody:
                for route in (one for one in _reads() if _reader(one) == reader):
                    path = route
                    for name, value in values.items():
                        path = path.replace(name, value if value.startswith("/") else quote(value))
                    answer = await somebody.page.goto(f"{url}{path}")
                    assert answer is not None
                    if answer.status != 200:
                        missing[route] = answer.status
                    if not await somebody.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                        too_wide.append(path)
    assert too_wide == []
    assert missing == _NOT_THERE
