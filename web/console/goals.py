"""Lists of goals, with their filters in the address."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from domain.lifecycle import State
from service.goal_documents import GoalFilter
from texts.say import say
from texts.words import word
from web.console.route import PageRoute
from web.console.visit import AtPage

router = APIRouter(route_class=PageRoute)
PAGE = 50


@router.get("/goals")
async def list_goals(  # noqa: PLR0917 - the filters
    visit: AtPage,
    cycle: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=40)] = "",
    department: Annotated[str, Query(max_length=200)] = "",
    owner: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    chosen = cycle or next(iter(visit.who.cycles), "")
    wanted = GoalFilter(
        chosen or None,
        owner.strip() or None,
        state if state in set(State) else None,
        department.strip() or None,
        PAGE,
        after,
    )
    found = await visit.opened.goals.list_goals(visit.caller, wanted, visit.now)
    cycles = await visit.opened.cycles.list_cycles(visit.caller)
    query = {"cycle": chosen, "state": state, "department": department, "owner": owner}
    return visit.page(
        "goals.html",
        found=found,
        query=query,
        is_first=not after,
        cycle_choices=[(one.cycle, f"{one.name} ({one.cycle})") for one in cycles.cycles],
        state_choices=[
            ("", say("console.list.all", visit.locale)),
            *((one, word("state", one, visit.locale)) for one in State),
        ],
    )
