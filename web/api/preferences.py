"""How a person's notices come, and when."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from domain.access import person_of
from domain.values import EmployeeId, Frozen
from service.preferences import Choice, PreferenceDocument, Preferences, document_of
from web.api.parameters import EmployeePath
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["preferences"])


class ChosenPreferences(Frozen):
    """A field that is missing or null keeps its earlier value; `reset` clears all earlier values first."""

    channel: Literal["mail", "chat", "console"] | None = None
    chat_url: Annotated[str | None, Field(max_length=2000, description="https; never shown again as a whole")] = None
    digest_at: Annotated[str | None, Field(max_length=5, examples=["09:30"])] = None
    reset: bool = False


@router.get("/preferences")
async def read_preferences(request: Request, caller: Reader) -> PreferenceDocument:
    """The caller's own."""
    person = person_of(caller)
    return document_of(person, await _preferences(request).show(caller, person))


@router.patch("/preferences", dependencies=[JSON_ONLY], responses=responses(400, 413, 415))
async def choose_preferences(
    request: Request,
    caller: GoalActor,
    body: strict(ChosenPreferences),  # type: ignore[valid-type]  # made at run time
) -> PreferenceDocument:
    """Changes the caller's own. A repeat changes nothing."""
    person = person_of(caller)
    return document_of(person, await _preferences(request).choose(caller, person, _choice(body)))


@router.get("/people/{employee}/preferences", responses=responses(404))
async def read_preferences_of(request: Request, caller: Reader, employee: EmployeePath) -> PreferenceDocument:
    """The person's, for themselves and HR."""
    person = EmployeeId(employee)
    return document_of(person, await _preferences(request).show(caller, person))


@router.patch("/people/{employee}/preferences", dependencies=[JSON_ONLY], responses=responses(400, 404, 413, 415))
async def choose_preferences_of(
    request: Request,
    caller: GoalActor,
    employee: EmployeePath,
    body: strict(ChosenPreferences),  # type: ignore[valid-type]  # made at run time
) -> PreferenceDocument:
    """Changes the person's, by themselves or by HR. A repeat changes nothing."""
    person = EmployeeId(employee)
    return document_of(person, await _preferences(request).choose(caller, person, _choice(body)))


def _preferences(request: Request) -> Preferences:
    opened = opened_of(request)
    company_chat, private_hosts = opened.settings.channel == "chat", opened.settings.chat_private_hosts
    return Preferences(opened.engine, company_chat=company_chat, private_hosts=private_hosts)


def _choice(body: ChosenPreferences) -> Choice:
    return Choice(body.channel, body.chat_url, body.digest_at, body.reset)
