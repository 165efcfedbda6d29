"""The cycle of a page that is about one: chosen in the page, else the newest that runs, else the newest."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.refusals import Code, Refusal
from domain.values import CycleId
from service.cycle_documents import CycleSummary
from web.console.visit import Visit


class CycleChoice(NamedTuple):
    """The cycle of the page, and all that may be chosen: ids with their names."""

    cycle: CycleSummary
    options: list[tuple[str, str]]


async def choose_cycle(visit: Visit, cycle: str = "") -> CycleChoice | None:
    """None where there is no cycle yet. Raises a `Refusal` for one that does not exist."""
    found = (await visit.opened.cycles.list_cycles(visit.caller)).cycles
    if not found and not cycle:
        return None
    return CycleChoice(_chosen(visit, found, cycle), [(one.cycle, f"{one.name} ({one.cycle})") for one in found])


def _chosen(visit: Visit, found: Sequence[CycleSummary], cycle: str) -> CycleSummary:
    wanted = CycleId(cycle) if cycle else next(iter(visit.who.cycles), found[0].cycle)
    for one in found:
        if one.cycle == wanted:
            return one
    raise Refusal(Code.UNKNOWN_CYCLE, cycle=wanted[:80])
