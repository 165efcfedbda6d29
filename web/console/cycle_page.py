"""The frame of all pages about one cycle: what it is, and the way to its other pages."""

from typing import Annotated, Any, NamedTuple

from fastapi import Path, Response

from domain.lifecycles import CycleState
from domain.values import CycleId
from service.cycle_view import CycleView, CycleViews
from web.console.visit import Visit

CycleSegment = Annotated[str, Path(max_length=100)]
HOME = "/board"


class Tab(NamedTuple):
    name: str
    path: str


async def view_of(visit: Visit, cycle: str) -> CycleView:
    return await CycleViews(visit.opened.engine).read(visit.caller, CycleId(cycle))


def cycle_path(cycle: str) -> str:
    return f"/cycles/{cycle}"


def cycle_page(visit: Visit, view: CycleView, template: str, status: int = 200, /, **values: Any) -> Response:
    """The page in the cycle's frame; `tab` says which of its pages it is."""
    frame = {
        "view": view,
        "zone": view.time_zone,
        "tabs": tabs_of(view),
        "other_cycles": [one for one in visit.who.cycles if one != view.cycle],
        "here": HOME,
    }
    return visit.page(template, status, **{**frame, **values})


def tabs_of(view: CycleView) -> list[Tab]:
    """Only pages that the caller may see."""
    base = cycle_path(view.cycle)
    tabs = [Tab("board", base)]
    if view.steers and view.state is not CycleState.LAUNCHING:
        tabs += [Tab("steer", f"{base}/steer")]
    if view.steers:
        tabs += [Tab("instructions", f"/instructions?cycle={view.cycle}")]
    if view.sees_results:
        tabs += [Tab("calibration", f"{base}/calibration"), Tab("results", f"{base}/results")]
    return tabs
