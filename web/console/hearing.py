"""Problems that managers and staff named before goals were written, and what an earlier cycle taught."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.refusals import Refusal
from domain.values import Storable
from service.hearing import HeardProblem, Hearing
from service.message_names import names_in_messages
from texts.say import say
from web.api.parameters import After, CyclePath, IdPath
from web.console.cycle_choice import choose_cycle
from web.console.forms import Typed, TypedForm, errors_of, fresh_id
from web.console.queries import LineQuery
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PAGE = 30  # problems
_CycleQuery = Annotated[Annotated[str, Storable], Query(max_length=100)]


@router.get("/hearing")
async def choose(visit: AtPage, cycle: _CycleQuery = "") -> Response:
    """Leads to the problems of the newest cycle that runs, or of the chosen one."""
    choice = await choose_cycle(visit, cycle)
    if choice is None:
        return visit.page("no_cycle.html", place="hearing")
    return RedirectResponse(f"/hearing/{quote(choice.cycle.cycle)}", SEE_OTHER)


@router.get("/hearing/{cycle}")
async def list_problems(  # noqa: PLR0917 - path and filters
    visit: AtPage,
    cycle: CyclePath,
    department: LineQuery = "",
    search: LineQuery = "",
    open_only: Annotated[str, Query(alias="open", max_length=1)] = "",
    after: After = "",
    problem: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """With `problem`, that one was recorded or corrected before; `done` is read by the page's script, which then forgets the text."""
    query = {"department": department, "search": search, "open": open_only}
    return await _page(visit, cycle, query, after=after, recorded=problem)


@router.post("/hearing/{cycle}")
async def add(visit: AtPage, typed: TypedForm, cycle: CyclePath) -> Response:
    """Adds a problem. Sent again, it adds nothing: the problem has the id of the form."""
    try:
        made = await Hearing(visit.opened.engine).add(
            visit.caller,
            cycle=cycle,
            text=typed.get("text", ""),
            department=typed.filled("department"),
            command_id=typed.command_id,
        )
    except Refusal as refused:
        return await _page(visit, cycle, {}, typed=typed, failed="add", refused=refused)
    return _back(cycle, problem=made, done=typed.command_id)


@router.post("/hearing/{cycle}/{problem}/correct")
async def correct(visit: AtPage, typed: TypedForm, cycle: CyclePath, problem: IdPath) -> Response:
    try:
        await Hearing(visit.opened.engine).correct(visit.caller, problem, typed.get("text", ""))
    except Refusal as refused:
        return await _page(visit, cycle, {}, typed=typed, failed=f"correct-{problem}", refused=refused)
    return _back(cycle, problem=problem)


@router.post("/hearing/{cycle}/{problem}/take_back")
async def take_back(visit: AtPage, typed: TypedForm, cycle: CyclePath, problem: IdPath) -> Response:
    """The list without the problem follows."""
    try:
        await Hearing(visit.opened.engine).take_back(visit.caller, problem, typed.get("reason", ""))
    except Refusal as refused:
        return await _page(visit, cycle, {}, typed=typed, failed=f"take_back-{problem}", refused=refused)
    return _back(cycle)


def _back(cycle: str, **query: str) -> Response:
    return RedirectResponse(f"/hearing/{quote(cycle)}{f'?{urlencode(query)}' if query else ''}", SEE_OTHER)


async def _page(
    visit: Visit,
    cycle: str,
    query: dict[str, str],
    *,
    after: str = "",
    recorded: str = "",
    typed: Typed | None = None,
    failed: str | None = None,
    refused: Refusal | None = None,
) -> Response:
    """The page; with `refused`, the form `failed` has what was typed and the reason."""
    choice = await choose_cycle(visit, cycle)
    found = (
        await Hearing(visit.opened.engine).list_problems(
            visit.caller,
            cycle,
            department=query.get("department", "").strip() or None,
            search=query.get("search", "").strip(),
            unanswered=bool(query.get("open")),
        )
    ).problems
    ordered = _in_order(found)
    first = next((place + 1 for place, one in enumerate(ordered) if one.id == after), 0)
    shown = _shown(ordered, first, failed)
    values = {
        "choice": choice,
        "cycle": cycle,
        "path": f"/hearing/{quote(cycle)}",
        "groups": [(name, list(each)) for name, each in groupby(shown, key=lambda one: one.department)],
        "total": len(ordered),
        "next": shown[-1].id if shown and first + PAGE < len(ordered) else None,
        "is_first": not first,
        "query": {name: query.get(name, "") for name in ("department", "search", "open")},
        "recorded": next((one for one in found if one.id == recorded), None),
        "typed": typed,
        "failed": failed,
        "summary": None,
        "fresh_id": fresh_id,
    }
    if refused is None:
        return visit.page("hearing.html", **values)
    return visit.page("hearing.html", status_of(refused), **values | await _said(visit, refused))


async def _said(visit: Visit, refused: Refusal) -> dict[str, Any]:
    names = await names_in_messages(visit.opened.engine, [refused.message])
    errors = {where: say(one, visit.locale, names) for where, one in errors_of(refused).items()}
    return {"summary": say(refused.message, visit.locale, names), "errors": errors}


def _in_order(problems: Sequence[HeardProblem]) -> list[HeardProblem]:
    """By department; those that no goal answers first, then as they were heard."""
    return sorted(problems, key=lambda one: (one.department, one.answers > 0))


def _shown(ordered: list[HeardProblem], first: int, failed: str | None) -> list[HeardProblem]:
    """A page of them; that of a refused form begins where its problem is."""
    if failed:
        wanted = failed.rpartition("-")[2]
        first = next((place for place, one in enumerate(ordered) if one.id == wanted), first)
    return ordered[first : first + PAGE]
