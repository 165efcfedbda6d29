"""Every error as an answer in SCIM's form (RFC 7644, 3.12). `detail` is the same sentence as in problem details elsewhere."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from scim2_models import Error, SCIMException
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from domain.errors import MeguriError
from domain.messages import Message, message
from domain.refusals import Code
from service.tokens import NotSignedIn, TooManyRequests
from texts.say import say
from web.callers import ScopeMissing
from web.locales import locale_of
from web.problems import headers_of, log_refused, most_bytes

MEDIA_TYPE = "application/scim+json"
_TYPE_OF: Mapping[str, str] = {
    Code.RESOURCE_TAKEN: "uniqueness",
    Code.UNKNOWN_MANAGER: "invalidValue",
    Code.UNKNOWN_MEMBER: "invalidValue",
    Code.INVALID: "invalidValue",
}
_SENTENCES = {404: "error.no_such_page", 405: "error.wrong_method", 413: "error.body_too_large"}

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Answers every error of the app's routes."""
    app.add_exception_handler(MeguriError, answer_to)
    app.add_exception_handler(SCIMException, _scim_error)
    app.add_exception_handler(ValidationError, _wrong_body)
    app.add_exception_handler(HTTPException, _http_error)
    for lost in (OSError, DBAPIError):
        app.add_exception_handler(lost, _lost)
    app.add_exception_handler(Exception, _unexpected)


async def answer_to(request: Request, error: Exception) -> Response:
    """The answer to an error of ours. SCIM has 400 for what a request says wrongly."""
    known = cast("MeguriError", error)
    status = int(known.status)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = int(HTTPStatus.BAD_REQUEST)
    log_refused(request, known.code, status)
    headers = headers_of(known, status) if isinstance(known, NotSignedIn | TooManyRequests | ScopeMissing) else {}
    return _answer(request, status, known.message, _TYPE_OF.get(known.code), headers)


async def _scim_error(_: Request, error: Exception) -> Response:
    return _as_answer(cast("SCIMException", error).to_error())


async def _wrong_body(_: Request, error: Exception) -> Response:
    """What the models of SCIM refused. Pydantic's sentences name the attribute and repeat no value."""
    return _as_answer(Error.from_validation_error(cast("ValidationError", error).errors(include_input=False)[0]))


async def _http_error(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    sentence = message(_SENTENCES.get(known.status_code, "error.wrong_request"), most=most_bytes(request.url.path))
    return _answer(request, known.status_code, sentence, None, dict(known.headers or {}))


async def _lost(request: Request, _: Exception) -> Response:
    log.warning("server_lost", server="PostgreSQL", route="scim")
    return _answer(request, 503, message("error.server_lost", server="PostgreSQL"), None, {"Retry-After": "5"})


async def _unexpected(request: Request, error: Exception) -> Response:
    """A defect. The log has it whole; the answer says nothing of it."""
    log.error("request_failed", method=request.method, route="scim", exc_info=error)
    return _answer(request, 500, message("error.unexpected"), None, {})


def _answer(
    request: Request, status: int, text: Message, scim_type: str | None, headers: Mapping[str, str]
) -> Response:
    error = Error(status=status, scim_type=scim_type, detail=say(text, locale_of(request)))
    return _as_answer(error, {"Content-Language": locale_of(request).value, **headers})


def _as_answer(error: Error, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(error.model_dump(), error.status or 400, dict(headers or {}), MEDIA_TYPE)
