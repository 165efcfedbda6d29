"""Fixtures for all tests. Servers start with the first test that needs them, and stop at the end of the session."""

from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from storage.database import open_database
from tests.servers import Postgres, running_postgres, running_temporal, running_time_skipping


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    async with running_postgres() as server:
        yield server


@pytest_asyncio.fixture
async def empty_database_url(postgres: Postgres) -> AsyncIterator[str]:
    """A separate database for the test, without tables."""
    async with postgres.empty_database() as url:
        yield url


@pytest_asyncio.fixture
async def database_url(postgres: Postgres) -> AsyncIterator[str]:
    """A separate database for the test, with the schema and without rows."""
    async with postgres.migrated_database() as url:
        yield url


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on `database_url`."""
    engine = open_database(database_url)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server. Tests share it, so each must use its own workflow ids and task queues."""
    async with running_temporal() as environment:
        yield environment


@pytest_asyncio.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping Temporal server; one per test, since all workflows on a server share its clock."""
    async with running_time_skipping() as environment:
        yield environment
