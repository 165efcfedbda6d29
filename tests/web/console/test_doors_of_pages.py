"""No page shows or does anything for somebody who is not signed in, or for a page of another site."""

import re
from importlib import import_module
from pkgutil import iter_modules

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import web.console
from tests.service.steered import MORI, Steered
from tests.web.people import session_of

OPEN = {"/language", "/inbox"}  # a cookie with a language; where mails lead to, which is a page with a door of its own
ROUTERS = [
    found
    for one in iter_modules(web.console.__path__)
    if one.name != "router"
    if isinstance(found := getattr(import_module(f"web.console.{one.name}"), "router", None), APIRouter)
]
ROUTES = sorted(
    (method, re.sub(r"\{[^}]*\}", "1", route.path))
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.path not in OPEN
    for method in (route.methods or ())
)


def test_there_are_routes_of_both_methods() -> None:
    assert len([one for one in ROUTES if one[0] == "GET"]) > 40
    assert len([one for one in ROUTES if one[0] == "POST"]) > 20


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_somebody_who_is_not_signed_in_is_led_to_the_sign_in_and_changes_nothing(
    web: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await web.request(
        method, path, data={"x": "1"} if method == "POST" else None, headers={"Sec-Fetch-Site": "same-origin"}
    )
    if method == "GET":
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path
    else:
        assert answer.status_code == 401, path
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("method", "path"), [one for one in ROUTES if one[0] != "GET"])
async def test_a_page_of_another_site_sends_nothing_in_the_name_of_who_is_signed_in(
    company: Steered, web: httpx.AsyncClient, method: str, path: str
) -> None:
    headers = await session_of(company, MORI) | {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = await web.request(method, path, data={"x": "1"}, headers=headers)
    assert answer.status_code == 403, path
