"""Results of a cycle, for its HR; and the proof of a goal's ledger."""

from datetime import UTC
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from domain.journal import Log
from domain.results.calibration import Spread
from domain.values import CycleId, EmployeeId, Frozen
from service.audit import Audit, JournalDocument, JournalFilter, LedgerDocument
from service.results import Grouping, PersonScores, Results
from web.api.goals import GOAL_PATH, Goal
from web.bodies import QueryMoment
from web.callers import Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["results"])

_After = Annotated[str, Query(max_length=300, description="`next` of the page before")]
_Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/cycles/{cycle}/scores", responses=responses(404))
async def read_scores(  # noqa: PLR0917 - the filters
    request: Request,
    caller: Reader,
    cycle: Annotated[str, Path(max_length=100)],
    department: Annotated[str | None, Query(max_length=200)] = None,
    limit: _Limit = 100,
    after: _After = "",
) -> PersonScores:
    """HR: a page of results by person, by employee id."""
    results = Results(opened_of(request).engine)
    page, _ = await results.scores(caller, CycleId(cycle), department, after=after, limit=limit)
    return page


class SpreadDocument(Frozen):
    """How the results of some people are distributed. `counts`: people for each 20 points from 0; the last one is open above."""

    name: str  # a reviewer's id or a department
    people: int
    lowest: Decimal
    median: Decimal
    mean: Decimal
    highest: Decimal
    counts: tuple[int, ...]


class DistributionDocument(Frozen):
    """`overall` is the distribution over everybody; None where nobody has a result, and after the first page."""

    spreads: tuple[SpreadDocument, ...]
    overall: SpreadDocument | None
    next: EmployeeId | None
    by_time_at_work: bool  # the means are weighted by it


@router.get("/cycles/{cycle}/distribution", responses=responses(404))
async def read_distribution(  # noqa: PLR0917 - the filters
    request: Request,
    caller: Reader,
    cycle: Annotated[str, Path(max_length=100)],
    by: Grouping = Grouping.REVIEWER,
    department: Annotated[str | None, Query(max_length=200)] = None,
    limit: _Limit = 100,
    after: _After = "",
) -> DistributionDocument:
    """HR: how results are distributed over reviewers, or over departments, to compare before calibration."""
    results = Results(opened_of(request).engine)
    found, _ = await results.distribution(caller, CycleId(cycle), by, department, after=after, limit=limit)
    return DistributionDocument(
        spreads=tuple(_spread(one) for one in found.spreads),
        overall=found.overall and _spread(found.overall),
        next=found.next,
        by_time_at_work=found.by_time_at_work,
    )


def _spread(one: Spread) -> SpreadDocument:
    return SpreadDocument(**one._asdict())


@router.get(f"{GOAL_PATH}/ledger", responses=responses(404))
async def read_ledger(request: Request, caller: Reader, goal: Goal) -> LedgerDocument:
    """The goal's ledger, with its chain recomputed, and whether the goal is what its entries make."""
    return (await Audit(opened_of(request).engine).ledger(caller, goal)).document


@router.get("/journal")
async def read_journal(  # noqa: PLR0917 - the filters
    request: Request,
    caller: Reader,
    log: Annotated[list[Log] | None, Query()] = None,
    since: Annotated[QueryMoment | None, Query(description="entries from this moment on")] = None,
    limit: _Limit = 100,
    after: _After = "",
) -> JournalDocument:
    """HR: a page of the journal, by log and number, with the verification of the whole logs that are asked for."""
    moment = since.astimezone(UTC) if since else None
    wanted = JournalFilter(tuple(log or Log), moment, limit, after)
    return (await Audit(opened_of(request).engine).journal(caller, wanted)).document
