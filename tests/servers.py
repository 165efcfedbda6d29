"""The real servers of the tests, one of each per session, started for the first test that needs it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

import asyncpg
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import GrpcCompression
from temporalio.testing import WorkflowEnvironment

from embedded import postgres, temporal
from embedded.wheels import temporal_program
from tests.as_of.shift import offset

SEARCH_ATTRIBUTES = ("MeguriCycle", "MeguriOwner", "MeguriDepartment")
_TEMPLATE = "template_migrated"


@dataclass
class Postgres:
    """A PostgreSQL server with a template database, which is migrated once and copied for each test."""

    url: str
    _numbers: "count[int]" = field(default_factory=count)
    _template_made: bool = False

    @asynccontextmanager
    async def empty_database(self) -> AsyncIterator[str]:
        """The URL of a new database without tables; it is dropped at the end, even if there are connections."""
        async with self._database("template1") as url:
            yield url

    @asynccontextmanager
    async def migrated_database(self) -> AsyncIterator[str]:
        """The URL of a new database with our schema and no rows."""
        if not self._template_made:
            from storage.migrate import upgrade

            await self.execute(f"CREATE DATABASE {_TEMPLATE}")
            await upgrade(self._url_of(_TEMPLATE))
            self._template_made = True
        async with self._database(_TEMPLATE) as url:
            yield url

    @asynccontextmanager
    async def _database(self, template: str) -> AsyncIterator[str]:
        name = f"test_{next(self._numbers)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self._url_of(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _url_of(self, database: str) -> str:
        return self.url.replace(f"/{postgres.DATABASE}?", f"/{database}?", 1)

    async def execute(self, statement: str) -> object:
        """Runs a statement as the superuser, outside the databases of tests; returns its first value."""
        session = await asyncpg.connect(self._url_of(postgres.SUPERUSER))
        try:
            return await session.fetchval(statement)
        finally:
            await session.close()


@asynccontextmanager
async def running_postgres() -> AsyncIterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="meguri-tests-") as folder:
        async with postgres.running(Path(folder).resolve(), durable=False) as url:
            yield Postgres(url)


@asynccontextmanager
async def running_temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal dev server in memory, with the search attributes, on a free port."""
    with tempfile.TemporaryDirectory(prefix="meguri-tests-") as folder:
        async with temporal.running(Path(folder).resolve(), ui=False, in_memory=True) as at:
            client = await Client.connect(
                at.address, data_converter=pydantic_data_converter, grpc_compression=GrpcCompression.NONE
            )
            await _add_search_attributes(client)
            yield WorkflowEnvironment.from_client(client)


@asynccontextmanager
async def running_time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """The time-skipping test server. It has no lists, counts, schedules or resets."""
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=str(temporal_program("temporal-test-server")),
    ) as environment:
        await _add_search_attributes(environment.client)
        yield environment


async def now_of(server: WorkflowEnvironment) -> datetime:
    """The time that workflows on this server see; in a run as of another day it is shifted, while the server's time is not."""
    return await server.get_current_time() + offset()


async def _add_search_attributes(client: Client) -> None:
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    request = AddSearchAttributesRequest(
        namespace=client.namespace, search_attributes=dict.fromkeys(SEARCH_ATTRIBUTES, keyword)
    )
    await client.operator_service.add_search_attributes(request)
