"""By what a person comes in, or is read, as themselves: the link to their calendar, browsers, passkeys and API tokens. Forms of `/preferences`."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import RedirectResponse

from domain.errors import MeguriError
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Code, Refusal
from domain.tokens import DEFAULT_DAYS
from service.passkeys import ListedPasskey, Passkeys
from service.tokens import ListedToken
from web.console.forms import Typed, TypedForm
from web.console.preferences import PATH, again, sessions_of
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_Id = Annotated[str, Path(max_length=100)]


@router.post(f"{PATH}/calendar")
async def make_calendar_link(visit: AtPage) -> Response:
    """Makes the link and shows it this once; an earlier one ends."""
    made = await visit.opened.calendar_links.make(visit.caller, visit.now)
    return visit.page("secret.html", what="calendar", secret=made.url, back=f"{PATH}#calendar")


@router.post(f"{PATH}/calendar/end")
async def end_calendar_link(visit: AtPage) -> Response:
    await visit.opened.calendar_links.end(visit.caller)
    return RedirectResponse(f"{PATH}?done=calendar#calendar", SEE_OTHER)


@router.post(f"{PATH}/sessions/{{session}}/end")
async def end_session(visit: AtPage, session: _Id) -> Response:
    """Signs the person out in one browser."""
    await sessions_of(visit).end(visit.caller, session, visit.now)
    return RedirectResponse(f"{PATH}#sessions", SEE_OTHER)


@router.get(f"{PATH}/passkeys/{{passkey}}/remove")
async def confirm_removal(visit: AtPage, passkey: _Id) -> Response:
    found = await _own_passkey(visit, passkey)
    return visit.page(
        "final.html", what="passkey", subject=found.passkey, back=f"{PATH}#passkeys", action=visit.request.url.path
    )


@router.post(f"{PATH}/passkeys/{{passkey}}/remove")
async def remove_passkey(visit: AtPage, passkey: _Id) -> Response:
    """Removes it, and ends all sessions of the person: the answer leads to the sign-in."""
    found = await _own_passkey(visit, passkey)
    await Passkeys(visit.opened.engine, None).remove(visit.caller, found.passkey, visit.now)
    return RedirectResponse(f"{PATH}#passkeys", SEE_OTHER)


@router.post(f"{PATH}/tokens")
async def make_token(visit: AtPage, typed: TypedForm) -> Response:
    """Makes a token. Its secret is in this answer only."""
    try:
        made = await visit.opened.tokens.make(visit.caller, token_wish(typed), visit.now)
    except MeguriError as refused:
        return await again(visit, "token", typed, refused)
    return visit.page("secret.html", what="token", secret=made.secret, back=f"{PATH}#tokens", **secret_facts(made))


def token_wish(typed: Typed) -> dict[str, object]:
    """What was typed of a token; its model reads and refuses it."""
    return {
        "label": typed.filled("label") or "",
        "scopes": typed.all("scopes"),
        "days": typed.filled("days") or DEFAULT_DAYS,
    }


def secret_facts(made: ListedToken) -> dict[str, object]:
    return {"made": made, "zone": DIRECTORY_ZONE.key}


@router.get(f"{PATH}/tokens/{{token}}/end")
async def confirm_end(visit: AtPage, token: _Id) -> Response:
    found = await _own_token(visit, token)
    return visit.page(
        "final.html", what="token", subject=found.label, back=f"{PATH}#tokens", action=visit.request.url.path
    )


@router.post(f"{PATH}/tokens/{{token}}/end")
async def end_token(visit: AtPage, token: _Id) -> Response:
    found = await _own_token(visit, token)
    await visit.opened.tokens.end(visit.caller, found.token, visit.now)
    return RedirectResponse(f"{PATH}?done={found.token}#tokens", SEE_OTHER)


async def _own_token(visit: Visit, token: str) -> ListedToken:
    """The person's own, also for a system administrator, who ends those of others elsewhere."""
    found = (await visit.opened.tokens.list_tokens(visit.caller, visit.now, own=True)).tokens
    for one in found:
        if one.token == token:
            return one
    raise Refusal(Code.UNKNOWN_TOKEN, token=token[:80])


async def _own_passkey(visit: Visit, passkey: str) -> ListedPasskey:
    found = (await Passkeys(visit.opened.engine, None).list_passkeys(visit.caller, own=True)).passkeys
    for one in found:
        if one.passkey == passkey:
            return one
    raise Refusal(Code.UNKNOWN_PASSKEY, passkey=passkey[:80])
