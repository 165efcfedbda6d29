"""Signing in by a provider, and signing out, in a browser. Every answer sends it on; there are no pages here."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from domain.sign_in import path_after
from service.sign_in import LogoutRefused, SignInFailed
from service.tokens import LetIn
from web.callers import address_of, session_let_in
from web.cookies import attempt_in, forget_attempt, forget_session, session_in, set_attempt, set_session
from web.logout_token import logout_of
from web.opened import opened_of
from web.origins import require_loopback, require_this_site
from web.provider import CALLBACK, Provider

_SEE_OTHER = 303  # followed by a GET
router = APIRouter(include_in_schema=False)
leaving = APIRouter(include_in_schema=False)
choosing = APIRouter(include_in_schema=False)


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
