"""People: departments, one person, and one's own tokens."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from domain.values import EmployeeId
from service.departments import DepartmentRecords, DepartmentTree
from service.people import CompanyPeople, DepartmentPeople, People, PersonPage
from web.callers import Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["people"])


@router.get("/departments")
async def list_departments(request: Request, caller: Reader) -> DepartmentTree:
    """The tree of departments, with heads and numbers of people."""
    return await DepartmentRecords(opened_of(request).engine).tree(caller)


@router.get("/departments/{department:path}/people", responses=responses(404))
async def list_people_of_department(
    request: Request, caller: Reader, department: Annotated[str, Path(max_length=200)]
) -> DepartmentPeople:
    """The people of a department and of those below it, including those who left."""
    return await People(opened_of(request).engine).department(caller, department)


@router.get("/companies/{company:path}/people", responses=responses(404))
async def list_people_of_company(
    request: Request, caller: Reader, company: Annotated[str, Path(max_length=200)]
) -> CompanyPeople:
    """The people who work in a company of the group or are seconded from it, including those who left."""
    return await People(opened_of(request).engine).company(caller, company)


@router.get("/people/{employee}", responses=responses(404))
async def read_person(request: Request, caller: Reader, employee: Annotated[str, Path(max_length=100)]) -> PersonPage:
    """A person, by id or by employee number. Of their goals, those that the caller may see."""
    return await People(opened_of(request).engine).person(caller, EmployeeId(employee))
