"""`python -m tests.torture [--minutes 10] [--goals 200] [--people 16] [--seed N]`: prints what happened, and ends with 1 if anything is wrong."""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from domain.values import CycleId
from tests.acceptance.servers_of_test import (
    Site,
    goals_of,
    launch,
    mortal_postgres,
    mortal_temporal,
    site,
    until_launched,
)
from tests.channels.mail_server import Mailbox, mail_server
from tests.torture.driver import Answer, Driver, Known
from tests.torture.faults import Faults, Victims
from tests.torture.handovers import Handovers
from tests.torture.oracle import is_recorded, wrong_in_begun, wrong_in_ledgers, wrong_in_notices

_CYCLE = CycleId("torture")
_LAUNCHED_DAYS_AGO = 20  # so that reminders and escalations ring meanwhile
_LAST_NOTICES = 120  # seconds that the delivery may take at the end


async def main(options: argparse.Namespace) -> int:
    async with AsyncExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix="meguri-torture-"))
        postgres = await running.enter_async_context(mortal_postgres())
        temporal = await running.enter_async_context(mortal_temporal())
        mailbox = await running.enter_async_context(mail_server())
        here = await running.enter_async_context(site(postgres.url, temporal.url, Path(folder)))
        victims = Victims(here, postgres, temporal, _settings(mailbox))
        running.push_async_callback(victims.end_worker)
        return await _torture(victims, mailbox, options)


async def _torture(victims: Victims, mailbox: Mailbox, options: argparse.Namespace) -> int:
    here, chance = victims.site, random.Random(options.seed)  # noqa: S311 - no secret
    await victims.start_worker()
    await launch(here, _CYCLE, options.goals, days_ago=_LAUNCHED_DAYS_AGO)
    await until_launched(here, _CYCLE, options.goals)
    known = [Known(goal) for goal in goals_of(_CYCLE, options.goals)]
    driver = Driver(here.client, known, chance, partial(is_recorded, here))
    faults = Faults(victims, chance, lambda: driver.last_answer)
    handovers = Handovers(here, _CYCLE, [goal.owner for goal in known], chance)
    people = asyncio.gather(driver.run(options.people), handovers.run())
    try:
        await faults.run(options.minutes * 60)
    finally:
        driver.stopping = handovers.stopping = True
        await people
    await _until_notices_are_sent(here)
    goals = [*(goal.id for goal in known), *filter(None, handovers.made.values())]
    wrong = await wrong_in_ledgers(here, goals, driver.sent, faults.times)
    wrong += await wrong_in_begun(here, handovers.made)
    wrong += await wrong_in_notices(here, mailbox, sum(map(len, faults.recovered.values())))
    await _report(here, driver, faults, options, mailbox)
    print(f"{len([one for one in handovers.made.values() if one])} goals were begun, or begun by a handover")
    print("\n".join(wrong) or "nothing is wrong")
    return 1 if wrong else 0


def _settings(mailbox: Mailbox) -> dict[str, str]:
    return {
        "MEGURI_CHANNEL": "mail",
        "MEGURI_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
        "MEGURI_MAIL_FROM": "meguri@example.com",
        "MEGURI_DIGEST": "minute",
        "MEGURI_DELIVERY_SECONDS": "2",
    }


async def _until_notices_are_sent(here: Site) -> None:
    for _ in range(_LAST_NOTICES):
        if not await here.count("outbox", "sent_at IS NULL AND withdrawn_at IS NULL AND gave_up_at IS NULL"):
            return
        await asyncio.sleep(1)


async def _report(here: Site, driver: Driver, faults: Faults, options: argparse.Namespace, mailbox: Mailbox) -> None:
    counts = driver.counts()
    total = sum(map(len, faults.recovered.values()))
    print(f"seed {options.seed}: {options.goals} goals, {options.minutes} minutes, {total} faults")
    print(f"{len(driver.sent)} commands: " + ", ".join(f"{counts[one]} {one}" for one in Answer))
    print(
        f"{await here.count('goal_event')} entries, {len(mailbox.arrived)} mails, {await here.count('outbox')} notices"
    )
    print("\n| fault | times | seconds to the next answer: median | most |\n|---|---|---|---|")
    for name, seconds in sorted(faults.recovered.items()):
        print(f"| {name.replace('_', ' ')} | {len(seconds)} | {statistics.median(seconds):.1f} | {max(seconds):.1f} |")
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--goals", type=int, default=200)
    parser.add_argument("--people", type=int, default=16, help="who give commands at the same time")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_options())))
