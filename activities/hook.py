"""The activity that posts ledger entries to another system: signed, in order for each goal, until the receiver accepts
them.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.channel_choice import backoff_after
from activities.heartbeating import heartbeating
from channels.hook import EventHook
from channels.message import NotDeliverable, NotSent, ServerUnavailable
from storage import hooks
from storage.database import read_transaction
from storage.hooks import HookEntry
from workflows.delivery import EventPoster, SendRequest, SendResult

_AT_ONCE = 4  # goals whose entries are on their way at one time
_PATIENCE = timedelta(hours=24)  # with an entry that is not taken; longer would hold up its goal for good
_CHANNEL = "hook"

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class _Round:
    """The progress of a round."""

    now: datetime
    told: int = 0
    given_up: int = 0
    failed: int = 0
    down: bool = False  # the other system does not answer at all


class Hook(EventPoster):
    """Posts events through `hook`; without one there is nothing to do."""

    def __init__(self, engine: AsyncEngine, hook: EventHook | None) -> None:
        self._engine = engine
        self._hook = hook

    @activity.defn(name="tell_events")
    async def tell_events(self, request: SendRequest) -> SendResult:
        """Tells of at most `request.limit` entries, each recorded as soon as it is taken.

        Repeated after a crash, it tells what was not recorded, under the same idempotency keys.
        """
        if self._hook is None:
            return SendResult()
        async with heartbeating(), hooks.hook_sender_lock(self._engine) as locked:
            if not locked:
                _log.warning("telling_left_to_another_process")
                return SendResult(unreachable=True)
            if request.first:
                async with self._engine.begin() as connection:
                    await hooks.enqueue_new(connection, request.now)
            round_ = await self._round(self._hook, request)
            async with read_transaction(self._engine) as connection:
                left = await hooks.backlog(connection, request.now)
        counted = SendResult(
            sent=round_.told,
            given_up=round_.given_up,
            failed=round_.failed,
            down=(_CHANNEL,) if round_.down else (),
            unreachable=round_.down and not round_.told,
            **left._asdict(),
        )
        if counted.tried:
            _log.info("events_told", **counted.model_dump())
        return counted

    async def _round(self, hook: EventHook, request: SendRequest) -> _Round:
        """Goals in parallel; the entries of one goal one after the other."""
        round_, left = _Round(request.now), request.limit
        while left > 0 and not round_.down:
            async with read_transaction(self._engine) as connection:
                entries = await hooks.next_entries(connection, request.now, left)
            if not entries:
                break
            left -= len(entries)
            queue = iter(entries)
            # Not a TaskGroup: where one cannot be recorded, the others that are on their way still are.
            ended = await asyncio.gather(
                *(self._tell_from(queue, hook, round_) for _ in range(_AT_ONCE)), return_exceptions=True
            )
            for error in ended:
                if error is not None:
                    raise error
        return round_

    async def _tell_from(self, queue: Iterator[HookEntry], hook: EventHook, round_: _Round) -> None:
        for entry in queue:
            if round_.down:
                return
            await self._tell(entry, hook, round_)

    async def _tell(self, entry: HookEntry, hook: EventHook, round_: _Round) -> None:
        try:
            await hook.send(entry.id, _body(entry), datetime.now(UTC))
        except NotSent as failure:
            await self._after(failure, entry, round_)
        else:
            async with self._engine.begin() as connection:
                await hooks.record_sent(connection, entry, datetime.now(UTC))
            round_.told += 1

    async def _after(self, failure: NotSent, entry: HookEntry, round_: _Round) -> None:
        """An entry is given up if the receiver is gone for good, or has not accepted it for a day."""
        round_.down = round_.down or isinstance(failure, ServerUnavailable)
        failing_since = entry.failing_since or round_.now
        over = isinstance(failure, NotDeliverable) or round_.now - failing_since >= _PATIENCE
        retry_at = round_.now + backoff_after(entry.attempts + 1)
        async with self._engine.begin() as connection:
            await hooks.record_failure(connection, entry, failure.code, round_.now, retry_at=retry_at, given_up=over)
        round_.given_up += over
        round_.failed += not over
        _log.warning("event_not_told", event_id=entry.id, code=failure.code, given_up=over)


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
