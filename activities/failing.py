"""Stores why a try of an instruction's part failed, so that people see it while Temporal tries again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import instruction_course

log = structlog.get_logger()


@asynccontextmanager
async def noting_failures(engine: AsyncEngine, instruction: str) -> AsyncIterator[None]:
    """Stores an error of the block at the instruction and raises it again; after a success the stored error is removed.

    While the database does not answer, the error is only logged.
    """
    try:
        yield
    except Exception as error:
        cause = _first_of(error)
        log.warning("instruction_part_failed", instruction=instruction, error=type(cause).__name__)
        try:
            async with engine.begin() as connection:
                await instruction_course.note_failure(connection, instruction, type(cause).__name__)
        except (DBAPIError, OSError) as unstored:
            log.warning("failure_not_stored", instruction=instruction, error=type(unstored).__name__)
        raise
    async with engine.begin() as connection:
        await instruction_course.clear_failure(connection, instruction)


def _first_of(error: Exception) -> BaseException:
    """The error itself, or the first error of a group."""
    cause: BaseException = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return cause
