"""The delivery worker of production that kills itself (SIGKILL) after it has sent a message, or posted an event, and
before it records that.

Otherwise it is `worker.py --role delivery`, except that the heartbeat time-out of the activity is 3 seconds instead of 60.
"""

import os
import signal
import sys
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import worker
import workflows.delivery
from storage import hooks, outbox


async def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with (
        patch.object(outbox, "record_sent", die),
        patch.object(hooks, "record_sent", die),
        patch.object(workflows.delivery, "DELIVERY_HEARTBEAT", timedelta(seconds=3)),
    ):
        sys.exit(worker.run(worker.Role.DELIVERY))
