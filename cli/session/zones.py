"""In which time zone the command line shows moments that belong to no goal: the zone of their cycle."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_WITHOUT_CYCLES = "UTC"


async def zones_by_cycle(engine: "AsyncEngine") -> dict[str, str]:
    """The time zone of each cycle's calendar, by its id; the latest launch comes first."""
    from cli.session.callers import caller_for
    from service.cycles import CycleReads

    listed = await CycleReads(engine).list_cycles(caller_for(None))
    return {one.cycle: one.time_zone for one in listed.cycles}


def zone_for(cycle: str | None, zones: dict[str, str]) -> str:
    """The zone of that cycle; for what concerns no cycle, that of the latest one."""
    return zones.get(cycle or "") or next(iter(zones.values()), _WITHOUT_CYCLES)
