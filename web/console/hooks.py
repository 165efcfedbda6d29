"""Receivers of events, for system administrators: make, change, pause and delete one, a new secret, and what was sent to it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from domain.errors import MeguriError
from domain.lifecycle import EventKind
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Code, Refusal
from service.hooks import HookState, ListedHook
from texts.words import word
from web.console.forms import Typed, TypedForm
from web.console.refused import NOT_REFUSED, refused_form
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/operations/hooks"
PAGE = 50  # deliveries
_Id = Annotated[str, Path(max_length=100)]
_MOST = 2**63 - 1  # of PostgreSQL's numbers


@router.get(PATH)
async def list_hooks(visit: AtPage) -> Response:
    return visit.page("hooks.html", **await _list_values(visit))


@router.post(PATH)
async def make_hook(visit: AtPage, typed: TypedForm) -> Response:
    """Makes a receiver. Its secret is in this answer only; the same address a second time is refused."""
    wish = {"url": typed.filled("url") or "", "kinds": typed.all("kinds") or None}
    try:
        made = await visit.opened.hooks.make(visit.caller, wish, visit.now)
    except MeguriError as refused:
        values = await _list_values(visit) | await refused_form(visit, "hook", typed, refused)
        return visit.page("hooks.html", status_of(refused), **values)
    return visit.page("secret.html", what="hook", secret=made.secret, back=f"{PATH}/{made.hook}")


@router.get(f"{PATH}/{{hook}}")
async def read_hook(
    visit: AtPage,
    hook: _Id,
    after: Annotated[int | None, Query(ge=1, le=_MOST)] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    return visit.page("hook.html", **await _values(visit, hook, after), done=done)


@router.post(f"{PATH}/{{hook}}")
async def change_hook(visit: AtPage, typed: TypedForm, hook: _Id) -> Response:
    """Changes address and kinds."""
    change = {"url": typed.filled("url") or "", "kinds": typed.all("kinds") or None}
    return await _change(visit, hook, typed, "hook", change)


@router.post(f"{PATH}/{{hook}}/pause")
async def pause_hook(visit: AtPage, typed: TypedForm, hook: _Id) -> Response:
    return await _change(visit, hook, typed, "pause", {"paused": True})


@router.post(f"{PATH}/{{hook}}/resume")
async def resume_hook(visit: AtPage, typed: TypedForm, hook: _Id) -> Response:
    return await _change(visit, hook, typed, "pause", {"paused": False})


async def _change(visit: Visit, hook: str, typed: Typed, form: str, change: Mapping[str, object]) -> Response:
    try:
        await visit.opened.hooks.change(visit.caller, hook, change, visit.now)
    except MeguriError as refused:
        return await _again(visit, hook, typed, form, refused)
    return RedirectResponse(f"{PATH}/{hook}?done={form}", SEE_OTHER)


@router.post(f"{PATH}/{{hook}}/rotate")
async def rotate_hook(visit: AtPage, typed: TypedForm, hook: _Id) -> Response:
    """Makes a new secret, which is in this answer only. Sent again, it is refused: the form names the generation that it replaces."""
    try:
        made = await visit.opened.hooks.rotate(
            visit.caller, hook, {"generation": typed.filled("generation")}, visit.now
        )
    except MeguriError as refused:
        return await _again(visit, hook, typed, "rotate", refused)
    return visit.page("secret.html", what="hook", secret=made.secret, back=f"{PATH}/{made.hook}")


@router.get(f"{PATH}/{{hook}}/delete")
async def confirm(visit: AtPage, hook: _Id) -> Response:
    found = await _listed(visit, hook)
    return visit.page(
        "final.html", what="hook", subject=found.url or found.hook, back=f"{PATH}/{hook}", action=visit.request.url.path
    )  # fmt: skip


@router.post(f"{PATH}/{{hook}}/delete")
async def delete_hook(visit: AtPage, hook: _Id) -> Response:
    await visit.opened.hooks.delete(visit.caller, hook)
    return RedirectResponse(PATH, SEE_OTHER)


@router.post(f"{PATH}/{{hook}}/deliveries/{{delivery}}/replay")
async def replay(visit: AtPage, hook: _Id, delivery: Annotated[int, Path(ge=1, le=_MOST)]) -> Response:
    """Sends a delivery again at the next tick. A repeat before that changes nothing."""
    await visit.opened.hooks.replay(visit.caller, hook, delivery)
    return RedirectResponse(f"{PATH}/{hook}#delivery-{delivery}", SEE_OTHER)


async def _again(visit: Visit, hook: str, typed: Typed, form: str, refused: MeguriError) -> Response:
    values = await _values(visit, hook, None) | await refused_form(visit, form, typed, refused)
    return visit.page("hook.html", status_of(refused), **values)


async def _list_values(visit: Visit) -> dict[str, Any]:
    found = await visit.opened.hooks.list_hooks(visit.caller)
    return {**NOT_REFUSED, "hooks": found.hooks, "kind_choices": _kinds(visit), "has_key": visit.opened.hook_key}


async def _values(visit: Visit, hook: str, after: int | None) -> dict[str, Any]:
    found = await _listed(visit, hook)
    page = await visit.opened.hooks.deliveries(visit.caller, hook, after=after, limit=PAGE)
    return {
        **NOT_REFUSED,
        "hook": found,
        "is_own": found.url is not None,  # that of the settings is changed there
        "is_paused": found.state is HookState.PAUSED,
        "page": page,
        "is_first": after is None,
        "kind_choices": _kinds(visit),
        "zone": DIRECTORY_ZONE.key,
    }


async def _listed(visit: Visit, hook: str) -> ListedHook:
    for one in (await visit.opened.hooks.list_hooks(visit.caller)).hooks:
        if one.hook == hook:
            return one
    raise Refusal(Code.UNKNOWN_HOOK, hook=hook[:80])


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    return [(one.value, word("event", one, visit.locale)) for one in EventKind]
