"""Roles in the company: who has which, giving one, and ending one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from domain.errors import MeguriError
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.roles import RoleLine, Roles
from service.visitors import Visitor
from texts.words import word
from web.console.forms import TypedForm
from web.console.refused import NOT_REFUSED, refused_form
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/operations/roles"
_Person = Annotated[str, Path(max_length=100)]


@router.get(PATH)
async def list_roles(visit: AtPage, done: Annotated[str, Query(max_length=200)] = "") -> Response:
    """`done`: `ID/ROLE` of who was given a role, of which the list tells whether they have it."""
    values = await _values(visit)
    given = next((one for one in values["holders"] if f"{one.employee}/{one.role}" == done), None)
    return visit.page("roles.html", **values, given=given)


@router.post(PATH)
async def give_role(visit: AtPage, typed: TypedForm) -> Response:
    """Gives the role. A repeat changes nothing."""
    employee, role = EmployeeId(typed.filled("employee") or ""), _role(typed.get("role", ""))
    try:
        await Roles(visit.opened.engine).give(visit.caller, employee, role)
    except MeguriError as refused:
        values = await _values(visit) | await refused_form(visit, "role", typed, refused)
        return visit.page("roles.html", status_of(refused), **values, given=None)
    return RedirectResponse(f"{PATH}?done={employee}/{role}", SEE_OTHER)


@router.get(f"{PATH}/{{employee}}/{{role}}/end")
async def confirm(visit: AtPage, employee: _Person, role: CompanyRole) -> Response:
    found = await _held(visit, employee, role)
    named = word("company_role", role, visit.locale)
    subject = visit.text("console.roles.of", role=named, person=f"{found.name} ({found.employee})")
    return visit.page("final.html", what="role", subject=subject, back=PATH, action=visit.request.url.path)


@router.post(f"{PATH}/{{employee}}/{{role}}/end")
async def end_role(visit: AtPage, employee: _Person, role: CompanyRole) -> Response:
    await Roles(visit.opened.engine).end(visit.caller, EmployeeId(employee), role)
    return RedirectResponse(PATH, SEE_OTHER)


def given_by(who: Visitor) -> list[CompanyRole]:
    """The roles that this person may give and end; what else they may not is for the operation to refuse."""
    if CompanyRole.SYSTEM in who.roles:
        return list(CompanyRole)
    return [CompanyRole.DIRECTORY] if CompanyRole.DIRECTORY in who.roles else []


def _role(written: str) -> CompanyRole:
    if written not in set(CompanyRole):
        raise HTTPException(404)
    return CompanyRole(written)


async def _values(visit: Visit) -> dict[str, Any]:
    may_give = given_by(visit.who)
    return {
        **NOT_REFUSED,
        "holders": (await Roles(visit.opened.engine).list_holders(visit.caller)).roles,
        "may_give": may_give,
        "role_choices": [(one.value, word("company_role", one, visit.locale)) for one in may_give],
    }


async def _held(visit: Visit, employee: str, role: CompanyRole) -> RoleLine:
    for one in (await Roles(visit.opened.engine).list_holders(visit.caller, role)).roles:
        if one.employee == employee:
            return one
    raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
