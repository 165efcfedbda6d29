"""Who may come in, and as what: roles in the company, and accounts at the provider."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.identities import Identities, IdentityList, ListedIdentity
from service.roles import RoleList, Roles
from web.api.parameters import EmployeePath
from web.callers import PeopleActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["roles"])

_Id = Annotated[str, Path(max_length=100)]


@router.get("/roles")
async def list_roles(request: Request, caller: Reader, role: CompanyRole | None = None) -> RoleList:
    """Those who hold a role in the company."""
    return await Roles(opened_of(request).engine).list_holders(caller, role)


@router.put("/people/{employee}/roles/{role}", responses=responses(404))
async def give_role(request: Request, caller: PeopleActor, employee: EmployeePath, role: CompanyRole) -> RoleList:
    """Gives the role, and returns all who hold it. A repeat changes nothing."""
    return await Roles(opened_of(request).engine).give(caller, EmployeeId(employee), role)


@router.delete("/people/{employee}/roles/{role}", responses=responses(404))
async def end_role(request: Request, caller: PeopleActor, employee: EmployeePath, role: CompanyRole) -> RoleList:
    """Ends the role, and returns the others who hold it. 404 where the person does not hold it."""
    return await Roles(opened_of(request).engine).end(caller, EmployeeId(employee), role)


@router.get("/identities")
async def list_identities(request: Request, caller: Reader) -> IdentityList:
    """Accounts at the provider: the caller's own; everybody's for an auditor and a system administrator."""
    return await Identities(opened_of(request).engine).list_identities(caller)


@router.post("/identities/{identity}/unbind", responses=responses(404))
async def unbind_identity(request: Request, caller: PeopleActor, identity: _Id) -> ListedIdentity:
    """Ends the binding and all sessions of its person. A repeat changes nothing."""
    return await Identities(opened_of(request).engine).unbind(caller, identity, datetime.now(UTC))
