"""Audit of goals, for people with the role: find a goal, its ledger with the proof of it, and what somebody saw who decided."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from domain.lifecycle import State
from domain.refusals import Refusal
from domain.values import GoalId
from service.audit import Audit, LedgerPage
from service.goal_documents import GoalFilter
from service.message_names import names_of_people
from storage.goals import LedgerLine
from texts.wording import fact_list
from texts.words import word
from web.console.forms import NOTHING_TYPED
from web.console.refused import NOT_REFUSED, refused_form
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtAudit, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/audit"
PAGE = 50  # goals
ENTRIES = 40  # of a ledger, on a page
_Segment = Annotated[str, Path(max_length=100)]
_Text = Annotated[str, Query(max_length=200)]
_GOAL = f"{PATH}/goals/{{cycle}}/{{owner}}/{{number}}"
_IDS_IN_GOAL = 3


class Entry(NamedTuple):
    """An entry of a ledger. `facts` are pairs of what a fact is called and its value; `raw` is the body of one that is not proven.

    `saw`: the entry up to which somebody saw the goal who decided on it. `writes`: the entry has a new content of the goal.
    """

    seq: int
    revision: int
    at: datetime
    kind: str
    actor: str
    acting_for: str | None
    saw: int | None
    writes: bool
    facts: tuple[tuple[str, str], ...]
    raw: str | None
    hash: str
    prev_hash: str


@router.get(PATH)
async def search(  # noqa: PLR0917 - the filters
    visit: AtAudit,
    goal: _Text = "",
    cycle: _Text = "",
    owner: _Text = "",
    state: _Text = "",
    department: _Text = "",
    after: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """A goal by its id, or a list by filters."""
    if is_goal(goal.strip()):
        return RedirectResponse(f"{PATH}/goals/{goal.strip()}", SEE_OTHER)
    query = {"cycle": cycle, "owner": owner.strip(), "state": state, "department": department.strip()}
    return await _found(visit, query, goal, after)


async def _found(visit: Visit, query: dict[str, str], goal: str, after: str) -> Response:
    wanted = GoalFilter(
        query["cycle"] or None, query["owner"] or None, query["state"] if query["state"] in set(State) else None,
        query["department"] or None, PAGE, after,
    )  # fmt: skip
    values = await _search_values(visit, query, goal)
    is_asked = any(query.values()) or bool(after)
    try:
        found = await visit.opened.goals.list_goals(visit.caller, wanted, visit.now) if is_asked else None
    except Refusal as refused:
        values |= await refused_form(visit, "search", NOTHING_TYPED, refused)
        return visit.page("audit.html", status_of(refused), **values, found=None, is_first=True)
    return visit.page("audit.html", **values, found=found, is_first=not after)


async def _search_values(visit: Visit, query: dict[str, str], goal: str) -> dict[str, Any]:
    cycles = await visit.opened.cycles.list_cycles(visit.caller)
    everything = ("", visit.text("console.list.all"))
    return {
        **NOT_REFUSED,
        "query": query,
        "goal": goal,
        "cycle_choices": [everything, *((one.cycle, f"{one.name} ({one.cycle})") for one in cycles.cycles)],
        "state_choices": [everything, *((one.value, word("state", one, visit.locale)) for one in State)],
    }


@router.get(_GOAL)
async def read_ledger(
    visit: AtAudit,
    cycle: _Segment,
    owner: _Segment,
    number: _Segment,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """The ledger with its proof, forty entries a page."""
    page = await Audit(visit.opened.engine).ledger(visit.caller, GoalId(f"{cycle}/{owner}/{number}"))
    shown = page.proof.lines[after : after + ENTRIES]
    is_more = after + ENTRIES < len(page.proof.lines)
    return visit.page(
        "ledger.html", goal=page.goal, proof=page.proof, names=page.names, zone=page.time_zone,
        entries=[_entry(visit, page, one) for one in shown], after=after, next=after + ENTRIES if is_more else None,
    )  # fmt: skip


@router.get(f"{_GOAL}/at/{{seq}}")
async def read_goal_then(
    visit: AtAudit, cycle: _Segment, owner: _Segment, number: _Segment, seq: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> Response:
    """The goal as it was after that entry."""
    goal = await Audit(visit.opened.engine).as_of(visit.caller, GoalId(f"{cycle}/{owner}/{number}"), seq)
    people = {goal.owner, *(goal.task.assignees if goal.task else ())}
    return visit.page("goal_then.html", goal=goal, seq=seq, names=await names_of_people(visit.opened.engine, people))


def is_goal(written: str) -> bool:
    parts = written.split("/")
    return len(parts) == _IDS_IN_GOAL and all(one and one.isprintable() and one not in (".", "..") for one in parts)


def _entry(visit: Visit, page: LedgerPage, line: LedgerLine) -> Entry:
    event = line.event
    proven = page.proof.is_proven(line)
    body: Mapping[str, Any] = event["body"] if proven else {}
    told = fact_list(body, visit.locale, page.time_zone, {one: name for (one, _), name in page.names.items()})
    return Entry(
        seq=event["seq"],
        revision=event["revision"],
        at=event["at"],
        kind=line.kind or "",
        actor=event["actor"],
        acting_for=event.get("acting_for"),
        saw=body.get("saw"),
        writes="content" in body,
        facts=tuple((label, value) for _, label, value in told),
        raw=None if proven else json.dumps(event["body"], ensure_ascii=False)[:2_000],
        hash=line.hash,
        prev_hash=line.prev_hash,
    )
