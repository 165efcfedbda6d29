"""Who is at a page, and the frame that every page has: the way to other pages, the language, signing out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request, Response

from domain.access import Caller
from domain.roles import CompanyRole
from domain.values import Locale
from service.tokens import LetIn
from service.visitors import Visitor
from texts.say import say
from web import pages
from web.callers import auditor, visitor_let_in
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


def _has(*roles: CompanyRole) -> Callable[[Visitor], bool]:
    return lambda who: bool(who.roles & {*roles})


_SYSTEM, _AUDITOR = _has(CompanyRole.SYSTEM), _has(CompanyRole.AUDITOR)

ROOMS = (
    Room("mine", (
        Place("today", "/"), Place("goals", "/goals"), Place("write", "/goals/write"), Place("team", "/team", lambda who: who.leads),
        Place("delegations", "/delegations"),
    )),
    Room("material", (
        Place("tree", "/tree"), Place("hearing", "/hearing"), Place("catalog", "/catalog"), Place("examples", "/examples"),
        Place("lessons", "/lessons"), Place("board", "/board", lambda who: not who.is_hr),
    )),
    Room("people", (Place("people", "/people"), Place("departments", "/departments"))),
    Room("hr", (
        Place("board", "/board", lambda who: who.is_hr),
        Place("instructions", "/instructions", lambda who: who.is_hr),
        Place("cycles", "/cycles", lambda who: who.is_hr or not who.cycles),  # between cycles nobody is HR yet
        Place("sync", "/sync", lambda who: who.is_hr_of_all or CompanyRole.DIRECTORY in who.roles),
    )),
    Room("operations", (
        Place("operations", "/operations", _SYSTEM),
        Place("failed_notices", "/operations/notices", lambda who: who.is_hr),
        Place("hooks", "/operations/hooks", _SYSTEM),
        Place("roles", "/operations/roles", _has(CompanyRole.SYSTEM, CompanyRole.DIRECTORY)),
        Place("accounts", "/operations/accounts", _SYSTEM),
        Place("access", "/operations/people", _SYSTEM),
    )),
    Room("audit", (Place("audit", "/audit", _AUDITOR), Place("journal", "/audit/journal", _AUDITOR))),
)  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """A person at a page. `now` is the moment of the request, for everything on the page."""

    request: Request
    caller: Caller
    who: Visitor
    locale: Locale
    now: datetime
    let_in: LetIn

    @property
    def session(self) -> str:
        """The id of the session by which the person came in."""
        return self.let_in.key

    def text(self, key: str, **fields: Any) -> str:
        """A text in the page's language."""
        return say(key, self.locale, **fields)

    @property
    def opened(self) -> Opened:
        return opened_of(self.request)

    def page(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """The page in its frame. `done` of a template is what was carried out before, as the ledger has it."""
        return pages.page(template, self.locale, status, **{"done": None, "errors": {}, **self.frame(), **values})

    def frame(self) -> dict[str, Any]:
        shown = [(room.name, [one for one in room.places if one.is_for(self.who)]) for room in ROOMS]
        path = self.request.url.path
        here = _place_of(path, [one.path for _, places in shown for one in places])
        query = f"?{self.request.url.query}" if self.request.method == "GET" and self.request.url.query else ""
        return {
            "who": self.who,
            "now": self.now,
            "rooms": [(name, places) for name, places in shown if places],
            "here": here,
            "address": path + query if self.request.method == "GET" else "/",
        }


# Pages that are not below the place to which they belong.
_BELONGS = (("/approvals", "/"), ("/goals/begin", "/goals/write"), ("/instructions", "/delegations"))


def _place_of(path: str, places: list[str]) -> str:
    """The place in the navigation to which a page belongs; empty where none is shown."""
    if _is_under(path, "/goals") and path.endswith("/edit"):
        return "/goals/write"
    below = [one for one in places if _is_under(path, one)]
    below += [place for page, place in _BELONGS if _is_under(path, page) and place in places]
    return max(below, key=lambda one: (one != "/goals" or path != "/goals/begin", len(one)), default="")


def _is_under(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


async def _visit(request: Request) -> Visit:
    found, who = await visitor_let_in(request)
    request.state.locale = chosen_locale(request) or who.locale
    visit = Visit(request, found.caller, who, request.state.locale, datetime.now(UTC), found)
    request.state.visit = visit
    return visit


AtPage = Annotated[Visit, Depends(_visit)]


async def _audit(visit: AtPage) -> Visit:
    """The visit of an auditor, which is recorded before the page reads anything. Raises a `Refusal` for somebody without the role."""
    return replace(visit, caller=await auditor(visit.request, visit.let_in))


AtAudit = Annotated[Visit, Depends(_audit)]
