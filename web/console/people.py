"""People: the list that is searched, and each person with managers, reports, evaluators, leaves, delegations and goals."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from domain.people.organisation import DIRECTORY_ZONE, Employee
from domain.values import EmployeeId
from service.people import People, PersonPage
from service.people_search import PeopleFilter, PeopleSearch
from web.api.parameters import After, EmployeePath
from web.console.queries import LineQuery
from web.console.route import PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/people")
async def list_people(
    visit: AtPage,
    q: LineQuery = "",
    department: LineQuery = "",
    left: Annotated[str, Query(max_length=1)] = "",
    after: After = "",
) -> Response:
    """The people whose name, its reading or whose number begins with `q`; with `left`, also those who left."""
    wanted = PeopleFilter(
        beginning=q.strip(), department=department.strip() or None, with_leavers=bool(left), after=after
    )
    found = await PeopleSearch(visit.opened.engine).search(visit.caller, wanted, visit.now)
    query = {"q": q, "department": department, "left": left}
    return visit.page("people.html", found=found, query=query, is_first=not after)


@router.get("/people/{employee}")
async def read_person(visit: AtPage, employee: EmployeePath) -> Response:
    """By id or by employee number."""
    page = await People(visit.opened.engine).person(visit.caller, EmployeeId(employee), visit.now)
    return visit.page("person.html", **await _values(visit, page))


async def _values(visit: Visit, page: PersonPage) -> dict[str, Any]:
    one = page.employee
    today = visit.now.astimezone(DIRECTORY_ZONE).date()
    given = await visit.opened.instructions.list_delegations(visit.caller, EmployeeId(one.id), visit.now)
    names = await PeopleSearch(visit.opened.engine).names(visit.caller, list(_named(one)))
    return {
        "page": page,
        "person": one,
        "number": one.number or one.id,
        "names": names | given.names,
        "delegations": given.delegations,
        "reports": [report for report in page.reports if report.works_on(today)],
        "has_left": not one.works_on(today),
        "is_away": one.is_away(today),
        "leaves": sorted(one.every_leave, key=lambda leave: leave.first or date.min),
        "today": today,
    }


def _named(one: Employee) -> Iterator[EmployeeId]:
    """The people whom the record of a person names by id alone."""
    evaluators = [*one.evaluators, *(each for post in one.posts for each in post.evaluators)]
    managers = [post.manager_id for post in one.posts]
    for each in (one.deputy_id, *managers, *evaluators):
        if each:
            yield EmployeeId(each)
