"""Every time-out and retry policy, by name and with its reason."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from workflows.queues import BULK

# Recording is one statement. It is tried until the database is back: giving up would fail what a person already sent.
# A local activity that waits longer than its threshold between tries frees the worker by a timer in the history.
RECORD_OPTIONS = LocalActivityConfig(
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5)),
    local_retry_threshold=timedelta(seconds=8),
)

# A batch of a fan-out reports every few items how far it is; silence means that its worker is gone.
BULK_OPTIONS = ActivityConfig(
    task_queue=BULK,
    start_to_close_timeout=timedelta(hours=2),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
)

# One round of a delivery; the next tick continues with what is left.
DELIVERY_OPTIONS = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=10),
    heartbeat_timeout=timedelta(seconds=60),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=1), maximum_attempts=5
    ),
)

# A run that was started to reopen a closed goal ends by itself where the command never comes.
REOPEN_WAIT = timedelta(minutes=1)

# A cycle settles what is open this long after its closing day's opening hour: the goals' own end alarms, on the next
# business day at the latest eleven days on (a long year end), come first.
SETTLE_AFTER = timedelta(days=12)
