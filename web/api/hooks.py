"""Receivers of events, for system administrators."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from domain.hooks import HookChange, HookRotation, HookWish
from service.hooks import DeliveryPage, HookList, ListedDelivery, ListedHook, NewHook
from web.bodies import JSON_ONLY, strict
from web.callers import Reader, SystemActor
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["hooks"])

_Hook = Annotated[str, Path(max_length=100, description="the id of a receiver, as the list shows it")]
_MOST = 2**63 - 1  # of PostgreSQL's numbers


@router.get("/hooks")
async def list_hooks(request: Request, caller: Reader) -> HookList:
    """The receivers of events, without their secrets."""
    return await opened_of(request).hooks.list_hooks(caller)


@router.post("/hooks", status_code=201, dependencies=[JSON_ONLY], responses=responses(400, 409, 413, 415))
async def make_hook(
    request: Request,
    caller: SystemActor,
    body: strict(HookWish),  # type: ignore[valid-type]  # made at run time
) -> NewHook:
    """Makes a receiver. From now on it gets every ledger entry of these kinds, signed by the Standard Webhooks specification.

    The secret is shown this once.
    """
    return await opened_of(request).hooks.make(caller, _given(body), datetime.now(UTC))


@router.patch("/hooks/{hook}", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def change_hook(
    request: Request,
    caller: SystemActor,
    hook: _Hook,
    body: strict(HookChange),  # type: ignore[valid-type]  # made at run time
) -> ListedHook:
    """Changes the address or the kinds of events, pauses the receiver or lets it go on. What it misses while it is paused is sent then."""
    return await opened_of(request).hooks.change(caller, hook, _given(body), datetime.now(UTC))


@router.post("/hooks/{hook}/rotate", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def rotate_hook(
    request: Request,
    caller: SystemActor,
    hook: _Hook,
    body: strict(HookRotation),  # type: ignore[valid-type]  # made at run time
) -> NewHook:
    """Makes a new secret, which is shown this once. For 24 hours requests are signed with the one before, too."""
    return await opened_of(request).hooks.rotate(caller, hook, _given(body), datetime.now(UTC))


@router.delete("/hooks/{hook}", responses=responses(404, 409))
async def delete_hook(request: Request, caller: SystemActor, hook: _Hook) -> ListedHook:
    """Ends the receiver. Nothing is sent to it any more."""
    return await opened_of(request).hooks.delete(caller, hook)


@router.get("/hooks/{hook}/deliveries", responses=responses(404))
async def list_deliveries(
    request: Request,
    caller: Reader,
    hook: _Hook,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int | None, Query(ge=1, le=_MOST, description="`next` of the page before")] = None,
) -> DeliveryPage:
    """What was sent to the receiver and what waits, the newest first: the state, the number of attempts, and why the last one failed."""
    return await opened_of(request).hooks.deliveries(caller, hook, after=after, limit=limit)


@router.post("/hooks/{hook}/deliveries/{delivery}/replay", status_code=202, responses=responses(404))
async def replay_delivery(
    request: Request,
    caller: SystemActor,
    hook: _Hook,
    delivery: Annotated[int, Path(ge=1, le=_MOST, description="the number of the delivery")],
) -> ListedDelivery:
    """Sends a delivery again, with the same `webhook-id`. A repeat before it was sent changes nothing."""
    return await opened_of(request).hooks.replay(caller, hook, delivery)


def _given(body: HookWish | HookChange | HookRotation) -> dict[str, object]:
    return body.model_dump(exclude_unset=True)
