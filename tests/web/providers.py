"""Providers of OpenID Connect: a real one as a process of its own, and one that forges what it is told to."""

import asyncio
import base64
import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from web.serving import listen

CLIENT, SECRET = "meguri", "a+secret/of%the client"
_START_SECONDS = 30


@asynccontextmanager
async def mock_provider() -> AsyncIterator[str]:
    """Starts `oidc-provider-mock` as a process; gives its issuer. `POST` to its login with `sub` signs that account in."""
    with listen("127.0.0.1:0") as free:
        port = free.getsockname()[1]
    quiet = asyncio.subprocess.DEVNULL
    arguments = ("-m", "oidc_provider_mock", "--port", str(port))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{port}/jwks")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def set_account(issuer: str, sub: str, **claims: Any) -> None:
    async with httpx.AsyncClient() as client:
        (await client.put(f"{issuer}/users/{sub}", json=claims)).raise_for_status()


async def log_in(login: str, sub: str) -> str:
    """Signs in at the mock; the URL to which it sends the browser."""
    async with httpx.AsyncClient() as client:
        return (await client.post(login, data={"sub": sub})).headers["location"]


@dataclass
class Forger:
    """A provider whose next token is `claims` over honest ones (None: without the claim), signed by `by`."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    other_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    by: str = "key"
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # of each code, the query of the login
    refused: list[str] = field(default_factory=list)  # why this provider refused a code
    tokens: list[str] = field(default_factory=list)  # that were handed out

    def log_in(self, login: str) -> dict[str, str]:
        """Signs in; the parameters with which the browser goes back."""
        query = dict(parse_qsl(urlsplit(login).query))
        code = f"code-{len(self.asked)}-{time.monotonic_ns()}"
        self.asked[code] = query
        return {"code": code, "state": query["state"]}

    def token(self, query: Mapping[str, str]) -> str:
        now = int(time.time())
        honest = {
            "iss": self.issuer, "sub": "account-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"],
            "employee_number": "E11",
        }  # fmt: skip
        claims = {name: one for name, one in (honest | self.claims).items() if one is not None}
        public = self.key.as_pem(private=False)
        if self.by == "none":
            return ".".join([*(_encoded(one) for one in ({"alg": "none"}, claims)), ""])
        if self.by == "elliptic":
            return jwt.encode({"alg": "ES256", "kid": "two"}, claims, ECKey.generate_key("P-256"))
        if self.by == "altered":
            head, _, signature = jwt.encode({"alg": "RS256", "kid": "one"}, {**claims, "x": 1}, self.key).split(".")
            return f"{head}.{_encoded(claims)}.{signature}"
        keys: dict[str, tuple[RSAKey | OctKey, str]] = {
            "key": (self.key, "RS256"), "other key": (self.other_key, "RS256"), "client secret": (OctKey.import_key(SECRET), "HS256"),
            "public key": (OctKey.import_key(public.replace(b"-----", b"~~~~~")), "HS256"),
        }  # fmt: skip
        key, algorithm = keys[self.by]
        # Not `jwt.encode`, which refuses a text that is not Unicode.
        header, payload = {"alg": algorithm, "kid": "one"}, json.dumps(claims)
        return jws.serialize_compact(header, payload, key, algorithms=["RS256", "HS256"])


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@asynccontextmanager
async def forging_provider() -> AsyncIterator[Forger]:
    forger, app = Forger(), FastAPI()
    listener = listen("127.0.0.1:0")
    forger.issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"

    @app.get("/.well-known/openid-configuration")
    async def metadata() -> dict[str, Any]:
        at = forger.issuer
        return {
            "issuer": at, "authorization_endpoint": f"{at}/login", "token_endpoint": f"{at}/token", "jwks_uri": f"{at}/keys",
        } | forger.metadata  # fmt: skip

    @app.get("/keys")
    async def keys() -> dict[str, Any]:
        return {"keys": [forger.key.as_dict(private=False)]}

    @app.get("/me")
    async def userinfo(request: Request) -> dict[str, Any]:
        assert request.headers["authorization"] == "Bearer access"
        return forger.userinfo

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        query = forger.asked.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        login = base64.b64encode(b"meguri:a%2Bsecret%2Fof%25the+client").decode()
        for why, is_right in (
            ("code", query is not None),
            ("client", request.headers.get("authorization") == f"Basic {login}"),
            ("verifier", query is not None and query["code_challenge"] == challenge),
            ("redirect", query is not None and query["redirect_uri"] == form.get("redirect_uri")),
        ):
            if not is_right:
                forger.refused.append(why)
                return JSONResponse({"error": "invalid_grant"}, 400)
        forger.tokens.append(forger.token(query or {}))
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": forger.tokens[-1]})

    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # the signals are the test run's
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield forger
    finally:
        server.should_exit = True
        await serving


async def answering(browser: httpx.AsyncClient) -> None:
    """Waits until the server answers."""
    async with asyncio.timeout(30):
        while True:
            try:
                await browser.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
