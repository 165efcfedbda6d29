"""Results of a cycle's people, and how they are distributed: what HR compares before adjusting (甘辛調整)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from domain.results.calibration import BUCKET, Spread
from service.message_names import names_of_people
from service.results import Grouping, Results
from web.console.charts import Peak, histogram
from web.console.cycle_page import CycleSegment, cycle_page, view_of
from web.console.route import PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PEOPLE, GROUPS = 50, 50  # on a page


@router.get("/cycles/{cycle}/calibration")
async def compare(  # noqa: PLR0917 - the filters
    visit: AtPage,
    cycle: CycleSegment,
    by: Grouping = Grouping.REVIEWER,
    department: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=100)] = "",
    group_after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    view = await view_of(visit, cycle)
    chosen = department.strip() or None
    results = Results(visit.opened.engine)
    page, names = await results.scores(visit.caller, view.cycle, chosen, after=after, limit=PEOPLE)
    found, group_names = await results.distribution(
        visit.caller, view.cycle, by, chosen, after=group_after, limit=GROUPS
    )
    reviewers = await names_of_people(visit.opened.engine, (one.reviewer for one in page.people if one.reviewer))
    return cycle_page(
        visit,
        view,
        "calibration.html",
        tab="calibration",
        people=page.people,
        next=page.next,
        found=found,
        names=reviewers | names | group_names,
        peaks=_peaks(found.overall),
        bucket=BUCKET,
        query={"by": by.value, "department": chosen or ""},
        is_first=not after,
        is_first_group=not group_after,
        is_hr_of=visit.who.employee in view.hr,
    )


def _peaks(overall: Spread | None) -> tuple[Peak, ...]:
    return histogram(overall.counts, BUCKET) if overall else ()
