"""The caller's own forms that were not sent. They belong to browsers: only a person who is signed in reads or keeps them."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from domain.unsent import MAX_PLACE, MAX_VERSION, PLACE_PATTERN, UnsentWish
from domain.values import Frozen
from service.unsent import UnsentForm, UnsentList
from web.bodies import JSON_ONLY, strict
from web.callers import SignedIn
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["unsent"])  # 404: a path with a line end, which no place has

_Place = Annotated[
    str,
    Path(pattern=PLACE_PATTERN, max_length=MAX_PLACE, description="the key of a form: ids with slashes between them"),
]
_Version = Annotated[int, Query(ge=1, le=MAX_VERSION, description="the version that was sent, or is discarded")]


class KeptUnsent(Frozen):
    """What is kept of a form; null: nothing is."""

    kept: UnsentForm | None


@router.get("/unsent")
async def list_unsent(request: Request, caller: SignedIn) -> UnsentList:
    """The caller's forms that were not sent, by a session, the one that was changed last first; without their texts."""
    return await opened_of(request).unsent.list_forms(caller)


@router.get("/unsent/{place:path}", responses=responses(404))
async def read_unsent(request: Request, caller: SignedIn, place: _Place) -> KeptUnsent:
    """What the caller typed into this form and did not send, by a session."""
    return KeptUnsent(kept=await opened_of(request).unsent.read(caller, place))


@router.put("/unsent/{place:path}", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 412, 413, 415))
async def keep_unsent(
    request: Request,
    caller: SignedIn,
    place: _Place,
    body: strict(UnsentWish),  # type: ignore[valid-type]  # made at run time
) -> UnsentForm:
    """Keeps what the caller typed, by a session, for 90 days after the last change. A repeat changes nothing.

    412: another tab or device kept something else than the caller went on from; `fields.kept` of the problem has it.
    """
    return await opened_of(request).unsent.keep(
        caller, place, body.fields, seen=body.seen, version=body.version, now=datetime.now(UTC)
    )


@router.delete("/unsent/{place:path}", status_code=204, responses=responses(404, 412))
async def forget_unsent(request: Request, caller: SignedIn, place: _Place, version: _Version) -> None:
    """Forgets this version, by a session: the form was sent, or is discarded. A repeat changes nothing.

    412: another version is kept; `fields.kept` of the problem has it.
    """
    await opened_of(request).unsent.forget(caller, place, version)
