"""SIGKILL of the delivery worker between sending a mail and recording it: the mail server has it, the outbox does not know."""

import asyncio
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.acceptance.servers_of_test import Site, site
from tests.activities.mailroom import employ, open_cycle, queue
from tests.channels.mail_server import Mailbox, mail_server
from tests.servers import Postgres, running_temporal

pytestmark = pytest.mark.slow

KILLABLE_DELIVERY = Path(__file__).with_name("killable_delivery.py")
PEOPLE = [
    *((f"J{n}", f"社員{n}", f"j{n}@example.com", "ja") for n in range(6)),
    *((f"E{n}", f"Person {n}", f"e{n}@example.com", "en") for n in range(6)),
]
AT_ONCE = 4  # mails that are being sent when the worker dies


@pytest_asyncio.fixture(scope="module")
async def here(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with postgres.migrated_database() as url, running_temporal() as temporal:
        address = temporal.client.service_client.config.target_host
        async with site(url, address, tmp_path_factory.mktemp("delivery")) as here:
            yield here


def by_mail(mailbox: Mailbox) -> dict[str, str]:
    return {
        "MEGURI_CHANNEL": "mail",
        "MEGURI_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
        "MEGURI_MAIL_FROM": "meguri@example.com",
        "MEGURI_DELIVERY_SECONDS": "1",
    }


async def test_every_mail_arrives_and_at_most_those_on_their_way_come_once_more_as_the_same(here: Site) -> None:
    await employ(here.engine, PEOPLE)
    await open_cycle(here.engine, hr=("J0",))
    await queue(here.engine, *(one for one, *_ in PEOPLE), urgent=True, theme="請求書")
    async with mail_server() as mailbox:
        async with here.worker(program=KILLABLE_DELIVERY, settings=by_mail(mailbox)) as dying:
            assert await dying.ended() == -signal.SIGKILL
        assert await here.count("outbox", "sent_at IS NOT NULL") == 0
        assert 1 <= len(mailbox.arrived) <= AT_ONCE
        mailbox.refuse_every_second_connection = True
        async with here.worker("--role", "delivery", settings=by_mail(mailbox)) as alive:
            await alive.until_at_work()
            async with asyncio.timeout(200):
                while await here.count("outbox", "sent_at IS NULL"):
                    await clear_retry_times(here)
    arrived = Counter(mailbox.recipients)
    assert set(arrived) == {mail for _, _, mail, _ in PEOPLE}
    assert set(arrived.values()) <= {1, 2}
    assert sum(arrived.values()) - len(arrived) <= AT_ONCE
    ids = defaultdict(set)
    for mail in mailbox.arrived:
        ids[str(mail["To"])].add(str(mail["Message-ID"]))
    assert all(len(same) == 1 for same in ids.values())
    languages = Counter(str(mail["Content-Language"]) for mail in mailbox.arrived)
    assert set(languages) == {"ja", "en"}


async def clear_retry_times(here: Site) -> None:
    """Removes the retry times after a refused connection, so that the next run tries again at once."""
    async with here.engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET retry_at = now() WHERE sent_at IS NULL AND retry_at > now()"))
    await asyncio.sleep(0.5)
