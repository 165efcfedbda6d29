"""Several receivers of events: each gets its kinds in order, whatever happens to the others, signed with its own secrets."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from temporalio.testing import ActivityEnvironment

from activities.hook import Hook
from channels.hook import EventHook
from channels.hook_secrets import HookKey
from storage import hook_deliveries, hooks, receivers
from storage.database import read_transaction
from storage.receivers import Receiver as Stored
from tests.activities.mailroom import CYCLE, employ, give_task, open_cycle
from tests.activities.receiver import GOAL, HOUR, MINUTE, OTHER, SECRET, START, record, told
from tests.channels.web_server import Receiver, Request, web_server
from workflows.delivery import SendRequest, SendResult

KEY, OTHER_KEY = (HookKey(base64.b64encode(one * 32).decode()) for one in (b"k", b"o"))
APPROVED: dict[str, Any] = {"body": {"kind": "approved"}, "texts": None}


@asynccontextmanager
async def desks(engine: AsyncEngine, number: int) -> AsyncIterator[list[Receiver]]:
    """So many receivers, `r0`, `r1` … in the order of their ids, and two goals."""
    await employ(engine)
    await open_cycle(engine)
    await give_task(engine, "E1", ["M1"], due_at=START)
    await give_task(engine, "M1", ["M2"], due_at=START)
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(web_server()) for _ in range(number)]
        for n, desk in enumerate(found):
            await add(engine, desk, f"r{n}")
        yield found


async def add(engine: AsyncEngine, desk: Receiver, name: str, at: datetime = START) -> None:
    made = Stored(name, desk.url("/events"), None, None, 1, None, KEY.id, "M1", at)
    async with engine.begin() as connection:
        assert await receivers.add(connection, made)


async def change(engine: AsyncEngine, name: str, **changes: Any) -> None:
    async with engine.begin() as connection:
        before = await receivers.find(connection, name, lock=True)
        assert before
        await receivers.save(connection, "hook_changed", before, before._replace(**changes), by="M1")


async def tell(
    engine: AsyncEngine,
    *,
    at: datetime = START,
    limit: int = 100,
    first: bool = True,
    down: tuple[str, ...] = (),
    key: HookKey | None = KEY,
    private_hosts: bool = True,
) -> SendResult:
    activity = Hook(engine, None, key, private_hosts=private_hosts).tell_events
    return await ActivityEnvironment().run(activity, SendRequest(now=at, limit=limit, first=first, down=down))


def holds(request: Request, generation: int, name: str = "r0", key: HookKey = KEY) -> bool:
    """Whether the verifier of the specification's makers accepts the request with this secret."""
    try:
        Webhook(key.secret(name, generation)).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


async def deliveries(engine: AsyncEngine, name: str) -> Sequence[hook_deliveries.Delivery]:
    async with read_transaction(engine) as connection:
        return await hook_deliveries.page(connection, name, before=None, limit=100)


async def test_each_receiver_gets_every_entry_once_and_signed_with_its_own_secret(database: AsyncEngine) -> None:
    async with desks(database, 2) as (one, two):
        await record(database, GOAL, 1, 2, 3)
        assert await tell(database) == SendResult(sent=6)
        assert await tell(database, at=START + HOUR) == SendResult()
    assert told(one) == told(two) == [f"{GOAL}#{seq}" for seq in (1, 2, 3)]
    assert holds(one.posted[0], 1)
    assert not holds(one.posted[0], 1, "r1")
    assert holds(two.posted[0], 1, "r1")
    assert one.posted[0].body == two.posted[0].body


async def test_a_receiver_that_fails_or_is_gone_does_not_stop_the_others(database: AsyncEngine) -> None:
    async with desks(database, 2) as (bad, good):
        async with web_server() as closed:
            await add(database, closed, "gone")
        bad.status = 500
        await record(database, GOAL, 1, 2, 3)
        result = await tell(database)
        assert (result.sent, result.failed, result.down, result.unreachable) == (3, 2, ("gone",), False)
        assert told(good) == [f"{GOAL}#{seq}" for seq in (1, 2, 3)]
        bad.status = 200
        again = await tell(database, at=START + MINUTE, first=False, down=result.down)
        assert (again.sent, again.down, again.can_go_on) == (3, ("gone",), False)
    assert told(bad) == [f"{GOAL}#{seq}" for seq in (1, 1, 2, 3)]
    assert [(one.attempts, one.error) for one in await deliveries(database, "gone")][-1] == (1, "hook_unreachable")


async def test_a_receiver_that_says_nothing_is_left_alone_until_the_next_tick(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.hook._TIMEOUT", 0.2)
    monkeypatch.setattr("activities.hook._MOST_SILENCE", 2)
    async with desks(database, 2) as (silent, good):
        silent.say_nothing = True
        await record(database, GOAL, 1)
        await record(database, OTHER, 1)
        result = await tell(database)
        assert (result.sent, result.failed, result.down) == (2, 2, ("r0",))
        assert len(good.posted) == 2


async def test_a_receiver_gets_only_its_kinds_and_a_new_one_nothing_that_is_older(database: AsyncEngine) -> None:
    async with desks(database, 1) as (one,), web_server() as late:
        await change(database, "r0", kinds=("approved",))
        await record(database, GOAL, 1, 3)
        await record(database, GOAL, 2, **APPROVED)
        await tell(database)
        await add(database, late, "late", at=START + HOUR)
        await record(database, GOAL, 4, at=START + HOUR, **APPROVED)
        await tell(database, at=START + HOUR)
        assert told(one) == [f"{GOAL}#2", f"{GOAL}#4"]
        assert told(late) == [f"{GOAL}#4"]


async def test_kinds_that_are_added_never_bring_an_entry_behind_a_later_one(database: AsyncEngine) -> None:
    async with desks(database, 1) as (one,):
        await change(database, "r0", kinds=("approved",))
        await record(database, GOAL, 1, 3)
        await record(database, GOAL, 2, **APPROVED)
        await tell(database)
        await change(database, "r0", kinds=None)
        await tell(database, at=START + MINUTE)
    assert told(one) == [f"{GOAL}#2", f"{GOAL}#3"]  # 1 came before 2, and was not asked for


async def test_what_a_paused_receiver_misses_is_sent_when_it_goes_on_with_its_whole_day_to_try(
    database: AsyncEngine,
) -> None:
    async with desks(database, 1) as (one,):
        one.status = 500
        await record(database, GOAL, 1)
        await tell(database)
        await change(database, "r0", paused_at=START)
        await record(database, GOAL, 2, at=START + MINUTE)
        assert await tell(database, at=START + timedelta(days=2)) == SendResult()
        await change(database, "r0", paused_at=None)
        late = await tell(database, at=START + timedelta(days=2))
        assert (late.failed, late.given_up) == (1, 0)
        one.status = 200
        assert (await tell(database, at=START + timedelta(days=2, hours=1))).sent == 2
    assert told(one) == [f"{GOAL}#1", f"{GOAL}#1", f"{GOAL}#1", f"{GOAL}#2"]


async def test_for_a_day_after_a_rotation_both_secrets_verify_and_then_the_new_one_alone(
    database: AsyncEngine,
) -> None:
    day = timedelta(days=1)
    async with desks(database, 1) as (one,):
        await change(database, "r0", generation=2, earlier_until=START + day)
        for seq, at in ((1, START), (2, START + day - MINUTE), (3, START + day)):
            await record(database, GOAL, seq, at=at)
            await tell(database, at=at)
    assert [[holds(request, generation) for generation in (1, 2, 3)] for request in one.posted] == [
        [True, True, False], [True, True, False], [False, True, False],
    ]  # fmt: skip


@pytest.mark.parametrize("key", [None, OTHER_KEY])
async def test_nothing_is_sent_that_the_receiver_would_refuse_because_the_key_is_another_one(
    database: AsyncEngine, key: HookKey | None
) -> None:
    async with desks(database, 1) as (one,):
        await record(database, GOAL, 1)
        assert await tell(database, key=key) == SendResult()
        assert one.posted == []
        assert await tell(database, at=START + MINUTE) == SendResult(sent=1)


async def test_a_receiver_on_a_private_network_gets_nothing_unless_the_settings_allow_it(database: AsyncEngine) -> None:
    async with desks(database, 1) as (one,):
        await record(database, GOAL, 1)
        assert (await tell(database, private_hosts=False)).failed == 1
        assert one.posted == []
    assert [delivery.error for delivery in await deliveries(database, "r0")] == ["hook_not_public"]


async def test_a_deleted_receiver_gets_nothing_more(database: AsyncEngine) -> None:
    async with desks(database, 2) as (one, two):
        await record(database, GOAL, 1)
        await tell(database)
        async with database.begin() as connection:
            found = await receivers.find(connection, "r0")
            assert found
            await receivers.delete(connection, found, by="M1")
        await record(database, GOAL, 2, at=START + MINUTE)
        await tell(database, at=START + MINUTE)
    assert (told(one), told(two)) == ([f"{GOAL}#1"], [f"{GOAL}#1", f"{GOAL}#2"])


async def test_a_delivery_is_sent_again_under_the_same_id_and_a_repeat_before_that_changes_nothing(
    database: AsyncEngine,
) -> None:
    async with desks(database, 2) as (one, two):
        await record(database, GOAL, 1, 2)
        await tell(database)
        first = (await deliveries(database, "r0"))[-1]
        for _ in range(2):
            async with database.begin() as connection:
                await hook_deliveries.send_again(connection, "r0", first, by="M1")
        assert (await tell(database, at=START + MINUTE)).sent == 1
    assert told(one) == [f"{GOAL}#1", f"{GOAL}#2", f"{GOAL}#1"]
    assert told(two) == [f"{GOAL}#1", f"{GOAL}#2"]
    assert one.posted[0].body == one.posted[2].body
    async with database.connect() as connection:
        replayed = await connection.scalar(text("SELECT count(*) FROM journal WHERE kind = 'hook_replayed'"))
    assert replayed == 1


async def test_two_workers_at_once_send_each_entry_once_and_in_order(database: AsyncEngine) -> None:
    async with desks(database, 2) as found:
        await record(database, GOAL, *range(1, 41))
        await record(database, OTHER, *range(1, 41))

        async def work() -> None:
            while len(found[0].posted) + len(found[1].posted) < 160:
                await tell(database, limit=7)

        async with asyncio.timeout(60):
            await asyncio.gather(work(), work())
        for desk in found:
            for goal in (GOAL, OTHER):
                assert [one for one in told(desk) if one.startswith(goal)] == [f"{goal}#{n}" for n in range(1, 41)]


async def test_the_receiver_of_the_settings_is_one_among_others(database: AsyncEngine) -> None:
    async with desks(database, 1) as (one,), web_server() as two:
        hook = Hook(database, EventHook(two.url("/events"), SECRET), KEY, private_hosts=True)
        request = SendRequest(now=START, limit=100, first=True)
        await ActivityEnvironment().run(hook.tell_events, request)
        await record(database, GOAL, 1, at=START + MINUTE)
        later = request.model_copy(update={"now": START + MINUTE})
        assert await ActivityEnvironment().run(hook.tell_events, later) == SendResult(sent=2)
        assert told(one) == told(two) == [f"{GOAL}#1"]
        await tell(database, at=START + HOUR)  # a worker without the setting
        assert len(two.posted) == 1


async def test_what_was_given_up_is_queued_again_for_every_receiver_but_deleted_ones(database: AsyncEngine) -> None:
    async with desks(database, 2) as found:
        await record(database, GOAL, 1)
        for desk in found:
            desk.status = 410
        assert (await tell(database)).given_up == 2
        async with database.begin() as connection:
            one = await receivers.find(connection, "r0")
            assert one
            await receivers.delete(connection, one, by="M1")
            assert len(await hooks.given_up(connection)) == 1
            assert await hooks.put_back(connection, [CYCLE]) == 1
