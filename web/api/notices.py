"""Notices: one's own; and for HR how many were sent, what did not get through, and sending that again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from domain.values import EmployeeId, Frozen, GoalId
from service.notices import NoticeList, Notices, RetryCounts
from web.api.parameters import Id
from web.bodies import JSON_ONLY, strict
from web.callers import CycleActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["notices"])

_Cycle = Annotated[Id | None, Query(description="without it, all cycles")]


class NoticeCounts(Frozen):
    """The numbers of notices by state. `fell_back`: those that went, or will go, over another channel than the chosen one."""

    sent: int
    waiting: int
    given_up: int
    fell_back: int
    withdrawn: int


class FailedNotice(Frozen):
    """A message that was given up, or that was sent over another channel after its first one failed."""

    recipient_id: EmployeeId
    cycle_id: str
    notices: int
    code: str | None  # the error of the last attempt
    fell_back: str | None  # `channel:code` of each channel that failed, separated by spaces
    channel: str | None
    gave_up_at: datetime | None
    due_at: datetime


class FailedEntry(Frozen):
    """A ledger entry that the other system did not take."""

    goal_id: GoalId
    seq: int
    kind: str
    code: str | None
    attempts: int
    gave_up_at: datetime


class FailureList(Frozen):
    """The newest failures, at most a hundred of each kind."""

    failed: tuple[FailedNotice, ...]
    events: tuple[FailedEntry, ...]


class ToSendAgain(Frozen):
    """What is sent again; without `cycle`, what was given up in all cycles of which the caller is HR."""

    cycle: Id | None = None


@router.get("/notices", responses=responses(404))
async def count_notices(request: Request, caller: Reader, cycle: _Cycle = None) -> NoticeCounts:
    """HR: the numbers of notices by state."""
    found = await Notices(opened_of(request).engine).summary(caller, cycle)
    return NoticeCounts(**found._asdict())


@router.get("/notices/own", responses=responses(404))
async def list_own_notices(
    request: Request,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
) -> NoticeList:
    """The caller's own notices, the newest first."""
    return await Notices(opened_of(request).engine).own(caller, after, limit)


@router.get("/notices/failures", responses=responses(404))
async def list_failures(request: Request, caller: Reader, cycle: _Cycle = None) -> FailureList:
    """HR: what did not get through, the newest first."""
    found = await Notices(opened_of(request).engine).failures(caller, cycle)
    return FailureList(
        failed=tuple(FailedNotice.model_validate(one._asdict()) for one in found.failed),
        events=tuple(FailedEntry.model_validate(one._asdict()) for one in found.events),
    )


@router.post("/notices/retry", dependencies=[JSON_ONLY], responses=responses(400, 404, 413, 415))
async def retry_notices(
    request: Request,
    caller: CycleActor,
    body: strict(ToSendAgain),  # type: ignore[valid-type]  # made at run time
) -> RetryCounts:
    """HR: queues again what was given up, after its cause is mended. A repeat finds nothing."""
    return await Notices(opened_of(request).engine).retry(caller, body.cycle)
