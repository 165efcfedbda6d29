"""`worker.py` as an operator uses it: how it stops, when it refuses to start, and its health checks."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest
import pytest_asyncio
from sqlalchemy import make_url, text

from domain.goal.commands import Submit
from domain.lifecycle import State
from domain.values import CycleId
from embedded.ports import LOOPBACK
from storage.database import open_database
from tests.acceptance.servers_of_test import (
    Site,
    entries_of,
    free_ports,
    goals_of,
    launch,
    owner_of,
    site,
    until_launched,
)
from tests.servers import Postgres, running_temporal

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(scope="module")
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("workers")) as here:
            yield here


async def asked(port: int, path: str) -> tuple[int, str]:
    """Sends a GET; returns status and body."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


async def answers(port: int, path: str, status: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await asked(port, path))[0] == status:
                    return
            except OSError:  # nobody listens yet
                pass
            await asyncio.sleep(0.1)


@asynccontextmanager
async def refuse_connections(here: Site, postgres: Postgres) -> AsyncIterator[None]:
    """The database ends all sessions and accepts no new ones: for the worker it is down."""
    name = make_url(here.database_url).database
    await postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await postgres.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608 - our own name
    try:
        yield
    finally:
        await postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has_begun(here: Site) -> None:
    goal = goals_of(CycleId("drain"), 1)[0]
    async with here.worker_at_work() as worker, asyncio.TaskGroup() as callers:
        await launch(here, CycleId("drain"), 1)
        await until_launched(here, CycleId("drain"), 1)
        async with here.engine.begin() as held:  # the recording waits for our lock on the goal's row
            await held.execute(text("SELECT FROM goal WHERE id = :goal FOR UPDATE"), {"goal": goal})
            answer = callers.create_task(here.goals.give(goal, Submit(actor=owner_of(goal)), "submit"))
            await here.until_count("pg_stat_activity", "wait_event_type = 'Lock'", 1)
            worker.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)
            assert worker.process.returncode is None
            assert not answer.done()
        assert (await answer).state is State.PENDING_APPROVAL  # there is no other worker that could have done it
        assert await worker.ended() == 0
        assert worker.logged("worker_drained")
    async with here.worker_at_work():
        assert len(await entries_of(here, goal)) == 2


async def test_a_worker_that_is_told_to_stop_while_the_database_is_away_ends_and_leaves_the_recording_to_the_next(
    here: Site, postgres: Postgres
) -> None:
    goal = goals_of(CycleId("away"), 1)[0]
    async with here.worker_at_work() as worker, asyncio.TaskGroup() as callers:
        await launch(here, CycleId("away"), 1)
        await until_launched(here, CycleId("away"), 1)
        async with refuse_connections(here, postgres):
            answer = callers.create_task(here.goals.give(goal, Submit(actor=owner_of(goal)), "submit"))
            await asyncio.sleep(5)
            worker.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(worker.process.wait(), 30) == 0
            assert not answer.done()
            assert worker.logged("recording_left_to_next_worker")
        async with here.worker_at_work():
            assert (await answer).state is State.PENDING_APPROVAL
            assert len(await entries_of(here, goal)) == 2


async def test_a_worker_that_is_told_to_stop_ends_though_a_recording_waits_for_a_lock_for_ever(here: Site) -> None:
    goal = goals_of(CycleId("locked"), 1)[0]
    async with here.worker_at_work() as worker, asyncio.TaskGroup() as callers:
        await launch(here, CycleId("locked"), 1)
        await until_launched(here, CycleId("locked"), 1)
        async with here.engine.begin() as held:
            await held.execute(text("SELECT FROM goal WHERE id = :goal FOR UPDATE"), {"goal": goal})
            answer = callers.create_task(here.goals.give(goal, Submit(actor=owner_of(goal)), "submit"))
            await here.until_count("pg_stat_activity", "wait_event_type = 'Lock'", 1)
            worker.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(worker.process.wait(), 40) == 0
            assert worker.logged("recording_left_to_next_worker")
        async with here.worker_at_work():
            assert (await answer).state is State.PENDING_APPROVAL


async def test_a_worker_refuses_a_database_with_another_schema_and_names_the_command_that_mends_it(
    here: Site, empty_database_url: str
) -> None:
    async with replace(here, database_url=empty_database_url).worker() as worker:
        assert await worker.ended() == 1
        assert "meguri migrate" in worker.log.read_text()
        assert not worker.logged("worker_started")


async def test_a_worker_that_cannot_reach_its_database_says_where_it_looked(here: Site) -> None:
    nobody = f"postgresql://meguri:sesame@{LOOPBACK}:{free_ports(1)}/meguri"
    async with replace(here, database_url=nobody).worker() as worker:
        assert await worker.ended() == 3
        said = worker.log.read_text()
    assert "PostgreSQL" in said
    assert "DATABASE_URL" in said
    assert "sesame" not in said


async def test_a_worker_that_cannot_reach_temporal_says_where_it_looked(here: Site) -> None:
    nobody = f"{LOOPBACK}:{free_ports(1)}"
    async with replace(here, address=nobody).worker() as worker:
        assert await worker.ended() == 3
        assert nobody in worker.log.read_text()


async def test_several_processes_serve_side_by_side_and_end_together(here: Site) -> None:
    port = free_ports(2)
    settings = {"MEGURI_HEALTH_ADDRESS": f"{LOOPBACK}:{port}"}
    async with here.worker("--processes", "2", settings=settings) as worker:
        await answers(port, "/readyz", 200)
        await answers(port + 1, "/readyz", 200)
        children = psutil.Process(worker.process.pid).children()
        assert len(children) == 2
        worker.process.send_signal(signal.SIGTERM)
        assert await worker.ended() == 0
    assert not [child for child in children if child.is_running()]


async def test_where_one_of_several_processes_dies_all_end_with_an_error(here: Site) -> None:
    port = free_ports(2)
    settings = {"MEGURI_HEALTH_ADDRESS": f"{LOOPBACK}:{port}"}
    async with here.worker("--processes", "2", settings=settings) as worker:
        await answers(port, "/readyz", 200)
        await answers(port + 1, "/readyz", 200)
        children = psutil.Process(worker.process.pid).children()
        children[0].kill()
        assert await worker.ended() > 0
    assert not [child for child in children if child.is_running()]


async def test_a_worker_tells_whether_it_lives_whether_it_is_ready_and_what_it_does(
    here: Site, postgres: Postgres
) -> None:
    health, metrics = free_ports(1), free_ports(1)
    settings = {"MEGURI_HEALTH_ADDRESS": f"{LOOPBACK}:{health}", "MEGURI_METRICS_ADDRESS": f"{LOOPBACK}:{metrics}"}
    async with here.worker(settings=settings) as worker:
        await answers(health, "/readyz", 200)
        assert await asked(health, "/healthz") == (200, '{"status": "OK"}')
        assert (await asked(health, "/elsewhere"))[0] == 404
        status, body = await asked(metrics, "/metrics")
        assert status == 200
        assert "temporal_worker_task_slots_available" in body

        async with refuse_connections(here, postgres):
            await answers(health, "/readyz", 503)
            assert (await asked(health, "/healthz"))[0] == 200
        await answers(health, "/readyz", 200)
        assert worker.process.returncode is None


async def test_a_worker_with_altered_tables_works_on_and_tells_what_it_found(here: Site) -> None:
    health = free_ports(1)
    engine = open_database(here.database_url)

    async def alter(how: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(text(f"ALTER TABLE journal {how} TRIGGER journal_no_truncate"))

    await alter("DISABLE")
    try:
        async with here.worker(settings={"MEGURI_HEALTH_ADDRESS": f"{LOOPBACK}:{health}"}):
            await answers(health, "/readyz", 200)
            async with asyncio.timeout(30):
                while (found := json.loads((await asked(health, "/readyz"))[1]))["tables"]["looked_at"] is None:  # noqa: ASYNC110 - another process looks
                    await asyncio.sleep(0.1)
            await alter("ENABLE")
            assert json.loads((await asked(health, "/readyz"))[1]) == found, "it stays until the next look"
            assert await asked(health, "/healthz") == (200, '{"status": "OK"}')
    finally:
        await alter("ENABLE")
        await engine.dispose()
    assert found["status"] == "OK"
    assert (found["tables"]["failed_at"], found["tables"]["fault_counts"]) == (None, {"trigger_off": 1})
    assert datetime.now(UTC) - datetime.fromisoformat(found["tables"]["looked_at"]) < timedelta(minutes=2)
