"""People: departments, one person, delegations, and one's own settings."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from domain.access import person_of
from domain.values import EmployeeId
from service.departments import DepartmentRecords, DepartmentTree
from service.instruction_documents import DelegationList
from service.people import People, PersonPage
from service.preferences import PreferenceDocument, Preferences, document_of
from web.callers import Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["people"])


@router.get("/departments")
async def list_departments(request: Request, caller: Reader) -> DepartmentTree:
    """The tree of departments, with heads and numbers of people."""
    return await DepartmentRecords(opened_of(request).engine).tree(caller)


@router.get("/people/{employee}", responses=responses(404))
async def read_person(request: Request, caller: Reader, employee: Annotated[str, Path(max_length=100)]) -> PersonPage:
    """A person, by id or by employee number. Of their goals, those that the caller may see."""
    return await People(opened_of(request).engine).person(caller, EmployeeId(employee))


@router.get("/delegations", responses=responses(404))
async def list_delegations(request: Request, caller: Reader, employee: str | None = None) -> DelegationList:
    """The delegations from or to one employee, or of everybody, that hold today or within a year."""
    one = EmployeeId(employee) if employee is not None else None
    return await opened_of(request).instructions.list_delegations(caller, one, datetime.now(UTC))


@router.get("/preferences")
async def read_preferences(request: Request, caller: Reader) -> PreferenceDocument:
    """How the caller's notices come, and when."""
    opened, person = opened_of(request), person_of(caller)
    settings = opened.settings
    own = Preferences(opened.engine, company_chat=settings.channel == "chat", private_hosts=settings.chat_private_hosts)
    return document_of(person, await own.show(caller, person))
