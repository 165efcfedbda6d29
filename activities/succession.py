"""Recording that a goal is handed over: one transaction closes it and begins the goal of the new owner, or does neither."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.beginning import write_goal
from domain.cycle.beginning import next_number
from domain.cycle.succession import beginning_of, require_may_take_over
from domain.goal.handing import Succession
from domain.refusals import Code, Refusal
from service.owner_in_cycle import organisation_of, owner_in_cycle
from storage import beginnings, cycles
from storage.ledger import append_on


async def append_with_successor(
    engine: AsyncEngine, succession: Succession, *position: Any, **recording: Any
) -> list[dict[str, Any]]:
    """As `Ledger.append`, which has the other arguments; where the events are stored, the successor is written too.

    Raises a `Refusal`, and nothing was stored, if the new owner cannot have the goal. The lock on the new owner as a participant keeps
    the numbers of goals apart.
    """
    async with engine.begin() as connection:
        cycle = await cycles.lock_cycle(connection, succession.cycle, shared=True)
        if cycle is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=succession.cycle)
        driver = (await connection.get_raw_connection()).driver_connection
        found = await append_on(driver, *position, **recording)
        if not found:
            await _write_successor(connection, cycle, succession)
        return found


async def _write_successor(connection: AsyncConnection, cycle: cycles.Cycle, succession: Succession) -> None:
    owner, at = succession.owner, succession.at
    participant = await beginnings.lock_participant(connection, cycle.id, owner)
    organisation = await organisation_of(connection, cycle, owner)
    found = await owner_in_cycle(connection, cycle, owner, organisation, participant)
    line = organisation.active_line(owner) if found.works_here else ()
    require_may_take_over(succession, found, line, at)
    await write_goal(connection, beginning_of(succession), cycle, organisation, next_number(found.goals), at)
