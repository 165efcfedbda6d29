"""Accounts of programs. Only a system administrator who is signed in makes or ends one, or makes its tokens."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from domain.values import Frozen, Line
from service.programs import ListedProgram, ProgramList, Programs, ProgramTokenWish, ProgramWish
from service.tokens import NewToken
from web.bodies import JSON_ONLY, strict
from web.callers import Reader, SignedIn
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["accounts"], prefix="/accounts")

_Name = Annotated[str, Path(max_length=100, description="its name, without `@program:`")]


class Answering(Frozen):
    """The employee id of who answers for the account from now on."""

    owner: Line


@router.get("")
async def list_accounts(request: Request, caller: Reader) -> ProgramList:
    """The accounts for which the caller answers; all for a system administrator and an auditor."""
    return await Programs(opened_of(request).engine).list_programs(caller)


@router.post("", status_code=201, dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def make_account(
    request: Request,
    caller: SignedIn,
    body: strict(ProgramWish),  # type: ignore[valid-type]  # made at run time
) -> ListedProgram:
    """Makes an account, without roles and tokens, by a session. A name is used once."""
    return await Programs(opened_of(request).engine).make(caller, dict(body), datetime.now(UTC))


@router.put("/{account}/owner", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def answer_for_account(
    request: Request,
    caller: SignedIn,
    account: _Name,
    body: strict(Answering),  # type: ignore[valid-type]  # made at run time
) -> ListedProgram:
    """Names who answers for the account, by a session. A repeat changes nothing."""
    return await Programs(opened_of(request).engine).answer(caller, account, body.owner)


@router.delete("/{account}", responses=responses(404))
async def end_account(request: Request, caller: SignedIn, account: _Name) -> ListedProgram:
    """Ends the account with its roles and tokens, for good, by a session. A repeat changes nothing."""
    return await Programs(opened_of(request).engine).end(caller, account, datetime.now(UTC))


@router.post(
    "/{account}/tokens", status_code=201, dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415)
)
async def make_account_token(
    request: Request,
    caller: SignedIn,
    account: _Name,
    body: strict(ProgramTokenWish),  # type: ignore[valid-type]  # made at run time
) -> NewToken:
    """Makes a token of the program, by a session. Its secret is in this answer only."""
    return await Programs(opened_of(request).engine).make_token(caller, account, dict(body), datetime.now(UTC))
