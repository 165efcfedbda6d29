"""The headers of every answer: of what succeeds, of every kind of refusal, and of what is no API at all."""

import asyncio
import socket

import httpx
import pytest

from settings import Settings
from tests.service.steered import MORI, Steered
from tests.web.people import temporal_of, token_of
from web.app import make_app
from web.opened import Opened
from web.provider import WrongSignIn
from web.serving import listen, serving

EVERYWHERE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_PUBLIC = "meguri.example.com"
ANSWERS = {
    "a list": ("GET", "/api/v1/goals", 200),
    "the document": ("GET", "/api/v1/openapi.json", 200),
    "health": ("GET", "/healthz", 200),
    "a stranger": ("GET", "/api/v1/inbox", 401),
    "no such path": ("GET", "/nothing/here", 404),
    "no such goal": ("GET", "/api/v1/goals/q/E99/1", 404),
    "another method": ("DELETE", "/api/v1/inbox", 405),
    "a method that repeats what was sent": ("TRACE", "/api/v1/inbox", 405),
    "a question of another origin": ("OPTIONS", "/api/v1/inbox", 405),
    "a body that is none": ("POST", "/api/v1/cycles/q/problems", 422),
    "a body that is too large": ("POST", "/api/v1/cycles/q/problems", 413),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_answer_has_the_same_headers(company: Steered, web: httpx.AsyncClient, kind: str) -> None:
    method, path, status = ANSWERS[kind]
    headers = {} if kind == "a stranger" else await token_of(company, MORI)
    body = b"[" * 2_000_001 if status == 413 else b"{}" if method == "POST" else b""
    headers |= {"Content-Type": "application/json", "Origin": "https://evil.example"}
    answer = await web.request(method, path, headers=headers, content=body)
    assert answer.status_code == status, answer.text
    found = {name: answer.headers.get(name) for name in EVERYWHERE}
    assert found == EVERYWHERE
    assert not {one for one in answer.headers if one.startswith("access-control-")}  # other origins may read nothing
    assert "server" not in answer.headers


async def test_by_https_a_browser_never_comes_without_it_and_another_host_is_refused(company: Steered) -> None:
    settings = Settings(public_url=f"https://{_PUBLIC}")
    async with (
        serving(settings, company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url) as web,
    ):
        for host, status in ((_PUBLIC, 401), ("evil.example", 421), (f"{_PUBLIC}@evil.example", 421), ("", 421)):
            answer = await web.get("/api/v1/inbox", headers={"Host": host})
            assert answer.status_code == status, host
            assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
            assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


SMUGGLED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    "a length that is no number": b"Content-Length: +2\r\n\r\n{}",
    "parts by an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("how", SMUGGLED)
async def test_a_request_whose_end_is_doubtful_is_answered_once_and_the_connection_ends(
    web: httpx.AsyncClient, how: str
) -> None:
    """Else a proxy and this server could disagree on where the next request begins."""
    head = b"POST /api/v1/cycles/q/problems HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection((web.base_url.host, web.base_url.port or 80), timeout=10) as plain:
        plain.setblocking(True)
        plain.sendall(head + SMUGGLED[how])
        received = await _all_of(plain)
    assert received.count(b"HTTP/1.1 ") == 1, received
    assert received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 501")), received


async def _all_of(plain: socket.socket) -> bytes:
    def read() -> bytes:
        parts = b""
        while part := plain.recv(65536):
            parts += part
        return parts

    return await asyncio.to_thread(read)


INTRANET = "https://intranet.example.com"


async def test_pages_of_another_site_use_the_api_where_a_setting_names_it_and_with_a_token_alone(
    company: Steered,
) -> None:
    settings = Settings(cors_origins=f"{INTRANET}, http://127.0.0.1:3000")
    token = await token_of(company, MORI)
    async with (
        serving(settings, company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1") as web,
    ):
        for origin, is_let_in in (
            (INTRANET, True),
            ("http://127.0.0.1:3000", True),
            ("https://evil.example", False),
            ("null", False),
        ):
            asking = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }
            preflight = await web.options("/inbox", headers=asking)
            answer = await web.get("/inbox", headers=token | {"Origin": origin})
            for one in (preflight, answer):
                assert (one.headers.get("access-control-allow-origin") == origin) is is_let_in, origin
                assert "access-control-allow-credentials" not in one.headers  # no cookie
                assert one.headers["content-security-policy"] == EVERYWHERE["content-security-policy"]
            assert (preflight.status_code == 200) is is_let_in


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "null",
        "intranet.example.com",
        f"{INTRANET}/",
        f"{INTRANET}:443",
        "http://intranet.example.com",
        "https://Intranet.example.com",
    ],
)
def test_an_origin_that_is_none_prevents_the_start(company: Steered, wrong: str) -> None:
    with pytest.raises(WrongSignIn) as refused:
        make_app(Opened(Settings(cors_origins=f"{INTRANET},{wrong}"), company.engine, temporal_of(company)))
    assert refused.value.message.fields["variable"] == "MEGURI_CORS_ORIGINS"
