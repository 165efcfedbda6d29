"""Passkeys: one's own, and links by which people add one."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from domain.values import EmployeeId
from service.passkeys import ListedPasskey, PasskeyLink, PasskeyList, Passkeys
from web.callers import PeopleActor, Reader
from web.opened import opened_of
from web.passkey_site import site_of
from web.problems import responses

router = APIRouter(tags=["people"])
_Id = Annotated[str, Path(max_length=100)]


def _passkeys(request: Request) -> Passkeys:
    opened = opened_of(request)
    return Passkeys(opened.engine, site_of(request).origin if opened.settings.passkeys else None)


@router.get("/passkeys")
async def list_passkeys(request: Request, caller: Reader) -> PasskeyList:
    """The caller's passkeys, the newest first, those that were removed too; everybody's for an auditor."""
    return await _passkeys(request).list_passkeys(caller, own=not caller.is_auditor)


@router.delete("/passkeys/{passkey}", responses=responses(404))
async def remove_passkey(request: Request, caller: PeopleActor, passkey: _Id) -> ListedPasskey:
    """Remove one of the caller's own passkeys, or as a system administrator anybody's. Signs its person out everywhere."""
    return await _passkeys(request).remove(caller, passkey, datetime.now(UTC))


@router.post("/people/{employee}/passkey-link", status_code=201, responses=responses(404, 409))
async def make_passkey_link(request: Request, caller: PeopleActor, employee: _Id) -> PasskeyLink:
    """As a system administrator, make a link by which this person adds a passkey. It is shown once, works once within 72 hours, and replaces
    the link before. Whoever has it can sign in as the person: hand it over in a way that reaches nobody else.
    """
    return await _passkeys(request).make_link(caller, EmployeeId(employee), datetime.now(UTC))
