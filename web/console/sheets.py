"""Files of a cycle: results and sheets to take away, and sheets that were filled in to bring back."""

import asyncio
import hashlib
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from domain.findings import Finding
from domain.refusals import Code, Refusal
from service.answers import NoAnswer
from service.cycle_view import CycleView, CycleViews
from service.message_names import names_in_messages, names_of_people
from service.sent_files import packed, read_sent, unpacked
from service.sheets import DraftChange, Plan, Sheets
from sheets.goals_csv import MAX_BYTES
from texts.findings import finding_text
from texts.say import say
from web.console.cycle_page import CycleSegment, cycle_page, view_of
from web.console.forms import TypedForm, read_file
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import OtherComparison, status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LISTED = 100  # drafts and findings that are named


@router.get("/cycles/{cycle}/results")
async def files(visit: AtPage, cycle: CycleSegment) -> Response:
    return await _files(visit, await _results_view(visit, cycle))


@router.get("/cycles/{cycle}/results/sheet")
async def one_sheet(
    visit: AtPage, cycle: CycleSegment, employee: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Leads to the sheet of this person; where there is none, the page says why."""
    view, person = await _results_view(visit, cycle), employee.strip()
    try:
        await _require_sheet(visit, view, person)
    except Refusal as refusal:
        return await _files(visit, view, refusal, at="employee", employee=person)
    return RedirectResponse(f"/api/v1/cycles/{view.cycle}/sheets/{quote(person, safe='')}", SEE_OTHER)


async def _require_sheet(visit: Visit, view: CycleView, person: str) -> None:
    """Raises a `Refusal` where there is no sheet for this person."""
    if person:
        found = Sheets(visit.opened.engine).sheets_of(visit.caller, view.cycle, person=person)
        async with aclosing(found) as sheets:
            if await anext(sheets, None):
                return
    raise Refusal(Code.NO_PARTICIPANT, owner=person[:80] or "-", cycle=view.cycle)


@router.post("/sheets/import")
async def check_or_import(request: Request, visit: AtPage, typed: TypedForm) -> Response:
    """`step` is `check` or `import`: the second only where the files and the drafts are those of the check. A repeat changes nothing."""
    view = await _results_view(visit, typed.get("cycle", "")[:100])
    data = await read_file(request, "file") or unpacked(typed.get("kept", ""), MAX_BYTES)
    if data is None:
        return await _files(visit, view, say("console.sheets.no_file", visit.locale), at="file")
    async with visit.opened.reading:
        filled = await asyncio.to_thread(read_sent, data)
    plan = Plan((), 0, filled.findings)
    if not filled.findings:
        plan = await Sheets(visit.opened.engine).compare(visit.caller, filled.goals)
    if typed.get("step") != "import" or plan.findings or not plan.changed:
        return await _checked(visit, view, plan, data)
    if typed.get("seen") != _tag(plan, data):
        return await _checked(visit, view, plan, data, OtherComparison())
    try:
        await Sheets(visit.opened.engine).apply(visit.caller, await visit.opened.temporal.client(), plan)
    except (Refusal, NoAnswer) as refused:
        return await _checked(visit, view, plan, data, refused)
    return await _checked(visit, view, plan, data, is_done=True)


async def _results_view(visit: Visit, cycle: str) -> CycleView:
    """The cycle. Raises a `Refusal` for somebody who may not see its results."""
    view = await view_of(visit, cycle)
    if not view.sees_results:
        raise Refusal(Code.NOT_ALLOWED, actor=visit.who.employee, allowed=list(view.hr))
    return view


async def _files(
    visit: Visit, view: CycleView, wrong: Refusal | str | None = None, *, at: str = "", employee: str = ""
) -> Response:
    text = wrong
    if isinstance(wrong, Refusal):
        names = await names_in_messages(visit.opened.engine, [wrong.message])
        text = say(wrong.message, visit.locale, names)
    departments = await CycleViews(visit.opened.engine).departments(visit.caller, view.cycle)
    return cycle_page(
        visit,
        view,
        "results.html",
        422 if wrong else 200,
        tab="results",
        department_options=[(one.name, "\u3000" * one.depth + one.name) for one in departments],
        summary=text,
        errors={at: text} if text else {},
        employee=employee,
    )


async def _checked(
    visit: Visit,
    view: CycleView,
    plan: Plan,
    data: bytes,
    refused: Refusal | NoAnswer | OtherComparison | None = None,
    *,
    is_done: bool = False,
) -> Response:
    names = await names_of_people(visit.opened.engine, (one.goal.owner for one in plan.changed[:_LISTED]))
    return cycle_page(
        visit,
        view,
        "sheets_check.html",
        status_of(refused) if refused else 422 if plan.findings else 200,
        tab="results",
        plan=plan,
        rows=[_row(one, visit) for one in plan.changed[:_LISTED]],
        findings=[finding_text(one, visit.locale) for one in plan.findings[:_LISTED]],
        names=names,
        kept=packed(data),
        seen=_tag(plan, data),
        is_done=is_done,
        summary=say(refused.message, visit.locale) if refused else None,
    )


def _row(change: DraftChange, visit: Visit) -> dict[str, Any]:
    def sentence(finding: Finding) -> str:
        return finding_text(finding, visit.locale)

    return {
        "goal": change.goal,
        "theme": change.content.theme,
        "fields": [say("format.place", visit.locale, where=one) for one in change.fields],
        "advice": [sentence(one) for one in change.advice],
    }


def _tag(plan: Plan, data: bytes) -> str:
    """Stands for the files and the drafts as they are."""
    drafts = [(one.goal.id, one.goal.seq) for one in plan.changed]
    return hashlib.sha256(repr(drafts).encode() + data).hexdigest()[:32]
