"""The ASGI application: the routes, the errors, and what holds for every request."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_plus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import api, calendar, document, pages, passkeys, problems, scim, sign_in
from web.bodies import require_storable
from web.console import router as console
from web.opened import Opened, opened_of
from web.origins import Origin, OtherHost, require_host
from web.passkey_site import require_passkeys
from web.provider import origins_of, provider_of, require_choosing

_HEADERS = [
    (b"cache-control", b"no-store"),  # what one person may see is not for the next one at the same machine
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]

# For pages of other sites that the settings name: a token in a header, never the cookie of a session.
_OTHER_SITES: dict[str, Any] = {
    "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": ["Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
    "expose_headers": ["ETag", "Location", "Retry-After"],
}
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_HEALTH = frozenset({"/healthz", "/readyz"})  # asked by machines that know an address only


def make_app(opened: Opened) -> FastAPI:
    """Raises `WrongSignIn` for settings that do not fit together, and `WrongHookKey`."""
    opened.hook_key  # noqa: B018 - so that a wrong one stops the start, and not the first request
    provider = provider_of(opened.settings)
    app = FastAPI(
        title="Meguri",
        version="1",
        summary="Goals and their review cycles",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_name_of,
    )
    app.state.opened = opened
    problems.install(app)
    document.install(app)
    app.router.routes += [*pages.router.routes, *console.ROUTES]
    app.include_router(api.router)
    app.include_router(calendar.router)
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    app.add_api_route("/readyz", _readyz, include_in_schema=False)
    app.mount(scim.PATH, scim.make_scim_app(opened))
    if opened.settings.choose_person:
        require_choosing(opened.settings, is_embedded=opened.is_embedded)
        app.include_router(sign_in.choosing)
    if opened.settings.passkeys:
        require_passkeys(opened.settings, is_embedded=opened.is_embedded)
        app.include_router(passkeys.router)
    if provider:
        app.state.provider = provider
        app.include_router(sign_in.router)
    if opened.settings.choose_person:
        app.include_router(sign_in.only_choosing)  # where no other way to sign in has the path
    if provider or opened.settings.choose_person or opened.settings.passkeys:
        app.include_router(sign_in.leaving)
    if others := origins_of(opened.settings.cors_origins):
        app.add_middleware(CORSMiddleware, allow_origins=others, **_OTHER_SITES)
    app.add_middleware(_Bounds, public=opened.public)
    return app


def _name_of(route: APIRoute) -> str:
    return route.name


async def _healthz() -> dict[str, str]:
    return {"status": "OK"}


async def _readyz(request: Request) -> dict[str, str]:
    """Whether PostgreSQL answers: reads need nothing else."""
    async with opened_of(request).engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return {"status": "OK"}


class _Bounds:
    """Refuses a body that is too large, however it is sent, another host than the public one, and texts in the address that no
    database stores; puts the same headers on every answer.
    """

    def __init__(self, app: ASGIApp, public: Origin | None) -> None:
        self._app, self._public = app, public
        self._headers = [*_HEADERS, _HSTS] if public and public.is_secure else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, self._headers)
        try:
            if self._public and scope["path"] not in _HEALTH:
                require_host(Headers(scope=scope), self._public)
            require_storable("path", scope["path"])
            require_storable("query", unquote_plus(scope["query_string"].decode("latin-1")))
        except (OtherHost, RequestValidationError) as refused:
            answer = await problems.answer_to(Request(scope, receive), refused)
            await answer(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, problems.most_bytes(scope["path"])), send)


def _bounded(receive: Receive, most: int) -> Receive:
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413)  # FastAPI turns any other error of the body into a 400
        return message

    return bounded


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Callable[[Message], Awaitable[Any]]:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *(one for one in headers if one[0] not in own)]}
        await send(message)

    return with_headers
