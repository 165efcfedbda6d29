"""The activity that sends what the outbox holds: at once what is urgent, the rest in each person's digest of the day.

Nothing of a person leaves this process but the message itself: results, failures and logs hold counts, codes and ids.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.channel_choice import MAX_ATTEMPTS, backoff_after, channels_for
from activities.heartbeating import heartbeating
from activities.message_writer import MAIL, MessageWriter, digests_due, message_writer
from channels.channel import Channel
from channels.compose import Links
from channels.message import Message, NotDeliverable, NotSent, ServerUnavailable
from domain.people.organisation import DIRECTORY_ZONE
from storage import calendar_entries, digests, outbox, undelivered
from storage.database import read_transaction
from storage.outbox import Candidate, QueuedMessage
from workflows.delivery import Sender, SendRequest, SendResult

_AT_ONCE = 4  # messages on their way at one time; a mail server has other customers
_NO_CHANNEL = "none"  # the channel of a digest whose requests were all answered before it was due

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class _Round:
    """The data of one round, and its progress."""

    now: datetime
    writer: MessageWriter
    untried: set[str]  # fresh messages that did not reach a server
    down: set[str]  # channels that take nothing now
    used: set[str] = field(default_factory=set)  # channels that took something in this round
    sent: int = 0
    given_up: int = 0
    fell_back: int = 0
    failed: int = 0


class Delivery(Sender):
    """Sends over `channels`, the company's own way first; `mail_from` is the sender, whose domain the message ids end with.

    `daily`: what is not urgent waits for its reader's digest; else all goes at once.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        channels: Mapping[str, Channel],
        mail_from: str,
        *,
        daily: bool = True,
        links: Links = Links(),  # noqa: B008 - a tuple
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._sender = parseaddr(mail_from)[1]
        self._domain = self._sender.rpartition("@")[2] or "localhost"
        self._daily = daily
        self._links = links

    @activity.defn(name="send_due")
    async def send_due(self, request: SendRequest) -> SendResult:
        """Sends at most `request.limit` messages, each recorded as soon as it is out.

        Repeated after a crash, it sends what was not recorded, under the same message ids. Another sender at work makes
        it do nothing.
        """
        async with heartbeating(), outbox.sender_lock(self._engine) as locked:
            if not locked:
                _log.warning("delivery_left_to_another_sender")
                async with read_transaction(self._engine) as connection:
                    left = await outbox.backlog(connection, request.now, daily=self._daily)
                return SendResult(**left._asdict(), unreachable=True)
            if request.first:
                async with self._engine.begin() as connection:
                    await undelivered.notify_hr(connection, request.now)
                    if MAIL in self._channels:
                        day = request.now.astimezone(DIRECTORY_ZONE).date()
                        await calendar_entries.queue_changes(connection, request.now, day)
                due = await digests_due(self._engine, request.now) if self._daily else {}
                async with self._engine.begin() as connection:
                    await digests.open_digests(connection, request.now, due)
            counted = await self._counted(await self._round(request))
        if counted.tried:
            _log.info("notices_delivered", **counted.model_dump())
        return counted

    async def _counted(self, round_: _Round) -> SendResult:
        down = round_.down - round_.used  # a server that took something is not down, only unsteady
        async with read_transaction(self._engine) as connection:
            left = await outbox.backlog(connection, round_.now, daily=self._daily)
        return SendResult(
            sent=round_.sent,
            given_up=round_.given_up,
            fell_back=round_.fell_back,
            failed=round_.failed,
            down=tuple(sorted(down)),
            unreachable=down >= set(self._channels),
            **left._asdict(),
        )

    async def _round(self, request: SendRequest) -> _Round:
        async with self._engine.begin() as connection:
            batches = await outbox.claim(
                connection,
                request.now,
                request.limit,
                domain=self._domain,
                daily=self._daily,
                may_be_sent=partial(_is_channel_up, self._channels, request.down) if request.down else None,
            )
        async with read_transaction(self._engine) as connection:
            batches = await outbox.with_texts(connection, batches)
        round_ = _Round(
            now=request.now,
            writer=await message_writer(self._engine, batches, self._links, request.now, self._sender),
            untried={batch.message_id for batch in batches if batch.has_new_id},
            down=set(request.down),
        )
        await self._send_all(batches, round_)
        if round_.untried:
            async with self._engine.begin() as connection:
                await outbox.release(connection, round_.untried)
        return round_

    async def _send_all(self, batches: Sequence[QueuedMessage], round_: _Round) -> None:
        """Sends a few at a time, until all were tried or no channel accepts more."""
        queue = iter(batches)
        # Not a TaskGroup: where one cannot be recorded, the others that are on their way still are.
        ended = await asyncio.gather(*(self._send_from(queue, round_) for _ in range(_AT_ONCE)), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error

    async def _send_from(self, queue: Iterator[QueuedMessage], round_: _Round) -> None:
        for batch in queue:
            await self._send_one(batch, round_)

    async def _send_one(self, batch: QueuedMessage, round_: _Round) -> None:
        """One attempt over the best channel that is left. If that channel is down, the message waits with the others."""
        person = round_.writer.people.get(batch.recipient_id)
        if person and not person.works:  # people who left are told nothing
            round_.untried.discard(batch.message_id)
            async with self._engine.begin() as connection:
                await outbox.withdraw_message(connection, batch.message_id)
            return
        ways = channels_for(person, self._channels, batch.failed) if person else []
        if not ways:
            await self._give_up(batch, round_, "no_address" if person else "no_such_person")
            return
        if round_.writer.has_nothing_to_say(batch, ways[0]):
            round_.untried.discard(batch.message_id)
            async with self._engine.begin() as connection:
                await outbox.record_sent(connection, batch.message_id, _NO_CHANNEL, datetime.now(UTC))
            return
        way, *others = ways
        if way in round_.down:
            return
        result = await self._hand_over(batch, way, round_.writer)
        if isinstance(result, Message):
            round_.untried.discard(batch.message_id)
            round_.used.add(way)
            async with self._engine.begin() as connection:
                await outbox.record_sent(connection, batch.message_id, way, datetime.now(UTC))
                if way == MAIL:
                    await calendar_entries.record_entries(connection, batch.recipient_id, result.entries)
            round_.sent += 1
            return
        _log.warning(
            "notice_not_sent", message_id=batch.message_id, employee=batch.recipient_id, way=way, code=result.code
        )
        await self._after(result, batch, way, round_, more=bool(others))

    async def _after(self, failure: NotSent, batch: QueuedMessage, way: str, round_: _Round, *, more: bool) -> None:
        """The next step for a message that this channel did not accept. `more`: there is another channel.

        If the server is down and there is no other channel, the message is kept without a limit of time.
        """
        down, tries = isinstance(failure, ServerUnavailable), batch.attempts + 1
        spent = isinstance(failure, NotDeliverable) or tries >= MAX_ATTEMPTS
        if down:
            round_.down.add(way)
        if not down or (spent and more):
            round_.untried.discard(batch.message_id)
        if spent and more:
            async with self._engine.begin() as connection:
                await outbox.fall_back(connection, batch.message_id, way, failure.code)
            round_.fell_back += 1
        elif spent and not down:
            await self._give_up(batch, round_, failure.code)
        else:
            until = round_.now + backoff_after(tries)
            async with self._engine.begin() as connection:
                await outbox.postpone(connection, batch.message_id, failure.code, until)
            round_.failed += 1

    async def _give_up(self, batch: QueuedMessage, round_: _Round, code: str) -> None:
        round_.untried.discard(batch.message_id)
        async with self._engine.begin() as connection:
            await outbox.give_up(connection, batch.message_id, code, datetime.now(UTC))
        round_.given_up += 1
        _log.warning("notice_given_up", message_id=batch.message_id, employee=batch.recipient_id, code=code)

    async def _hand_over(self, batch: QueuedMessage, way: str, writer: MessageWriter) -> Message | NotSent:
        """Writes and sends one message. Returns it, or the failure."""
        try:
            message = writer.write(batch, way)
            await self._channels[way].send(message)
        except NotSent as failure:
            return failure
        except Exception as error:  # noqa: BLE001 - a bug that one message meets must not stop the others, and its text
            # may hold an address: the class is recorded, logged and counted, and the message tried again.
            return NotSent(f"unexpected_{type(error).__name__}")
        return message


def _is_channel_up(channels: Collection[str], down: Collection[str], candidate: Candidate) -> bool:
    """Whether the message has a channel that is not down."""
    ways = channels_for(candidate, channels, candidate.failed)
    return not ways or ways[0] not in down
