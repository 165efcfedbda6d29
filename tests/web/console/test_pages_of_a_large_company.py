"""Pages of a large company: a bounded number of queries on one connection, a bounded size, and nothing loaded but style and module."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.sign_in import SessionLimits, SignIn
from settings import Settings
from storage import roles
from storage.database import open_database
from tests.bench.dataset import HR, Size, fill
from tests.bench.pages import CASES, MOST_BYTES, PageCase
from tests.bench.read_cases import Company
from tests.servers import Postgres
from tests.storage.test_read_plans import recorded
from web.app import make_app
from web.opened import Opened, Temporal

SIZES = (Size(goals=300, people=100, entries=3_000), Size(goals=4_500, people=1_500, entries=30_000))
AUDIT = (
    PageCase("audit", "auditor", "/audit"),
    PageCase("audit of a goal", "auditor", "/audit/goals/{goal}"),
    PageCase("journal", "auditor", "/audit/journal"),
)
PAGES = (*CASES, *AUDIT)
MOST_QUERIES = 30
_PARTS = 4  # queries of parts of a page that have nothing to show in the small company


class Office(NamedTuple):
    """A company, and its pages in this process."""

    engine: AsyncEngine
    company: Company
    browsers: dict[str, httpx.AsyncClient]

    async def visit(self, page: PageCase) -> httpx.Response:
        return await self.browsers[page.visitor].get(page.path(self.company, 1))


@pytest_asyncio.fixture(scope="module")
async def offices(postgres: Postgres) -> AsyncIterator[list[Office]]:
    """A small company, and one with fifteen times as many people and goals."""
    async with postgres.migrated_database() as one, postgres.migrated_database() as other:
        made = [await _office(url, size) for url, size in zip((one, other), SIZES, strict=True)]
        yield made
        for office in made:
            for browser in office.browsers.values():
                await browser.aclose()
            await office.engine.dispose()


async def _office(url: str, size: Size) -> Office:
    engine, company = open_database(url, pool=2), Company(size)
    await fill(engine, size)
    async with engine.begin() as connection:
        await roles.give(connection, EmployeeId(HR[1]), CompanyRole.AUDITOR, by="@operator")
    app = make_app(Opened(Settings(), engine, cast("Temporal", None)))  # no page asks Temporal for anything
    sign_in = SignIn(engine, SessionLimits(timedelta(hours=1), timedelta(hours=1)))
    visitors = {"person": company.person(1), "manager": company.manager(1), "hr": HR[0], "auditor": HR[1]}
    browsers = {}
    for kind, person in visitors.items():
        session = await sign_in.choose(person, None, datetime.now(UTC))
        browsers[kind] = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost", cookies={"meguri-session": str(session)}
        )
    return Office(engine, company, browsers)


@contextmanager
def _connections(engine: AsyncEngine) -> Iterator[list[int]]:
    """How many connections were in use at once, whenever one more was."""
    used: list[int] = []
    count = 0

    def out(*_: Any) -> None:
        nonlocal count
        count += 1
        used.append(count)

    def back(*_: Any) -> None:
        nonlocal count
        count -= 1

    event.listen(engine.sync_engine, "checkout", out)
    event.listen(engine.sync_engine, "checkin", back)
    try:
        yield used
    finally:
        event.remove(engine.sync_engine, "checkout", out)
        event.remove(engine.sync_engine, "checkin", back)


@pytest.mark.parametrize("page", PAGES, ids=[one.name for one in PAGES])
async def test_a_page_takes_as_many_queries_in_a_large_company_as_in_a_small_one(
    offices: list[Office], page: PageCase
) -> None:
    counts = []
    for office in offices:
        await office.visit(page)  # its rows of the minute's rate are there
        with recorded(office.engine) as statements, _connections(office.engine) as used:
            answer = await office.visit(page)
        assert answer.status_code == 200, answer.text
        assert max(used) == 1, "with two connections each, many pages at once would wait for each other"
        counts.append(len(statements))
    small, large = counts
    assert large <= small + _PARTS
    assert large <= MOST_QUERIES


@pytest.mark.parametrize("page", PAGES, ids=[one.name for one in PAGES])
async def test_a_page_is_small_and_loads_its_style_and_its_module_alone(offices: list[Office], page: PageCase) -> None:
    answer = await offices[1].visit(page)
    assert len(answer.content) <= MOST_BYTES
    loaded = re.findall(r'<(?:link|script|img|source|iframe)[^>]*(?:href|src)="([^"]*)"', answer.text)
    assert sorted(re.sub(r"/[0-9a-f]{12}/", "/", one) for one in loaded if not one.endswith(".svg")) == [
        "/assets/meguri.css",
        "/assets/meguri.js",
    ]
