"""The board of a cycle: its goals by department and state, what is overdue, day by day, and whom decisions wait for."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.lifecycle import State
from domain.lifecycles import ParticipantState
from domain.values import CycleId
from service.board import Board, BoardPage, Numbers
from service.cycle_view import CycleView
from service.message_names import names_of_people
from web.console.charts import Bar, bar_of, days_chart
from web.console.cycle_page import HOME, CycleSegment, cycle_page, cycle_path, view_of
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 50  # departments
_FAILED = 20  # people who are named


class Row(NamedTuple):
    """A row of the table. `department` is None for what belongs to the department itself: no list of goals has that alone."""

    department: str | None
    numbers: Numbers
    bar: Bar
    has_below: bool


@router.get(HOME)
async def latest(visit: AtPage) -> Response:
    """Leads to the board of the newest cycle that runs, or of the newest one of all."""
    if visit.who.cycles:
        return RedirectResponse(cycle_path(visit.who.cycles[0]), SEE_OTHER)
    found = (await visit.opened.cycles.list_cycles(visit.caller)).cycles
    return (
        RedirectResponse(cycle_path(found[0].cycle), SEE_OTHER) if found else visit.page("no_cycle.html", place="board")
    )


@router.get("/cycles/{cycle}")
async def read_board(
    visit: AtPage,
    cycle: CycleSegment,
    department: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    view = await view_of(visit, cycle)
    board = Board(visit.opened.engine)
    shown = await board.read(visit.caller, CycleId(cycle), visit.now, department.strip() or None)
    values = await _of_cycle(visit, view, board) if not shown.path else {"status": None, "trend": None, "slowest": None}
    names = await names_of_people(visit.opened.engine, (one.employee for one in shown.failed[:_FAILED]))
    rows = _rows(await _with_rows(visit, board, shown))
    return cycle_page(
        visit,
        view,
        "board.html",
        tab="board",
        page=shown,
        rows=rows[(page - 1) * PAGE : page * PAGE],
        number=page,
        is_last=page * PAGE >= len(rows),
        states=list(State),
        failed=shown.failed[:_FAILED],
        names=names,
        participants=list(ParticipantState),
        is_linked=view.sees_results,
        **values,
    )


async def _with_rows(visit: Visit, board: Board, page: BoardPage) -> BoardPage:
    """Where one department holds the whole company, the departments below it say more."""
    if page.path or len(page.rows) != 1 or not page.rows[0].has_below:
        return page
    return await board.read(visit.caller, page.cycle, visit.now, page.rows[0].department)


async def _of_cycle(visit: Visit, view: CycleView, board: Board) -> dict[str, Any]:
    """What is shown of the whole cycle only."""
    days = (await board.trend(visit.caller, view.cycle, visit.now)).days
    return {
        "status": await visit.opened.cycles.status(visit.caller, view.cycle, visit.now),
        "trend": days_chart(days),
        "days": [one for one in days if one.submitted or one.approved or one.reviewed or one.closed],
        "slowest": (await board.slowest(visit.caller, view.cycle, visit.now)).people if view.sees_results else None,
    }


def _rows(page: BoardPage) -> list[Row]:
    rows = [Row(one.department, one.numbers, bar_of(one.numbers.states), one.has_below) for one in page.rows]
    if page.path and not page.rows and page.own.goals:
        return [Row(page.path[-1], page.own, bar_of(page.own.states), has_below=False)]
    if page.rows and page.own.goals:
        rows.insert(0, Row(None, page.own, bar_of(page.own.states), has_below=False))
    return rows
