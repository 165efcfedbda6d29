"""Signing out at the provider ends sessions here: its server says so by a signed token, and nothing else does."""

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from settings import Settings
from storage.database import open_database, read_transaction
from storage.tables import EmployeeRow, IdentityRow, LogoutTokenRow, SessionRow
from tests.servers import Postgres
from tests.web.providers import CLIENT, SECRET, Forger, forging_provider
from tests.web.test_sign_in import HARA, MORI, inbox, signed_in, site
from web.provider import provider_of

pytestmark = pytest.mark.slow
EVENT = "http://schemas.openid.net/event/backchannel-logout"
PATH = "/sign-in/back-channel-logout"


@pytest_asyncio.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def forger() -> AsyncIterator[Forger]:
    async with forging_provider() as forger:
        yield forger


@pytest_asyncio.fixture(autouse=True)
async def people(engine: AsyncEngine, forger: Forger) -> None:
    """Two people, nobody signed in, and an honest provider."""
    forger.claims, forger.by, forger.metadata = {}, "key", {}
    async with engine.begin() as connection:
        for table in (SessionRow, IdentityRow, LogoutTokenRow, EmployeeRow):
            await connection.execute(delete(table))
        await connection.execute(
            insert(EmployeeRow), [{"id": one, "name": one, "department": "経理部"} for one in (MORI, HARA)]
        )


@pytest_asyncio.fixture
async def browser(engine: AsyncEngine, forger: Forger) -> AsyncIterator[httpx.AsyncClient]:
    async with site(engine, forger.issuer) as browser:
        yield browser


def claims_of(forger: Forger, **claims: Any) -> dict[str, Any]:
    now = int(time.time())
    honest = {
        "iss": forger.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": f"token-{time.monotonic_ns()}",
        "sub": "account-1", "events": {EVENT: {}},
    }  # fmt: skip
    return {name: one for name, one in (honest | claims).items() if one is not None}


def token_of(forger: Forger, *, typ: str | None = "logout+jwt", **claims: Any) -> str:
    head = {"alg": "RS256", "kid": "one"} | ({"typ": typ} if typ else {})
    return jwt.encode(head, claims_of(forger, **claims), forger.key)


async def told(browser: httpx.AsyncClient, token: str) -> int:
    """The answer to the provider, whose server has no cookie and no origin."""
    async with httpx.AsyncClient(base_url=browser.base_url) as server:
        answer = await server.post(PATH, data={"logout_token": token})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.status_code != 400 or answer.json()["code"] == "logout_refused"
    return answer.status_code


@pytest_asyncio.fixture
async def three(browser: httpx.AsyncClient, forger: Forger) -> AsyncIterator[tuple[httpx.AsyncClient, ...]]:
    """Two browsers of one person, in sessions one and two of the provider, and one of another person."""
    async with (
        httpx.AsyncClient(base_url=browser.base_url) as second,
        httpx.AsyncClient(base_url=browser.base_url) as other,
    ):
        forger.claims = {"sid": "one"}
        await signed_in(browser, forger)
        forger.claims = {"sid": "two"}
        await signed_in(second, forger)
        forger.claims = {"sid": "three", "sub": "account-2", "employee_number": HARA}
        await signed_in(other, forger)
        yield browser, second, other


async def test_a_logout_of_an_account_ends_all_its_sessions_and_nobody_else_s(
    three: tuple[httpx.AsyncClient, ...], forger: Forger
) -> None:
    assert await told(three[0], token_of(forger)) == 200
    assert [await inbox(one) for one in three] == [401, 401, 200]
    forger.claims = {}
    await signed_in(three[0], forger)
    assert await inbox(three[0]) == 200


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"sub": None, "sid": "one"}, [401, 200, 200]),
        ({"sub": "account-1", "sid": "two"}, [200, 401, 200]),
        ({"sub": "account-2", "sid": "one"}, [200, 200, 200]),
        ({"sub": "account-of-nobody"}, [200, 200, 200]),
        ({"sub": None, "sid": "session of nobody"}, [200, 200, 200]),
    ],
)
async def test_a_logout_of_one_session_ends_that_one_and_of_what_is_unknown_none(
    three: tuple[httpx.AsyncClient, ...], forger: Forger, names: dict[str, Any], expected: list[int]
) -> None:
    assert await told(three[0], token_of(forger, **names)) == 200
    assert [await inbox(one) for one in three] == expected


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt"])
async def test_the_token_need_not_have_a_type_and_may_be_for_several(
    browser: httpx.AsyncClient, forger: Forger, typ: str | None
) -> None:
    await signed_in(browser, forger)
    assert await told(browser, token_of(forger, typ=typ, aud=[CLIENT, "another"])) == 200
    assert await inbox(browser) == 401


WRONG: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_700_000_000},
    "without an end": {"exp": None},
    "with an end in a hundred years": {"exp": 4_900_000_000},
    "with an end that is no number": {"exp": "soon"},
    "from the future": {"iat": 33_000_000_000},
    "without its time": {"iat": None},
    "for another client": {"aud": "another"},
    "for nobody": {"aud": None},
    "of another issuer": {"iss": "https://evil.example"},
    "of no issuer": {"iss": None},
    "with a nonce": {"nonce": "x"},
    "of another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "of no event": {"events": None},
    "of an event that is a list": {"events": [EVENT]},
    "of an event that says yes": {"events": {EVENT: True}},
    "of nobody": {"sub": None},
    "of an empty account": {"sub": ""},
    "of a number": {"sub": 7},
    "of a session that no database can hold": {"sid": "a\0b"},
    "without a number of its own": {"jti": None},
    "with a number of its own that is a list": {"jti": ["x"]},
    "of another type": {"typ": "at+jwt"},
}


@pytest.mark.parametrize("how", WRONG)
async def test_a_wrong_token_ends_nothing(browser: httpx.AsyncClient, forger: Forger, how: str) -> None:
    await signed_in(browser, forger)
    assert await told(browser, token_of(forger, **WRONG[how])) == 400
    assert await inbox(browser) == 200


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("how", ["none", "other key", "altered", "client secret", "public key", "no token", "id token"])
async def test_a_forged_token_ends_nothing(browser: httpx.AsyncClient, forger: Forger, how: str) -> None:
    forger.tokens = []
    await signed_in(browser, forger)
    claims = claims_of(forger)
    head, _, signature = token_of(forger).split(".")
    public = forger.key.as_pem(private=False).replace(b"-----", b"~~~~~")
    hmac = {"alg": "HS256", "kid": "one"}
    forged = {
        "none": f"{_encoded({'alg': 'none'})}.{_encoded(claims)}.",
        "other key": jwt.encode({"alg": "RS256", "kid": "one"}, claims, forger.other_key),
        "altered": f"{head}.{_encoded(claims)}.{signature}",
        "client secret": jwt.encode(hmac, claims, OctKey.import_key(SECRET), algorithms=["HS256"]),
        "public key": jwt.encode(hmac, claims, OctKey.import_key(public), algorithms=["HS256"]),
        "no token": "x",
        "id token": forger.tokens[-1],
    }
    assert await told(browser, forged[how]) == 400
    assert await inbox(browser) == 200


async def test_a_token_ends_sessions_once(browser: httpx.AsyncClient, forger: Forger, engine: AsyncEngine) -> None:
    await signed_in(browser, forger)
    token = token_of(forger, jti="the same")
    assert [await told(browser, token), await told(browser, token)] == [200, 400]
    await signed_in(browser, forger)
    assert await told(browser, token) == 400
    assert await told(browser, token_of(forger, jti="the same", sid="x")) == 400
    assert await inbox(browser) == 200
    async with engine.begin() as connection:  # those that are over need not be remembered
        over = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(LogoutTokenRow).values(expires_at=over))
    assert await told(browser, token_of(forger)) == 200
    async with read_transaction(engine) as connection:
        assert len((await connection.execute(select(LogoutTokenRow.hash))).all()) == 1


async def test_what_is_no_form_with_one_token_and_keys_that_cannot_be_read_end_nothing(
    browser: httpx.AsyncClient, forger: Forger
) -> None:
    await signed_in(browser, forger)
    token = token_of(forger)
    for body in (b"", b"\xff", b"logout_token=", b"token=x", f"logout_token={token}&logout_token={token}".encode()):
        assert (await browser.post(PATH, content=body)).status_code == 400
    assert (await browser.get(PATH)).status_code == 405
    forger.metadata = {"jwks_uri": f"{forger.issuer}/nothing"}
    assert await told(browser, token) == 400
    forger.metadata = {}
    assert await inbox(browser) == 200
    assert await told(browser, token) == 200  # the provider tries again


async def test_too_many_are_refused_until_the_next_minute(engine: AsyncEngine, forger: Forger) -> None:
    async with site(engine, forger.issuer, web_rate=3) as browser:
        answers = {(await browser.post(PATH)).status_code for _ in range(8)}  # in one minute, or in two
    assert answers == {400, 429}


async def test_the_route_is_there_only_with_a_provider(engine: AsyncEngine) -> None:
    assert provider_of(Settings()) is None
    async with site(engine, None, public_url=None) as browser:
        assert (await browser.post(PATH)).status_code == 404
