"""Who is at a page, and the frame that every page has: the way to other pages, the language, signing out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request, Response

from domain.access import Caller
from domain.roles import CompanyRole
from domain.values import Locale
from service.visitors import Visitor, Visitors
from web import pages
from web.callers import session_let_in
from web.locales import chosen_locale
from web.opened import Opened, opened_of


class Place(NamedTuple):
    """A page in the frame's navigation: the name of its text, its path, and whom it is shown."""

    name: str
    path: str
    is_for: Callable[[Visitor], bool] = lambda _: True


class Room(NamedTuple):
    """Pages under one heading."""

    name: str
    places: tuple[Place, ...]


_SYSTEM, _AUDITOR = CompanyRole.SYSTEM, CompanyRole.AUDITOR

ROOMS = (
    Room("mine", (Place("today", "/"), Place("goals", "/goals"))),
    Room("cycle", (Place("board", "/board"), Place("instructions", "/instructions", lambda who: who.is_hr))),
)  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """A person at a page. `now` is the moment of the request, for everything on the page."""

    request: Request
    caller: Caller
    who: Visitor
    locale: Locale
    now: datetime

    @property
    def opened(self) -> Opened:
        return opened_of(self.request)

    def page(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """The page in its frame. `done` of a template is what was carried out before, as the ledger has it."""
        return pages.page(template, self.locale, status, **{"done": None, "errors": {}, **self.frame(), **values})

    def frame(self) -> dict[str, Any]:
        shown = [(room.name, [one for one in room.places if one.is_for(self.who)]) for room in ROOMS]
        path = self.request.url.path
        here = max(
            (one.path for _, places in shown for one in places if _is_under(path, one.path)), key=len, default=""
        )
        query = f"?{self.request.url.query}" if self.request.method == "GET" and self.request.url.query else ""
        return {
            "who": self.who,
            "now": self.now,
            "rooms": [(name, places) for name, places in shown if places],
            "here": here,
            "address": path + query if self.request.method == "GET" else "/",
        }


def _is_under(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


async def _visit(request: Request) -> Visit:
    found = await session_let_in(request)
    who = await Visitors(opened_of(request).engine).read(found.caller)
    request.state.locale = chosen_locale(request) or who.locale
    visit = Visit(request, found.caller, who, request.state.locale, datetime.now(UTC))
    request.state.visit = visit
    return visit


AtPage = Annotated[Visit, Depends(_visit)]
