"""The activity that sends what the outbox holds: at once what is urgent, the rest in each person's digest of the day.

Nothing of a person leaves this process but the message itself: results, failures and logs hold counts, codes and ids.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from channels.channel import Channel
from channels.compose import Links, Waiting, compose, says_nothing
from channels.message import Message, NotDeliverable, NotSent, ServerUnavailable
from domain.digest import digest_day
from domain.policy import Policy
from domain.values import Locale
from storage import cycles, outbox
from storage.goals import open_tasks
from storage.outbox import Addressee, Batch, Digests
from workflows.delivery import SEND_DUE, SendDue, SendResult

_AT_ONCE = 4  # messages on their way at one time; a mail server has other customers
_BEATS_PER_TIMEOUT = 4  # heartbeats in the time after which Temporal would take the activity for dead
_TRIES = 5  # on one channel, before another one is taken
_RESTS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))  # after each of them
_NOTHING_TO_SAY = "none"  # the channel of a digest whose requests were all answered before it was due
_PATIENCE = timedelta(hours=1)  # with a server that is down, where there is another way

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass
class _Round:
    """What one round knows, and how far it is; `untried` holds the fresh messages that did not reach a server."""

    now: datetime
    policies: Mapping[str, Policy]
    people: Mapping[str, Addressee]
    tasks: Mapping[str, Sequence[Waiting]]
    untried: set[str]
    down: set[str] = field(default_factory=set)  # channels that take nothing now
    sent: int = 0
    given_up: int = 0
    failed: int = 0


class Delivery:
    """Sends over `channels`, the default one first; `mail_from` is the sender, whose domain the message ids end with."""

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
        self._domain = parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"
        self._daily = daily
        self._links = links

    @activity.defn(name=SEND_DUE)
    async def send_due(self, request: SendDue) -> SendResult:
        """Sends at most `request.limit` messages, each recorded as soon as it is out.

        Repeated after a crash, it sends what was not recorded, under the same message ids. Another sender at work makes
        it do nothing.
        """
        async with _beating(), outbox.sole_sender(self._engine) as alone:
            if not alone:
                _log.warning("delivery_left_to_another_sender")
                return SendResult(waiting=await outbox.waiting(self._engine, request.now), unreachable=True)
            policies = {
                cycle: Policy.model_validate(form) for cycle, form in (await cycles.policies(self._engine)).items()
            }
            digests = await self._digests(request.now, policies) if self._daily else None
            round_ = await self._round(request, policies, digests)
            waiting = await outbox.waiting(self._engine, request.now, digests)
        counted = SendResult(
            sent=round_.sent,
            given_up=round_.given_up,
            failed=round_.failed,
            waiting=waiting,
            unreachable=bool(round_.down) and round_.down >= set(self._channels),
        )
        if counted.tried or counted.unreachable:
            _log.info("notices_delivered", down=sorted(round_.down), **counted.model_dump())
        return counted

    async def _digests(self, now: datetime, policies: Mapping[str, Policy]) -> Digests:
        """Whose digest is due, by the calendar of their site."""
        due: Digests = {}
        for reader in await outbox.readers(self._engine, now):
            policy = policies.get(reader.cycle_id)
            calendar = policy.calendar_at(reader.site) if policy else None
            day = digest_day(calendar, reader.digest_at, reader.last_digest, now) if calendar else now.date()
            if day:
                due[reader.employee_id] = day
        return due

    async def _round(self, request: SendDue, policies: Mapping[str, Policy], digests: Digests | None) -> _Round:
        batches = await outbox.claim(self._engine, request.now, request.limit, domain=self._domain, digests=digests)
        tasks = await self._tasks(batches, policies, request.now)
        owners = {task.owner for waiting in tasks.values() for task in waiting}
        round_ = _Round(
            now=request.now,
            policies=policies,
            people=await outbox.addressees(self._engine, batches, owners),
            tasks=tasks,
            untried={batch.message_id for batch in batches if batch.fresh},
        )
        await self._send_all(batches, round_)
        if round_.untried:
            await outbox.release(self._engine, round_.untried)
        return round_

    async def _tasks(
        self, batches: Sequence[Batch], policies: Mapping[str, Policy], now: datetime
    ) -> dict[str, list[Waiting]]:
        """What waits on those who get a digest."""
        readers = [batch.recipient_id for batch in batches if batch.digest_on]
        found: dict[str, list[Waiting]] = defaultdict(list)
        for one in await open_tasks(self._engine, readers, now.date()) if readers else ():
            policy = policies.get(one.cycle_id)
            zone = policy.calendar_at(one.site).timezone if policy else ""
            found[one.reader].append(Waiting(one.goal_id, one.owner_id, one.theme, one.kind, one.due_at, zone, one.seq))
        return found

    async def _send_all(self, batches: Sequence[Batch], round_: _Round) -> None:
        """A few at a time, until all are tried or nothing more is taken."""
        queue = iter(batches)
        # Not a TaskGroup: where one cannot be recorded, the others that are on their way still are.
        ended = await asyncio.gather(*(self._send_from(queue, round_) for _ in range(_AT_ONCE)), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error

    async def _send_from(self, queue: Iterator[Batch], round_: _Round) -> None:
        for batch in queue:
            await self._send_one(batch, round_)

    async def _send_one(self, batch: Batch, round_: _Round) -> None:
        person = round_.people.get(batch.recipient_id)
        if person is None:
            round_.untried.discard(batch.message_id)
            await self._give_up(batch, round_, "no_such_person")
            return
        if batch.digest_on and says_nothing(batch.notices, round_.tasks.get(batch.recipient_id, ())):
            round_.untried.discard(batch.message_id)
            await outbox.record_sent(self._engine, batch.message_id, _NOTHING_TO_SAY, datetime.now(UTC))
            return
        ways = [way for way in self._ways(person) if way not in batch.fell_back]
        up = [way for way in ways if way not in round_.down]
        patient = round_.now - batch.due_at < _PATIENCE
        if not up or (patient and up[0] != ways[0]):
            return  # its server is down; it waits with the others
        await self._send_by(up[0], batch, person, round_, others=[way for way in ways if way != up[0]])

    def _ways(self, person: Addressee) -> list[str]:
        """The channels by which the person can be told, best first: their own choice, the default, the others."""
        order = [person.channel, *self._channels] if person.channel in self._channels else list(self._channels)
        return [way for way in dict.fromkeys(order) if way is not None]

    async def _send_by(
        self, way: str, batch: Batch, person: Addressee, round_: _Round, *, others: Sequence[str]
    ) -> None:
        failure = await self._hand_over(way, batch, person, round_)
        if not isinstance(failure, ServerUnavailable):
            round_.untried.discard(batch.message_id)
        if failure is None:
            await outbox.record_sent(self._engine, batch.message_id, way, datetime.now(UTC))
            round_.sent += 1
            return
        if isinstance(failure, ServerUnavailable):
            round_.down.add(way)
        spent = isinstance(failure, NotDeliverable) or batch.attempts + 1 >= _TRIES
        if spent and others:
            await self._go_another_way(way, batch, person, round_, failure.code)
        elif isinstance(failure, NotDeliverable):
            await self._give_up(batch, round_, failure.code)
        else:
            await self._try_later(batch, round_, failure)

    async def _go_another_way(self, way: str, batch: Batch, person: Addressee, round_: _Round, code: str) -> None:
        """The next channel gets the same message at once, under the same id."""
        failed = (*batch.fell_back, way)
        round_.untried.discard(batch.message_id)
        await outbox.fall_back(self._engine, batch.message_id, failed, code)
        await self._tell_hr(batch, round_)
        _log.warning("notice_falls_back", message_id=batch.message_id, recipient=batch.recipient_id, code=code, way=way)
        other = batch._replace(fell_back=failed, attempts=0)
        left = [one for one in self._ways(person) if one not in failed and one not in round_.down]
        if left:
            await self._send_by(left[0], other, person, round_, others=left[1:])

    async def _give_up(self, batch: Batch, round_: _Round, code: str) -> None:
        round_.given_up += 1
        await outbox.record_failure(self._engine, batch.message_id, code, permanent=True)
        await self._tell_hr(batch, round_)
        _log.warning("notice_given_up", message_id=batch.message_id, recipient=batch.recipient_id, code=code)

    async def _try_later(self, batch: Batch, round_: _Round, failure: NotSent) -> None:
        rest = None
        if not isinstance(failure, ServerUnavailable):
            round_.failed += 1
            rest = round_.now + _RESTS[min(batch.attempts, len(_RESTS) - 1)]
        await outbox.record_failure(self._engine, batch.message_id, failure.code, permanent=False, retry_at=rest)
        _log.warning("notice_not_sent", message_id=batch.message_id, recipient=batch.recipient_id, code=failure.code)

    async def _tell_hr(self, batch: Batch, round_: _Round) -> None:
        """Not about what tells HR itself: that would never end."""
        policy = round_.policies.get(batch.cycle_id)
        if policy and batch.notices[0].kind != "delivery_trouble":
            day = policy.calendar.day_of(round_.now)
            await outbox.tell_hr(self._engine, batch, policy.hr, day, round_.now)

    async def _hand_over(self, way: str, batch: Batch, person: Addressee, round_: _Round) -> NotSent | None:
        """Writes and sends one message; what stopped it, if anything did."""
        try:
            await self._channels[way].send(self._written(way, batch, person, round_))
        except NotSent as failure:
            return failure
        except Exception as error:  # noqa: BLE001 - a bug that one message meets must not stop the others, and its text
            # may hold an address: the class is recorded, logged and counted, and the message tried again.
            return NotSent(f"unexpected_{type(error).__name__}")
        return None

    def _written(self, way: str, batch: Batch, person: Addressee, round_: _Round) -> Message:
        policy = round_.policies.get(batch.cycle_id)
        return compose(
            batch.recipient_id,
            batch.notices,
            {id_: one.name for id_, one in round_.people.items()},
            Locale(person.locale),
            to=person.chat_url if way == "chat" else person.mail,
            message_id=batch.message_id,
            links=self._links,
            digest=batch.digest_on is not None,
            waiting=round_.tasks.get(batch.recipient_id, ()),
            now=round_.now,
            zone=policy.calendar_at(person.site).timezone if policy else "",
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
