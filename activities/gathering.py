"""A worker's loop that applies what an identity provider has changed by SCIM, once it has been quiet for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.people.provisioned import owned_fields
from domain.values import Locale
from service.gathering import Gathering

_LOOKS_EVERY = 5.0  # seconds, or the quiet time if that is shorter

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@asynccontextmanager
async def gathering(
    engine: AsyncEngine, temporal: Client, *, quiet_seconds: int, owns: str, locale: str
) -> AsyncIterator[None]:
    """Applies what is due until the block ends. All workers look; a lock lets one at a time apply."""
    quiet, owned = timedelta(seconds=quiet_seconds), owned_fields(owns)
    found = Gathering(engine, temporal, quiet=quiet, owned=owned, locale=Locale(locale))
    looking = asyncio.create_task(_look(found, min(_LOOKS_EVERY, float(quiet_seconds))))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait({looking})


async def _look(found: Gathering, every: float) -> None:
    """Never ends by itself: whatever a run raises is logged, and it is tried again."""
    while True:
        await asyncio.sleep(every)
        try:
            outcome = await found.run_due(datetime.now(UTC))
        except Exception:  # a server that is away, or a defect: the changes are kept
            log.exception("provisioning_not_applied", again_in_seconds=every)
            continue
        if outcome:
            log.info(
                "provisioning_applied",
                instruction=outcome.instruction,
                resources=outcome.resources,
                refused=len(outcome.refused),
            )
