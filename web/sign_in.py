"""Signing in by a provider or, on this machine alone, by choosing a person; and signing out. Pages of passkeys are in web/passkeys.py."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from domain.sign_in import path_after
from service.sign_in import LogoutRefused, SignInFailed
from service.tokens import LetIn
from service.visitors import people_to_choose
from web.callers import address_of, session_let_in
from web.cookies import attempt_in, forget_attempt, forget_session, session_in, set_attempt, set_session
from web.locales import locale_of
from web.logout_token import logout_of
from web.opened import opened_of
from web.origins import require_loopback, require_this_site
from web.pages import page
from web.provider import CALLBACK, Provider

_SEE_OTHER = 303  # followed by a GET
router = APIRouter(include_in_schema=False)
leaving = APIRouter(include_in_schema=False)
choosing = APIRouter(include_in_schema=False)
only_choosing = APIRouter(include_in_schema=False)


def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


@router.get("/sign-in")  # where passkeys are on, that is a page, which leads to the next one
@router.get("/sign-in/provider")
async def sign_in(
    request: Request,
    provider: Annotated[Provider, Depends(_provider)],
    wanted: Annotated[str, Query(alias="next")] = "/",
) -> RedirectResponse:
    attempt = await opened_of(request).sign_in.begin(wanted, address_of(request), datetime.now(UTC))
    answer = RedirectResponse(await provider.login_url(attempt), _SEE_OTHER)
    set_attempt(request, answer, attempt)
    return answer


@router.get(CALLBACK)
async def come_back(
    request: Request,
    provider: Annotated[Provider, Depends(_provider)],
    state: str = "",
    code: str = "",
    iss: str | None = None,
) -> RedirectResponse:
    use_cases, attempt, now = opened_of(request).sign_in, attempt_in(request), datetime.now(UTC)
    path = await use_cases.take(attempt, state, now)
    if attempt is None or not code:
        raise SignInFailed("no_code")
    account = await provider.account(attempt, code, iss)
    session = await use_cases.enter(account, session_in(request), datetime.now(UTC))
    answer = RedirectResponse(path, _SEE_OTHER)
    set_session(request, answer, str(session))
    forget_attempt(request, answer)
    return answer


@router.post("/sign-in/back-channel-logout")
async def sign_out_by_provider(request: Request, provider: Annotated[Provider, Depends(_provider)]) -> Response:
    """A form with `logout_token`, from the provider's server: no browser, so no origin is asked for; the signature says who it is."""
    use_cases = opened_of(request).sign_in
    await use_cases.admit_provider(address_of(request), datetime.now(UTC))
    form = parse_qs((await request.body()).decode(errors="replace"))
    tokens = form.get("logout_token", [])
    if len(tokens) != 1:
        raise LogoutRefused("no_token")
    await use_cases.leave_by_provider(await logout_of(provider, tokens[0]), datetime.now(UTC))
    return Response()


@choosing.post("/sign-in/as")
async def sign_in_as(request: Request) -> RedirectResponse:
    """A form with `person`, an employee id, and `next`. The host is looked at, since a name of another site can lead to this machine."""
    require_loopback(request)
    require_this_site(request, None)
    form = parse_qs((await request.body()).decode(errors="replace"))
    person, wanted = (form.get(name, [""])[0] for name in ("person", "next"))
    session = await opened_of(request).sign_in.choose(person, session_in(request), datetime.now(UTC))
    answer = RedirectResponse(path_after(wanted), _SEE_OTHER)
    set_session(request, answer, str(session))
    return answer


@only_choosing.get("/sign-in")
@choosing.get("/sign-in/as")
async def choose_page(request: Request, wanted: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Whom somebody may choose to be, on this machine alone."""
    require_loopback(request)
    people = await people_to_choose(opened_of(request).engine)
    return page("choose.html", locale_of(request), people=people, wanted=path_after(wanted))


@leaving.get("/signed-in")
async def signed_in(request: Request) -> Response:
    """Where a sign-in in a second tab ends: what was typed waits in the first."""
    return page("signed_in.html", locale_of(request))


@leaving.post("/sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    require_this_site(request, opened_of(request).public)
    await opened_of(request).sign_in.leave(session_in(request), datetime.now(UTC))
    return _signed_out(request)


@leaving.post("/sign-out/everywhere")
async def sign_out_everywhere(request: Request, found: Annotated[LetIn, Depends(session_let_in)]) -> RedirectResponse:
    await opened_of(request).sign_in.leave_everywhere(found.caller, datetime.now(UTC))
    return _signed_out(request)


def _signed_out(request: Request) -> RedirectResponse:
    answer = RedirectResponse("/", _SEE_OTHER)
    forget_session(request, answer)
    return answer
