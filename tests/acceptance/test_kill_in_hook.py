"""SIGKILL of the delivery worker between posting an event and recording it; then two workers at once, while a receiver fails at times."""

import asyncio
import base64
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from channels.hook_secrets import HookKey
from tests.acceptance.servers_of_test import Site, site
from tests.activities.mailroom import employ, give_task, open_cycle
from tests.activities.receiver import GOAL, OTHER, record, told
from tests.activities.test_receivers import add
from tests.channels.web_server import Receiver, web_server
from tests.servers import Postgres, running_temporal

pytestmark = pytest.mark.slow

KILLABLE_DELIVERY = Path(__file__).with_name("killable_delivery.py")
KEY = base64.b64encode(b"k" * 32).decode()  # that of tests/activities/test_receivers.py
SETTINGS = {"MEGURI_HOOK_KEY": KEY, "MEGURI_HOOK_PRIVATE_HOSTS": "true", "MEGURI_DELIVERY_SECONDS": "1"}
ENTRIES = 30  # of each goal
ON_THEIR_WAY = 4  # entries of a receiver when the worker dies: at most one of each goal, of four goals at most


@pytest_asyncio.fixture(scope="module")
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("hook")) as here:
            yield here


async def test_every_receiver_gets_every_event_in_order_and_those_on_their_way_once_more_as_the_same(
    here: Site,
) -> None:
    now = datetime.now(UTC)
    await employ(here.engine)
    await open_cycle(here.engine)
    await give_task(here.engine, "E1", ["M1"], due_at=now)
    await give_task(here.engine, "M1", ["M2"], due_at=now)
    async with web_server() as one, web_server() as two:
        for name, desk in (("r0", one), ("r1", two)):
            await add(here.engine, desk, name, at=now)
        for goal in (GOAL, OTHER):
            await record(here.engine, goal, *range(1, ENTRIES + 1), at=now)
        async with here.worker(program=KILLABLE_DELIVERY, settings=SETTINGS) as dying:
            assert await dying.ended() == -signal.SIGKILL
        assert await here.count("hook_event", "sent_at IS NOT NULL") == 0
        assert 1 <= len(one.posted) + len(two.posted) <= 2 * ON_THEIR_WAY
        async with (
            here.worker("--role", "delivery", settings=SETTINGS) as first,
            here.worker("--role", "delivery", settings=SETTINGS) as second,
        ):
            await asyncio.gather(first.until_at_work(), second.until_at_work())
            async with asyncio.timeout(200):
                while await here.count("hook_event", "sent_at IS NULL") or not await here.count("hook_event"):
                    one.status = 503 if one.status == 200 else 200
                    await _try_again_at_once(here)
    for name, desk in (("r0", one), ("r1", two)):
        _came_in_order(desk)
        for request in desk.posted:
            assert Webhook(HookKey(KEY).secret(name, 1)).verify(request.body, request.headers)
    assert len(two.posted) <= 2 * ENTRIES + ON_THEIR_WAY  # the receiver that never failed got nothing else twice


def _came_in_order(desk: Receiver) -> None:
    """Each event came, for the first time after the one before had come, and every time with the same body."""
    for goal in (GOAL, OTHER):
        ids = [one for one in told(desk) if one.startswith(f"{goal}#")]
        assert list(dict.fromkeys(ids)) == [f"{goal}#{seq}" for seq in range(1, ENTRIES + 1)]
        seqs = [int(one.rpartition("#")[2]) for one in ids]
        assert seqs == sorted(seqs)
    bodies: dict[str, set[bytes]] = {}
    for request in desk.posted:
        bodies.setdefault(request.headers["webhook-id"], set()).add(request.body)
    assert all(len(same) == 1 for same in bodies.values())


async def _try_again_at_once(here: Site) -> None:
    """Removes the retry times, so that the next tick tries again."""
    async with here.engine.begin() as connection:
        await connection.execute(
            text("UPDATE hook_event SET retry_at = NULL WHERE sent_at IS NULL AND retry_at > now()")
        )
    await asyncio.sleep(0.5)
