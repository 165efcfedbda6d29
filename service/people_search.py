"""Use case of the list of people: search it, page by page."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.people.organisation import DIRECTORY_ZONE, Employee
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen
from service.projection import names_by_id
from service.relations import require_colleague
from storage.database import read_transaction
from storage.directory import holder_of
from storage.people import find_employee
from storage.people_search import find_people

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

PAGE = 50


class PeopleFilter(Frozen):
    """`beginning`: of a name, with or without spaces, or of an employee number. `department` includes those below it.

    `after` is `next` of the page before.
    """

    beginning: str = ""
    department: str | None = None
    with_leavers: bool = False
    after: str = ""


class FoundPerson(Frozen):
    """A person as a list shows them. `number`: the present employee number. `has_left`, `is_away`: today."""

    employee: EmployeeId
    number: str
    name: str
    department: str
    additional: tuple[str, ...]  # departments of additional posts
    title: str | None
    company: str | None
    has_left: bool
    is_away: bool


class FoundPeople(Frozen):
    """A page of people, by id. `next` None: the last page."""

    people: tuple[FoundPerson, ...]
    next: EmployeeId | None


class PeopleSearch:
    """Every method raises a `Refusal` for a caller who is no colleague."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def search(self, caller: Caller, wanted: PeopleFilter, now: datetime) -> FoundPeople:
        """The next 50 people."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            found = await find_people(
                connection,
                beginning=wanted.beginning,
                department=wanted.department,
                with_leavers=wanted.with_leavers,
                after=wanted.after,
                limit=PAGE + 1,
            )
        shown = tuple(_found(one, now) for one in found[:PAGE])
        return FoundPeople(people=shown, next=shown[-1].employee if len(found) > PAGE else None)

    async def names(self, caller: Caller, people: Collection[EmployeeId]) -> dict[str, str]:
        """The names of these people by id; who is not in the directory is left out."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            return await names_by_id(connection, people)

    async def find(self, caller: Caller, named: str) -> EmployeeId:
        """The id of the person with this id or employee number. Raises a `Refusal` if there is nobody."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            if await find_employee(connection, EmployeeId(named)):
                return EmployeeId(named)
            if holder := await holder_of(connection, named):
                return holder
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=named[:80], near="")


def _found(one: Employee, now: datetime) -> FoundPerson:
    today = now.astimezone(DIRECTORY_ZONE).date()
    return FoundPerson(
        employee=EmployeeId(one.id),
        number=one.number or one.id,
        name=one.name,
        department=one.department,
        additional=tuple(post.department for post in one.posts),
        title=one.title,
        company=one.company,
        has_left=not one.works_on(today),
        is_away=one.is_away(today),
    )
