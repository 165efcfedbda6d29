"""The delivery: at every tick of its schedule, send what the outbox holds, until nothing more can be done now."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.values import Frozen, Moment
    from workflows.timeouts import DELIVERY_HEARTBEAT, DELIVERY_RETRY, DELIVERY_TIMEOUT

SEND_DUE, TELL_EVENTS = "send_due", "tell_events"  # the activities' names

ROUND = 100  # messages per activity: well within its time-out, even on a slow server
MOST_ROUNDS = 50  # per tick; the next tick takes up what is left, so a launch is not one burst of mails


class SendDue(Frozen):
    """Send at most `limit` messages of what was due at `now`."""

    now: Moment
    limit: int


class SendResult(Frozen):
    """What became of the messages, counted."""

    sent: int = 0
    given_up: int = 0  # can never be sent; the rows say why
    failed: int = 0  # for now; they wait with the others
    waiting: int = 0  # due, and not sent
    unreachable: bool = False  # the server takes nothing, or another sender is at work: the rest was not tried

    @property
    def tried(self) -> int:
        """How many tries had an end, good or bad."""
        return self.sent + self.given_up + self.failed

    @property
    def can_go_on(self) -> bool:
        """Whether another round may get further: a server that took something is not down, only unsteady."""
        return self.sent > 0 or not self.unreachable

    def then(self, later: "SendResult") -> "SendResult":
        """Both rounds together, as it stands after the later one."""
        return SendResult(
            sent=self.sent + later.sent,
            given_up=self.given_up + later.given_up,
            failed=self.failed + later.failed,
            waiting=later.waiting,
            unreachable=later.unreachable,
        )


@workflow.defn
class DeliveryWorkflow:
    """One tick. Every message is tried once; what fails is tried again at a later tick."""

    @workflow.run
    async def run(self) -> SendResult:
        total = latest = await _send()
        due = total.sent + total.given_up + total.waiting
        rounds = 1
        while rounds < MOST_ROUNDS and total.waiting and total.tried < due and latest.can_go_on:
            latest = await _send()
            total = total.then(latest)
            rounds += 1
        return total


@workflow.defn
class HookWorkflow:
    """One tick of telling another system of ledger entries; what it does not take is told at a later one."""

    @workflow.run
    async def run(self) -> SendResult:
        return await _send(TELL_EVENTS)


async def _send(name: str = SEND_DUE) -> SendResult:
    result: SendResult = await workflow.execute_activity(
        name,
        SendDue(now=workflow.now(), limit=ROUND),
        result_type=SendResult,
        start_to_close_timeout=DELIVERY_TIMEOUT,
        heartbeat_timeout=DELIVERY_HEARTBEAT,
        retry_policy=DELIVERY_RETRY,
    )
    return result
