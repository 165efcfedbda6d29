"""The activity that tells another system of ledger entries: each signed, in the order of its goal, until it is taken."""

import json
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from channels.hook import EventHook
from channels.message import NotDeliverable, NotSent, ServerUnavailable
from storage import hooks
from storage.hooks import Told
from workflows.delivery import TELL_EVENTS, SendDue, SendResult

_RESTS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
_PATIENCE = timedelta(hours=24)

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Hook:
    """Tells of events through `hook`; without one there is nothing to do."""

    def __init__(self, engine: AsyncEngine, hook: EventHook | None) -> None:
        self._engine = engine
        self._hook = hook

    @activity.defn(name=TELL_EVENTS)
    async def tell_events(self, request: SendDue) -> SendResult:
        """Tells of at most `request.limit` entries; repeated after a crash, under the same idempotency keys."""
        if self._hook is None:
            return SendResult()
        await hooks.look(self._engine, request.now)
        total, left = SendResult(), request.limit
        while left > 0 and (events := await hooks.next_events(self._engine, request.now, left)):
            for event in events:
                activity.heartbeat()
                told = await self._tell(self._hook, event, request.now)
                total = total.then(told)
                if told.unreachable:
                    return total
            left -= len(events)
        return total

    async def _tell(self, hook: EventHook, event: Told, now: datetime) -> SendResult:
        try:
            await hook.send(event.id, _body(event), datetime.now(UTC))
        except NotSent as failure:
            over = isinstance(failure, NotDeliverable) or now - event.recorded_at > _PATIENCE
            rest = _RESTS[min(event.attempts, len(_RESTS) - 1)]
            await hooks.record_failure(
                self._engine,
                event,
                failure.code,
                retry_at=now + rest,
                gave_up_at=datetime.now(UTC) if over else None,
            )
            _log.warning("event_not_told", event_id=event.id, code=failure.code, given_up=over)
            return SendResult(failed=not over, given_up=over, unreachable=isinstance(failure, ServerUnavailable))
        await hooks.record_sent(self._engine, event, datetime.now(UTC))
        return SendResult(sent=1)


def _body(event: Told) -> bytes:
    form = {
        "type": f"goal.{event.kind}",
        "timestamp": event.at.isoformat(),
        "data": {
            "id": event.id,
            "goal": event.goal_id,
            "seq": event.seq,
            "revision": event.revision,
            "actor": event.actor,
            "acting_for": event.acting_for,
            "body": event.body,
            "prev_hash": event.prev_hash,
            "hash": event.hash,
        },
    }
    return json.dumps(form, ensure_ascii=False).encode()
