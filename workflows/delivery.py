"""The delivery: at every tick of its schedule, send what the outbox holds, until nothing more can be done now.

`HookWorkflow` does the same for what another system is told of the ledger.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from domain.values import Frozen, Moment
    from workflows.timeouts import DELIVERY_HEARTBEAT, DELIVERY_RETRY, DELIVERY_TIMEOUT

ROUND = 100  # messages per activity: well within its time-out, even on a slow server
MAX_ROUNDS = 50  # per tick; the next tick takes up what is left, so a launch is not one burst of mails


class SendRequest(Frozen):
    """Send at most `limit` messages of what was due at `now`."""

    now: Moment
    limit: int
    first: bool = False  # of its tick: finds out what is new, and whose digest is due
    down: tuple[str, ...] = ()  # channels that took nothing in this tick: who is told over them waits for the next


class SendResult(Frozen):
    """The numbers of messages by result."""

    sent: int = 0
    given_up: int = 0  # can never be sent; the rows say why
    fell_back: int = 0  # go another way from now on
    failed: int = 0  # for now; they wait with the others
    waiting: int = 0  # due, and not sent
    ready: int = 0  # of these, do not rest after a try that failed
    down: tuple[str, ...] = ()  # channels that took nothing
    unreachable: bool = False  # no channel takes anything, or another sender is at work: the rest was not tried

    @property
    def tried(self) -> int:
        """The number of finished attempts, successful or not."""
        return self.sent + self.given_up + self.fell_back + self.failed

    @property
    def can_go_on(self) -> bool:
        """Whether another round is useful: this one tried something, and something is left that may be tried at once."""
        return self.tried > 0 and self.ready > 0 and not self.unreachable

    def then(self, later: "SendResult") -> "SendResult":
        """Both rounds together: the sums, and the state after the later one."""
        return SendResult(
            sent=self.sent + later.sent,
            given_up=self.given_up + later.given_up,
            fell_back=self.fell_back + later.fell_back,
            failed=self.failed + later.failed,
            waiting=later.waiting,
            ready=later.ready,
            down=later.down,
            unreachable=later.unreachable,
        )


class Sender(ABC):
    """Implemented in activities/delivery.py."""

    @activity.defn(name="send_due")
    @abstractmethod
    async def send_due(self, request: SendRequest) -> SendResult:
        """Sends what is due."""


class EventPoster(ABC):
    """Implemented in activities/hook.py."""

    @activity.defn(name="tell_events")
    @abstractmethod
    async def tell_events(self, request: SendRequest) -> SendResult:
        """Posts ledger entries to the other system."""


@workflow.defn
class DeliveryWorkflow:
    """One tick. Every message is tried once on one channel; what fails is tried again at a later tick."""

    @workflow.run
    async def run(self) -> SendResult:
        return await _tick(Sender.send_due)


@workflow.defn
class HookWorkflow:
    """One tick of posting ledger entries to another system; what it does not accept is posted at a later tick."""

    @workflow.run
    async def run(self) -> SendResult:
        return await _tick(EventPoster.tell_events)


_Round = Callable[[Any, SendRequest], Awaitable[SendResult]]


async def _tick(send: _Round) -> SendResult:
    """Round after round while there is something to do, and not for ever."""
    total = latest = await _round(send, SendRequest(now=workflow.now(), limit=ROUND, first=True))
    rounds = 1
    while latest.can_go_on and rounds < MAX_ROUNDS:
        latest = await _round(send, SendRequest(now=workflow.now(), limit=ROUND, down=latest.down))
        total = total.then(latest)
        rounds += 1
    return total


async def _round(send: _Round, request: SendRequest) -> SendResult:
    return await workflow.execute_activity_method(
        send,
        request,
        start_to_close_timeout=DELIVERY_TIMEOUT,
        heartbeat_timeout=DELIVERY_HEARTBEAT,
        retry_policy=DELIVERY_RETRY,
    )
