"""Two versions of a goal's content side by side, as the ledger has them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from domain.values import GoalId
from web.console.goal import PATH
from web.console.goal_fields import as_typed, changes_between
from web.console.route import PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_Segment = Annotated[str, Path(max_length=100)]


@router.get(f"{PATH}/compare")
async def compare(  # noqa: PLR0917 - path and query
    visit: AtPage,
    cycle: _Segment,
    owner: _Segment,
    number: _Segment,
    before: Annotated[int, Query(alias="from", ge=1, le=2**31 - 1)],
    after: Annotated[int, Query(alias="to", ge=1, le=2**31 - 1)],
) -> Response:
    goal = GoalId(f"{cycle}/{owner}/{number}")
    found = await visit.opened.goals.versions(visit.caller, goal, before, after)
    rows = changes_between(as_typed(found.before.content), as_typed(found.after.content))
    return visit.page("compare.html", goal=goal, found=found, rows=rows)
