"""Passkeys over HTTP: the pages, where they may be used from, and the routes for one's own passkeys and for links."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.roles import Roles
from service.tokens import ApiTokens
from settings import Settings
from storage.database import open_database
from storage.tables import EmployeeRow, PasskeyLinkRow, PasskeyRow, SessionRow
from tests.callers import OPERATOR, by
from tests.servers import Postgres
from tests.web.devices import Device, text_of
from tests.web.providers import CLIENT, SECRET, answering
from web.app import make_app
from web.opened import Opened, Temporal
from web.provider import WrongSignIn
from web.serving import listen, serving

pytestmark = pytest.mark.slow
MORI, HARA, ADMIN = EmployeeId("E11"), EmployeeId("E12"), EmployeeId("E13")
HERE = {"Sec-Fetch-Site": "same-origin"}


async def _no_temporal() -> Client:
    raise AssertionError


_NO_TEMPORAL = Temporal(_no_temporal)


@pytest_asyncio.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        async with engine.begin() as connection:
            rows = [{"id": one, "name": f"氏名{one}", "department": "経理部"} for one in (MORI, HARA, ADMIN)]
            await connection.execute(insert(EmployeeRow), rows)
        await Roles(engine).give(OPERATOR, ADMIN, CompanyRole.SYSTEM)
        yield engine
        await engine.dispose()


@asynccontextmanager
async def site(engine: AsyncEngine, *, is_embedded: bool = False, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at a web server with passkeys."""
    listener = listen("127.0.0.1:0")
    own: dict[str, Any] = {
        "passkeys": True,
        "public_url": f"http://localhost:{listener.getsockname()[1]}",
        "web_rate": 0,
    } | settings
    async with (
        serving(Settings(**own), engine, _NO_TEMPORAL, listener, is_embedded=is_embedded) as url,
        httpx.AsyncClient(base_url=url.replace("127.0.0.1", "localhost"), headers=HERE) as browser,
    ):
        yield browser


@pytest_asyncio.fixture
async def browser(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with engine.begin() as connection:
        for table in (SessionRow, PasskeyRow, PasskeyLinkRow):
            await connection.execute(delete(table))
        await connection.execute(update(EmployeeRow).values(leaves=None))
    async with site(engine) as browser:
        yield browser


def device(browser: httpx.AsyncClient) -> Device:
    return Device(str(browser.base_url).rstrip("/"))


async def token(engine: AsyncEngine, person: str, *scopes: str) -> dict[str, str]:
    wish = {"label": "test", "scopes": scopes or ("read", "people")}
    return {"Authorization": f"Bearer {(await ApiTokens(engine).make(by(person), wish, datetime.now(UTC))).secret}"}


async def link_for(engine: AsyncEngine, browser: httpx.AsyncClient, person: str = MORI) -> str:
    """The secret part of a link, which the API made."""
    made = await browser.post(f"/api/v1/people/{person}/passkey-link", headers=await token(engine, ADMIN))
    assert made.status_code == 201, made.text
    page, _, secret = made.json()["link"].partition("#")
    assert page == f"{str(browser.base_url).rstrip('/')}/sign-in/passkey"
    return str(secret)


async def add(browser: httpx.AsyncClient, link: str, phone: Device) -> httpx.Response:
    found = await browser.post("/sign-in/passkey/link", json={"link": link})
    if found.status_code != 200:
        return found
    credential = phone.add(found.json()["options"])
    return await browser.post("/sign-in/passkey/new", json={"link": link, "credential": credential})


async def enter(browser: httpx.AsyncClient, phone: Device, wanted: str = "/") -> httpx.Response:
    options = (await browser.post("/sign-in/passkey/challenge", json={"next": wanted})).json()
    return await browser.post("/sign-in/passkey", json=phone.sign(options))


async def added(engine: AsyncEngine, browser: httpx.AsyncClient) -> Device:
    phone = device(browser)
    assert (await add(browser, await link_for(engine, browser), phone)).status_code == 200
    return phone


async def inbox(browser: httpx.AsyncClient) -> int:
    return (await browser.get("/api/v1/inbox")).status_code


# The way of a person


async def test_a_person_adds_a_passkey_signs_in_and_out_and_removes_it(
    engine: AsyncEngine, browser: httpx.AsyncClient
) -> None:
    phone = await added(engine, browser)
    assert await inbox(browser) == 401  # to add one is not to sign in
    answer = await enter(browser, phone, "/goals?state=active#top")
    assert answer.json() == {"next": "/goals?state=active#top"}
    assert "meguri-sign-in" not in browser.cookies
    assert await inbox(browser) == 200
    await browser.post("/sign-out")
    assert await inbox(browser) == 401
    await enter(browser, phone)
    listed = (await browser.get("/api/v1/passkeys")).json()["passkeys"]
    assert [(one["employee"], one["synced"], one["ended_at"]) for one in listed] == [(MORI, False, None)]
    path = f"/api/v1/passkeys/{listed[0]['passkey']}"
    assert (await browser.delete(path, headers=await token(engine, HARA))).status_code == 403
    assert (await browser.delete(path, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await browser.delete(path)).json()["ended_at"]
    assert await inbox(browser) == 401
    refused = await enter(browser, phone)
    assert (refused.status_code, refused.json()["code"]) == (403, "other_passkey")


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/sign-in", "javascript:x", ""]
)
async def test_a_way_to_another_origin_leads_to_the_first_page(
    engine: AsyncEngine, browser: httpx.AsyncClient, wanted: str
) -> None:
    phone = await added(engine, browser)
    assert (await enter(browser, phone, wanted)).json() == {"next": "/"}
    page = (await browser.get("/sign-in", params={"next": wanted})).text
    assert 'data-next="/"' in page


async def test_the_page_keeps_where_the_person_wanted_to_go(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/sign-in", params={"next": '/goals?a=1&b="<x>'})).text
    assert 'data-next="/goals?a=1&amp;b=&#34;&lt;x&gt;"' in page


async def test_an_answer_is_used_once_by_the_browser_that_began(
    engine: AsyncEngine, browser: httpx.AsyncClient
) -> None:
    phone = await added(engine, browser)
    options = (await browser.post("/sign-in/passkey/challenge", json={})).json()
    kept, sent = dict(browser.cookies), phone.sign(options)
    async with httpx.AsyncClient(base_url=browser.base_url, headers=HERE) as stranger:
        assert (await stranger.post("/sign-in/passkey", json=sent)).status_code == 401
        await stranger.post("/sign-in/passkey/challenge", json={})
        assert (await stranger.post("/sign-in/passkey", json=sent)).json()["code"] == "sign_in_failed"
    assert (await browser.post("/sign-in/passkey", json=sent)).status_code == 200
    browser.cookies.clear()
    browser.cookies.update(kept)
    refused = await browser.post("/sign-in/passkey", json=sent)
    assert (refused.status_code, refused.json()["code"], await inbox(browser)) == (401, "sign_in_failed", 401)


async def test_a_link_works_once_and_not_for_somebody_who_left(engine: AsyncEngine, browser: httpx.AsyncClient) -> None:
    link = await link_for(engine, browser)
    assert (await add(browser, link, device(browser))).status_code == 200
    refused = await add(browser, link, device(browser))
    assert (refused.status_code, refused.json()["code"]) == (404, "link_over")
    phone, another = await added(engine, browser), await link_for(engine, browser)
    async with engine.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MORI).values(leaves=date(2020, 1, 1)))
    assert (await add(browser, another, device(browser))).json()["code"] == "link_over"
    assert (await enter(browser, phone)).json()["code"] == "other_passkey"


async def test_a_passkey_of_another_site_is_refused(engine: AsyncEngine, browser: httpx.AsyncClient) -> None:
    phone, link = await added(engine, browser), await link_for(engine, browser)
    for origin in ("https://evil.example", "http://localhost:1", "http://127.0.0.1"):
        refused = await add(browser, link, Device(origin))
        assert (refused.status_code, refused.json()["code"]) == (422, "passkey_not_added")
        phone.origin = origin
        assert (await enter(browser, phone)).json()["code"] == "sign_in_failed"
    assert await inbox(browser) == 401


# Where requests come from


@pytest.mark.parametrize(
    "path", ["/sign-in/passkey", "/sign-in/passkey/new", "/sign-in/passkey/link", "/sign-in/passkey/challenge"]
)
async def test_another_site_or_form_cannot_ask(engine: AsyncEngine, path: str) -> None:
    async with site(engine) as browser:
        del browser.headers["Sec-Fetch-Site"]
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await browser.post(path, json={}, headers=headers)).json()["code"] == "not_of_this_site"
        assert (await browser.post(path, data={"x": "y"}, headers=HERE)).status_code == 415
        assert (
            await browser.post(path, content="[", headers={**HERE, "Content-Type": "application/json"})
        ).status_code == 422
        assert (await browser.post(path, json=[], headers=HERE)).status_code == 422
        assert (await browser.post(path, json={}, headers={**HERE, "Host": "evil.example"})).status_code == 421
        own = {"Origin": str(browser.base_url).rstrip("/")}
        assert (await browser.post(path, json={}, headers=own)).status_code in (200, 401, 422)


async def test_beside_servers_of_this_machine_the_pages_are_at_localhost(engine: AsyncEngine) -> None:
    async with site(engine, is_embedded=True, public_url=None) as browser:
        port = browser.base_url.port
        sent_on = await browser.get(f"http://127.0.0.1:{port}/sign-in?next=/goals")
        assert (sent_on.status_code, sent_on.headers["location"]) == (
            303,
            f"http://localhost:{port}/sign-in?next=/goals",
        )
        phone = await added(engine, browser)
        assert (await enter(browser, phone)).status_code == 200
        for host in (f"evil.example:{port}", ""):
            for method, path in (("GET", "/sign-in"), ("POST", "/sign-in/passkey/challenge")):
                answer = await browser.request(method, path, headers={"Host": host}, json={})
                assert answer.status_code in (400, 421)


# Pages


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/passkey"])
async def test_a_page_is_in_the_reader_s_language_and_has_nothing_inline(browser: httpx.AsyncClient, path: str) -> None:
    for language, word in (("ja", "パスキー"), ("en", "passkey")):
        answer = await browser.get(path, headers={"Accept-Language": language})
        assert (answer.status_code, answer.headers["content-language"]) == (200, language)
        assert f'<html lang="{language}">' in answer.text
        assert word in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert re.findall(r"<script(?![^>]* src=)|style=|<style| on[a-z]+=", answer.text) == []
        for linked in re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', answer.text):
            assert (await browser.get(linked)).headers["content-type"].partition(";")[0] in (
                "text/css",
                "text/javascript",
            )


async def test_beside_a_provider_the_page_offers_both(engine: AsyncEngine) -> None:
    provider: dict[str, Any] = {
        "oidc_issuer": "https://login.example",
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
    }
    async with site(engine, **provider) as browser:
        page = (await browser.get("/sign-in?next=/goals?a=1%26b=2")).text
        assert 'href="/sign-in/provider?next=/goals%3Fa%3D1%26b%3D2"' in page
    async with site(engine) as browser:
        assert "/sign-in/provider" not in (await browser.get("/sign-in")).text
        assert (await browser.get("/sign-in/provider")).status_code == 404


async def test_where_passkeys_are_off_there_are_no_pages_and_no_links(engine: AsyncEngine) -> None:
    async with site(engine, passkeys=False) as browser:
        for method, path in (("GET", "/sign-in"), ("GET", "/sign-in/passkey"), ("POST", "/sign-in/passkey")):
            assert (await browser.request(method, path, json={})).status_code == 404
        refused = await browser.post(f"/api/v1/people/{MORI}/passkey-link", headers=await token(engine, ADMIN))
        assert (refused.status_code, refused.json()["code"]) == (409, "passkeys_off")


@pytest.mark.parametrize(
    ("settings", "is_embedded", "variable"),
    [
        ({}, False, "MEGURI_PUBLIC_URL"),
        ({"public_url": "http://meguri.example"}, False, "MEGURI_PUBLIC_URL"),
        ({"public_url": "https://192.0.2.1"}, False, "MEGURI_PUBLIC_URL"),
        ({"public_url": "https://[2001:db8::1]"}, False, "MEGURI_PUBLIC_URL"),
        ({"public_url": "http://127.0.0.1:8080"}, False, "MEGURI_PUBLIC_URL"),
        ({"public_url": "meguri.example"}, True, "MEGURI_PUBLIC_URL"),
        ({"web_address": "0.0.0.0:8080"}, True, "MEGURI_PUBLIC_URL"),
        ({"choose_person": True}, True, "MEGURI_CHOOSE_PERSON"),
    ],
)
def test_settings_with_which_no_browser_uses_a_passkey_prevent_the_start(
    settings: dict[str, Any], is_embedded: bool, variable: str
) -> None:
    for fitting, beside in (
        ({"public_url": "https://meguri.example"}, False),
        ({"public_url": "http://localhost:80"}, False),
        ({}, True),
    ):
        make_app(Opened(Settings(passkeys=True, **fitting), None, _NO_TEMPORAL, beside))  # type: ignore[arg-type]  # nothing is asked of it
    with pytest.raises(WrongSignIn) as refused:
        make_app(Opened(Settings(passkeys=True, **settings), None, _NO_TEMPORAL, is_embedded))  # type: ignore[arg-type]  # as above
    assert refused.value.message.fields["variable"] == variable


async def test_the_log_has_no_link_no_challenge_no_session_and_no_name(
    engine: AsyncEngine, browser: httpx.AsyncClient
) -> None:
    """Of a process of its own: in this one the client of the tests logs what it sends."""
    with listen("127.0.0.1:0") as free:
        port = free.getsockname()[1]
    environment = {
        "DATABASE_URL": engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "MEGURI_WEB_ADDRESS": f"127.0.0.1:{port}", "MEGURI_PUBLIC_URL": f"http://localhost:{port}",
        "MEGURI_PASSKEYS": "true", "MEGURI_LOG_LEVEL": "debug",
    }  # fmt: skip
    pipe = asyncio.subprocess.PIPE
    web = await asyncio.create_subprocess_exec(
        sys.executable, "web.py", env=os.environ | environment, stderr=pipe, stdout=pipe
    )
    async with httpx.AsyncClient(base_url=f"http://localhost:{port}", headers=HERE) as client:
        await answering(client)
        link, phone = await link_for(engine, client), device(client)
        assert (await add(client, link, phone)).status_code == 200
        assert (await add(client, link, phone)).status_code == 404
        options = (await client.post("/sign-in/passkey/challenge", json={})).json()
        secrets = [
            link.rpartition("_")[2],
            client.cookies["meguri-sign-in"],
            options["challenge"],
            "氏名",
            text_of(phone.credential),
        ]
        phone.signs_altered = True
        assert (await client.post("/sign-in/passkey", json=phone.sign(options))).status_code == 401
        phone.signs_altered = False
        assert (await enter(client, phone)).status_code == 200
        secrets.append(client.cookies["meguri-session"].rpartition("_")[2])
    web.terminate()
    text = "".join(part.decode() for part in await web.communicate())
    for expected in ("passkey_added", "signed_in", "sign_in_failed"):
        assert f'"event": "{expected}"' in text
    assert [one for one in secrets if one in text] == []
