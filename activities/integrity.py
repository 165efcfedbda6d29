"""The daily look of a worker at what the tables say of themselves; anything wrong is an alarm in its log and in its health checks.

Before it looks, the process that holds the lock deletes what is over (activities/retention.py).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.retention import delete_old_forms
from storage.advisory_locks import try_advisory_lock
from storage.database import LONG, read_transaction, set_limits
from storage.integrity import TableFault, table_faults

_DAY = 86_400.0  # seconds
_AGAIN = 3_600.0  # seconds: after a look that failed, and until a process tries again whether another one still looks
_LOCK = 0x6C6F6F6B  # held by the process that looks, from its look until the next

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class LastLook:
    """The result of the last look of this process; it stays until the next look. `failed_at`: the last try did not end."""

    looked_at: datetime | None = None
    failed_at: datetime | None = None

    def __init__(self) -> None:
        self._fault_counts: Counter[str] = Counter()

    def found(self, faults: list[TableFault]) -> None:
        self.looked_at, self.failed_at = datetime.now(UTC), None
        self._fault_counts = Counter(one.code for one in faults)

    def failed(self) -> None:
        self.failed_at = datetime.now(UTC)

    def report(self) -> dict[str, Any]:
        """The result as JSON. `looked_at` is null in a process that has not looked: another one does, or none yet."""
        return {
            "looked_at": self.looked_at.isoformat() if self.looked_at else None,
            "failed_at": self.failed_at.isoformat() if self.failed_at else None,
            "fault_counts": dict(self._fault_counts),
        }


async def look(engine: AsyncEngine) -> list[TableFault]:
    """The faults; each is logged as an error."""
    async with read_transaction(engine) as connection:
        await set_limits(connection, LONG)
        faults = await table_faults(connection)
    for fault in faults:
        log.error("tables_altered", fault=fault.code, what=fault.what)
    return faults


@asynccontextmanager
async def looking_daily(engine: AsyncEngine) -> AsyncIterator[LastLook]:
    """Looks now and then once a day until the block ends; yields the last result."""
    last = LastLook()
    looking = asyncio.create_task(_look_daily(engine, last))
    try:
        yield last
    finally:
        looking.cancel()
        await asyncio.wait({looking})


async def _look_daily(engine: AsyncEngine, last: LastLook) -> None:
    """Never ends by itself: whatever a look raises is logged, and the tables are looked at again an hour later."""
    while True:
        try:
            async with try_advisory_lock(engine, _LOCK) as is_ours:
                if is_ours:
                    await delete_old_forms(engine, datetime.now(UTC))
                    last.found(await look(engine))
                    await asyncio.sleep(_DAY)  # with the lock, so that no other process looks
                    continue
        except Exception:  # also a mistake in the check: without the look nobody would know of altered tables
            last.failed()
            log.exception("tables_not_looked_at", again_in_seconds=_AGAIN)
        await asyncio.sleep(_AGAIN)
