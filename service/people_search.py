"""Use case of the list of people: search it, page by page."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.messages import Message, message
from domain.people.organisation import DIRECTORY_ZONE, Employee
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen
from service.projection import names_by_id
from service.relations import require_colleague
from storage.database import read_transaction
from storage.directory import holder_of
from storage.people import find_employee
from storage.people_search import find_people, spellings_of_number

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

PAGE = 50
_MOST_NAMED = 6  # people whom a refusal names


class PeopleFilter(Frozen):
    """`beginning`: of a name or of its reading, of the second word of either, or of an employee number. `department` includes those below it.

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
        """The id of the person with this id or employee number, or of the only one who works here and whose name begins so.

        Raises a `Refusal` if there is nobody, or more than one; then it says who.
        """
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            if found := await _numbered(connection, named):
                return found
            meant = [EmployeeId(one.id) for one in await find_people(connection, beginning=named, limit=_MOST_NAMED)]
        if len(meant) == 1:
            return meant[0]
        near: Message | str = message("part.several_people", people=tuple(meant)) if meant else ""
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=named[:80], near=near)


async def _numbered(connection: "AsyncConnection", named: str) -> EmployeeId | None:
    """Who has this id or employee number, in any width and case; as it is written first."""
    for number in dict.fromkeys((named, *spellings_of_number(named))):
        if await find_employee(connection, EmployeeId(number)):
            return EmployeeId(number)
        if holder := await holder_of(connection, number):
            return holder
    return None


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
