"""How the servers and workers are, for system administrators. A server that does not answer is a line on the page, never an error page."""

from fastapi import APIRouter, Response

from domain.people.organisation import DIRECTORY_ZONE
from service.connection import Unreachable, resolve
from service.health import read_health
from web.console.route import PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/operations"


@router.get(PATH)
async def read_operations(visit: AtPage) -> Response:
    opened = visit.opened
    found = await read_health(opened.engine, opened.temporal.client, visit.caller)
    return visit.page("operations.html", health=found, ui_address=_ui_address(visit), zone=DIRECTORY_ZONE.key)


def _ui_address(visit: Visit) -> str | None:
    """Of Temporal's own pages, where the settings know it: beside the servers of `meguri up`."""
    try:
        return resolve(visit.opened.settings).ui_address if visit.opened.is_embedded else None
    except Unreachable:
        return None
