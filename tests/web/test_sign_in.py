"""Who comes in by a provider, what forged answers do, and when a session is over."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.journal import Log
from settings import Settings
from storage import journal, sessions
from storage.database import open_database, read_transaction
from storage.tables import EmployeeRow, IdentityRow, JournalRow, SessionRow, SignInAttemptRow
from tests.servers import Postgres
from tests.web.providers import CLIENT, SECRET, Forger, answering, forging_provider, log_in, mock_provider, set_account
from web.app import make_app
from web.opened import Opened, Temporal
from web.provider import WrongSignIn, provider_of
from web.serving import listen, serving

pytestmark = pytest.mark.slow
MORI, HARA, GONE = "E11", "E12", "E13"
PEOPLE = {MORI: "mori@example.com", HARA: "hara@example.com", GONE: "gone@example.com"}
HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest_asyncio.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def mock() -> AsyncIterator[str]:
    async with mock_provider() as issuer:
        yield issuer


@pytest_asyncio.fixture(scope="module")
async def forger() -> AsyncIterator[Forger]:
    async with forging_provider() as forger:
        yield forger


@pytest_asyncio.fixture(autouse=True)
async def company(engine: AsyncEngine, forger: Forger) -> None:
    """The people as they are at first, nobody signed in, and an honest provider."""
    forger.claims, forger.by, forger.metadata, forger.refused = {}, "key", {}, []
    async with engine.begin() as connection:
        for table in (SessionRow, IdentityRow, SignInAttemptRow, EmployeeRow):
            await connection.execute(delete(table))
        rows = [{"id": one, "name": f"氏名{one}", "department": "経理部", "mail": PEOPLE[one]} for one in PEOPLE]
        await connection.execute(insert(EmployeeRow), rows)
        left = update(EmployeeRow).where(EmployeeRow.id == GONE)
        await connection.execute(left.values(leaves=date(2020, 1, 1)))


async def _no_temporal() -> Client:
    raise AssertionError


_NO_TEMPORAL = Temporal(_no_temporal)


@asynccontextmanager
async def site(engine: AsyncEngine, issuer: str | None, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at a web server whose people sign in at this provider."""
    listener = listen("127.0.0.1:0")
    own = {
        "public_url": f"http://127.0.0.1:{listener.getsockname()[1]}", "oidc_issuer": issuer, "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET, "oidc_claim": "employee_number", "web_rate": 0,
    } | settings  # fmt: skip
    async with (
        serving(Settings(**own), engine, _NO_TEMPORAL, listener) as url,
        httpx.AsyncClient(base_url=url) as browser,
    ):
        yield browser


@pytest_asyncio.fixture
async def browser(engine: AsyncEngine, forger: Forger) -> AsyncIterator[httpx.AsyncClient]:
    async with site(engine, forger.issuer) as browser:
        yield browser


async def signed_in(browser: httpx.AsyncClient, forger: Forger, wanted: str = "/") -> httpx.Response:
    """The answer to the browser that comes back from the forger."""
    login = (await browser.get("/sign-in", params={"next": wanted})).headers["location"]
    return await browser.get("/sign-in/callback", params=forger.log_in(login))


async def inbox(browser: httpx.AsyncClient) -> int:
    return (await browser.get("/api/v1/inbox")).status_code


async def came_in_by_mock(browser: httpx.AsyncClient, sub: str) -> httpx.Response:
    login = (await browser.get("/sign-in", params={"next": "/goals?state=active#top"})).headers["location"]
    return await browser.get(await log_in(login, sub))


# Who comes in


async def test_a_person_signs_in_by_a_real_provider_and_arrives_where_they_wanted(
    engine: AsyncEngine, mock: str
) -> None:
    await set_account(mock, "sub-1", email="Mori@example.com", email_verified=True)
    async with site(engine, mock, oidc_claim="email") as browser:
        assert await inbox(browser) == 401
        answer = await came_in_by_mock(browser, "sub-1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/goals?state=active#top")
        assert await inbox(browser) == 200
    async with read_transaction(engine) as connection:
        bound = (await connection.execute(select(IdentityRow))).one()
        assert bound.employee_id == MORI
        entry = (await journal.entries_of(connection, Log.IDENTITIES))[-1]
        assert await journal.first_break(connection, Log.IDENTITIES) is None
        rows = (await connection.execute(select(JournalRow.__table__))).all()
    assert (entry.kind, entry.actor, entry.body["employee"]) == ("identity_bound", MORI, MORI)
    assert "@" not in repr(rows)


async def test_after_the_first_sign_in_the_binding_alone_counts(engine: AsyncEngine, mock: str) -> None:
    """The account gets the mail of somebody else: it stays its person's, and another account with that mail does not get them."""
    await set_account(mock, "sub-2", email=PEOPLE[MORI], email_verified=True)
    async with site(engine, mock, oidc_claim="email") as browser:
        assert (await came_in_by_mock(browser, "sub-2")).status_code == 303
        await set_account(mock, "sub-2", email=PEOPLE[HARA], email_verified=True)
        assert (await came_in_by_mock(browser, "sub-2")).status_code == 303
        await set_account(mock, "sub-3", email=PEOPLE[MORI], email_verified=True)
        refused = await came_in_by_mock(browser, "sub-3")
    assert (refused.status_code, refused.json()["code"]) == (403, "nobodys_account")
    async with read_transaction(engine) as connection:
        people = set(await connection.scalars(select(SessionRow.employee_id)))
        bound = [tuple(one) for one in await connection.execute(select(IdentityRow.subject, IdentityRow.employee_id))]
    assert (people, bound) == ({MORI}, [("sub-2", MORI)])


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.com", "email_verified": True},
        {"email": PEOPLE[GONE], "email_verified": True},
        {"email": PEOPLE[MORI], "email_verified": False},
        {"email": PEOPLE[MORI], "email_verified": "true"},
        {"email": PEOPLE[MORI]},
        {"email_verified": True},
        {"employee_number": MORI},
    ],
)
async def test_an_account_of_nobody_here_or_without_a_verified_mail_is_refused(
    engine: AsyncEngine, forger: Forger, claims: dict[str, Any]
) -> None:
    forger.claims = {"employee_number": None, **claims}
    async with site(engine, forger.issuer, oidc_claim="email") as browser:
        answer = await signed_in(browser, forger)
        assert (answer.status_code, answer.json()["code"]) == (403, "nobodys_account")
        assert await inbox(browser) == 401
    async with read_transaction(engine) as connection:
        assert (await connection.execute(select(IdentityRow))).all() == []


async def test_a_number_is_the_present_one_and_two_people_with_one_mail_are_refused(
    engine: AsyncEngine, forger: Forger
) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            update(EmployeeRow).where(EmployeeRow.id == HARA).values(number="777", mail=PEOPLE[MORI])
        )
    async with site(engine, forger.issuer) as browser:
        forger.claims = {"employee_number": HARA}  # her number of before
        assert (await signed_in(browser, forger)).status_code == 403
        forger.claims = {"employee_number": "777"}
        assert (await signed_in(browser, forger)).status_code == 303
    forger.claims = {"sub": "another", "email": PEOPLE[MORI], "email_verified": True}
    async with site(engine, forger.issuer, oidc_claim="email") as browser:
        assert (await signed_in(browser, forger)).status_code == 403


async def test_a_claim_that_is_not_in_the_token_is_read_from_the_user_info_of_the_same_account(
    browser: httpx.AsyncClient, forger: Forger
) -> None:
    forger.claims = {"employee_number": None}
    forger.metadata = {"userinfo_endpoint": f"{forger.issuer}/me"}
    for sub, expected in (("account-2", 401), ("account-1", 303)):
        forger.userinfo = {"sub": sub, "employee_number": MORI}
        assert (await signed_in(browser, forger)).status_code == expected
    forger.claims, forger.userinfo = (
        {"sub": "account-3", "employee_number": "nobody"},
        {"sub": "account-3", "employee_number": HARA},
    )
    assert (await signed_in(browser, forger)).status_code == 403  # what is signed counts


# Forged and repeated answers


FORGED: dict[str, tuple[str, dict[str, Any]]] = {
    "expired": ("key", {"exp": 1_700_000_000}),
    "without an end": ("key", {"exp": None}),
    "from the future": ("key", {"iat": 33_000_000_000}),
    "for another client": ("key", {"aud": "another"}),
    "for nobody": ("key", {"aud": None}),
    "for several, and made for another": ("key", {"aud": [CLIENT, "another"], "azp": "another"}),
    "for several, and made for none of them": ("key", {"aud": [CLIENT, "another"]}),
    "of another issuer": ("key", {"iss": "https://evil.example"}),
    "of another attempt": ("key", {"nonce": "0" * 64}),
    "of no attempt": ("key", {"nonce": None}),
    "of no account": ("key", {"sub": None}),
    "of an empty account": ("key", {"sub": ""}),
    "of an account with a long name": ("key", {"sub": "x" * 256}),
    "of an account that no database can hold": ("key", {"sub": "a\0b"}),
    "of an account that is no text": ("key", {"sub": "a\ud800"}),
    "of a number as account": ("key", {"sub": 7}),
    "not signed": ("none", {}),
    "signed by another key": ("other key", {}),
    "signed by a key of another kind": ("elliptic", {}),
    "altered after it was signed": ("altered", {}),
    "signed by the client's secret": ("client secret", {}),
    "signed by the public key as a secret": ("public key", {}),
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_forged_token_lets_nobody_in(
    engine: AsyncEngine, browser: httpx.AsyncClient, forger: Forger, how: str
) -> None:
    forger.by, forger.claims = FORGED[how]
    refused = await signed_in(browser, forger)
    assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_failed")
    assert (forger.refused, await inbox(browser)) == ([], 401)
    async with read_transaction(engine) as connection:
        assert (await connection.execute(select(SessionRow))).all() == []
    forger.by, forger.claims = "key", {}
    assert (await signed_in(browser, forger)).status_code == 303


async def test_an_answer_is_used_once_by_the_browser_that_began_and_within_ten_minutes(
    engine: AsyncEngine, browser: httpx.AsyncClient, forger: Forger
) -> None:
    back = forger.log_in((await browser.get("/sign-in")).headers["location"])
    kept = dict(browser.cookies)
    async with httpx.AsyncClient(
        base_url=browser.base_url
    ) as stranger:  # has no cookie, then that of an attempt of its own
        assert (await stranger.get("/sign-in/callback", params=back)).status_code == 401
        await stranger.get("/sign-in")
        assert (await stranger.get("/sign-in/callback", params=back)).status_code == 401
    assert (await browser.get("/sign-in/callback", params=back)).status_code == 303
    browser.cookies.clear()
    browser.cookies.update(kept)  # of the attempt that is used up, with a code that is new
    back["code"] = forger.log_in((await browser.get("/sign-in")).headers["location"])["code"]
    browser.cookies.clear()
    browser.cookies.update(kept)
    assert (await browser.get("/sign-in/callback", params=back)).json()["code"] == "sign_in_failed"

    browser.cookies.clear()
    back = forger.log_in((await browser.get("/sign-in")).headers["location"])
    async with engine.begin() as connection:
        await connection.execute(update(SignInAttemptRow).values(began_at=datetime.now(UTC) - timedelta(minutes=11)))
    assert (await browser.get("/sign-in/callback", params=back)).status_code == 401


@pytest.mark.parametrize(
    "parts", [{"code": ""}, {"code": "unknown"}, {"state": ""}, {"state": "é"}, {"iss": "https://evil.example"}]
)
async def test_an_answer_with_a_wrong_part_lets_nobody_in(
    browser: httpx.AsyncClient, forger: Forger, parts: dict[str, str]
) -> None:
    back = forger.log_in((await browser.get("/sign-in")).headers["location"])
    refused = await browser.get("/sign-in/callback", params=back | parts)
    assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_failed")
    assert await inbox(browser) == 401


async def test_a_provider_that_is_away_or_sends_elsewhere_is_said_so(
    engine: AsyncEngine, browser: httpx.AsyncClient, forger: Forger
) -> None:
    for metadata in (
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/login"},
        {"authorization_endpoint": None},
    ):
        forger.metadata = metadata
        answer = await browser.get("/sign-in")
        assert (answer.status_code, answer.json()["code"]) == (503, "provider_away")
    with listen("127.0.0.1:0") as closed:
        port = closed.getsockname()[1]
    async with site(engine, f"http://127.0.0.1:{port}") as alone:
        assert (await alone.get("/sign-in")).json()["code"] == "provider_away"


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/goals/q4-E11-1?tab=ledger&x=1#entry-3", "/goals/q4-E11-1?tab=ledger&x=1#entry-3"),
        ("/people?q=森", "/people?q=%E6%A3%AE"),
        ("/a//b", "/a//b"),
        ("/sign-ins", "/sign-ins"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        ("", "/"),
        (" /x", "/"),
        ("/\t/evil.example", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/x\u2028y", "/"),
        ("/" + "x" * 2000, "/"),
        ("/sign-in", "/"),
        ("/sign-out/everywhere", "/"),
    ],
)
async def test_a_deep_link_survives_and_another_origin_does_not(
    browser: httpx.AsyncClient, forger: Forger, wanted: str, goes_to: str
) -> None:
    answer = await signed_in(browser, forger, wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, goes_to)


# Sessions


async def test_a_session_is_over_after_its_idle_and_its_whole_time(
    engine: AsyncEngine, browser: httpx.AsyncClient, forger: Forger
) -> None:
    async def age(**values: Any) -> None:
        async with engine.begin() as connection:
            await connection.execute(update(SessionRow).values(**values))

    now = datetime.now(UTC)
    await signed_in(browser, forger)
    await age(used_at=now - timedelta(minutes=119))
    assert await inbox(browser) == 200
    async with read_transaction(engine) as connection:
        used = await connection.scalar(select(SessionRow.used_at))
        assert used is not None
        assert used >= now  # a use puts the idle end off
    await age(used_at=now - timedelta(minutes=121))
    assert await inbox(browser) == 401
    await age(used_at=now, expires_at=now - timedelta(seconds=1))
    assert await inbox(browser) == 401
    await age(expires_at=now + timedelta(minutes=1))
    assert await inbox(browser) == 200
    await signed_in(browser, forger)
    async with read_transaction(engine) as connection:
        ends = await connection.scalar(select(SessionRow.expires_at).where(SessionRow.ended_at.is_(None)))
    assert ends is not None
    assert abs(ends - now - timedelta(hours=12)) < timedelta(minutes=1)


async def test_each_sign_in_is_a_new_session_and_ends_the_one_of_before(
    browser: httpx.AsyncClient, forger: Forger
) -> None:
    await signed_in(browser, forger)
    before = browser.cookies["meguri-session"]
    await signed_in(browser, forger)
    assert browser.cookies["meguri-session"] != before
    browser.cookies.set("meguri-session", before, domain="127.0.0.1")
    browser.cookies.clear()
    assert (await browser.get("/api/v1/inbox", headers={"Cookie": f"meguri-session={before}"})).status_code == 401


async def test_who_signs_out_is_out_and_everywhere_is_all_of_their_browsers(
    engine: AsyncEngine, browser: httpx.AsyncClient, forger: Forger
) -> None:
    async with (
        httpx.AsyncClient(base_url=browser.base_url) as second,
        httpx.AsyncClient(base_url=browser.base_url) as other,
    ):
        await signed_in(browser, forger)
        await signed_in(second, forger)
        kept = browser.cookies["meguri-session"]
        assert (await browser.post("/sign-out", headers=HERE)).headers["location"] == "/"
        assert "meguri-session" not in browser.cookies
        assert (await browser.get("/api/v1/inbox", headers={"Cookie": f"meguri-session={kept}"})).status_code == 401
        assert await inbox(second) == 200
        await signed_in(browser, forger)
        forger.claims = {"sub": "account-2", "employee_number": HARA}
        await signed_in(other, forger)
        assert (await browser.post("/sign-out/everywhere", headers=HERE)).status_code == 303
        assert [await inbox(one) for one in (browser, second, other)] == [401, 401, 200]
        assert (await browser.post("/sign-out/everywhere", headers=HERE)).status_code == 401


async def test_who_left_is_out_at_once_and_their_session_does_not_come_back_with_them(
    engine: AsyncEngine, browser: httpx.AsyncClient, forger: Forger
) -> None:
    async def change(**values: Any) -> None:
        async with engine.begin() as connection:
            await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MORI).values(**values))
            await sessions.end_of_leavers(connection, datetime.now(UTC))

    await signed_in(browser, forger)
    await change(leaves=date(2020, 1, 1))  # no sync has run
    assert await inbox(browser) == 401
    assert (await signed_in(browser, forger)).json()["code"] == "nobodys_account"
    await change(leaves=None)
    assert await inbox(browser) == 200
    await change(active=False)
    await change(active=True)
    assert await inbox(browser) == 401


async def test_the_cookie_s_secret_is_not_stored_and_the_cookie_is_for_this_host_alone(
    engine: AsyncEngine, forger: Forger
) -> None:
    async with site(engine, forger.issuer, public_url="https://meguri.example") as browser:
        browser.headers["Host"] = "meguri.example"
        started = await browser.get("/sign-in")
        attempt = started.headers["set-cookie"].partition(";")[0]
        back = forger.log_in(started.headers["location"])
        answer = await browser.get("/sign-in/callback", params=back, headers={"Cookie": attempt})
        cookie = next(one for one in answer.headers.get_list("set-cookie") if "session" in one)
        value, *attributes = cookie.split("; ")
        assert value.startswith("__Host-meguri-session=")
        assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}
        assert attempt.startswith("__Host-meguri-sign-in=")
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert (await browser.get("/api/v1/inbox", headers={"Cookie": value})).status_code == 200
    async with read_transaction(engine) as connection:
        stored = repr(
            [(await connection.execute(select(one.__table__))).all() for one in (SessionRow, SignInAttemptRow)]
        )
    assert value.rsplit("_", 1)[1] not in stored
    assert attempt.partition("=")[2] not in stored


async def test_on_this_machine_alone_a_browser_may_choose_a_person(engine: AsyncEngine) -> None:
    async with (
        serving(
            Settings(web_rate=0, choose_person=True), engine, _NO_TEMPORAL, listen("127.0.0.1:0"), is_embedded=True
        ) as url,
        httpx.AsyncClient(base_url=url) as browser,
    ):
        for form, headers, expected in (
            ({"person": MORI}, {}, 403),
            ({"person": MORI}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
            ({"person": MORI}, {**HERE, "Host": f"evil.example:{browser.base_url.port}"}, 421),
            ({"person": GONE}, HERE, 403),
            ({"person": "a\0"}, HERE, 403),
            ({}, HERE, 403),
        ):
            assert (await browser.post("/sign-in/as", data=form, headers=headers)).status_code == expected, (
                form,
                headers,
            )
            assert await inbox(browser) == 401
        answer = await browser.post("/sign-in/as", data={"person": MORI, "next": "//evil.example"}, headers=HERE)
        assert (answer.status_code, answer.headers["location"], await inbox(browser)) == (303, "/", 200)
        await browser.post("/sign-out", headers=HERE)
        assert await inbox(browser) == 401


@pytest.mark.parametrize(
    ("settings", "is_embedded"),
    [
        ({}, False),
        ({"web_address": "0.0.0.0:8080"}, True),
        ({"public_url": "https://meguri.example"}, True),
        ({"public_url": "https://meguri.example", "oidc_issuer": "https://login.example", "oidc_client_id": "x"}, True),
    ],
)
async def test_elsewhere_choosing_a_person_prevents_the_start(
    engine: AsyncEngine, settings: dict[str, Any], is_embedded: bool
) -> None:
    with pytest.raises(WrongSignIn) as refused:
        make_app(Opened(Settings(choose_person=True, **settings), engine, _NO_TEMPORAL, is_embedded))
    assert refused.value.message.fields["variable"] == "MEGURI_CHOOSE_PERSON"


# Other sites


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "OWN"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "SAME-ORIGIN"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
async def test_another_site_cannot_use_a_session(
    browser: httpx.AsyncClient, forger: Forger, headers: dict[str, str], is_let_in: bool
) -> None:
    await signed_in(browser, forger)
    own = str(browser.base_url).rstrip("/")
    sent = {name: own if one == "OWN" else one for name, one in headers.items()}
    for path in ("/api/v1/directory/comparisons", "/sign-out/everywhere"):
        answer = await browser.post(path, headers=sent)
        code = answer.json()["code"] if answer.status_code >= 400 else ""
        assert (code != "not_of_this_site") is is_let_in, path
        assert is_let_in or answer.status_code == 403
    if not is_let_in:
        assert (await browser.post("/sign-out", headers=sent)).status_code == 403
        assert await inbox(browser) == 200


async def test_a_token_needs_no_origin_and_a_wrong_one_is_not_replaced_by_the_session(
    browser: httpx.AsyncClient, forger: Forger
) -> None:
    await signed_in(browser, forger)
    for sent in ("Bearer x", "Basic x", ""):
        answer = await browser.post("/api/v1/directory/comparisons", headers={"Authorization": sent})
        assert answer.json()["code"] == "not_signed_in", sent


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "", "OWN.evil.example", "x@OWN", "OWN/", "OWN#"]
)
async def test_another_host_is_refused_except_by_the_health_checks(browser: httpx.AsyncClient, host: str) -> None:
    own = f"{browser.base_url.host}:{browser.base_url.port}"
    headers = {"Host": host.replace("OWN", own)}
    answer = await browser.get("/api/v1/inbox", headers=headers)
    assert answer.status_code in (400, 421)  # 400: the server itself refuses what is no host
    assert answer.status_code == 400 or answer.json()["code"] == "other_host"
    if answer.status_code == 421:
        assert (await browser.get("/healthz", headers=headers)).status_code == 200
        assert (await browser.get("/readyz", headers=headers)).status_code == 200
    assert (await browser.get("/api/v1/inbox")).status_code == 401


# Settings and logs


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"oidc_issuer": "http://login.example"}, "MEGURI_OIDC_ISSUER"),
        ({"oidc_issuer": "login.example"}, "MEGURI_OIDC_ISSUER"),
        ({"oidc_client_id": None}, "MEGURI_OIDC_CLIENT_ID"),
        ({"public_url": None}, "MEGURI_PUBLIC_URL"),
        ({"public_url": "http://meguri.example"}, "MEGURI_PUBLIC_URL"),
        ({"public_url": "meguri.example", "oidc_issuer": None}, "MEGURI_PUBLIC_URL"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings: dict[str, Any], variable: str) -> None:
    fitting: dict[str, Any] = {
        "oidc_issuer": "https://login.example",
        "oidc_client_id": "x",
        "public_url": "https://meguri.example",
    }
    assert provider_of(Settings(**fitting)) is not None
    with pytest.raises(WrongSignIn) as refused:
        provider_of(Settings(**fitting | settings))
    assert refused.value.message.fields["variable"] == variable


async def test_without_a_provider_nobody_signs_in(engine: AsyncEngine) -> None:
    async with site(engine, None, public_url=None) as browser:
        assert [(await browser.get(one)).status_code for one in ("/sign-in", "/sign-in/callback")] == [404, 404]
        assert (await browser.post("/sign-in/as", data={"person": MORI}, headers=HERE)).status_code == 404


async def test_the_log_has_no_secret_no_token_and_no_mail(engine: AsyncEngine, forger: Forger) -> None:
    """Of a process of its own: in this one the browser of the tests logs what it sends."""
    forger.tokens = []
    with listen("127.0.0.1:0") as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "DATABASE_URL": engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "MEGURI_WEB_ADDRESS": address, "MEGURI_PUBLIC_URL": f"http://{address}", "MEGURI_OIDC_ISSUER": forger.issuer,
        "MEGURI_OIDC_CLIENT_ID": CLIENT, "MEGURI_OIDC_CLIENT_SECRET": SECRET, "MEGURI_LOG_LEVEL": "debug",
    }  # fmt: skip
    pipe = asyncio.subprocess.PIPE
    web = await asyncio.create_subprocess_exec(
        sys.executable, "web.py", env=os.environ | environment, stderr=pipe, stdout=pipe
    )
    secrets = [SECRET]
    async with httpx.AsyncClient(base_url=f"http://{address}") as browser:
        await answering(browser)
        for by, subject in (("key", "quiet-account"), ("altered", "quiet-account"), ("key", "account-of-nobody")):
            forger.by = by
            mail = PEOPLE[MORI] if subject == "quiet-account" else "nobody@example.com"
            forger.claims = {"email": mail, "email_verified": True, "sub": subject}
            back = forger.log_in((await browser.get("/sign-in")).headers["location"])
            secrets += [browser.cookies["meguri-sign-in"], *back.values(), mail, subject]
            await browser.get("/sign-in/callback", params=back)
        secrets += [browser.cookies["meguri-session"].rsplit("_", 1)[1], *forger.tokens]
    web.terminate()
    text = "".join(part.decode() for part in await web.communicate())
    for expected in ("signed_in", "sign_in_failed", "sign_in_refused"):
        assert f'"event": "{expected}"' in text
    assert [one for one in secrets if one in text] == []
