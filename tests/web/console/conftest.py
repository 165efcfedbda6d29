"""The console of a company with its worker, and a browser."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from settings import Settings
from tests.service.steered import Steered
from tests.web.browser import running_chromium
from tests.web.people import temporal_of
from web.serving import listen, serving


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with running_chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module")
async def console(company: Steered) -> AsyncIterator[str]:
    """The address of the pages."""
    async with serving(Settings(web_rate=0), company.engine, temporal_of(company), listen("127.0.0.1:0")) as url:
        yield url
