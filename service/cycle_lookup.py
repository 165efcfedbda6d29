"""Finding a cycle on the caller's connection."""

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.refusals import Code, Refusal
from storage.cycles import Cycle, find_cycle


async def require_cycle(connection: AsyncConnection, cycle: str) -> Cycle:
    """The cycle with this id. Raises a `Refusal` if there is none."""
    found = await find_cycle(connection, cycle)
    if found is None:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
    return found
