"""A goal's page, and the commands that people give on it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from domain.goal.commands import COMMANDS
from domain.goal.explained import explained, still_possible
from domain.goal.scoring import attainment, calibrated, score
from domain.messages import Message
from domain.refusals import Code, Refusal
from domain.values import GoalId
from service.answers import NoAnswer
from service.giving import Request as Asked
from service.goal_documents import is_overdue
from service.goals import GoalView
from service.message_names import names_in_messages
from service.review_form import review_form
from texts.say import say
from web.console.done import done_by
from web.console.forms import Typed, TypedForm, errors_of, fresh_id
from web.console.goal_forms import OFFERED, choices_of, command_fields, forms_for
from web.console.goal_page import NEWEST, chart_of, days_done, decided_before, line_of_states, timeline
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_Segment = Annotated[str, Path(max_length=100)]
PATH = "/goals/{cycle}/{owner}/{number}"


@router.get(PATH)
async def read_goal(  # noqa: PLR0917 - path and query
    visit: AtPage,
    cycle: _Segment,
    owner: _Segment,
    number: _Segment,
    done: Annotated[str, Query(max_length=100)] = "",
    whole: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    view = await visit.opened.goals.view(visit.caller, GoalId(f"{cycle}/{owner}/{number}"), visit.now)
    values = _values(visit, view) | {"done": done_by(view, done), "whole": whole}
    return visit.page("goal.html", **values)


@router.post(f"{PATH}/{{name}}")
async def give(  # noqa: PLR0917 - path and form
    visit: AtPage, typed: TypedForm, cycle: _Segment, owner: _Segment, number: _Segment, name: _Segment
) -> Response:
    """Gives the command. Where the rules say no, the same page has the reason beside the form, with what was typed."""
    goal = GoalId(f"{cycle}/{owner}/{number}")
    if name not in OFFERED:
        raise HTTPException(404)
    view = await visit.opened.goals.view(visit.caller, goal, visit.now)
    seen = (
        typed.seen if "expected_seq" in COMMANDS[name].model_fields else None
    )  # others decide on nothing that was seen
    asked = Asked(name, command_fields(name, view.goal, typed), typed.filled("acting_for"), seen, typed.command_id)
    use_cases = await visit.opened.acting_on_goals()
    try:
        await (use_cases.submit if name == "submit" else use_cases.give)(visit.caller, goal, asked)
    except (Refusal, NoAnswer) as refused:
        return await _again(visit, goal, typed, name, refused)
    return RedirectResponse(f"{goal_path(goal)}?done={typed.command_id}", SEE_OTHER)


def goal_path(goal: str) -> str:
    return f"/goals/{goal}"


async def _again(visit: Visit, goal: GoalId, typed: Typed, name: str, refused: Refusal | NoAnswer) -> Response:
    """The page with the form as it was typed. Where the goal changed, it shows the goal as it is now, and the next try is about that."""
    view = await visit.opened.goals.view(visit.caller, goal, visit.now)
    errors = errors_of(refused) if isinstance(refused, Refusal) else {}
    names = await names_in_messages(visit.opened.engine, [refused.message])
    summary = say(refused.message, visit.locale, names)
    is_repeat = isinstance(refused, NoAnswer)
    values = _values(visit, view) | {
        "errors": _sentences(errors, visit),
        "summary": summary,
        "failed": name if typed.filled("step") is None else f"{name}-{typed['step']}",
        "typed": typed,
        "has_changed": refused.code == Code.GOAL_CHANGED,
        "repeated_id": typed.command_id if is_repeat else None,
    }
    return visit.page("goal.html", status_of(refused), **values)


def _sentences(errors: dict[str, Message], visit: Visit) -> dict[str, str]:
    return {where: say(one, visit.locale) for where, one in errors.items()}


def _values(visit: Visit, view: GoalView) -> dict[str, Any]:
    goal = view.goal
    forms = forms_for(goal, view.possible)
    return {
        "goal": goal,
        "view": view,
        "zone": goal.task_zone,
        "overdue": is_overdue(goal.due_at, visit.now, paused=goal.is_paused),
        "states": line_of_states(goal),
        "chart": chart_of(view, visit.now),
        "done_on": days_done(view),
        "next_step": next((n for n in range(len(goal.content.steps)) if n not in goal.done), None),
        "parent": view.parent,
        "reached": attainment(goal),
        "score": score(goal),
        "final": calibrated(goal),
        "added": explained(goal, view.events),
        "possible_points": None if goal.is_closed else still_possible(goal),
        "entries": timeline(view.ledger, visit.locale, goal.calendar.timezone, view.names),
        "decided_before": decided_before(view, visit.who.employee),
        "newest": NEWEST,
        "whole": False,
        "may_write": any(one.name == "revise" for one in view.possible),
        "forms": [one for one in forms if not one.is_of_step and not one.steers],
        "steering": [one for one in forms if one.steers],
        "step_forms": {one.key: one for one in forms if one.is_of_step},
        "choices": choices_of(goal, visit.locale),
        "offered": {one.key for one in forms},
        "review": review_form(goal, view.events, None, None) if goal.state == "in_review" else None,
        "fresh_id": fresh_id,
        "failed": None,
        "typed": None,
        "summary": None,
        "has_changed": False,
        "repeated_id": None,
    }
