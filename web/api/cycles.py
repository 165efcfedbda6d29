"""Cycles: lists, progress, the check of a cycle file, and the launch."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from domain.findings import refuses
from domain.people.organisation import DIRECTORY_ZONE
from domain.values import CycleId, Frozen
from service.cycle_documents import CycleList, CycleStatus
from texts.findings import FindingDocument, documents_of
from web.api.events import follow
from web.bodies import FileBody, QueryDay, file_of
from web.callers import CycleActor, Reader
from web.opened import opened_of
from web.problems import FileRefused, responses

router = APIRouter(tags=["cycles"])

_Cycle = Annotated[str, Path(max_length=100)]
_Starts = Annotated[
    QueryDay | None, Query(description="moves all dates of the file, so that the cycle starts on this day")
]
_Confirmed = Annotated[
    bool, Query(description="another running cycle for the same people at the same time is meant to be there")
]
FILE = file_of(
    "application/toml",
    """[cycle]
id = "2026-q4"
name = "2026年度 第4四半期"
starts = 2027-01-04
ends = 2027-03-12
closes = 2027-03-26
reviews = [2027-02-10]
hr = ["M0002", "M0003"]
""",
)
_MOST_BYTES = 1_000_000


class CheckedFile(Frozen):
    """The findings about a cycle file, and the numbers of people and drafts that it would launch."""

    cycle: CycleId | None  # None: the file cannot be read
    launchable: bool
    already_launched: bool
    participant_count: int
    draft_count: int
    findings: tuple[FindingDocument, ...]


class Launched(Frozen):
    """The launch was accepted. `status` and `events` are where to follow it."""

    cycle: CycleId
    status: str
    events: str


@router.get("/cycles")
async def list_cycles(request: Request, caller: Reader) -> CycleList:
    """All cycles, the latest launch first."""
    return await opened_of(request).cycles.list_cycles(caller)


@router.post("/cycles/check", openapi_extra=FILE, responses=responses(413))
async def check_cycle(
    request: Request, caller: Reader, data: FileBody, starts: _Starts = None, *, confirmed: _Confirmed = False
) -> CheckedFile:
    """All findings about the cycle file in the body; writes nothing."""
    checked = await opened_of(request).cycles.check(caller, data, _today(), starts, confirmed=confirmed)
    return CheckedFile(
        cycle=checked.file and checked.file.cycle.id,
        launchable=checked.policy is not None and not refuses(checked.findings),
        already_launched=checked.already_launched,
        participant_count=checked.people,
        draft_count=checked.goals,
        findings=tuple(documents_of(checked.findings)),
    )


@router.post("/cycles", status_code=202, openapi_extra=FILE, responses=responses(409, 413))
async def launch_cycle(
    request: Request,
    response: Response,
    caller: CycleActor,
    data: FileBody,
    starts: _Starts = None,
    *,
    confirmed: _Confirmed = False,
) -> Launched:
    """Launches the cycle of the file in the body. A repeat with the same file changes nothing. `Location` is where to follow it."""
    cycles = await opened_of(request).acting_on_cycles()
    checked = await cycles.check(caller, data, _today(), starts, confirmed=confirmed)
    file = checked.file
    if file is None or checked.policy is None or refuses(checked.findings):
        raise FileRefused(checked.findings)
    await cycles.launch(caller, checked, datetime.now(UTC))
    return launched(response, file.cycle.id)


def launched(response: Response, cycle: CycleId) -> Launched:
    """The answer, with `Location`, that a launch was accepted."""
    where = f"/api/v1/cycles/{cycle}"
    response.headers["Location"] = where
    return Launched(cycle=cycle, status=where, events=f"{where}/events")


@router.get("/cycles/{cycle}", responses=responses(404))
async def read_cycle(request: Request, caller: Reader, cycle: _Cycle) -> CycleStatus:
    """Participants and goals by state, overdue tasks, failed launches."""
    return await opened_of(request).cycles.status(caller, CycleId(cycle), datetime.now(UTC))


async def _require_shown(request: Request, caller: Reader, cycle: _Cycle) -> None:
    """What is refused is refused before a stream begins, which can no longer say so."""
    await opened_of(request).cycles.status(caller, CycleId(cycle), datetime.now(UTC))


@router.get(
    "/cycles/{cycle}/events",
    response_class=EventSourceResponse,
    responses=responses(404),
    dependencies=[Depends(_require_shown)],
)
async def follow_launch(request: Request, caller: Reader, cycle: _Cycle) -> AsyncIterator[ServerSentEvent]:
    """The progress of the launch: events `progress`, then `done`, each with the cycle as `GET` shows it."""
    opened = opened_of(request)

    async def read() -> tuple[Frozen, bool]:
        found = await opened.cycles.status(caller, CycleId(cycle), datetime.now(UTC))
        return found, not found.is_launching

    async for event in follow(read, opened.stopping):
        yield event


def _today() -> date:
    return datetime.now(DIRECTORY_ZONE).date()
