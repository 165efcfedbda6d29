"""What is deleted when its time is over, once a day: forms that people filled in and never sent."""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.unsent import KEPT
from storage import unsent_forms

_AT_ONCE = 1_000  # in a transaction
_MOST_ROUNDS = 100  # in a day

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def delete_old_forms(engine: AsyncEngine, now: datetime) -> None:
    """Deletes forms that were not changed for 90 days, and those of people who have left. A repeat finds none.

    Whatever the database raises is logged: the next day's round deletes them, and what else is done daily goes on.
    """
    deleted = 0
    try:
        for _ in range(_MOST_ROUNDS):
            async with engine.begin() as connection:
                found = await unsent_forms.delete_old(connection, now - KEPT, _AT_ONCE)
            deleted += found
            if found < _AT_ONCE:
                break
    except Exception:
        log.exception("unsent_forms_not_deleted")
    if deleted:
        log.info("unsent_forms_deleted", form_count=deleted)
