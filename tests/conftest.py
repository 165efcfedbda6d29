"""Fixtures that every test may ask for. Servers start with the first test that needs them, and stop with the session."""

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
    """A database of the test's own, without tables."""
    async with postgres.empty_database() as url:
        yield url


@pytest_asyncio.fixture
async def database_url(postgres: Postgres) -> AsyncIterator[str]:
    """A database of the test's own, migrated, without rows."""
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
    """A real Temporal server; tests share it, so each uses workflow ids and task queues of its own."""
    async with running_temporal() as environment:
        yield environment


@pytest_asyncio.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server whose clock skips. One per test: its clock is one for all workflows."""
    async with running_time_skipping() as environment:
        yield environment
