"""The cycles, and the launch of one: how far it is, for whom it failed, and trying these again."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from domain.lifecycles import ParticipantState
from domain.values import CycleId
from service.cycle_documents import CycleStatus
from service.cycle_list import CycleLists
from service.message_names import names_of_people
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_Cycle = Annotated[str, Path(max_length=100)]
_MOST_NAMED = 100  # participants whose launch failed
_LOOKS, _LOOK_SECONDS = 20, 0.1
_ENDED = (ParticipantState.STARTED, ParticipantState.FAILED)


@router.get("/cycles")
async def list_cycles(visit: AtPage, after: Annotated[str, Query(max_length=300)] = "") -> Response:
    found = await CycleLists(visit.opened.engine).page(visit.caller, after)
    return visit.page("cycles.html", found=found, is_first=not after)


@router.get("/cycles/{cycle}/launch")
async def show_launch(visit: AtPage, cycle: _Cycle) -> Response:
    """Shows the progress. While it goes on, the page follows the events of `GET /api/v1/cycles/{cycle}/events`."""
    status = await visit.opened.cycles.status(visit.caller, CycleId(cycle), visit.now)
    failed = status.failed[:_MOST_NAMED]
    return visit.page(
        "cycle_launch.html",
        status=status,
        counts=_counts(status),
        failed=failed,
        names=await names_of_people(visit.opened.engine, [one.employee for one in failed]),
        total=status.people - status.participants.get(ParticipantState.REMOVED, 0),
        ended=sum(status.participants.get(one, 0) for one in _ENDED),
    )


@router.post("/cycles/{cycle}/launch/retry")
async def retry(visit: AtPage, cycle: _Cycle) -> Response:
    """Launches those again whose launch failed. Where none failed, nothing changes."""
    cycles = await visit.opened.acting_on_cycles()
    before = await cycles.status(visit.caller, CycleId(cycle), visit.now)
    await cycles.retry(visit.caller, CycleId(cycle))
    for _ in range(_LOOKS):  # the workflow takes it up a moment later: then the page shows that it goes on
        if await cycles.status(visit.caller, CycleId(cycle), visit.now) != before:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return RedirectResponse(f"/cycles/{cycle}/launch", SEE_OTHER)


def _counts(status: CycleStatus) -> list[tuple[ParticipantState, int]]:
    """The participants by state; those that nobody is in are left out, except where the launch leads to."""
    shown = (ParticipantState.WAITING, ParticipantState.WRITTEN, ParticipantState.STARTED, ParticipantState.FAILED)
    found = [(one, status.participants.get(one, 0)) for one in ParticipantState]
    return [(one, number) for one, number in found if number or (one in shown and status.is_launching)]
