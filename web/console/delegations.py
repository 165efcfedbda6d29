"""Delegations: one's own, given and received, and for HR all of them; giving one, and ending one.

Both are instructions to every open cycle: the next page is that of the instruction.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.access import person_of
from domain.instructions.instructions import AnyInstruction, Delegate, EndDelegation
from domain.messages import Message
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Storable
from service.answers import compose
from service.instruction_documents import DelegationList
from service.message_names import names_in_messages
from service.people_search import PeopleSearch
from texts.say import say
from web.console.forms import Typed, TypedForm, errors_of, fresh_id
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST = 200  # delegations of others on the page
_PEOPLE = ("delegator", "to")


@router.get("/delegations")
async def list_delegations(
    visit: AtPage, to: Annotated[Annotated[str, Storable], Query(max_length=100)] = ""
) -> Response:
    """With `to`, the form begins with this person."""
    return await _page(visit, typed=Typed({"to": [to]}) if to else None)


@router.post("/delegations")
async def give(visit: AtPage, typed: TypedForm) -> Response:
    """Delegates for oneself; HR for anybody. Sent again, it changes nothing: the instruction has the id of the form."""
    try:
        return await _instruct(visit, typed, await _delegate(visit, typed))
    except Refusal as refused:
        return await _page(visit, typed=typed, failed="give", refused=refused)


@router.post("/delegations/end")
async def end(visit: AtPage, typed: TypedForm) -> Response:
    """Ends the delegations from one person to another, by either of the two, or by HR."""
    asked = {name: typed.filled(name) for name in ("delegator", "to", "reason")}
    try:
        return await _instruct(visit, typed, compose(EndDelegation, asked))
    except Refusal as refused:
        return await _page(visit, typed=typed, failed=typed.get("delegation", ""), refused=refused)


async def _instruct(visit: Visit, typed: Typed, asked: AnyInstruction) -> Response:
    given = await (await visit.opened.acting_by_instructions()).give(visit.caller, asked, None, typed.command_id)
    return RedirectResponse(f"/instructions/{given}", SEE_OTHER)


async def _delegate(visit: Visit, typed: Typed) -> Delegate:
    """The instruction. People are named by id or employee number."""
    named = {name: await _person(visit, typed, name) for name in _PEOPLE}
    delegation = {
        "delegator": named["delegator"] or person_of(visit.caller),
        "to": named["to"],
        "first": typed.filled("first"),
        "last": typed.filled("last"),
        "own_goals": bool(typed.filled("own_goals")),
    }
    filled = {name: value for name, value in delegation.items() if value is not None}
    return compose(Delegate, {"delegation": filled, "reason": typed.filled("reason")})


async def _person(visit: Visit, typed: Typed, field: str) -> EmployeeId | None:
    written = typed.filled(field)
    return await PeopleSearch(visit.opened.engine).find(visit.caller, written[:100]) if written else None


async def _page(
    visit: Visit, typed: Typed | None, failed: str | None = None, refused: Refusal | None = None
) -> Response:
    """The page; with `refused`, the form `failed` has what was typed and the reason."""
    own, delegations = person_of(visit.caller), visit.opened.instructions
    mine = await delegations.list_delegations(visit.caller, own, visit.now)
    everybody = await delegations.list_delegations(visit.caller, None, visit.now) if visit.who.is_hr else None
    values = _lists(own, mine, everybody) | {
        "typed": typed,
        "failed": failed,
        "summary": None,
        "fresh_id": fresh_id,
        "errors": {},
    }
    if refused is None:
        return visit.page("delegations.html", **values)
    names = await names_in_messages(visit.opened.engine, [refused.message])
    errors = {where.rpartition(".")[2]: one for where, one in _errors(refused, typed).items()}
    values |= {
        "summary": say(refused.message, visit.locale, names),
        "errors": {where: say(one, visit.locale, names) for where, one in errors.items()},
    }
    return visit.page("delegations.html", status_of(refused), **values)


def _errors(refused: Refusal, typed: Typed | None) -> dict[str, Message]:
    """What is wrong at which field. Somebody who is not in the directory is at the field that names them."""
    if refused.code != Code.UNKNOWN_EMPLOYEE or typed is None:
        return errors_of(refused)
    unknown = refused.message.fields.get("employee")
    return {name: refused.message for name in _PEOPLE if typed.filled(name) == unknown}


def _lists(own: EmployeeId, mine: DelegationList, everybody: DelegationList | None) -> dict[str, Any]:
    others = [one for one in everybody.delegations if own not in (one.delegator_id, one.to_id)] if everybody else []
    return {
        "own": own,
        "given": [one for one in mine.delegations if one.delegator_id == own],
        "received": [one for one in mine.delegations if one.to_id == own],
        "others": others[:_MOST],
        "more": max(0, len(others) - _MOST),
        "names": mine.names | (everybody.names if everybody else {}),
    }
