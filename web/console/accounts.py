"""Accounts of programs: make one, name who answers for it, its tokens, and end it. Who answers for one sees it here."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from domain.errors import MeguriError
from domain.people.organisation import DIRECTORY_ZONE
from domain.programs import ProgramScope
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.tokens import DEFAULT_DAYS, MAX_DAYS
from domain.values import EmployeeId
from service.programs import ListedProgram, Programs
from service.tokens import ListedToken
from texts.words import word
from web.console.forms import Typed, TypedForm
from web.console.own_access import secret_facts, token_wish
from web.console.refused import NOT_REFUSED, refused_form
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/operations/accounts"
_MOST = 30  # tokens that are over
_Name = Annotated[str, Path(max_length=100)]


@router.get(PATH)
async def list_accounts(visit: AtPage) -> Response:
    return visit.page("accounts.html", **await _list_values(visit))


@router.post(PATH)
async def make_account(visit: AtPage, typed: TypedForm) -> Response:
    """Makes an account without roles and tokens; a name is used once, so the same form again is refused."""
    wish = {one: typed.filled(one) or "" for one in ("name", "purpose", "owner")}
    try:
        made = await _programs(visit).make(visit.caller, wish, visit.now)
    except MeguriError as refused:
        values = await _list_values(visit) | await refused_form(visit, "account", typed, refused)
        return visit.page("accounts.html", status_of(refused), **values)
    return RedirectResponse(f"{PATH}/{made.name}", SEE_OTHER)


@router.get(f"{PATH}/{{account}}")
async def read_account(visit: AtPage, account: _Name, done: Annotated[str, Query(max_length=40)] = "") -> Response:
    return visit.page("account.html", **await _values(visit, account), done=done)


@router.post(f"{PATH}/{{account}}/owner")
async def name_owner(visit: AtPage, typed: TypedForm, account: _Name) -> Response:
    """From now on this person answers for the account. A repeat changes nothing."""
    try:
        await _programs(visit).answer(visit.caller, account, typed.filled("owner") or "")
    except MeguriError as refused:
        return await _again(visit, account, typed, "owner", refused)
    return RedirectResponse(f"{PATH}/{account}?done=owner", SEE_OTHER)


@router.get(f"{PATH}/{{account}}/end")
async def confirm(visit: AtPage, account: _Name) -> Response:
    found = await _listed(visit, account)
    tokens = sum(one.usable for one in await _tokens(visit, found))
    subject = visit.text("console.accounts.subject", name=found.name, purpose=found.purpose, n=tokens)
    return visit.page(
        "final.html", what="account", subject=subject, back=f"{PATH}/{account}", action=visit.request.url.path
    )


@router.post(f"{PATH}/{{account}}/end")
async def end_account(visit: AtPage, account: _Name) -> Response:
    await _programs(visit).end(visit.caller, account, visit.now)
    return RedirectResponse(f"{PATH}/{account}", SEE_OTHER)


@router.post(f"{PATH}/{{account}}/tokens")
async def make_token(visit: AtPage, typed: TypedForm, account: _Name) -> Response:
    """Makes a token of the program. Its secret is in this answer only."""
    try:
        made = await _programs(visit).make_token(visit.caller, account, token_wish(typed), visit.now)
    except MeguriError as refused:
        return await _again(visit, account, typed, "token", refused)
    return visit.page("secret.html", what="token", secret=made.secret, back=f"{PATH}/{account}", **secret_facts(made))


@router.get(f"{PATH}/{{account}}/tokens/{{token}}/end")
async def confirm_token(visit: AtPage, account: _Name, token: _Name) -> Response:
    found = await _token(visit, account, token)
    return visit.page(
        "final.html", what="token", subject=found.label, back=f"{PATH}/{account}", action=visit.request.url.path
    )


@router.post(f"{PATH}/{{account}}/tokens/{{token}}/end")
async def end_token(visit: AtPage, account: _Name, token: _Name) -> Response:
    found = await _token(visit, account, token)
    await visit.opened.tokens.end(visit.caller, found.token, visit.now)
    return RedirectResponse(f"{PATH}/{account}?done={found.token}", SEE_OTHER)


def _programs(visit: Visit) -> Programs:
    return Programs(visit.opened.engine)


async def _again(visit: Visit, account: str, typed: Typed, form: str, refused: MeguriError) -> Response:
    values = await _values(visit, account) | await refused_form(visit, form, typed, refused)
    return visit.page("account.html", status_of(refused), **values)


async def _list_values(visit: Visit) -> dict[str, Any]:
    found = (await _programs(visit).list_programs(visit.caller)).programs
    return {
        **NOT_REFUSED,
        "accounts": [one for one in found if one.ended_at is None],
        "ended": [one for one in found if one.ended_at],
        "manages": CompanyRole.SYSTEM in visit.who.roles,
        "zone": DIRECTORY_ZONE.key,
    }


async def _values(visit: Visit, account: str) -> dict[str, Any]:
    found = await _listed(visit, account)
    tokens = await _tokens(visit, found)
    return {
        **NOT_REFUSED,
        "account": found,
        "manages": CompanyRole.SYSTEM in visit.who.roles,
        "tokens": [one for one in tokens if one.usable],
        "old_tokens": [one for one in tokens if not one.usable][:_MOST],
        "ended": frozenset(one.token for one in tokens if one.ended_at),
        "scopes": [(one.value, word("scope", one, visit.locale)) for one in ProgramScope],
        "default_days": DEFAULT_DAYS,
        "most_days": MAX_DAYS,
        "zone": DIRECTORY_ZONE.key,
    }


async def _listed(visit: Visit, account: str) -> ListedProgram:
    for one in (await _programs(visit).list_programs(visit.caller)).programs:
        if one.name == account:
            return one
    raise Refusal(Code.UNKNOWN_PROGRAM, program=account[:80], near="")


async def _tokens(visit: Visit, account: ListedProgram) -> tuple[ListedToken, ...]:
    """The program's tokens, which only a system administrator sees."""
    if CompanyRole.SYSTEM not in visit.who.roles:
        return ()
    of = EmployeeId(account.program)
    return (await visit.opened.tokens.list_tokens(visit.caller, visit.now, of=of)).tokens


async def _token(visit: Visit, account: str, token: str) -> ListedToken:
    for one in await _tokens(visit, await _listed(visit, account)):
        if one.token == token:
            return one
    raise Refusal(Code.UNKNOWN_TOKEN, token=token[:80])
