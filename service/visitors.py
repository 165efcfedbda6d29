"""Who is at a page, for its frame: their name, their language, and to which pages it leads them."""

from typing import TYPE_CHECKING

from domain.access import Caller, person_of
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, Frozen, Locale
from storage.database import read_transaction
from storage.visitors import Choice, choices, find_visitor

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


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


class Visitors:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(self, caller: Caller) -> Visitor:
        """Who the caller is. Raises a `Refusal` for a caller who is no person of the directory."""
        person = person_of(caller)
        async with read_transaction(self._engine) as connection:
            found = await find_visitor(connection, person)
        if found is None:
            raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=person[:80], near="")
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


async def people_to_choose(engine: "AsyncEngine") -> list[Choice]:
    """Whom somebody may choose to be, where the settings let anybody on this machine choose."""
    async with read_transaction(engine) as connection:
        return await choices(connection, _CHOICES)
