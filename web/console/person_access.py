"""How one person comes in, for system administrators: their accounts, passkeys, tokens and roles; an invitation, and signing them out."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from domain.errors import MeguriError
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.identities import Identities
from service.passkeys import Passkeys
from service.people import People
from service.people_search import PeopleSearch
from service.roles import Roles
from service.sessions import Sessions
from web.console.forms import NOTHING_TYPED
from web.console.refused import NOT_REFUSED, refused_form
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.passkey_site import site_of
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/operations/people"
_MOST = 30  # of what is over, of each kind
_Id = Annotated[str, Path(max_length=100)]


@router.get(PATH)
async def find_person(visit: AtPage, person: Annotated[str, Query(max_length=100)] = "") -> Response:
    """By employee id or employee number, or by a name that only one person has."""
    await _require_administrator(visit)
    if not person.strip():
        return visit.page("find_person.html", **NOT_REFUSED, wanted="")
    try:
        found = await PeopleSearch(visit.opened.engine).find(visit.caller, person.strip())
    except MeguriError as refused:
        values = await refused_form(visit, "person", NOTHING_TYPED, refused)
        return visit.page("find_person.html", status_of(refused), **values, wanted=person)
    return RedirectResponse(f"{PATH}/{quote(found)}", SEE_OTHER)


@router.get(f"{PATH}/{{person}}")
async def read_person(visit: AtPage, person: _Id) -> Response:
    return visit.page("person_access.html", **await _values(visit, person))


@router.post(f"{PATH}/{{person}}/invite")
async def invite(visit: AtPage, person: _Id) -> Response:
    """Makes a link by which the person adds a passkey, and shows it this once; the link before ends."""
    site = site_of(visit.request).origin if visit.opened.settings.passkeys else None
    try:
        made = await Passkeys(visit.opened.engine, site).make_link(visit.caller, EmployeeId(person), visit.now)
    except MeguriError as refused:
        return await _again(visit, person, "invite", refused)
    return visit.page(
        "secret.html", what="passkey", secret=made.link, back=f"{PATH}/{person}", person=made.employee, name=made.name,
        expires_at=made.expires_at, zone=DIRECTORY_ZONE.key,
    )  # fmt: skip


@router.post(f"{PATH}/{{person}}/sign-out")
async def sign_out(visit: AtPage, person: _Id) -> Response:
    """Ends all sessions of the person, and says how many: nothing shows that later. A repeat changes nothing."""
    ending = Sessions(visit.opened.engine, visit.opened.session_limits.idle)
    try:
        ended = await ending.sign_out(visit.caller, EmployeeId(person), visit.now)
    except MeguriError as refused:
        return await _again(visit, person, "sign_out", refused)
    return visit.page("person_access.html", **(await _values(visit, person) | {"signed_out": ended.ended}))


_Kind = Annotated[str, Path(pattern="^(passkey|token|identity)$")]


@router.get(f"{PATH}/{{person}}/{{kind}}/{{key}}/end")
async def confirm(visit: AtPage, person: _Id, kind: _Kind, key: _Id) -> Response:
    subject = await _subject(visit, person, kind, key)
    return visit.page(
        "final.html", what=kind, subject=subject, back=f"{PATH}/{quote(person)}", action=visit.request.url.path
    )


@router.post(f"{PATH}/{{person}}/{{kind}}/{{key}}/end")
async def end(visit: AtPage, person: _Id, kind: _Kind, key: _Id) -> Response:
    """Removes the passkey, ends the token or the binding of the account. A repeat changes nothing."""
    await _subject(visit, person, kind, key)
    engine, caller, now = visit.opened.engine, visit.caller, visit.now
    if kind == "passkey":
        await Passkeys(engine, None).remove(caller, key, now)
    elif kind == "token":
        await visit.opened.tokens.end(caller, key, now)
    else:
        await Identities(engine).unbind(caller, key, now)
    return RedirectResponse(f"{PATH}/{quote(person)}", SEE_OTHER)


async def _subject(visit: Visit, person: str, kind: str, key: str) -> str:
    """What is to be ended, with its person; it must be that person's."""
    values = await _values(visit, person)
    for one in values["every"][kind]:
        if getattr(one, kind) == key:
            employee = values["employee"]
            return f"{employee.name} ({employee.id}): {getattr(one, 'label', key)}"
    codes = {"passkey": Code.UNKNOWN_PASSKEY, "token": Code.UNKNOWN_TOKEN, "identity": Code.UNKNOWN_IDENTITY}
    raise Refusal(codes[kind], **{kind: key[:80]})


async def _again(visit: Visit, person: str, form: str, refused: MeguriError) -> Response:
    values = await _values(visit, person) | await refused_form(visit, form, NOTHING_TYPED, refused)
    return visit.page("person_access.html", status_of(refused), **values)


async def _require_administrator(visit: Visit) -> None:
    """The lists below show a caller without the role their own; so this page refuses whom it is not for."""
    if CompanyRole.SYSTEM not in visit.who.roles:
        holders = await Roles(visit.opened.engine).list_holders(visit.caller, CompanyRole.SYSTEM)
        allowed = [one.employee for one in holders.roles] or "-"
        raise Refusal(Code.NOT_ALLOWED, actor=visit.who.employee, allowed=allowed)


async def _values(visit: Visit, person: str) -> dict[str, Any]:
    await _require_administrator(visit)
    engine, caller, now = visit.opened.engine, visit.caller, visit.now
    employee = (await People(engine).person(caller, EmployeeId(person), now)).employee
    passkeys = (await Passkeys(engine, None).list_passkeys(caller, of=employee.id)).passkeys
    tokens = (await visit.opened.tokens.list_tokens(caller, now, of=employee.id)).tokens
    accounts = (await Identities(engine).list_identities(caller, of=employee.id)).identities
    held = (await Roles(engine).list_holders(caller)).roles
    return {
        **NOT_REFUSED,
        "employee": employee,
        "signed_out": None,
        "every": {"passkey": passkeys, "token": tokens, "identity": accounts},
        "passkeys": [one for one in passkeys if one.ended_at is None],
        "removed_passkeys": [one for one in passkeys if one.ended_at][:_MOST],
        "tokens": [one for one in tokens if one.usable],
        "old_tokens": [one for one in tokens if not one.usable][:_MOST],
        "identities": [one for one in accounts if one.unbound_at is None],
        "roles": [one for one in held if one.employee == employee.id],
        "uses_passkeys": visit.opened.settings.passkeys,
        "zone": DIRECTORY_ZONE.key,
    }
