"""Who asks: made of the token or the session's cookie that came with the request, never of anything else in it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain.access import Caller, Door
from domain.errors import MeguriError
from domain.messages import message
from domain.tokens import Scope
from service.tokens import LetIn
from service.visitors import Visitor
from web.cookies import session_in
from web.opened import opened_of
from web.origins import require_this_site

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="an API token, as `meguri token create` prints it"
)
_IPV6 = 6
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


class ScopeMissing(MeguriError):
    """The token is valid, but was not made for this."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__("scope_missing", message("error.scope_missing", scope=scope.value))


class SessionNeeded(MeguriError):
    """Only a person who is signed in may do this, and a token came."""

    def __init__(self) -> None:
        super().__init__("session_needed", message("error.session_needed"))


async def session_let_in(request: Request) -> LetIn:
    """Whom the session's cookie lets in. Raises `NotOfThisSite` for what another site's page sends with it."""
    require_this_site(request, opened_of(request).public)
    found = await opened_of(request).sign_in.let_in(session_in(request), address_of(request), datetime.now(UTC))
    return _remembered(request, found)


async def visitor_let_in(request: Request) -> tuple[LetIn, Visitor]:
    """The same for a page, with who it is."""
    require_this_site(request, opened_of(request).public)
    sign_in = opened_of(request).sign_in
    found, who = await sign_in.let_in_visitor(session_in(request), address_of(request), datetime.now(UTC))
    return _remembered(request, found), who


async def _let_in(request: Request, credentials: _Credentials) -> LetIn:
    """By the token; by the session where the request has no `Authorization` at all, which another site's page cannot add."""
    if "authorization" not in request.headers and session_in(request):
        return await session_let_in(request)
    sent = credentials.credentials if credentials else None
    return _remembered(request, await opened_of(request).tokens.let_in(sent, address_of(request), datetime.now(UTC)))


def _remembered(request: Request, found: LetIn) -> LetIn:
    """For the log: who was refused."""
    request.state.let_in = found
    return found


def _needs(scope: Scope) -> Callable[[LetIn], Awaitable[Caller]]:
    async def caller(found: Annotated[LetIn, Depends(_let_in)]) -> Caller:
        if scope not in found.scopes:
            raise ScopeMissing(scope)
        return found.caller

    return caller


async def _signed_in(found: Annotated[LetIn, Depends(_let_in)]) -> Caller:
    if found.caller.door is not Door.BROWSER:
        raise SessionNeeded
    return found.caller


async def _reader(request: Request, found: Annotated[LetIn, Depends(_let_in)]) -> Caller:
    """Who looks: an auditor, if the token is for that. Their look is recorded, with the ids in the path and what was searched for."""
    if Scope.AUDIT in found.scopes:
        return await auditor(request, found)
    if Scope.READ not in found.scopes:
        raise ScopeMissing(Scope.READ)
    return found.caller


async def auditor(request: Request, found: LetIn) -> Caller:
    """The caller as an auditor: first an entry says which route they look at, with the ids in its path and what was searched for."""
    route, parts = request.scope["route"].path, {key: str(one)[:100] for key, one in request.path_params.items()}
    return await opened_of(request).tokens.as_auditor(found, route, parts, request.url.query[:1000])


async def provisioner(request: Request, credentials: _Credentials) -> Caller:
    """Who keeps the directory by SCIM: by a token only, which no browser sends by itself."""
    sent = credentials.credentials if credentials else None
    found = await opened_of(request).tokens.let_in(sent, address_of(request), datetime.now(UTC))
    if Scope.PROVISION not in found.scopes:
        raise ScopeMissing(Scope.PROVISION)
    return found.caller


def address_of(request: Request) -> str:
    """The caller's address; of an IPv6 address the network, since one machine has a whole one."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    return str(ip_network((address, 64), strict=False)) if address.version == _IPV6 else str(address)


Reader = Annotated[Caller, Depends(_reader)]
SignedIn = Annotated[Caller, Depends(_signed_in)]
GoalActor = Annotated[Caller, Depends(_needs(Scope.GOALS))]
CycleActor = Annotated[Caller, Depends(_needs(Scope.CYCLES))]
PeopleActor = Annotated[Caller, Depends(_needs(Scope.PEOPLE))]
Provisioner = Annotated[Caller, Depends(provisioner)]
SystemActor = Annotated[Caller, Depends(_needs(Scope.SYSTEM))]
