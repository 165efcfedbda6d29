"""Instructions: the latest ones, and one with its result at each goal; what failed is asked again, or the rest is not asked."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.instructions.instructions import Amend, Extend, changed_rules
from domain.lifecycles import CycleState, InstructionState
from domain.refusals import Refusal
from service.answers import NoAnswer
from service.cycle_view import CycleView
from service.instruction_pages import InstructionPages, InstructionResults, refusal_of
from service.message_names import names_of_people
from storage.instruction_page import ResultLine
from texts.refusals import refusal_text
from texts.say import say
from texts.words import word
from web.console.cycle_page import HOME, view_of
from web.console.forms import Typed, TypedForm
from web.console.route import SEE_OTHER, PageRoute
from web.console.steering import refusal_values
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
RESULTS = ("done", "skipped", "refused", "failed", "waiting")
_RUNNING = frozenset({InstructionState.WAITING, InstructionState.RUNNING})
_MOST_CYCLES = 10
_FACTS = ("due", "task", "closes", "person", "to")


class Row(NamedTuple):
    """The result at one goal; `why`: the reason why it was not done, in words."""

    line: ResultLine
    why: str | None


@router.get("/instructions")
async def list_latest(visit: AtPage, cycle: Annotated[str, Query(max_length=100)] = "") -> Response:
    found = (await visit.opened.instructions.list_latest(visit.caller, cycle or None)).instructions
    cycles = (await visit.opened.cycles.list_cycles(visit.caller)).cycles
    return visit.page(
        "instructions.html",
        found=found,
        names=await names_of_people(visit.opened.engine, (one.actor for one in found)),
        cycle=cycle,
        steered=await _steered(visit),
        cycle_choices=[
            ("", say("console.list.all", visit.locale)),
            *((one.cycle, f"{one.name} ({one.cycle})") for one in cycles),
        ],
    )


async def _steered(visit: Visit) -> list[CycleView]:
    """The cycles that run and to which the person may give instructions."""
    views = [await view_of(visit, one) for one in visit.who.cycles[:_MOST_CYCLES]]
    return [one for one in views if one.steers and one.state is CycleState.OPEN]


@router.get("/instructions/{instruction}")
async def read(
    visit: AtPage,
    instruction: str,
    result: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    return await _page(visit, instruction, result if result in RESULTS else "", after)


@router.post("/instructions/{instruction}/retry")
async def retry(visit: AtPage, instruction: str) -> Response:
    """Asks the goals again that failed, or that were not asked."""
    try:
        await (await visit.opened.acting_by_instructions()).retry(visit.caller, instruction)
    except (Refusal, NoAnswer) as refused:
        return await _page(visit, instruction, "", "", refused)
    return RedirectResponse(f"/instructions/{instruction}", SEE_OTHER)


@router.get("/instructions/{instruction}/end")
async def ask_before_ending(visit: AtPage, instruction: str) -> Response:
    found = await _read(visit, instruction)
    if not found.steers or found.progress.state not in _RUNNING:
        return RedirectResponse(f"/instructions/{instruction}", SEE_OTHER)
    return await _ending(visit, found, Typed({}))


@router.post("/instructions/{instruction}/end")
async def end(visit: AtPage, typed: TypedForm, instruction: str) -> Response:
    """Goals that have a result keep it; the others are not asked."""
    found = await _read(visit, instruction)
    reason = typed.filled("reason")
    if reason is None:
        return await _ending(visit, found, typed, {"reason": say("problem.missing", visit.locale)})
    try:
        await (await visit.opened.acting_by_instructions()).end(visit.caller, instruction, reason, visit.now)
    except (Refusal, NoAnswer) as refused:
        return await _page(visit, instruction, "", "", refused)
    return RedirectResponse(f"/instructions/{instruction}", SEE_OTHER)


async def _read(visit: Visit, instruction: str, result: str = "", after: str = "") -> InstructionResults:
    return await InstructionPages(visit.opened.engine).read_page(visit.caller, instruction, result or None, after=after)


async def _ending(
    visit: Visit, found: InstructionResults, typed: Typed, errors: dict[str, str] | None = None
) -> Response:
    summary = say("console.form.problem_lead", visit.locale) if errors else None
    return visit.page(
        "instruction_end.html",
        422 if errors else 200,
        **_frame(visit, found),
        typed=typed,
        errors=errors or {},
        summary=summary,
    )


async def _page(
    visit: Visit, instruction: str, result: str, after: str, refused: Refusal | NoAnswer | None = None
) -> Response:
    found = await _read(visit, instruction, result, after)
    return visit.page(
        "instruction.html",
        status_of(refused) if refused else 200,
        **_frame(visit, found),
        rows=[Row(one, _why(one, found, visit)) for one in found.lines],
        moves=isinstance(found.instruction.asked, Extend) and found.instruction.asked.due is not None,
        result=result,
        results=RESULTS,
        is_first=not after,
        can_retry=found.steers and _can_retry(found),
        **await refusal_values(visit, refused),
    )


def _frame(visit: Visit, found: InstructionResults) -> dict[str, Any]:
    row = found.instruction
    asked = row.asked
    return {
        "found": found,
        "row": row,
        "asked": asked,
        "asked_facts": [(name, getattr(asked, name)) for name in _FACTS if getattr(asked, name, None)],
        "rules": [
            say("format.rule", visit.locale, rule=one) for one in changed_rules(asked.before, asked.after)
        ] if isinstance(asked, Amend) else [],
        "is_running": found.progress.state in _RUNNING,
        "here": "/instructions" if visit.who.is_hr else HOME if row.cycle_id else "/delegations",
    }  # fmt: skip


def _can_retry(found: InstructionResults) -> bool:
    progress = found.progress
    is_over = progress.state not in _RUNNING
    return is_over and (progress.state is InstructionState.ENDED or bool(progress.by_result.get("failed")))


def _why(line: ResultLine, found: InstructionResults, visit: Visit) -> str | None:
    if refusal := refusal_of(line):
        return refusal_text(refusal, visit.locale, found.names)
    if line.code is None:
        return None
    words = word("skipped", line.code, visit.locale)
    reason = (line.detail or {}).get("reason")
    return f"{words} ({reason})" if reason else words
