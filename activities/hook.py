"""The activity that posts ledger entries to other systems: signed, in order for each goal, until the receiver accepts
them. Receivers do not wait for each other.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.channel_choice import backoff_after
from activities.heartbeating import heartbeating
from channels.hook import EventHook
from channels.hook_secrets import HookKey
from channels.message import NotDeliverable, NotSent, ServerUnavailable
from storage import hooks, receivers
from storage.database import read_transaction
from storage.hooks import HookBacklog, HookEntry
from storage.receivers import OF_SETTINGS, Receiver
from workflows.delivery import EventPoster, SendRequest, SendResult

_AT_ONCE = 4  # goals whose entries are on their way at one time
_PATIENCE = timedelta(hours=24)  # with an entry that is not taken; longer would hold up its goal for good
_MOST_SILENCE = 8  # requests to a receiver that time out one after the other; then it waits for the next tick

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class _Round:
    """The progress of a receiver's round."""

    receiver: str
    hook: EventHook
    now: datetime
    told: int = 0
    given_up: int = 0
    failed: int = 0
    silent: int = 0  # requests without an answer, one after the other
    down: bool = False  # the receiver does not answer at all


class Hook(EventPoster):
    """Posts events to the receiver of the settings, if there is one, and to those that were made, whose secrets come from `key`."""

    def __init__(
        self, engine: AsyncEngine, hook: EventHook | None, key: HookKey | None = None, *, private_hosts: bool = False
    ) -> None:
        self._engine, self._hook, self._key, self._private_hosts = engine, hook, key, private_hosts

    @activity.defn(name="tell_events")
    async def tell_events(self, request: SendRequest) -> SendResult:
        """Tells each receiver of at most `request.limit` entries, each recorded as soon as it is taken.

        Repeated after a crash, it tells what was not recorded, under the same idempotency keys.
        """
        if not await self._receivers(request.now):
            return SendResult()
        async with heartbeating(), hooks.hook_sender_lock(self._engine) as locked:
            if not locked:
                _log.warning("telling_left_to_another_process")
                return SendResult(unreachable=True)
            known = await self._receivers(request.now)
            if request.first:
                await self._enqueue_for(known, request.now)
            rounds = [
                _Round(one.id, hook, request.now)
                for one in known
                if one.id not in request.down and (hook := self._hook_of(one, request.now))
            ]
            await _together(self._round(one, request.limit) for one in rounds)
            counted = await self._counted(rounds, request)
        if counted.tried:
            _log.info("events_told", **counted.model_dump())
        return counted

    async def _receivers(self, now: datetime) -> list[Receiver]:
        """The receivers. That of the settings is one from the first look on."""
        async with self._engine.begin() as connection:
            if self._hook:
                await receivers.switch_on_settings(connection, now)
            return [one for one in await receivers.list_receivers(connection) if self._hook or one.id != OF_SETTINGS]

    async def _enqueue_for(self, known: Sequence[Receiver], now: datetime) -> None:
        """For those that are paused too: what they miss is sent when they go on."""
        for one in known:
            async with self._engine.begin() as connection:
                await hooks.enqueue_new(connection, one.id, now)

    def _hook_of(self, receiver: Receiver, now: datetime) -> EventHook | None:
        """None for a receiver to which nothing can be sent now."""
        if receiver.paused_at:
            return None
        if receiver.id == OF_SETTINGS:
            return self._hook
        if self._key is None or self._key.id != receiver.key_id:  # a signature by another key would be refused
            _log.error("hook_key_missing", receiver=receiver.id)
            return None
        generations = [receiver.generation]
        if receiver.earlier_until and now < receiver.earlier_until:
            generations.append(receiver.generation - 1)
        secrets = [self._key.secret(receiver.id, one) for one in generations]
        return EventHook(receiver.url or "", *secrets, only_public=not self._private_hosts)

    async def _counted(self, rounds: Sequence[_Round], request: SendRequest) -> SendResult:
        down = {*request.down, *(one.receiver for one in rounds if one.down)}
        left: dict[str, HookBacklog] = {}
        async with read_transaction(self._engine) as connection:
            for one in rounds:
                left[one.receiver] = await hooks.backlog(connection, one.receiver, request.now)
        told = sum(one.told for one in rounds)
        return SendResult(
            sent=told,
            given_up=sum(one.given_up for one in rounds),
            failed=sum(one.failed for one in rounds),
            waiting=sum(one.waiting for one in left.values()),
            ready=sum(one.ready for receiver, one in left.items() if receiver not in down),
            down=tuple(sorted(down)),
            unreachable=bool(rounds) and all(one.down for one in rounds) and not told,
        )

    async def _round(self, round_: _Round, limit: int) -> None:
        """Goals in parallel; the entries of one goal one after the other."""
        left = limit
        while left > 0 and not round_.down:
            async with read_transaction(self._engine) as connection:
                entries = await hooks.next_entries(connection, round_.receiver, round_.now, left)
            if not entries:
                break
            left -= len(entries)
            queue = iter(entries)
            await _together(self._tell_from(queue, round_) for _ in range(_AT_ONCE))

    async def _tell_from(self, queue: Iterator[HookEntry], round_: _Round) -> None:
        for entry in queue:
            if round_.down:
                return
            await self._tell(entry, round_)

    async def _tell(self, entry: HookEntry, round_: _Round) -> None:
        try:
            await round_.hook.send(entry.id, _body(entry), datetime.now(UTC))
        except NotSent as failure:
            await self._after(failure, entry, round_)
        else:
            async with self._engine.begin() as connection:
                await hooks.record_sent(connection, entry, datetime.now(UTC))
            round_.told += 1
            round_.silent = 0

    async def _after(self, failure: NotSent, entry: HookEntry, round_: _Round) -> None:
        """An entry is given up if the receiver is gone for good, or has not accepted it for a day."""
        round_.silent = round_.silent + 1 if failure.code == "hook_interrupted" else 0
        round_.down = round_.down or isinstance(failure, ServerUnavailable) or round_.silent >= _MOST_SILENCE
        failing_since = entry.failing_since or round_.now
        over = isinstance(failure, NotDeliverable) or round_.now - failing_since >= _PATIENCE
        retry_at = round_.now + backoff_after(entry.attempts + 1)
        async with self._engine.begin() as connection:
            await hooks.record_failure(connection, entry, failure.code, round_.now, retry_at=retry_at, given_up=over)
        round_.given_up += over
        round_.failed += not over
        _log.warning("event_not_told", receiver=entry.receiver, event_id=entry.id, code=failure.code, given_up=over)


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Not a TaskGroup: where one cannot be recorded, the others that are on their way still are."""
    for error in await asyncio.gather(*work, return_exceptions=True):
        if error is not None:
            raise error


def _body(entry: HookEntry) -> bytes:
    """The body; the same bytes for the same entry, unless its texts are erased. `hash` is taken over `hashed_body`."""
    return to_json(
        {
            "id": entry.id,
            "type": entry.kind,
            "goal": entry.goal_id,
            "seq": entry.seq,
            "revision": entry.revision,
            "at": entry.at.astimezone(UTC),
            "actor": entry.actor,
            "acting_for": entry.acting_for,
            "body": entry.body,
            "hashed_body": entry.hashed_body,
            "prev_hash": entry.prev_hash,
            "hash": entry.hash,
        }
    )
