"""Browsers in which people are signed in."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from domain.access import Door
from domain.values import EmployeeId
from service.sessions import SessionList, Sessions, SignedOut
from web.api.parameters import EmployeePath
from web.callers import PeopleActor, Reader, SignedIn
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["sessions"])


def _sessions(request: Request) -> Sessions:
    opened = opened_of(request)
    return Sessions(opened.engine, opened.session_limits.idle)


@router.get("/sessions")
async def list_sessions(request: Request, caller: Reader) -> SessionList:
    """The browsers in which the caller is signed in, the one that was used last first."""
    here = request.state.let_in.key if caller.door is Door.BROWSER else None
    return await _sessions(request).list_sessions(caller, here, datetime.now(UTC))


@router.delete("/sessions/{session}", responses=responses(404))
async def end_session(request: Request, caller: SignedIn, session: Annotated[str, Path(max_length=100)]) -> SignedOut:
    """Signs the caller out in one browser. A repeat changes nothing."""
    return await _sessions(request).end(caller, session, datetime.now(UTC))


@router.post("/people/{employee}/sign-out", responses=responses(404))
async def sign_out_person(request: Request, caller: PeopleActor, employee: EmployeePath) -> SignedOut:
    """As a system administrator, signs this person out in every browser, such as after a loss. A repeat changes nothing."""
    return await _sessions(request).sign_out(caller, EmployeeId(employee), datetime.now(UTC))
