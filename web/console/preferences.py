"""A person's own preferences: how notices come, the language, the calendar; and by what they can be reached or come in as themselves."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from domain.access import person_of
from domain.errors import MeguriError
from domain.people.organisation import DIRECTORY_ZONE
from domain.roles import CompanyRole
from domain.tokens import DEFAULT_DAYS, MAX_DAYS, Scope
from service.passkeys import Passkeys
from service.preferences import Choice, Preferences, document_of
from service.sessions import Sessions
from service.visitors import Visitor
from texts.words import word
from web.console.forms import TypedForm
from web.console.refused import NOT_REFUSED, refused_form
from web.console.route import SEE_OTHER, PageRoute
from web.console.visit import AtPage, Visit
from web.problems import status_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/preferences"
MOST = 30  # passkeys and tokens that are over, of each
_CHANNELS = ("mail", "chat", "console")
_NEEDS: dict[Scope, CompanyRole] = {
    Scope.AUDIT: CompanyRole.AUDITOR,
    Scope.PROVISION: CompanyRole.DIRECTORY,
    Scope.SYSTEM: CompanyRole.SYSTEM,
}


@router.get(PATH)
async def read_preferences(visit: AtPage, done: Annotated[str, Query(max_length=100)] = "") -> Response:
    return visit.page("preferences.html", **await page_values(visit), done=done)


@router.post(f"{PATH}/notices")
async def choose(visit: AtPage, typed: TypedForm) -> Response:
    """Stores what was chosen; a field that is empty keeps its earlier value."""
    choice = Choice(typed.filled("channel"), typed.filled("chat_url"), typed.filled("digest_at"))
    return await _choose(visit, typed, choice)


@router.post(f"{PATH}/notices/reset")
async def reset(visit: AtPage, typed: TypedForm) -> Response:
    """Forgets what the person chose: the company's defaults apply."""
    return await _choose(visit, typed, Choice(reset=True))


async def _choose(visit: Visit, typed: TypedForm, choice: Choice) -> Response:
    try:
        await preferences_of(visit).choose(visit.caller, person_of(visit.caller), choice)
    except MeguriError as refused:
        return await again(visit, "notices", typed, refused)
    return RedirectResponse(f"{PATH}?done=notices#notices", SEE_OTHER)


async def again(visit: Visit, form: str, typed: TypedForm, refused: MeguriError) -> Response:
    """The page with this form as it was typed, and why it was refused."""
    values = await page_values(visit) | await refused_form(visit, form, typed, refused)
    return visit.page("preferences.html", status_of(refused), **values)


def preferences_of(visit: Visit) -> Preferences:
    settings = visit.opened.settings
    company_chat, private_hosts = settings.channel == "chat", settings.chat_private_hosts
    return Preferences(visit.opened.engine, company_chat=company_chat, private_hosts=private_hosts)


def sessions_of(visit: Visit) -> Sessions:
    return Sessions(visit.opened.engine, visit.opened.session_limits.idle)


async def page_values(visit: Visit) -> dict[str, Any]:
    """What the page shows; each list is the person's own."""
    person, settings, caller = person_of(visit.caller), visit.opened.settings, visit.caller
    chosen = document_of(person, await preferences_of(visit).show(caller, person))
    sessions = await sessions_of(visit).list_sessions(caller, visit.session, visit.now)
    keys = (await Passkeys(visit.opened.engine, None).list_passkeys(caller, own=True)).passkeys
    tokens = (await visit.opened.tokens.list_tokens(caller, visit.now, own=True)).tokens
    return {
        **NOT_REFUSED,
        "zone": DIRECTORY_ZONE.key,
        "chosen": chosen,
        "channels": _channels(visit, chosen.channel),
        "digest_is_daily": settings.digest == "daily",
        "calendar_since": (await visit.opened.calendar_links.show(caller)).created_at,
        "sessions": sessions.sessions,
        "uses_passkeys": settings.passkeys,
        "passkeys": [one for one in keys if one.ended_at is None],
        "removed_passkeys": [one for one in keys if one.ended_at][:MOST],
        "tokens": [one for one in tokens if one.usable],
        "old_tokens": [one for one in tokens if not one.usable][:MOST],
        "scopes": [(one.value, word("scope", one, visit.locale)) for one in scopes_for(visit.who)],
        "default_days": DEFAULT_DAYS,
        "most_days": MAX_DAYS,
        "ended": frozenset(one.token for one in tokens if one.ended_at),  # rather than expired
    }


def _channels(visit: Visit, chosen: str | None) -> list[tuple[str, str]]:
    """The channels to choose from; the company's by its name, as long as the person chose none."""
    default = visit.opened.settings.channel
    shown = [one for one in _CHANNELS if one != "console" or "console" in (default, chosen)]
    named = [(one, word("channel", one, visit.locale)) for one in shown]
    return (
        named if chosen else [("", visit.text("console.preferences.company", channel=_named(visit, default))), *named]
    )


def _named(visit: Visit, channel: str) -> str:
    return visit.text("console.preferences.no_channel") if channel == "null" else word("channel", channel, visit.locale)


def scopes_for(who: Visitor) -> list[Scope]:
    """What a token of this person can be of use for."""
    by_role = {one for one, role in _NEEDS.items() if role in who.roles}
    by_hr = {Scope.CYCLES, Scope.PEOPLE} if who.is_hr else set()
    keeps = {Scope.PEOPLE} if who.roles & {CompanyRole.DIRECTORY, CompanyRole.SYSTEM} else set()
    return [one for one in Scope if one in {Scope.READ, Scope.GOALS} | by_role | by_hr | keeps]
