"""The language of the pages, chosen in this browser."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from domain.sign_in import path_after
from domain.values import Locale
from web.console.forms import TypedForm
from web.console.route import SEE_OTHER, PageRoute
from web.cookies import set_language
from web.opened import opened_of
from web.origins import require_this_site

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/language")
async def choose(request: Request, typed: TypedForm) -> RedirectResponse:
    """A form with `language` and `next`. Also for somebody who is not signed in."""
    require_this_site(request, opened_of(request).public)
    answer = RedirectResponse(path_after(typed.get("next", "/")), SEE_OTHER)
    if typed.get("language") in set(Locale):
        set_language(request, answer, Locale(typed["language"]))
    return answer
