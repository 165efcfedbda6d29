"""Every error as an answer: problem details (RFC 9457), with the sentence in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field, JsonValue
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import MeguriError
from domain.findings import Finding
from domain.messages import Message, message
from domain.people.people_rows import MAX_BYTES
from domain.problems import place_of, problem_of
from domain.refusals import Code
from domain.values import Frozen, Locale
from service.giving import NotReady
from service.message_names import names_in_messages
from service.tokens import NotSignedIn, TooManyRequests
from texts.findings import FindingDocument, documents_of
from texts.say import say
from web.callers import ScopeMissing
from web.locales import locale_of
from web.opened import opened_of

MEDIA_TYPE = "application/problem+json"
_STATUS_OF_DOOR: Mapping[str, int] = {
    Code.GOAL_CHANGED: 412,
    "other_comparison": 412,
    "unsent_changed": 412,
    Code.TOO_LARGE: 413,
    "logout_refused": 400,  # by Back-Channel Logout 1.0
}  # where HTTP has a status of its own
_LOGGED = frozenset({401, 403, 421, 429})  # somebody tried what they may not do
_REFUSED_BY_HTTP = {  # what Starlette and web/app.py refuse: code and sentence
    404: ("no_such_page", "error.no_such_page"),
    405: ("wrong_method", "error.wrong_method"),
    413: ("body_too_large", "error.body_too_large"),
    415: ("wrong_media_type", "error.wrong_media_type"),
}
_UNAVAILABLE_SECONDS = "5"
_MOST_BYTES = 2_000_000  # of a request's body
_WITH_LARGE_FILES = ("/api/v1/directory/", "/api/v1/sheets", "/sheets/", "/sync")

log = structlog.get_logger()


def most_bytes(path: str) -> int:
    """The bytes that the body of a request may have: a file with all people, or all their sheets, is larger than any other."""
    return MAX_BYTES if path.startswith(_WITH_LARGE_FILES) else _MOST_BYTES


class FileRefused(MeguriError):
    """The findings about a file prevent what was asked."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("file_refused", message("error.file_refused"))


class ManyLeave(MeguriError):
    """More than a fifth of the people would leave, and the request does not say that it is meant."""

    def __init__(self, people: int) -> None:
        super().__init__("many_leave", message("error.many_leave", n=people))


class OtherComparison(MeguriError):
    """The directory, the file or the parameters are not those that were compared."""

    def __init__(self) -> None:
        super().__init__("other_comparison", message("error.other_comparison"))


class WrongPart(Frozen):
    """What is wrong in the request, and where."""

    where: str  # as `content.steps[0].due`; empty for the whole body
    message: str


class Problem(Frozen):
    """Problem details (RFC 9457). `code` and `fields` are for programs, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    errors: tuple[WrongPart, ...] = ()
    findings: tuple[FindingDocument, ...] = ()  # of the writing rules, or of a file


class Answered(NamedTuple):
    """An error as problem details, and the headers that belong to it."""

    problem: Problem
    headers: dict[str, str]


def install(app: FastAPI) -> None:
    """Answers every error of the app's routes."""
    for kind in (MeguriError, RequestValidationError, HTTPException, OSError, DBAPIError, RPCError, Exception):
        app.add_exception_handler(kind, answer_to)


async def answer_to(request: Request, error: Exception) -> Response:
    """The answer to an error, as JSON."""
    problem, headers = await answered(request, error)
    return JSONResponse(problem.model_dump(mode="json"), problem.status, headers, MEDIA_TYPE)


async def answered(request: Request, error: Exception) -> Answered:
    """What is answered to an error. Logs what somebody tried and may not, and defects."""
    if isinstance(error, MeguriError):
        return await _of_ours(request, error)
    if isinstance(error, RequestValidationError):
        return _wrong_request(request, error)
    return _http_error(request, error) if isinstance(error, HTTPException) else _unexpected(request, error)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for the OpenAPI document."""
    return {one: {"description": HTTPStatus(one).phrase} for one in statuses}


def status_of(error: MeguriError) -> int:
    """The status of HTTP that says the same as the error."""
    return _STATUS_OF_DOOR.get(error.code, int(error.status))


async def _of_ours(request: Request, known: MeguriError) -> Answered:
    fields = getattr(known, "fields", {})
    found = known.refusing if isinstance(known, NotReady) else getattr(known, "findings", ())
    findings = tuple(documents_of(found))
    names = await names_in_messages(opened_of(request).engine, [known.message]) if fields else {}
    status = status_of(known)
    log_refused(request, known.code, status)
    return _answer(
        request, status, known.code, known.message, names=names, fields=fields, findings=findings,
        headers=headers_of(known, status),
    )  # fmt: skip


def log_refused(request: Request, code: str, status: int) -> None:
    """Logs that somebody tried what they may not, if the status says so.

    Who is known has a line for each; strangers, who may send thousands, share a few lines a minute (`logs.RepeatedLines`).
    """
    if status not in _LOGGED:
        return
    found = getattr(request.state, "let_in", None)
    if found is None:
        log.warning("stranger_refused", code=code, status=status, route=_route(request))
    else:
        log.info("refused", code=code, status=status, route=_route(request), employee=found.caller.employee)


def headers_of(error: MeguriError, status: int) -> dict[str, str]:
    """The headers that belong to an error of ours."""
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, ScopeMissing):
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{error.scope}"'}
    return {"Retry-After": _UNAVAILABLE_SECONDS} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def _wrong_request(request: Request, error: RequestValidationError) -> Answered:
    """What FastAPI refused. Values are never repeated: one may be a secret, or a megabyte."""
    locale = locale_of(request)
    wrong = tuple(_part(one, locale) for one in error.errors())
    return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message("error.wrong_request"), errors=wrong)


def _part(details: Mapping[str, Any], locale: Locale) -> WrongPart:
    source, *place = details["loc"]
    is_json = details["type"] == "json_invalid"
    where = place_of(()) if is_json else place_of(tuple(place) if source == "body" else (source, *place))
    return WrongPart(where=where, message=say(problem_of(cast("Any", details)), locale))


def _http_error(request: Request, known: HTTPException) -> Answered:
    """What Starlette refused: a path or a method that does not exist, a body that is not JSON."""
    code, sentence = _REFUSED_BY_HTTP.get(known.status_code, ("wrong_request", "error.wrong_request"))
    return _answer(
        request,
        known.status_code,
        code,
        message(sentence, most=most_bytes(request.url.path)),
        headers=_allowed(request, known),
    )


def _allowed(request: Request, error: HTTPException) -> dict[str, str]:
    """The error's headers. Starlette names the methods of the first route of a path only, so `Allow` comes from the document."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        path, paths = request.url.path, request.app.openapi()["paths"]
        fitting = [path] if path in paths else [one for one in paths if compile_path(one)[0].match(path)]
        if not fitting:  # the last part of the path has slashes, which no pattern of the document fits
            route = str(getattr(request.scope.get("route"), "path_format", path))
            fitting = [one for one in paths if one.endswith(route)]
        ways = {way.upper() for one in fitting for way in paths[one]}
        headers["Allow"] = ", ".join(sorted(ways)) or headers.get("Allow", "")
    return headers


def _unexpected(request: Request, error: Exception) -> Answered:
    """A server that went away, or a defect. The log has it whole; the answer says nothing of it."""
    if isinstance(error, OSError) or (isinstance(error, DBAPIError) and not _is_defect(error)):
        return _lost(request, "PostgreSQL")
    if isinstance(error, RPCError) and error.status is RPCStatusCode.UNAVAILABLE:
        return _lost(request, "Temporal")
    log.error("request_failed", method=request.method, route=_route(request), exc_info=error)
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", message("error.unexpected"))


def _is_defect(error: DBAPIError) -> bool:
    """Whether PostgreSQL answered, and refused what it was asked: data (22), integrity (23), syntax or rights (42)."""
    return str(getattr(error.orig, "sqlstate", None) or "")[:2] in {"22", "23", "42"}


def _lost(request: Request, server: str) -> Answered:
    log.warning("server_lost", server=server, route=_route(request))
    text = message("error.server_lost", server=server)
    headers = {"Retry-After": _UNAVAILABLE_SECONDS}
    return _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, "unreachable", text, headers=headers)


def _route(request: Request) -> str:
    """The route's pattern: a path may hold a person's id, and a query what they looked for."""
    return str(getattr(request.scope.get("route"), "path", ""))


def _answer(
    request: Request,
    status: int,
    code: str,
    text: Message,
    *,
    names: Mapping[str, str] | None = None,
    fields: Mapping[str, JsonValue] | None = None,
    errors: Sequence[WrongPart] = (),
    findings: Iterable[FindingDocument] = (),
    headers: Mapping[str, str] | None = None,
) -> Answered:
    problem = Problem(
        type=f"urn:meguri:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=say(text, locale_of(request), names or {}),
        code=code,
        fields=dict(fields or {}),
        errors=tuple(errors),
        findings=tuple(findings),
    )
    own = {"Vary": "Accept-Language", "Content-Language": locale_of(request).value, **(headers or {})}
    return Answered(problem, own)
