"""Errors of pages as pages: what happened, why, and what to do. What somebody typed is on the page, so that it is not lost."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from service.tokens import NotSignedIn
from storage.database import one_snapshot
from web import pages
from web.console.forms import Typed, read_typed
from web.locales import locale_of
from web.problems import Problem, answered

SEE_OTHER = 303  # followed by a GET
# The same may be sent again: after signing in, later, or when the server is back.
_TO_REPEAT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


_Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route whose errors are pages. Somebody who is not signed in is led to the sign-in, and back."""

    def get_route_handler(self) -> _Handle:
        handle = super().get_route_handler()

        async def as_page(request: Request) -> Response:
            try:
                return await (_seen_at_once(handle, request) if request.method == "GET" else handle(request))
            except NotSignedIn as error:
                if request.method == "GET":
                    return to_sign_in(request)
                return await problem_page(request, error)
            except Exception as error:  # noqa: BLE001 - `answered` logs a defect
                return await problem_page(request, error)

        return as_page


async def _seen_at_once(handle: _Handle, request: Request) -> Response:
    """A page that shows: all its parts as of the same moment."""
    async with one_snapshot():
        return await handle(request)


def to_sign_in(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = request.url.path + query
    return RedirectResponse(f"/sign-in?{urlencode({'next': wanted})}" if wanted != "/" else "/sign-in", SEE_OTHER)


async def problem_page(request: Request, error: Exception) -> Response:
    """The error as a page of its own, with what was typed. Pages with forms show most refusals beside the form instead."""
    problem, headers = await answered(request, error)
    typed = await _typed(request)
    values = {
        "problem": problem,
        "kept": typed.kept if typed and problem.status in _TO_REPEAT else [],
        "written": typed.written if typed else [],
        "path": request.url.path,
        "is_signed_out": isinstance(error, NotSignedIn),
    }
    answer = _page(request, problem, values)
    for name in ("Retry-After", "Allow"):
        if name in headers:
            answer.headers[name] = headers[name]
    return answer


def _page(request: Request, problem: Problem, values: dict[str, Any]) -> Response:
    if visit := getattr(request.state, "visit", None):
        found: Response = visit.page("problem.html", problem.status, **values)
        return found
    return pages.page("problem_alone.html", locale_of(request), problem.status, **values)


async def _typed(request: Request) -> Typed | None:
    if request.method != "POST":
        return None
    try:
        return await read_typed(request)
    except (RequestValidationError, HTTPException, ValueError, RuntimeError):  # what is no form keeps nothing
        return None
