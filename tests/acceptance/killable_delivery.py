"""The delivery worker of production that kills itself (SIGKILL) when a message is out and nothing says so yet.

Nothing else differs from `worker.py --role delivery`, but that an activity whose worker is gone is missed after 3 seconds
instead of 60.
"""

import os
import signal
import sys
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import worker
import workflows.delivery
from storage import outbox


async def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with (
        patch.object(outbox, "record_sent", die),
        patch.object(workflows.delivery, "DELIVERY_HEARTBEAT", timedelta(seconds=3)),
    ):
        sys.exit(worker.run(worker.Role.DELIVERY))
