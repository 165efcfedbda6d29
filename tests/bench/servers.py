"""The servers that a bench runs on."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from embedded.addresses import Addresses
from embedded.stack import running
from service.connection import connect_temporal
from settings import Settings
from storage.database import open_database
from storage.migrate import upgrade
from tests.bench.company import Bench


@asynccontextmanager
async def servers() -> AsyncIterator[tuple[Addresses, Path, Bench]]:
    """Both servers on a folder of their own, and a company that talks to them."""
    with tempfile.TemporaryDirectory(prefix="meguri-bench-") as folder:
        async with running(Path(folder), ui=False) as at:
            await upgrade(at.database_url)
            engine = open_database(at.database_url)
            client = await connect_temporal(Settings(), at=at.temporal_address)
            yield at, Path(folder), Bench(engine, client)
            await engine.dispose()
