"""HR steers a cycle: chooses an instruction, sees what it would do at each goal, and gives it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from domain.instructions.instructions import AnyInstruction, Extend
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
WEEKS = ("1", "2")  # quick choices beside the exact date of an extension
Department = Annotated[str, Query(max_length=200)]


@router.get("/cycles/{cycle}/steer")
async def choose(visit: AtPage, cycle: CycleSegment, department: Department = "") -> Response:
    """`department`: whose goals are meant, which the forms begin with."""
    view = await steered_view(visit, cycle)
    may_amend = view.state is CycleState.OPEN and not department
    kinds = [one for one in kinds_for(view.state) if one.chooses or not department]
    return cycle_page(visit, view, "steer.html", tab="steer", kinds=kinds, may_amend=may_amend, department=department)


@router.get("/cycles/{cycle}/steer/{kind}")
async def fill_in(visit: AtPage, cycle: CycleSegment, kind: str, department: Department = "") -> Response:
    chosen = {"departments": [department]} if department else {}
    return await _form(visit, await steered_view(visit, cycle), _kind(kind), Typed(chosen))


@router.post("/cycles/{cycle}/steer/{kind}")
async def preview_or_give(visit: AtPage, typed: TypedForm, cycle: CycleSegment, kind: str) -> Response:
    """`step` is what was pressed: `preview`, `give`, `edit` to change the form again, or by how many weeks dates are to move."""
    view, chosen = await steered_view(visit, cycle), _kind(kind)
    if typed.get("step") == "edit":
        return await _form(visit, view, chosen, typed)
    try:
        if typed.get("step") in WEEKS:
            return await _form(visit, view, chosen, await _with_weeks(visit, view, chosen, typed))
        asked = instruction_of(chosen, typed)
        if typed.get("step") != "give":
            return await _confirm(visit, view, chosen, typed, asked)
        instructions = await visit.opened.acting_by_instructions()
        given = await instructions.give(visit.caller, asked, CycleId(cycle), typed.command_id)
    except (Refusal, NoAnswer) as refused:
        return await _form(visit, view, chosen, typed, refused)
    return RedirectResponse(f"/instructions/{given}", SEE_OTHER)


async def _with_weeks(visit: Visit, view: CycleView, kind: Kind, typed: Typed) -> Typed:
    """The form with the due date that many weeks after the latest one of the tasks that are meant."""
    today = [visit.now.date().isoformat()]
    fields = {name: typed.all(name) for name in typed}
    asked = instruction_of(kind, Typed({**fields, "due": today, "closes": [""], "reason": ["-"]}))
    if not isinstance(asked, Extend):
        raise HTTPException(404)
    weeks = int(typed["step"])
    day = await InstructionPreviews(visit.opened.engine).later_by(visit.caller, asked, view.cycle, weeks, visit.now)
    return Typed({**fields, "due": [day.isoformat()]})


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
        weeks=WEEKS,
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
