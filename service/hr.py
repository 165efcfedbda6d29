"""Who is HR, and of which cycles."""

from typing import TYPE_CHECKING

from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from storage import cycles
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


async def require_hr(
    engine: "AsyncEngine", actor: EmployeeId, cycle: str | None = None, *, only_open: bool = False
) -> list[CycleId]:
    """The cycles of which the actor is HR; with `cycle`, that one. A `Refusal` where there is none of them."""
    async with read_transaction(engine) as connection:
        rows = await cycles.list_cycles(connection)
    if cycle is not None and cycle not in {row.id for row in rows}:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
    pools = {
        CycleId(row.id): row.rules.hr
        for row in rows
        if cycle in (None, row.id) and (row.state.is_running or not only_open)
    }
    if theirs := [one for one, hr in pools.items() if actor in hr]:
        return theirs
    allowed = sorted({member for hr in pools.values() for member in hr})
    raise Refusal(Code.NOT_ALLOWED, actor=actor[:80], allowed=allowed)
