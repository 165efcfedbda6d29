"""Signing in by a passkey, and adding one: two pages, and what their module asks for. Problems are those of the API."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from domain.sign_in import path_after
from domain.values import Frozen
from service.passkey_sign_in import PasskeySignIn
from service.passkeys import PAGE
from texts.say import say
from web.bodies import JSON_ONLY, strict
from web.callers import address_of
from web.cookies import attempt_in, forget_attempt, session_in, set_attempt, set_session
from web.locales import locale_of
from web.opened import opened_of
from web.origins import require_this_site
from web.pages import page
from web.passkey_site import site_of, way_to_name

router = APIRouter(include_in_schema=False)


class Wanted(Frozen):
    """Where to go after signing in."""

    next: Annotated[str, Field(max_length=2000)] = "/"


class Link(Frozen):
    """What follows `#` in the address of a link."""

    link: Annotated[str, Field(max_length=200)]


class NewPasskey(Link):
    """What the device made for the link's person."""

    credential: dict[str, Any]


def _here(request: Request) -> PasskeySignIn:
    opened = opened_of(request)
    require_this_site(request, opened.public)
    return PasskeySignIn(opened.engine, opened.sign_in, site_of(request))


Here = Annotated[PasskeySignIn, Depends(_here)]


@router.get("/sign-in")
async def sign_in_page(request: Request, wanted: Annotated[str, Query(alias="next")] = "/") -> Response:
    path = path_after(wanted)
    has_provider = hasattr(request.app.state, "provider")
    return way_to_name(request) or page("sign_in.html", locale_of(request), wanted=path, has_provider=has_provider)


@router.get(PAGE)
async def passkey_page(request: Request) -> Response:
    return way_to_name(request) or page("passkey.html", locale_of(request))


@router.post("/sign-in/passkey/challenge", dependencies=[JSON_ONLY])
async def begin(request: Request, here: Here, body: strict(Wanted)) -> Response:  # type: ignore[valid-type]  # a type made by a function
    attempt, options = await here.begin(body.next, address_of(request), datetime.now(UTC))
    answer = JSONResponse(options)
    set_attempt(request, answer, attempt)
    return answer


@router.post(PAGE, dependencies=[JSON_ONLY])
async def enter(request: Request, here: Here, body: dict[str, Any]) -> Response:
    session, path = await here.enter(attempt_in(request), body, session_in(request), datetime.now(UTC))
    answer = JSONResponse({"next": path})
    set_session(request, answer, str(session))
    forget_attempt(request, answer)
    return answer


@router.post("/sign-in/passkey/link", dependencies=[JSON_ONLY])
async def begin_adding(request: Request, here: Here, body: strict(Link)) -> Response:  # type: ignore[valid-type]  # as above
    attempt, name, options = await here.begin_adding(body.link, address_of(request), datetime.now(UTC))
    person = say("screen.new_passkey.person", locale_of(request), name=name)
    answer = JSONResponse({"person": person, "options": options})
    set_attempt(request, answer, attempt)
    return answer


@router.post("/sign-in/passkey/new", dependencies=[JSON_ONLY])
async def add(request: Request, here: Here, body: strict(NewPasskey)) -> Response:  # type: ignore[valid-type]  # as above
    await here.add(attempt_in(request), body.link, body.credential, datetime.now(UTC))
    answer = JSONResponse({})
    forget_attempt(request, answer)
    return answer
