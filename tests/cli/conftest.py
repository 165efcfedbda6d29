"""Each module gets its own office on its own Temporal server: task queue names are fixed, so modules cannot share a server."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from channels.channel import NullChannel
from settings import Settings
from storage.database import open_database
from tests.cli.office import PEOPLE, Office
from tests.servers import Postgres, running_temporal
from worker import Role, serving


@pytest_asyncio.fixture(scope="module")
async def bare_office(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Servers and a worker, without employees. Commands answer in English."""
    folder = tmp_path_factory.mktemp("office")
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        settings = Settings(DATABASE_URL=url, var=folder, channel="null", delivery_seconds=86_400)
        env = {
            "DATABASE_URL": url,
            "TEMPORAL_ADDRESS": environment.client.service_client.config.target_host,
            "MEGURI_VAR": str(folder),
            "MEGURI_LOCALE": "en",
        }
        # Otherwise the worker's log would be mixed with the output of commands in the same process.
        with capture_logs():
            async with serving(settings, Role.ALL, environment.client, engine, NullChannel()):
                yield Office(env, folder)
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def office(bare_office: Office) -> Office:
    """The office with employees and the cycle `q4`, launched today."""
    await bare_office.done("people", "import", bare_office.file("people.csv", PEOPLE))
    await bare_office.launch("q4")
    return bare_office
