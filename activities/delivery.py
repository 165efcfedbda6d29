"""The activity that sends what the outbox holds.

Nothing of a person leaves this process but the message itself: results, failures and logs hold counts, codes and ids.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from channels.channel import Channel
from channels.compose import compose
from channels.message import Message, NotDeliverable, NotSent, ServerUnavailable
from domain.values import Locale
from storage import outbox
from storage.outbox import Addressee, Batch
from workflows.delivery import SEND_DUE, SendDue, SendResult

_AT_ONCE = 4  # messages on their way at one time; a mail server has other customers
_BEATS_PER_TIMEOUT = 4  # heartbeats in the time after which Temporal would take the activity for dead

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class _Tally:
    """How far a round is; `untried` holds the fresh messages that did not reach the server."""

    untried: set[str]
    sent: int = 0
    given_up: int = 0
    failed: int = 0
    unreachable: bool = False


class Delivery:
    """Sends over one channel; `mail_from` is the sender's address, whose domain the message ids end with."""

    def __init__(self, engine: AsyncEngine, channel: Channel, mail_from: str) -> None:
        self._engine = engine
        self._channel = channel
        self._domain = parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"

    @activity.defn(name=SEND_DUE)
    async def send_due(self, request: SendDue) -> SendResult:
        """Sends at most `request.limit` messages, each recorded as soon as it is out.

        Repeated after a crash, it sends what was not recorded, under the same message ids. Another sender at work makes
        it do nothing.
        """
        async with _beating(), outbox.sole_sender(self._engine) as alone:
            if alone:
                tally = await self._round(request)
            else:
                tally = _Tally(untried=set(), unreachable=True)
                _log.warning("delivery_left_to_another_sender")
        counted = SendResult(
            sent=tally.sent,
            given_up=tally.given_up,
            failed=tally.failed,
            waiting=await outbox.waiting(self._engine, request.now),
            unreachable=tally.unreachable,
        )
        if counted.tried or counted.unreachable:
            _log.info("notices_delivered", channel=self._channel.name, **counted.model_dump())
        return counted

    async def _round(self, request: SendDue) -> _Tally:
        batches = await outbox.claim(self._engine, request.now, request.limit, domain=self._domain)
        people = await outbox.addressees(self._engine, batches)
        tally = _Tally(untried={batch.message_id for batch in batches if batch.fresh})
        await self._send_all(batches, people, tally)
        if tally.untried:
            await outbox.release(self._engine, tally.untried)
        return tally

    async def _send_all(self, batches: Sequence[Batch], people: dict[str, Addressee], tally: _Tally) -> None:
        """A few at a time, until all are tried or the server takes nothing more."""
        queue = iter(batches)
        # Not a TaskGroup: where one cannot be recorded, the others that are on their way still are.
        ended = await asyncio.gather(
            *(self._send_from(queue, people, tally) for _ in range(_AT_ONCE)), return_exceptions=True
        )
        for error in ended:
            if error is not None:
                raise error

    async def _send_from(self, queue: Iterator[Batch], people: dict[str, Addressee], tally: _Tally) -> None:
        for batch in queue:
            if tally.unreachable:
                return
            await self._send_one(batch, people, tally)

    async def _send_one(self, batch: Batch, people: dict[str, Addressee], tally: _Tally) -> None:
        failure = await self._hand_over(batch, people)
        if not isinstance(failure, ServerUnavailable):
            tally.untried.discard(batch.message_id)
        match failure:
            case None:
                await outbox.record_sent(self._engine, batch.message_id, self._channel.name, datetime.now(UTC))
                tally.sent += 1
            case ServerUnavailable():
                tally.unreachable = True
                await self._record(batch, failure)
            case NotDeliverable():
                tally.given_up += 1
                await self._record(batch, failure)
            case _:
                tally.failed += 1
                await self._record(batch, failure)

    async def _hand_over(self, batch: Batch, people: dict[str, Addressee]) -> NotSent | None:
        """Writes and sends one message; what stopped it, if anything did."""
        try:
            await self._channel.send(_written(batch, people))
        except NotSent as failure:
            return failure
        except Exception as error:  # noqa: BLE001 - a bug that one message meets must not stop the others, and its text
            # may hold an address: the class is recorded, logged and counted, and the message tried again.
            return NotSent(f"unexpected_{type(error).__name__}")
        return None

    async def _record(self, batch: Batch, failure: NotSent) -> None:
        permanent = isinstance(failure, NotDeliverable)
        await outbox.record_failure(self._engine, batch.message_id, failure.code, permanent=permanent)
        _log.warning(
            "notice_not_sent",
            message_id=batch.message_id,
            recipient=batch.recipient_id,
            code=failure.code,
            permanent=permanent,
        )


def _written(batch: Batch, people: dict[str, Addressee]) -> Message:
    recipient = people.get(batch.recipient_id)
    if recipient is None:
        raise NotDeliverable("no_such_person")
    names = {id_: person.name for id_, person in people.items()}
    return compose(
        batch.recipient_id,
        batch.notices,
        names,
        Locale(recipient.locale),
        to=recipient.mail,
        message_id=batch.message_id,
    )


@asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Heartbeats in the background: one slow answer of a mail server is no sign of death."""
    timeout = activity.info().heartbeat_timeout

    async def beat() -> None:
        while timeout:
            activity.heartbeat()
            await asyncio.sleep(timeout.total_seconds() / _BEATS_PER_TIMEOUT)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
