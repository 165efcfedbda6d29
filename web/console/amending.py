"""New rules for a running cycle: a changed cycle file, how it differs from the present rules, and what that does to goals."""

import hashlib
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from domain.instructions.instructions import Selection
from domain.refusals import Refusal
from service.amending import Amending, Amendment, RuleChange
from service.answers import NoAnswer
from service.cycle_view import CycleView, CycleViews
from service.message_names import names_of_people
from texts.findings import finding_text
from texts.say import say
from web.console.cycle_page import CycleSegment, cycle_page
from web.console.forms import Typed, TypedForm, fresh_id, read_file
from web.console.route import SEE_OTHER, PageRoute
from web.console.steering import refusal_values, steered_view
from web.console.visit import AtPage, Visit
from web.problems import OtherComparison, status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LISTED = 20  # goals that are named
_EVERYBODY = Selection()


@router.get("/cycles/{cycle}/amend")
async def edit(visit: AtPage, cycle: CycleSegment) -> Response:
    view = await steered_view(visit, cycle)
    text = await CycleViews(visit.opened.engine).file_text(visit.caller, view.cycle)
    return _form(visit, view, text, fresh_id())


@router.post("/cycles/{cycle}/amend")
async def compare_or_apply(request: Request, visit: AtPage, typed: TypedForm, cycle: CycleSegment) -> Response:
    """`step` is `compare`, `apply`, or `edit`. Rules are applied only where the file and the cycle are those that were compared."""
    view, text = await steered_view(visit, cycle), typed.get("text", "")
    if data := await read_file(request, "file"):
        text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if typed.get("step") == "edit":
        return _form(visit, view, text, typed.command_id)
    found = await Amending(visit.opened.engine).compare(
        visit.caller, view.cycle, text.encode(), _EVERYBODY, now=visit.now
    )
    if found.after is None or not found.rules:
        return _form(visit, view, text, typed.command_id, found)
    if typed.get("step") != "apply":
        return await _compared(visit, view, text, typed, found)
    return await _apply(visit, view, text, typed, found)


async def _apply(visit: Visit, view: CycleView, text: str, typed: Typed, found: Amendment) -> Response:
    if typed.get("seen") != _tag(found, text):
        return await _compared(visit, view, text, typed, found, OtherComparison())
    reason = typed.filled("reason")
    if reason is None:
        return await _compared(visit, view, text, typed, found, is_reason_missing=True)
    try:
        instructions = await visit.opened.acting_by_instructions()
        asked = found.instruction(_EVERYBODY, reason)
        given = await instructions.give(visit.caller, asked, view.cycle, typed.command_id)
    except (Refusal, NoAnswer) as refused:
        return await _compared(visit, view, text, typed, found, refused)
    return RedirectResponse(f"/instructions/{given}", SEE_OTHER)


def _form(visit: Visit, view: CycleView, text: str, command_id: str, found: Amendment | None = None) -> Response:
    """The file to be changed; with what prevents a change, where it was compared."""
    return cycle_page(
        visit,
        view,
        "amend.html",
        422 if found and found.after is None else 200,
        tab="steer",
        text=text,
        command_id=command_id,
        is_same=found is not None and found.after is not None,
        findings=[finding_text(one, visit.locale) for one in found.findings] if found and not found.after else [],
        summary=say("console.amend.refused", visit.locale) if found and not found.after else None,
    )


async def _compared(  # noqa: PLR0917 - all of them are of the one comparison
    visit: Visit,
    view: CycleView,
    text: str,
    typed: Typed,
    found: Amendment,
    refused: Refusal | NoAnswer | OtherComparison | None = None,
    *,
    is_reason_missing: bool = False,
) -> Response:
    if isinstance(refused, OtherComparison):
        problem: dict[str, Any] = {"summary": say(refused.message, visit.locale), "errors": {}}
    elif is_reason_missing:
        missing = {"reason": say("problem.missing", visit.locale)}
        problem = {"summary": say("console.form.problem_lead", visit.locale), "errors": missing}
    else:
        problem = await refusal_values(visit, refused)
    listed = {one.owner for one in found.dues[:_LISTED]} | {one.owner for one in found.ending[:_LISTED]}
    listed |= {one.owner for one in found.hr[:_LISTED]}
    return cycle_page(
        visit,
        view,
        "amend_compare.html",
        status_of(refused) if refused else 422 if is_reason_missing else 200,
        tab="steer",
        found=found,
        rules=[_rule(one, visit) for one in found.rules],
        advice=[finding_text(one, visit.locale) for one in found.findings],
        names=await names_of_people(visit.opened.engine, listed),
        listed=_LISTED,
        text=text,
        seen=_tag(found, text),
        command_id=typed.command_id,
        reason=typed.get("reason", ""),
        **problem,
    )


def _rule(change: RuleChange, visit: Visit) -> tuple[str, str, str]:
    """What the rule is called, its value before, and after."""
    kind, _, task = change.rule.partition(".")
    is_ladder = kind == "ladders"
    name = (
        say("rule.ladder_of", visit.locale, task=task)
        if is_ladder
        else say("format.rule", visit.locale, rule=change.rule)
    )
    return name, say(change.before, visit.locale), say(change.after, visit.locale)


def _tag(found: Amendment, text: str) -> str:
    """Stands for the cycle's rules and the file."""
    before = found.before.model_dump_json() if found.before else ""
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()[:32]
