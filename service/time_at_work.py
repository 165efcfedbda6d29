"""The time at work of a cycle's participants: from the directory while the cycle runs, afterwards as it was when the cycle ended.

So a file of people that a later year brings does not change the results of a cycle that is over.
"""

from collections.abc import Collection
from datetime import date
from functools import cache

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.results.time_at_work import TimeAtWork, business_days, time_at_work
from domain.values import EmployeeId
from service.cycle_lookup import require_cycle
from storage.cycles import Cycle
from storage.time_at_work import keep, kept, presences

Times = dict[EmployeeId, TimeAtWork]


async def times_at_work(connection: AsyncConnection, cycle: str, people: Collection[str] | None = None) -> Times | None:
    """The times of participants who were not at work for the whole cycle; of `people`, if they are given.

    None: the cycle's rules do not count the time at work.
    """
    found = await require_cycle(connection, cycle)
    if not _counts(found):
        return None
    if found.state.is_running:
        return await _from_directory(connection, found, people)
    return {EmployeeId(one): TimeAtWork(*days) for one, days in (await kept(connection, cycle, people)).items()}


async def keep_times_at_work(connection: AsyncConnection, cycle: str) -> None:
    """Keeps the times as they are now, for a cycle that ends. A repeat keeps the same."""
    found = await require_cycle(connection, cycle)
    if _counts(found):
        times = await _from_directory(connection, found)
        await keep(connection, cycle, {str(one): (time.days, time.days_of_cycle) for one, time in times.items()})


def _counts(cycle: Cycle) -> bool:
    return bool(cycle.rules_form.get("time_at_work"))  # not `rules`: they are large, and most cycles do not count it


async def _from_directory(connection: AsyncConnection, cycle: Cycle, people: Collection[str] | None = None) -> Times:
    rules = cycle.rules

    @cache
    def days_at(site: str | None) -> tuple[date, ...]:
        return business_days(rules.calendar_at(site), rules.starts, rules.closes)

    found = await presences(connection, cycle.id, rules.starts, rules.closes, people)
    times = ((one.person, time_at_work(days_at(one.site), one.joined_on, one.last_day, one.leaves)) for one in found)
    return {EmployeeId(person): time for person, time in times if time.share < 1}
