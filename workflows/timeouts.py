"""Every time-out and retry policy, by name and with its reason."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# Recording is one statement. It is tried until the database is back: giving up would fail what a person already sent.
RECORD_TIMEOUT = timedelta(seconds=10)
RECORD_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5))
# A local activity that waits longer than this between tries frees the worker by a timer in the history.
RECORD_LOCAL_WAIT = timedelta(seconds=8)
# A worker that ends leaves a recording that failed to the next worker: the wait before the next try must be longer than
# `RECORD_LOCAL_WAIT`, so that the history holds it.
RECORD_HANDOVER = RECORD_LOCAL_WAIT + timedelta(seconds=2)

# Handing a goal over waits for the goal's workflow, as a person would, and for those of the goals under it.
HANDOVER_TIMEOUT = timedelta(minutes=2)
HANDOVER_HEARTBEAT = timedelta(seconds=8)  # a worker that is gone is noticed while the person waits

# An alarm that could not be recorded, since the ledger was altered, rings again after this.
ALARM_RETRY = timedelta(hours=1)

# A batch of a fan-out says every few items how far it is; silence means that its worker is gone.
BULK_TIMEOUT = timedelta(hours=2)
BULK_HEARTBEAT = timedelta(seconds=30)
BULK_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))

# One tick of the delivery; the next tick takes up what is left.
DELIVERY_TIMEOUT = timedelta(minutes=10)
DELIVERY_HEARTBEAT = timedelta(seconds=60)
DELIVERY_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=1), maximum_attempts=5
)

# A run that was started to reopen a closed goal ends by itself where the command never comes.
REOPEN_WAIT = timedelta(minutes=1)

# A cycle settles what is open this long after its closing day's opening hour: the goals' own end alarms, on the next
# business day at the latest eleven days on (a long year end), come first.
SETTLE_AFTER = timedelta(days=12)
