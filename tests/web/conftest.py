"""A company with its worker, and the real web server on a free port."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from settings import Settings
from storage.database import open_database
from tests.servers import Postgres, running_temporal
from tests.service.steered import Steered, steered
from tests.web.people import temporal_of
from web.serving import listen, serving


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Steered]:
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, tmp_path_factory.mktemp("var")) as company:
            yield company
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def web(company: Steered) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server, without a token."""
    async with (
        serving(Settings(web_rate=0), company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, timeout=40) as client,
    ):
        yield client
