"""The daily look of a worker at what the tables say of themselves; anything wrong is an alarm in its log."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import LONG, read_transaction, set_limits
from storage.integrity import TableFault, table_faults

_DAY = 86_400.0  # seconds

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def look(engine: AsyncEngine) -> list[TableFault]:
    """The faults; each is logged as an error."""
    async with read_transaction(engine) as connection:
        await set_limits(connection, LONG)
        faults = await table_faults(connection)
    for fault in faults:
        log.error("tables_altered", fault=fault.code, what=fault.what)
    return faults


async def look_daily(engine: AsyncEngine) -> None:
    """Looks now and then once a day, until it is cancelled. A database that is away is looked at the next day."""
    while True:
        try:
            await look(engine)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("tables_not_looked_at", error=type(error).__name__)
        await asyncio.sleep(_DAY)
