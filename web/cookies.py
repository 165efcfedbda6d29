"""The cookies: of a session and of an attempt to sign in, each a secret of which the database has a hash; and of a chosen language."""

import re
from typing import Any

from fastapi import Request, Response

from domain.sign_in import MINUTES, Attempt
from domain.values import Locale
from web.locales import CHOSEN
from web.opened import opened_of

_YEAR = 366 * 86_400
_SECRET = re.compile(r"[0-9a-f]{64}")


def session_in(request: Request) -> str | None:
    return request.cookies.get(_name(request, "session"))


def attempt_in(request: Request) -> Attempt | None:
    """The attempt that this browser began."""
    secret = request.cookies.get(_name(request, "sign-in"), "")
    return Attempt(secret) if _SECRET.fullmatch(secret) else None


def set_session(request: Request, response: Response, text: str) -> None:
    """Until the browser is closed; the server ends it before, if its time is over."""
    response.set_cookie(_name(request, "session"), text, **_kind(request))


def set_attempt(request: Request, response: Response, attempt: Attempt) -> None:
    response.set_cookie(_name(request, "sign-in"), attempt.secret, max_age=MINUTES * 60, **_kind(request))


def set_language(request: Request, response: Response, locale: Locale) -> None:
    response.set_cookie(CHOSEN, locale.value, max_age=_YEAR, **_kind(request))


def forget_session(request: Request, response: Response) -> None:
    response.delete_cookie(_name(request, "session"), **_kind(request))


def forget_attempt(request: Request, response: Response) -> None:
    response.delete_cookie(_name(request, "sign-in"), **_kind(request))


def _kind(request: Request) -> dict[str, Any]:
    """Lax: a link from a mail, and the way back from the provider, come with the cookie."""
    return {"secure": _is_secure(request), "httponly": True, "samesite": "lax", "path": "/"}


def _name(request: Request, what: str) -> str:
    """`__Host-`: a browser takes the cookie from this host alone, by https; so no neighbour of the same domain can set it."""
    return f"__Host-meguri-{what}" if _is_secure(request) else f"meguri-{what}"


def _is_secure(request: Request) -> bool:
    public = opened_of(request).public
    return bool(public and public.is_secure)
