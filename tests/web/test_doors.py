"""Whom the API lets in: nobody without a token, nobody whose token is over, and nothing beyond its scopes."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from time import perf_counter

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, text, update

from domain.journal import Log
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Refusal
from domain.tokens import Scope
from domain.values import CycleId
from service.reorganisation import Reorganisation
from service.tokens import ApiTokens, NotSignedIn, TooManyRequests
from settings import Settings
from storage import journal, rates
from storage.database import read_transaction
from storage.tables import ApiTokenRow, EmployeeRow, JournalRow, RequestRateRow
from tests.callers import OPERATOR, by
from tests.service.steered import GONE, HARA, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import BY_SESSION, temporal_of, token_of
from web.app import make_app
from web.opened import Opened
from web.serving import listen, serving

pytestmark = pytest.mark.slow
CYCLE = CycleId("doors")


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE)


def _routes(without: Collection[str] = ()) -> list[tuple[str, str]]:
    """Method and path of every route of the OpenAPI document but some, at a goal and a cycle that exist."""
    document = make_app(Opened(Settings(), None, None)).openapi()  # type: ignore[arg-type]  # nothing is asked of it
    named = dict.fromkeys(
        (
            "instruction",
            "department",
            "entry",
            "exemplar",
            "problem",
            "company",
            "token",
            "identity",
            "passkey",
            "session",
            "hook",
            "delivery",
            "account",
            "place",
        ),
        "x",
    )
    named |= {"cycle": CYCLE, "owner": MORI, "number": "1", "employee": MORI, "role": "auditor"}
    found = [
        (method.upper(), path.format(**named))
        for path, ways in document["paths"].items()
        for method, way in ways.items()
        if way["operationId"] not in without
    ]
    assert len(found) > 30
    return found


@pytest.mark.parametrize(("method", "path"), _routes())
async def test_no_route_answers_without_a_token_or_with_a_wrong_one(
    company: Steered, web: httpx.AsyncClient, method: str, path: str
) -> None:
    made = await ApiTokens(company.engine).make(by(MORI), {"label": "x"}, datetime.now(UTC))
    wrong = made.secret[:-1] + ("0" if made.secret[-1] != "0" else "1")
    for headers in (
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {wrong}"},
        {"Authorization": "Basic x"},
    ):
        answer = await web.request(method, path, headers=headers, json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), headers
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), _routes(BY_SESSION))
async def test_a_token_without_the_scope_changes_nothing(
    company: Steered, web: httpx.AsyncClient, method: str, path: str
) -> None:
    """A token to read cannot post, except the check of a file, which writes nothing; one for goals cannot read."""
    is_look = method == "GET" or path.endswith("/check")
    headers = await token_of(company, HR, *(("goals", "cycles", "people") if is_look else ("read",)))
    answer = await web.request(method, path, headers=headers, json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "insufficient_scope" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("method", "path"), sorted(set(_routes()) - set(_routes(BY_SESSION))))
async def test_a_token_with_all_scopes_is_refused_where_a_person_must_be_signed_in(
    company: Steered, web: httpx.AsyncClient, method: str, path: str
) -> None:
    headers = await token_of(company, HR, *set(Scope) - {Scope.PROVISION})  # which HR cannot make
    answer = await web.request(method, path, headers=headers, json={"label": "another"})
    assert (answer.status_code, answer.json()["code"]) == (403, "session_needed")


async def test_a_token_that_is_over_or_was_ended_lets_nobody_in(company: Steered, web: httpx.AsyncClient) -> None:
    tokens, now = ApiTokens(company.engine), datetime.now(UTC)
    over = await tokens.make(by(MORI), {"label": "old", "days": 1}, now - timedelta(days=1))
    ended = await tokens.make(by(MORI), {"label": "lost"}, now)
    assert (await web.get("/api/v1/inbox", headers={"Authorization": f"Bearer {ended.secret}"})).status_code == 200
    await tokens.end(by(MORI), ended.token, now)
    for one in (over, ended):
        answer = await web.get("/api/v1/inbox", headers={"Authorization": f"Bearer {one.secret}"})
        assert answer.status_code == 401


async def test_who_left_is_let_in_no_more_and_the_token_does_not_come_back_with_them(
    company: Steered, web: httpx.AsyncClient
) -> None:
    headers = await token_of(company, HARA)
    assert (await web.get("/api/v1/inbox", headers=headers)).status_code == 200
    async with company.engine.begin() as connection:  # the last day was yesterday, and no sync has run
        yesterday = datetime.now(DIRECTORY_ZONE).date() - timedelta(days=1)
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == HARA).values(leaves=yesterday))
    assert (await web.get("/api/v1/inbox", headers=headers)).status_code == 401
    await _sync(company, "いいえ")
    await _sync(company, "はい")
    assert (await web.get("/api/v1/inbox", headers=headers)).status_code == 401
    assert (await web.get("/api/v1/inbox", headers=await token_of(company, HARA))).status_code == 200


async def _sync(company: Steered, active: str) -> None:
    file = f"社員番号,氏名,部署,上長,在籍,退職日\n{HARA},原田 修,経理部,{MANAGER},{active},\n".encode()
    syncs = Reorganisation(company.engine)
    compared = await syncs.compare(by(HR), file)
    assert compared.difference, compared.findings
    await company.done(await syncs.apply(by(HR), company.client, compared, "組織変更"))


async def test_the_secret_is_nowhere_and_the_journal_has_who_made_and_ended_it(company: Steered) -> None:
    tokens, now = ApiTokens(company.engine), datetime.now(UTC)
    made = await tokens.make(by(ONO), {"label": "給与システム", "scopes": ["read", "goals"]}, now)
    secret = made.secret.rsplit("_", 1)[1]
    await tokens.end(OPERATOR, made.token, now)
    await tokens.end(by(ONO), made.token, now)  # a repeat
    async with read_transaction(company.engine) as connection:
        rows = [(await connection.execute(select(one.__table__))).all() for one in (ApiTokenRow, JournalRow)]
        entries = [one for one in await journal.entries_of(connection, Log.TOKENS) if one.body["token"] == made.token]
        assert await journal.first_break(connection, Log.TOKENS) is None
    assert secret not in repr(rows)
    assert [(one.kind, one.actor) for one in entries] == [("token_made", ONO), ("token_ended", "@operator")]
    listed = (await tokens.list_tokens(by(ONO), now)).tokens
    assert [(one.token, one.scopes, one.usable) for one in listed] == [(made.token, ("goals", "read"), False)]
    assert not hasattr(listed[0], "secret")


async def test_nobody_sees_or_ends_the_tokens_of_others_or_makes_one_for_them(company: Steered) -> None:
    tokens, now = ApiTokens(company.engine), datetime.now(UTC)
    made = await tokens.make(by(ONO), {"label": "x"}, now)
    assert made.token not in {one.token for one in (await tokens.list_tokens(by(HR), now)).tokens}
    assert made.token in {one.token for one in (await tokens.list_tokens(OPERATOR, now)).tokens}
    for attempt, code in (
        (tokens.end(by(HR), made.token, now), "not_allowed"),
        (tokens.end(by(ONO), "nothing", now), "unknown_token"),
        (tokens.make(by(GONE), {"label": "x"}, now), "not_allowed"),
        (tokens.make(OPERATOR, {"label": "x"}, now), "unnamed"),
        (tokens.make(by(ONO), {"label": "x", "days": 367}, now), "invalid"),
        (tokens.make(by(ONO), {"label": "x", "scopes": []}, now), "invalid"),
        (tokens.make(by(ONO), {"label": "x", "scopes": ["everything"]}, now), "invalid"),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == code


async def test_the_last_use_is_visible(company: Steered, web: httpx.AsyncClient) -> None:
    tokens = ApiTokens(company.engine)
    made = await tokens.make(by(SALES), {"label": "x"}, datetime.now(UTC))
    assert made.last_used_at is None
    await web.get("/api/v1/inbox", headers={"Authorization": f"Bearer {made.secret}"})
    listed = (await tokens.list_tokens(by(SALES), datetime.now(UTC))).tokens
    used = next(one for one in listed if one.token == made.token).last_used_at
    assert used is not None
    assert abs(datetime.now(UTC) - used) < timedelta(minutes=1)


async def test_a_token_and_an_address_may_send_so_many_requests_in_a_minute(company: Steered) -> None:
    now = datetime.now(UTC).replace(second=10)
    tokens = ApiTokens(company.engine, rate=20)
    made, other = [await tokens.make(by(MORI), {"label": one}, now) for one in "ab"]
    for _ in range(20):
        await tokens.let_in(made.secret, "192.0.2.1", now)
    with pytest.raises(TooManyRequests) as refused:
        await tokens.let_in(made.secret, "192.0.2.2", now)
    assert refused.value.seconds == 50
    assert (await tokens.let_in(other.secret, "192.0.2.1", now)).caller.employee == MORI
    assert (await tokens.let_in(made.secret, "192.0.2.1", now + timedelta(minutes=1))).caller.employee == MORI
    for expected in (NotSignedIn, NotSignedIn, TooManyRequests):
        with pytest.raises(expected):
            await tokens.let_in(f"{made.secret}0", "192.0.2.3", now)
    with pytest.raises(NotSignedIn):
        await tokens.let_in(None, "192.0.2.4", now)
    async with company.engine.begin() as connection:  # what is an hour old is forgotten, a few at a time
        await rates.count(connection, "address/new", now + timedelta(hours=2))
        left = await connection.scalar(select(func.count()).select_from(RequestRateRow))
    assert left == 1


async def test_too_many_requests_are_answered_with_when_to_try_again(company: Steered) -> None:
    headers = await token_of(company, SALES, "read")
    async with (
        serving(Settings(web_rate=10), company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url) as limited,
    ):
        answers = [await limited.get("/api/v1/inbox", headers=headers) for _ in range(21)]  # two minutes may share them
        refused = [one for one in answers if one.status_code == 429]
        assert {one.status_code for one in answers} == {200, 429}
        assert refused[0].json()["code"] == "too_many_requests"
        assert 0 < int(refused[0].headers["retry-after"]) <= 60


async def test_the_address_of_a_route_is_no_cycle_with_whatever_method(
    company: Steered, web: httpx.AsyncClient
) -> None:
    """`/cycles/check` fits the pattern of a cycle too."""
    for method in ("GET", "OPTIONS", "DELETE"):
        answer = await web.request(method, "/api/v1/cycles/check", headers=await token_of(company, HR))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST"), method


async def test_a_file_that_is_not_sent_is_missed_on_every_route_that_wants_one(
    company: Steered, web: httpx.AsyncClient
) -> None:
    for path in ("cycles", "cycles/check", "directory/comparisons", "directory/syncs?reason=x"):
        answer = await web.post(f"/api/v1/{path}", headers=await token_of(company, HR))
        assert (answer.status_code, answer.json()["errors"]) == (422, [{"where": "", "message": "値が必要です。"}]), (
            path
        )


async def test_a_moment_in_a_query_is_one_with_its_offset(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, HR)
    for moment in ("0.5", "1764288000", "2026-01-01", "2026-01-01T00:00:00"):  # seconds, a day, and a time of no zone
        answer = await web.get("/api/v1/journal", params={"since": moment}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "query.since"), moment
    answer = await web.get("/api/v1/journal", params={"since": "2026-01-01T00:00:00+09:00"}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path"), _routes())
async def test_an_address_with_a_character_that_is_not_stored_is_refused_on_every_route(
    company: Steered, web: httpx.AsyncClient, method: str, path: str
) -> None:
    """PostgreSQL refuses a zero byte in a search too, and an auditor's look is kept with its address."""
    last = path.rsplit("/", 1)[-1]
    for headers in (await token_of(company, HR), await token_of(company, HARA, "audit")):
        for at, where in ((f"{path}?after=%00&cycle=%00&search=a%00", "query"), (path.replace(last, "%00"), "path")):
            answer = await web.request(method, at, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (at, answer.text)
            assert answer.json()["errors"][0]["where"] == where


async def test_what_postgresql_refuses_is_a_defect_and_not_a_server_that_is_away(company: Steered) -> None:
    """`22021` of a zero byte was answered with 503 and "try again later", and nobody heard of it."""
    app = make_app(Opened(Settings(), company.engine, temporal_of(company)))

    async def fail() -> None:
        async with company.engine.connect() as connection:
            await connection.execute(text("SELECT 1 / 0"))

    app.add_api_route("/fail", fail)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as web:
        answer = await web.get("/fail")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")


async def test_a_whole_number_may_be_sent_with_a_point_and_a_zero(company: Steered, web: httpx.AsyncClient) -> None:
    """To JSON they are one number, and some languages write no other; a text is still none."""
    headers, path = await token_of(company, HARA), f"/api/v1/goals/{CYCLE}/{HARA}/1/complete_step"
    answers = [
        await web.post(path, headers=headers | {"Content-Type": "application/json"}, content=f'{{"step": {one}}}')
        for one in ("0", "0.0", '"0"', "0.5", "true")
    ]
    assert [one.status_code for one in answers] == [409, 409, 422, 422, 422]  # 409: a draft has no open step


async def test_answers_leave_at_once(web: httpx.AsyncClient) -> None:
    """Nagle's algorithm holds the body back until the client acknowledges the head, which it does after 40 ms."""
    spans = []
    for _ in range(20):
        start = perf_counter()
        await web.get("/healthz")
        spans.append(perf_counter() - start)
    assert sorted(spans)[5] < 0.03  # the first ones of a connection are acknowledged at once


async def test_amendments_for_people_who_cannot_exist_are_refused_by_place(
    company: Steered, web: httpx.AsyncClient
) -> None:
    headers = await token_of(company, HR)
    for name, value in (("department", ""), ("department", "x" * 201), ("person", "a/b")):
        path = f"/api/v1/cycles/{CYCLE}/amendments/check"
        answer = await web.post(path, headers=headers, params={name: value}, content=b"x")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
        assert answer.json()["errors"][0]["where"].startswith(f"query.{name}")
