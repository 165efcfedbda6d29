"""What an earlier cycle taught, to be taken over into the hearing of another one."""

from itertools import groupby
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.refusals import Refusal
from domain.values import Storable
from service.lessons import Lessons
from service.message_names import names_in_messages
from texts.say import say
from web.console.forms import Typed, TypedForm
from web.console.queries import LineQuery
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST = 40  # lessons, and problems, on the page
_CycleQuery = Annotated[Annotated[str, Storable], Query(max_length=100)]


@router.get("/lessons")
async def list_lessons(
    visit: AtPage, cycle: _CycleQuery = "", earlier: _CycleQuery = "", department: LineQuery = ""
) -> Response:
    """What `earlier` taught, for the hearing of `cycle`; without them, the last cycle and the one before."""
    return await _page(visit, cycle, earlier, department)


@router.post("/lessons")
async def take_over(visit: AtPage, typed: TypedForm) -> Response:
    """Takes a lesson over; its problem is on the page that follows. Sent again, it adds nothing."""
    cycle, earlier = typed.get("cycle", "")[:100], typed.get("earlier", "")[:100]
    try:
        made = await Lessons(visit.opened.engine).take_over(
            visit.caller, typed.get("lesson", "")[:100], earlier, cycle, text=typed.filled("text")
        )
    except Refusal as refused:
        return await _page(visit, cycle, earlier, "", typed, refused)
    return RedirectResponse(f"/hearing/{quote(cycle)}?{urlencode({'problem': made})}", SEE_OTHER)


async def _page(  # noqa: PLR0917 - what was asked, and what was refused
    visit: Visit, cycle: str, earlier: str, department: str, typed: Typed | None = None, refused: Refusal | None = None
) -> Response:
    cycles = (await visit.opened.cycles.list_cycles(visit.caller)).cycles
    if len(cycles) < 2:  # noqa: PLR2004 - nothing comes before a first cycle
        return visit.page("lessons_none.html")
    cycle = cycle or cycles[0].cycle
    earlier = earlier or next(one.cycle for one in cycles if one.cycle != cycle)
    found = await Lessons(visit.opened.engine).list_lessons(
        visit.caller, earlier, cycle, department=department.strip() or None
    )
    values = {
        "query": {"cycle": cycle, "earlier": earlier, "department": department},
        "options": [(one.cycle, f"{one.name} ({one.cycle})") for one in cycles],
        "causes": [(name, list(each)) for name, each in groupby(found.cause_counts, key=lambda one: one.department)],
        "lessons": found.lessons[:_MOST],
        "problems": found.problems[:_MOST],
        "more": max(0, len(found.lessons) - _MOST) + max(0, len(found.problems) - _MOST),
        "typed": typed,
        "summary": None,
    }
    if refused is None:
        return visit.page("lessons.html", **values)
    names = await names_in_messages(visit.opened.engine, [refused.message])
    return visit.page(
        "lessons.html", status_of(refused), **values | {"summary": say(refused.message, visit.locale, names)}
    )
