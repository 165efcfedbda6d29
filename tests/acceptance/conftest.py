"""Each module gets its own company on its own Temporal server: task queue names are fixed, so modules cannot share a server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage.database import open_database
from tests.acceptance.scene import Company, company_at_work, launch_sample, quiet_settings
from tests.servers import Postgres, running_temporal


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    """The sample company with the sample cycle, launched today, and a running worker."""
    var: Path = tmp_path_factory.mktemp("var")
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with company_at_work(engine, environment.client, quiet_settings(url, var)) as company:
            await launch_sample(company)
            yield company
        await engine.dispose()
