"""A manager's team: each direct report with their goals in running cycles, and what waits for the manager."""

from fastapi import APIRouter, Response

from domain.access import person_of
from domain.people.organisation import DIRECTORY_ZONE
from service.team import Team
from web.api.parameters import After
from web.console.route import PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/team")
async def read_team(visit: AtPage, after: After = "") -> Response:
    person = person_of(visit.caller)
    found = await Team(visit.opened.engine).read(visit.caller, person, visit.now, after=after)
    return visit.page("team.html", team=found, is_first=not after, zone=str(DIRECTORY_ZONE))
