"""`meguri up` as people use it: its servers die, and the next commands work."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from domain.goal.commands import Recall, Submit
from domain.values import CycleId
from embedded import addresses
from embedded.addresses import Addresses
from tests.acceptance.servers_of_test import ROOT, entries_of, goals_of, launch, owner_of, site, until_launched

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def up() -> AsyncIterator[tuple[Path, Addresses]]:
    with tempfile.TemporaryDirectory(prefix="meguri-tests-", ignore_cleanup_errors=True) as folder:
        var = Path(folder).resolve() / "var"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "import starter; starter.main()", "up"),
            cwd=ROOT,
            env={"PATH": os.defpath, "HOME": folder, "MEGURI_VAR": str(var), "MEGURI_CHANNEL": "null"},
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(90):
                while not is_at_work(var):
                    assert process.returncode is None
                    await asyncio.sleep(0.1)
            found = addresses.read(var)
            assert found is not None
            yield var, found
            assert process.returncode is None
        finally:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 60)
            except TimeoutError:
                process.kill()
                raise


def is_at_work(var: Path) -> bool:
    log = var / "worker.log"
    return log.exists() and "worker_started" in log.read_text(encoding="utf-8")


async def test_the_worker_and_the_commands_of_up_cannot_change_the_tables(up: tuple[Path, Addresses]) -> None:
    var, at = up
    assert "postgres:" not in (var / addresses.FILE_NAME).read_text(encoding="utf-8"), (
        "the owner's URL is not written down"
    )
    session = await asyncpg.connect(at.database_url)
    try:
        for statement in ("ALTER TABLE goal_event DISABLE TRIGGER ALL", "DROP TABLE goal_event", "CREATE TABLE x ()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await session.execute(statement)
        assert not await session.fetchval("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    finally:
        await session.close()


def kill(var: Path, name: str) -> None:
    os.kill(json.loads((var / f"{name}.pid").read_text())["pid"], signal.SIGKILL)


async def test_a_command_works_after_the_database_was_killed_and_after_temporal_was_killed(
    up: tuple[Path, Addresses], tmp_path: Path
) -> None:
    var, at = up
    async with site(at.database_url, at.temporal_address, tmp_path) as here:
        await launch(here, CycleId("heals"), 1)
        await until_launched(here, CycleId("heals"), 1)
        goal = goals_of(CycleId("heals"), 1)[0]
        for round_, name in enumerate(("postgres", "temporal")):
            kill(var, name)
            async with asyncio.timeout(60):
                assert (await here.give(goal, Submit(actor=owner_of(goal)), f"submit-{round_}")).seq == 2 + 2 * round_
            await here.give(goal, Recall(actor=owner_of(goal)), f"recall-{round_}")
        assert len(await entries_of(here, goal)) == 5
