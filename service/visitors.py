"""Who is at a page, for its frame: their name, their language, and to which pages it leads them."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, Frozen, Locale
from storage.database import read_transaction
from storage.visitors import Choice, choices, find_visitor

_CHOICES = 12  # people


class Visitor(Frozen):
    """A person at a page. The pages themselves check what the person may see; this says only what the frame leads to.

    `cycles` run: those that have started before those that have not, the newest first.
    """

    employee: EmployeeId
    name: str
    locale: Locale
    leads: bool
    is_hr: bool  # of a cycle that runs
    is_hr_of_all: bool  # of every cycle that runs, and one does
    roles: frozenset[CompanyRole]
    cycles: tuple[CycleId, ...]


async def visitor_of(connection: AsyncConnection, person: EmployeeId) -> Visitor | None:
    """Who this person is; None: nobody in the directory."""
    found = await find_visitor(connection, person)
    if found is None:
        return None
    return Visitor(
        employee=person,
        name=found.name,
        locale=Locale(found.locale),
        leads=found.leads,
        is_hr=found.is_hr,
        is_hr_of_all=found.is_hr and found.no_other_hr,
        roles=frozenset(CompanyRole(one) for one in found.roles),
        cycles=tuple(CycleId(one) for one in found.cycles),
    )


async def people_to_choose(engine: AsyncEngine) -> list[Choice]:
    """Whom somebody may choose to be, where the settings let anybody on this machine choose."""
    async with read_transaction(engine) as connection:
        return await choices(connection, _CHOICES)
