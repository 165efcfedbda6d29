"""Each module gets its own company on its own Temporal server: task queue names are fixed, so modules cannot share a server."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from storage.database import open_database
from tests.servers import Postgres, running_temporal
from tests.service.steered import Steered, steered


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Steered]:
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, tmp_path_factory.mktemp("var")) as company:
            yield company
        await engine.dispose()
