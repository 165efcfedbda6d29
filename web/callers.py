"""Who asks: made of the token that came with the request, never of anything else in it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain.access import Caller
from domain.errors import MeguriError
from domain.messages import message
from domain.tokens import Scope
from service.tokens import NotSignedIn
from web.opened import opened_of

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="token", description="an API token, as `meguri token create` prints it"
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


class ScopeMissing(MeguriError):
    """The token is valid, but was not made for this."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__("scope_missing", message("error.scope_missing", scope=scope.value))


def _needs(scope: Scope) -> Callable[[Request, _Credentials], Awaitable[Caller]]:
    async def caller(request: Request, credentials: _Credentials) -> Caller:
        if credentials is None:
            raise NotSignedIn
        found = await opened_of(request).tokens.let_in(credentials.credentials, datetime.now(UTC))
        if scope not in found.scopes:
            raise ScopeMissing(scope)
        return found.caller

    return caller


Reader = Annotated[Caller, Depends(_needs(Scope.READ))]
GoalActor = Annotated[Caller, Depends(_needs(Scope.GOALS))]
CycleActor = Annotated[Caller, Depends(_needs(Scope.CYCLES))]
PeopleActor = Annotated[Caller, Depends(_needs(Scope.PEOPLE))]
