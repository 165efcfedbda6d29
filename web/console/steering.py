"""HR steers a cycle: chooses an instruction, sees what it would do at each goal, and gives it."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from domain.instructions.instructions import AnyInstruction
from domain.lifecycles import CycleState
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import CycleId
from service.answers import NoAnswer
from service.cycle_view import CycleView, CycleViews
from service.instruction_effects import InstructionForecasts
from service.instruction_preview import InstructionPreviews
from service.message_names import names_in_messages, names_of_people
from texts.say import say
from texts.words import word
from web.console.cycle_page import CycleSegment, cycle_page, view_of
from web.console.forms import Typed, TypedForm, fresh_id
from web.console.route import SEE_OTHER, PageRoute
from web.console.steering_forms import KINDS, Kind, fields_of, instruction_of, kinds_for
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_NAMED = 20  # people


@router.get("/cycles/{cycle}/steer")
async def choose(visit: AtPage, cycle: CycleSegment) -> Response:
    view = await steered_view(visit, cycle)
    may_amend = view.state is CycleState.OPEN
    return cycle_page(visit, view, "steer.html", tab="steer", kinds=kinds_for(view.state), may_amend=may_amend)


@router.get("/cycles/{cycle}/steer/{kind}")
async def fill_in(visit: AtPage, cycle: CycleSegment, kind: str) -> Response:
    return await _form(visit, await steered_view(visit, cycle), _kind(kind))


@router.post("/cycles/{cycle}/steer/{kind}")
async def preview_or_give(visit: AtPage, typed: TypedForm, cycle: CycleSegment, kind: str) -> Response:
    """`step` is what was pressed: `preview`, `give`, or `edit` to change the form again."""
    view, chosen = await steered_view(visit, cycle), _kind(kind)
    if typed.get("step") == "edit":
        return await _form(visit, view, chosen, typed)
    try:
        asked = instruction_of(chosen, typed)
        if typed.get("step") != "give":
            return await _confirm(visit, view, chosen, typed, asked)
        instructions = await visit.opened.acting_by_instructions()
        given = await instructions.give(visit.caller, asked, CycleId(cycle), typed.command_id)
    except (Refusal, NoAnswer) as refused:
        return await _form(visit, view, chosen, typed, refused)
    return RedirectResponse(f"/instructions/{given}", SEE_OTHER)


async def steered_view(visit: Visit, cycle: str) -> CycleView:
    """The cycle. Raises a `Refusal` for somebody who may not steer it."""
    view = await view_of(visit, cycle)
    if not view.steers:
        raise Refusal(Code.NOT_ALLOWED, actor=visit.who.employee, allowed=list(view.hr))
    return view


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise HTTPException(404)
    return KINDS[name]


async def _form(
    visit: Visit, view: CycleView, kind: Kind, typed: Typed | None = None, refused: Refusal | NoAnswer | None = None
) -> Response:
    departments = await CycleViews(visit.opened.engine).departments(
        visit.caller, view.cycle, outside=kind.name == "add"
    )
    return cycle_page(
        visit,
        view,
        "steer_form.html",
        status_of(refused) if refused else 200,
        tab="steer",
        kind=kind,
        departments=departments,
        tasks=_tasks(visit),
        typed=typed or Typed({}),
        command_id=typed.command_id if typed else fresh_id(),
        **await refusal_values(visit, refused),
    )


async def refusal_values(visit: Visit, refused: Refusal | NoAnswer | None) -> dict[str, Any]:
    """`summary` and `errors` of a page with a form."""
    if refused is None:
        return {"summary": None, "errors": {}}
    errors = fields_of(refused) if isinstance(refused, Refusal) else {}
    names = await names_in_messages(visit.opened.engine, [refused.message, *errors.values()])
    return {
        "summary": say("console.form.problem_lead", visit.locale)
        if errors
        else say(refused.message, visit.locale, names),
        "errors": {where: say(one, visit.locale, names) for where, one in errors.items()},
    }


async def _confirm(visit: Visit, view: CycleView, kind: Kind, typed: Typed, asked: AnyInstruction) -> Response:
    engine = visit.opened.engine
    effects = await InstructionForecasts(engine).forecast(visit.caller, asked, view.cycle, visit.now)
    reasons = {one.goal: one.refusal.message for one in effects.first_refused}
    names = effects.names | await names_in_messages(engine, reasons.values())
    return cycle_page(
        visit,
        view,
        "steer_confirm.html",
        tab="steer",
        kind=kind,
        asked=asked,
        named=_NAMED,
        effects=effects,
        reasons={goal: say(one, visit.locale, names) for goal, one in reasons.items()},
        moved_due=await InstructionPreviews(engine).moved_due(asked, view.cycle),
        names=await names_of_people(engine, _people_in(kind, asked)),
        kept=[(name, value) for name, value in typed.kept if name not in ("step", "command_id")],
        command_id=typed.command_id,
        tasks=dict(_tasks(visit)),
    )


def _people_in(kind: Kind, asked: AnyInstruction) -> list[str]:
    """Whom the instruction names, as far as the page does."""
    named = [str(getattr(asked, one.name)) for one in kind.fields if one.kind == "person"]
    return [*named, *asked.selection.people[:_NAMED]]


def _tasks(visit: Visit) -> list[tuple[str, str]]:
    return [
        ("", say("console.list.all", visit.locale)),
        *((one.value, word("task", one, visit.locale)) for one in TaskKind),
    ]
