"""API tokens. Only a person who is signed in makes or ends one: a token that fell into wrong hands must not outlive its end by another."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from service.tokens import ListedToken, NewToken, TokenList, TokenWish
from web.bodies import JSON_ONLY, strict
from web.callers import Reader, SignedIn
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["tokens"], prefix="/tokens")


@router.get("")
async def list_tokens(request: Request, caller: Reader) -> TokenList:
    """The caller's API tokens, the newest first, without their secrets; everybody's for an auditor."""
    return await opened_of(request).tokens.list_tokens(caller, datetime.now(UTC), own=not caller.is_auditor)


@router.post("", status_code=201, dependencies=[JSON_ONLY], responses=responses(400, 413, 415))
async def make_token(
    request: Request,
    caller: SignedIn,
    body: strict(TokenWish),  # type: ignore[valid-type]  # made at run time
) -> NewToken:
    """Makes a token of the caller's own, by a session. Its secret is in this answer only: if the answer is lost, end the token."""
    return await opened_of(request).tokens.make(caller, dict(body), datetime.now(UTC))


@router.delete("/{token}", responses=responses(404))
async def end_token(request: Request, caller: SignedIn, token: Annotated[str, Path(max_length=100)]) -> ListedToken:
    """Ends one of the caller's own tokens, by a session; a system administrator ends anybody's. A repeat changes nothing."""
    return await opened_of(request).tokens.end(caller, token, datetime.now(UTC))
